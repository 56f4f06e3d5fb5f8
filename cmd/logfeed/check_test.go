package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCheckManual holds the screens in docs/check.md and the program's output
// together: every command there is run, and must print what stands below it.
// With -update the page is written anew.
func TestCheckManual(t *testing.T) {
	const page = "../../docs/check.md"
	manual, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	checkedLogs(t, dir)
	screens := 0
	block := regexp.MustCompile("(?s)```console\n.*?```")
	written := block.ReplaceAllStringFunc(string(manual), func(b string) string {
		var anew strings.Builder
		anew.WriteString("```console\n")
		for _, command := range regexp.MustCompile(`(?m)^\$ (.*)$`).FindAllStringSubmatch(b, -1) {
			screens++
			fmt.Fprintf(&anew, "%s\n%s", command[0], strings.TrimRight(screenOf(t, dir, command[1]), "\n")+"\n")
		}
		return anew.String() + "```"
	})
	if screens < 7 {
		t.Errorf("the page has only %d screens", screens)
	}
	if *update {
		if err := os.WriteFile(page, []byte(written), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if written != string(manual) {
		t.Errorf("docs/check.md is out of date; go test ./cmd/logfeed -run TestCheckManual -update writes:\n%s", written)
	}
}

var update = flag.Bool("update", false, "write screens anew")

// checkedLogs makes the logs that the page speaks of out of the real one.
func checkedLogs(t *testing.T, dir string) {
	t.Helper()
	log, err := os.ReadFile(realLog)
	if err != nil {
		t.Fatal(err)
	}
	agents := regexp.MustCompile(`(?m) "[^"\n]*" "[^"\n]*"$`)
	lines := strings.SplitAfter(string(log), "\n")
	common := strings.SplitAfter(agents.ReplaceAllString(string(log), ""), "\n")
	vhosts := strings.ReplaceAll(strings.Join(lines[:1000], ""), " - - [", " 198.51.100.1 - - [")
	for name, text := range map[string]string{
		"access.log": string(log),
		"common.log": strings.Join(common[:1000], ""),
		"mixed.log":  strings.Join(common[:600], "") + strings.Join(lines[600:1000], ""),
		"other_vhosts_access.log": regexp.MustCompile(`(?m)^\S+`).ReplaceAllString(
			regexp.MustCompile(`(?m)" (\d+) - "`).ReplaceAllString(vhosts, `" $1 0 "`), "www.example:443"),
		"short.log": "192.0.2.1 [10/Jan/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200\n\n192.0.2.1 10/Jan/2026 \"-\" 408\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// screenOf runs a command of the page.
func screenOf(t *testing.T, dir, command string) string {
	t.Helper()
	if rest, ok := strings.CutPrefix(command, "sudo -u logfeed "); ok {
		return screenWithoutPermission(t, rest)
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "COLUMNS=100", "TZ=UTC")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitFailed || len(exit.Stderr) > 0) {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

// screenWithoutPermission runs a command as a user who may not enter
// /var/log/apache2, which stands for a directory made here. Only the names are
// then put back to those of the page.
func screenWithoutPermission(t *testing.T, command string) string {
	t.Helper()
	base := openDir(t)
	dir := filepath.Join(base, "apache2")
	mode, owner := os.FileMode(0o750), "root:adm"
	if os.Geteuid() != 0 {
		mode = 0 // a user is kept out of an own directory only by this
	}
	if err := errors.Join(os.Mkdir(dir, mode), os.Chmod(dir, mode)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", strings.ReplaceAll(command, "/var/log", base))
	cmd.Env = append(os.Environ(), "COLUMNS=1000")
	asNobody(t, cmd)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || len(exit.Stderr) > 0 {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	// Whoever runs this test, and whatever the groups are called here.
	text := strings.ReplaceAll(string(out), base, "/var/log")
	text = regexp.MustCompile(`is d[rwx-]{9} \S+:\S+, and this runs as \w+(; a member of the group \S+ may read it)?`).
		ReplaceAllString(text, "is drwxr-x--- "+owner+", and this runs as logfeed; a member of the group adm may read it")
	return text
}

// openDir returns a directory that everybody may enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "logfeed")
	if err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// asNobody makes a command run without the rights of root; who is not root
// already is who they are. The program itself must be in their reach.
func asNobody(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	program, err := exec.LookPath("logfeed")
	if err == nil {
		err = os.Chmod(filepath.Dir(filepath.Dir(program)), 0o711)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

// TestCheckWithoutPermission names what stands in the way, and to whom.
func TestCheckWithoutPermission(t *testing.T) {
	base := openDir(t)
	dir := filepath.Join(base, "apache2")
	var errs []error
	errs = append(errs, os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "access.log"), []byte(combined(time.Now(), 200, 1)), 0o644))
	mode := os.FileMode(0o750)
	if os.Geteuid() != 0 {
		mode = 0o050
	}
	if err := errors.Join(append(errs, os.Chmod(dir, mode))...); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755) // or it cannot be removed
	owner, group, me := names(t, dir)
	want := fmt.Sprintf("permission denied: %s is d%s %s:%s, and this runs as %s; a member of the group %s may read it",
		dir, mode.String()[1:], owner, group, me, group)
	for _, file := range []string{filepath.Join(dir, "access.log"), filepath.Join(dir, "*.log")} {
		for _, output := range []string{"text", "json"} {
			cmd := exec.Command("logfeed", "--check", "--check-output", output, file)
			cmd.Env = append(os.Environ(), "COLUMNS=1000")
			asNobody(t, cmd)
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			err := cmd.Run()
			if cmd.ProcessState.ExitCode() != exitFailed {
				t.Errorf("%s, %s: %v", file, output, err)
			}
			if !strings.Contains(said.String(), "cannot be read: "+file+": "+want) {
				t.Errorf("%s, %s: said %q, want %q", file, output, said.String(), want)
			}
		}
	}
}

// names returns the names of a file's owner and group, and of who a program
// runs as that asNobody starts.
func names(t *testing.T, path string) (owner, group, me string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	name := func(id int) string {
		if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
			return u.Username
		}
		return strconv.Itoa(id)
	}
	group = strconv.Itoa(int(stat.Gid))
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	runs := os.Geteuid()
	if runs == 0 {
		runs = 65534
	}
	return name(int(stat.Uid)), group, name(runs)
}

// TestCheckStops has a signal come while standard input brings more and more.
func TestCheckStops(t *testing.T) {
	for output, want := range map[string]string{"text": "stopped before the end", "json": "msg=interrupted"} {
		cmd := exec.Command("logfeed", "--check", "--check-output", output, "-")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line := []byte(combined(time.Now(), 200, 1))
		for range 10_000 { // far more than a pipe holds, so reading has begun
			if _, err := in.Write(line); err != nil {
				t.Fatal(err)
			}
		}
		cmd.Process.Signal(syscall.SIGINT)
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(said.String(), want) {
			t.Errorf("%s: exit code %d, said %q", output, code, said.String()[max(0, said.Len()-1000):])
		}
	}
}
