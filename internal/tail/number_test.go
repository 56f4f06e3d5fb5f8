package tail

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestRestartReadsWhatWasPackedAfterItsNumberWasGivenAway: found but not begun
// by one run, compressed while none runs, and its inode number given to the
// next log.
func TestRestartReadsWhatWasPackedAfterItsNumberWasGivenAway(t *testing.T) {
	d := newDir(t)
	d.write("a.log", lines("a", 0, 100))
	before := time.Now().Add(-time.Minute)
	d.must(os.Chtimes(d.at("a.log"), before, before))
	o := Options{Patterns: []string{d.at("a.log")}, FromStart: true, NoWatch: true, Poll: testPoll}
	f, err := New(o)
	d.must(err)
	var s State
	for range f.Batches(t.Context()) {
		s = f.State()
		break
	}
	d.compress("a.log", "a.log.1.gz")
	d.must(os.Chtimes(d.at("a.log.1.gz"), before, before))
	d.write("a.log", lines("b", 0, 10))
	info, err := os.Stat(d.at("a.log"))
	d.must(err)
	s.Files[0].Ino = info.Sys().(*syscall.Stat_t).Ino
	o.Resume = &s
	r := follow(t, o)
	r.want(lines("a", 0, 100), lines("b", 0, 10))
}

// TestLogStaysKnownWhenItsNumberIsGivenToAnother: an empty log is deleted, its
// inode number goes to another log, and in the next stop the first one comes
// and is rotated away.
func TestLogStaysKnownWhenItsNumberIsGivenToAnother(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "")
	d.write("b.log", "")
	o := Options{Patterns: []string{d.at("*.log")}, NoWatch: true, Poll: testPoll}
	s := d.firstState(o)
	d.remove("b.log")
	d.remove("a.log")
	d.write("a.log", lines("a", 0, 10))
	info, err := os.Stat(d.at("a.log"))
	d.must(err)
	for i := range s.Files {
		if s.Files[i].Path == d.at("b.log") {
			s.Files[i].Ino = info.Sys().(*syscall.Stat_t).Ino
		} else {
			s.Files[i].Ino = 0
		}
	}
	o.Resume = s
	r := follow(t, o)
	r.want(lines("a", 0, 10))
	r.stop()
	o.Resume = r.keep(t)
	d.write("b.log", lines("b", 0, 10))
	d.rename("b.log", "b.log.1")
	r = follow(t, o)
	r.want(lines("b", 0, 10))
}
