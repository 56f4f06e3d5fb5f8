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
