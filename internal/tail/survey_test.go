package tail

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/fsnotify/fsnotify"
)

func survey(t *testing.T, o Options) *Outlook {
	t.Helper()
	out, err := Survey(o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSurvey(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "a line\n")
	d.write("b.log.gz", string(pack(t, ".gz", []byte("a line\n"))))
	d.write("empty.log", "")
	d.write("c.log.old", "a line\n")
	d.must(os.Mkdir(d.at("sub.log"), 0o755))
	d.must(syscall.Mkfifo(d.at("fifo.log"), 0o644))
	out := survey(t, Options{
		Patterns: []string{d.at("a.log"), d.at("*.log*"), d.at("sub.log"), d.at("no.log"), d.at("no/such/*.log"), d.at("x*"), d.at("no/x.log")},
		Exclude:  []string{"*.old"},
	})
	got := make(map[string]Prospect)
	for _, p := range out.Files {
		got[filepath.Base(p.Path)] = p
	}
	if len(out.Files) != 5 || len(got) != 5 {
		t.Errorf("files are %+v", out.Files)
	}
	for name, want := range map[string]Prospect{
		"a.log":     {Form: "plain", Size: 7},
		"b.log.gz":  {Form: "gzip", Size: got["b.log.gz"].Size},
		"empty.log": {Form: "empty"},
	} {
		want.Path = d.at(name)
		if got[name] != want {
			t.Errorf("%s is %+v, want %+v", name, got[name], want)
		}
	}
	for name, want := range map[string]string{"sub.log": "sub.log/*.log", "fifo.log": "not a regular file"} {
		if err := got[name].Err; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	wantBlanks := []string{
		d.at("no.log") + ": there is no such file",
		d.at("no/such/*.log") + ": the directory " + d.at("no") + " does not exist",
		d.at("x*") + ": no file matches",
		d.at("no/x.log") + ": the directory " + d.at("no") + " does not exist",
	}
	var blanks []string
	for _, b := range out.Blanks {
		blanks = append(blanks, b.Pattern+": "+b.Err.Error())
	}
	if strings.Join(blanks, "\n") != strings.Join(wantBlanks, "\n") {
		t.Errorf("blanks are %q, want %q", blanks, wantBlanks)
	}
	if out.Watch != nil || len(out.Dirs) != 1 || out.Dirs[0] != (WatchedDir{Path: d.path}) {
		t.Errorf("watched: %+v, %v", out.Dirs, out.Watch)
	}
	if _, err := Survey(Options{Patterns: []string{"[", d.at("a.log")}}); err == nil {
		t.Error("a malformed pattern is surveyed")
	}
}

// TestSurveyWithoutPermission has directories that may not be entered, listed
// or watched, and a file that may not be read.
func TestSurveyWithoutPermission(t *testing.T) {
	d := newDir(t)
	d.must(os.Chmod(filepath.Dir(d.path), 0o755))
	d.must(os.Chmod(d.path, 0o755))
	for name, mode := range map[string]os.FileMode{"closed": 0o700, "unlisted": 0o711} {
		d.must(os.Mkdir(d.at(name), 0o755))
		d.write(name+"/a.log", "a line\n")
		d.must(os.Chmod(d.at(name), mode))
		defer os.Chmod(d.at(name), 0o755)
	}
	d.write("secret.log", "a line\n")
	d.must(os.Chmod(d.at("secret.log"), 0))
	if os.Geteuid() != 0 {
		d.must(os.Chmod(d.at("closed"), 0))
		d.must(os.Chmod(d.at("unlisted"), 0o311))
	}
	var out *Outlook
	var err error
	asNobody(func() {
		out, err = Survey(Options{Patterns: []string{
			d.at("closed/a.log"), d.at("closed/*.log"), d.at("unlisted/a.log"), d.at("unlisted/*.log"), d.at("secret.log"),
		}})
	})
	d.must(err)
	me, err := user.Current()
	d.must(err)
	said := map[string]string{}
	for _, p := range out.Files {
		said[p.Path] = ""
		if p.Err != nil {
			said[p.Path] = p.Err.Error()
		}
	}
	for _, b := range out.Blanks {
		said[b.Pattern] = b.Err.Error()
	}
	for _, dir := range out.Dirs {
		if dir.Err != nil {
			said[dir.Path] = dir.Err.Error()
		}
	}
	for path, want := range map[string]string{
		"closed/a.log":   "permission denied: " + d.at("closed") + " is d",
		"closed/*.log":   "permission denied: " + d.at("closed") + " is d",
		"unlisted/*.log": "permission denied: " + d.at("unlisted") + " is d",
		"unlisted":       "permission denied: " + d.at("unlisted") + " is d",
		"secret.log":     "permission denied: " + d.at("secret.log") + " is ---------- " + me.Username + ":",
	} {
		if got := said[d.at(path)]; !strings.HasPrefix(got, want) {
			t.Errorf("%s: said %q, want %q", path, got, want)
		}
	}
	if got, ok := said[d.at("unlisted/a.log")]; !ok || got != "" {
		t.Errorf("a file that can be read is said to be %q", got)
	}
}

// TestSurveyOfLimits has the kernel refuse to watch.
func TestSurveyOfLimits(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "a line\n")
	f, err := New(Options{Patterns: []string{d.at("a.log")}})
	d.must(err)
	f.watch.open = func() (*fsnotify.Watcher, error) { return nil, os.NewSyscallError("inotify_init1", syscall.EMFILE) }
	var out Outlook
	out.surveyWatches(f, nil)
	if out.Watch == nil || !errors.Is(out.Watch, syscall.EMFILE) || !strings.Contains(out.Watch.Error(), "fs.inotify.max_user_instances") {
		t.Errorf("no instance is left: %v", out.Watch)
	}
	if err := watchLimit(syscall.ENOSPC); !strings.Contains(err.Error(), "fs.inotify.max_user_watches") {
		t.Errorf("no watch is left: %v", err)
	}
}
