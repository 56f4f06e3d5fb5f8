package tail

import (
	"math"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestRestartReadsWhatWasNotBegun: known to the state with nothing read of it,
// rotated while none ran, not written since.
func TestRestartReadsWhatWasNotBegun(t *testing.T) {
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
	d.rename("a.log", "a.log.1")
	d.write("a.log", lines("b", 0, 10))
	o.Resume = &s
	r := follow(t, o)
	r.want(lines("a", 0, 100), lines("b", 0, 10))
}

// TestRestartReadsWhatNoLookHasShown: a log is born after the last look and
// before the state is taken, and rotated away while none runs.
func TestRestartReadsWhatNoLookHasShown(t *testing.T) {
	d := newDir(t)
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		o := Options{Patterns: []string{d.at("a.log")}, NoWatch: true, Poll: time.Second, FromStart: true}
		d.write("a.log", lines("a", 0, 100))
		f, err := New(o)
		d.must(err)
		var s State
		ticks := 0
		for b := range f.Batches(t.Context()) {
			if b.Tick == nil || b.Tick.Behind {
				continue
			}
			if ticks++; ticks < 3 {
				continue
			}
			d.rename("a.log", "a.log.1")
			d.write("a.log", lines("b", 0, 50))
			d.must(os.Chtimes(d.at("a.log"), time.Now(), time.Now()))
			time.Sleep(10 * time.Second) // a receiver that has to wait
			s = f.State()
			break
		}
		d.rename("a.log.1", "a.log.2")
		d.rename("a.log", "a.log.1")
		d.write("a.log", lines("c", 0, 10))
		time.Sleep(5 * time.Second)
		o.Resume = &s
		r := follow(t, o)
		time.Sleep(20 * time.Second)
		r.stop()
		if n := len(r.lines); n != 60 {
			t.Errorf("%d lines, want 60", n)
		}
	})
}

// TestTicksWaitForUndecidedFiles: a small file that was born while none ran
// must hold Low back while a long backlog is read.
func TestTicksWaitForUndecidedFiles(t *testing.T) {
	d := newDir(t)
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		o := Options{Patterns: []string{d.at("a.log")}, NoWatch: true, Poll: time.Second, TimeOf: timeOf, FromStart: true}
		d.write("a.log", lines("a", 1000, 100))
		r := follow(t, o)
		time.Sleep(5 * time.Second)
		r.stop()
		time.Sleep(time.Second)
		d.write("a.log", lines("a", 1100, 1))
		d.compress("a.log", "a.log.2.gz")
		d.write("a.log.1", lines("small", 1101, 5))
		d.write("a.log", lines("a", 5000, 3000))
		for _, name := range []string{"a.log.1", "a.log"} {
			d.must(os.Chtimes(d.at(name), time.Now(), time.Now()))
		}
		o.Resume = r.keep(t)
		o.BlockSize = 1 << 10
		c := clocks{}
		o.Clock = c.of
		f, err := New(o)
		d.must(err)
		low := int64(math.MinInt64)
		for b := range f.Batches(t.Context()) {
			if b.Tick != nil {
				if !b.Tick.Behind {
					break
				}
				low = max(low, b.Tick.Low)
				continue
			}
			if first, _ := c.take(b); strings.Contains(string(b.Data), "small") && first < low {
				t.Errorf("lines of %d come after Low %d", first, low)
			}
			time.Sleep(200 * time.Millisecond) // a slow receiver
		}
	})
}

// TestRestartReadsWhatWasPackedBeforeItWasBegun: found but not begun by one
// run, compressed with its old time while none runs, and looked for by two
// more, of which the first does not get as far as finding it.
func TestRestartReadsWhatWasPackedBeforeItWasBegun(t *testing.T) {
	for lives, pattern := range map[int]string{1: "a.log", 2: "a.log", 3: "a.log*"} {
		d := newDir(t)
		d.write("a.log", lines("a", 0, 100))
		before := time.Now().Add(-time.Minute)
		d.must(os.Chtimes(d.at("a.log"), before, before))
		o := Options{Patterns: []string{d.at(pattern)}, FromStart: true, NoWatch: true, Poll: testPoll}
		o.Resume = d.firstState(o)
		packed := false
		for range lives {
			o.Resume = d.firstState(o)
			if !packed {
				d.rename("a.log", "a.log.1")
				d.write("a.log", lines("b", 0, 10))
				d.must(os.Rename(d.at("a.log.1"), d.at("elsewhere")))
				packed = true
			}
		}
		d.compress("elsewhere", "a.log.2.gz")
		r := follow(t, o)
		r.want(lines("a", 0, 100), lines("b", 0, 10))
		// A gap is counted after five looks.
		ticks := func() int { r.mu.Lock(); defer r.mu.Unlock(); return len(r.ticks) }
		seen := ticks()
		r.until("20 looks", func() bool { return ticks() > seen+20 })
		if n := r.f.Stats().Gaps; n != 0 {
			t.Errorf("%d gaps, want none", n)
		}
		r.stop()
	}
}

// firstState runs a follower as far as its first tick.
func (d dir) firstState(o Options) *State {
	f, err := New(o)
	d.must(err)
	var s State
	for range f.Batches(d.t.Context()) {
		s = f.State()
		break
	}
	return &s
}

// TestRestartReadsWhatCameCompressed: born, rotated and compressed while none
// ran, and found but not begun by a run that is killed at once.
func TestRestartReadsWhatCameCompressed(t *testing.T) {
	for _, lives := range []int{1, 2, 3} {
		d := newDir(t)
		d.write("a.log", lines("a", 0, 100))
		o := Options{Patterns: []string{d.at("a.log")}, FromStart: true, NoWatch: true, Poll: testPoll}
		r := follow(t, o)
		r.want(lines("a", 0, 100))
		r.stop()
		o.Resume = r.keep(t)
		time.Sleep(2 * racy)
		d.rename("a.log", "a.log.2")
		d.write("b", lines("b", 0, 2000)) // packed still more than a fingerprint
		d.compress("b", "a.log.1.gz")
		d.write("a.log", lines("c", 0, 10))
		for range lives {
			time.Sleep(2 * racy)
			o.Resume = d.firstState(o)
		}
		r = follow(t, o)
		r.want(lines("b", 0, 2000), lines("c", 0, 10))
		r.stop()
	}
}
