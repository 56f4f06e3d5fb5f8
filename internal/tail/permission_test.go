package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// followAsNobody follows without the rights of root. Who is not root already
// follows as who they are.
func followAsNobody(t *testing.T, o Options) *run {
	t.Helper()
	r := newRun(t, o)
	ctx := r.prepare()
	// It ends with the batches, which the cleanup cancels.
	go func() {
		giveUpRights()
		r.collect(ctx)
	}()
	r.caughtUp()
	return r
}

// asNobody runs do without the rights of root.
func asNobody(do func()) {
	done := make(chan struct{})
	// It ends with do.
	go func() {
		defer close(done)
		giveUpRights()
		do()
	}()
	<-done
}

// giveUpRights takes the rights of root from the goroutine that calls it. Its
// thread is not given back, so that nobody else runs on it.
func giveUpRights() {
	runtime.LockOSThread()
	if os.Geteuid() == 0 {
		const nobody = 65534
		syscall.RawSyscall(syscall.SYS_SETFSGID, nobody, 0, 0)
		syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0)
	}
}

// TestPermission has a directory that cannot be listed or watched, and files
// that cannot be opened at first.
func TestPermission(t *testing.T) {
	d := newDir(t)
	d.must(os.Chmod(filepath.Dir(d.path), 0o755))
	d.must(os.Chmod(d.path, 0o711))
	defer os.Chmod(d.path, 0o755)
	for _, name := range []string{"a.log", "p.log", "q.log"} {
		d.write(name, lines("old", 0, 10))
		d.must(os.Chmod(d.at(name), 0))
	}
	d.must(os.Chmod(d.at("a.log"), 0o644))
	o := Options{Patterns: []string{d.at("a.log"), d.at("p.log"), d.at("q.log"), d.at("*.log")}}
	r := followAsNobody(t, o)
	d.write("a.log", lines("a", 0, 10))
	r.want(lines("a", 0, 10))
	d.rename("a.log", "a.log.1")
	w, err := os.OpenFile(d.at("a.log"), os.O_CREATE|os.O_WRONLY, 0)
	d.must(err)
	fmt.Fprint(w, lines("b", 0, 10))
	w.Close()
	r.polls(3)
	if r.count() != 10 {
		t.Fatal("the file can be read: the test is not what it seems")
	}
	d.must(os.Chmod(d.at("a.log"), 0o644))
	r.want(lines("a", 0, 10), lines("b", 0, 10))
	// What was there at the start is history, although it could not be read.
	d.must(os.Chmod(d.at("p.log"), 0o644))
	d.write("p.log", "new\n")
	r.want(lines("a", 0, 10), lines("b", 0, 10), "new\n")
	r.stop()
	if s := r.f.Stats(); s.OpenErrors == 0 {
		t.Error("no open error is counted")
	}
	if n := strings.Count(r.log.String(), "cannot open a file"); n != 3 {
		t.Errorf("three files that cannot be opened are said %d times\n%s", n, r.log)
	}
	if n := strings.Count(r.log.String(), "cannot watch a directory"); n > 1 {
		t.Errorf("a directory that cannot be watched is said %d times", n)
	}
	// It stays history for the next run.
	o.Resume = r.keep(t)
	r = followAsNobody(t, o)
	d.must(os.Chmod(d.at("q.log"), 0o644))
	d.write("q.log", "new too\n")
	r.want("new too\n")
}
