package tail

import (
	"bytes"
	"encoding/gob"
	"os"
	"strings"
	"testing"
	"time"
)

// keep returns the state after the last batch that was received, as if it had
// been kept on disk.
func (r *run) keep(t testing.TB) *State {
	t.Helper()
	var b bytes.Buffer
	var s State
	if err := gob.NewEncoder(&b).Encode(r.state); err != nil {
		t.Fatal(err)
	}
	if err := gob.NewDecoder(&b).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// TestRestart is what may happen to a log between two runs.
func TestRestart(t *testing.T) {
	for name, story := range map[string]struct {
		before string      // read by the first run
		down   func(d dir) // while none runs
		after  string      // what the second run gives out
		gap    int64       // bytes
		gone   bool        // what was read is not found again
	}{
		"nothing": {before: lines("a", 0, 10), down: func(d dir) {}},
		"appended": {
			before: lines("a", 0, 10), down: func(d dir) { d.write("a.log", lines("a", 10, 10)) },
			after: lines("a", 10, 10),
		},
		"a line finished": {
			before: lines("a", 0, 10) + "10 unfin", down: func(d dir) { d.write("a.log", "ished\n") },
			after: "10 unfinished\n",
		},
		"renamed three times": {
			before: lines("a", 0, 10),
			down: func(d dir) {
				d.write("a.log", lines("a", 10, 10))
				d.rename("a.log", "a.log.3")
				d.write("a.log.2", lines("a", 20, 10))
				d.write("a.log.1", lines("a", 30, 10))
				d.write("a.log", lines("a", 40, 10))
			},
			after: lines("a", 10, 40),
		},
		"dated": {
			before: lines("a", 0, 10),
			down: func(d dir) {
				d.write("a.log", lines("a", 10, 10))
				d.rename("a.log", "a.log-20260110")
				d.write("a.log-20260111", lines("a", 20, 10))
			},
			after: lines("a", 10, 20),
		},
		"compressed": {
			before: lines("a", 0, 100),
			down: func(d dir) {
				d.write("a.log", lines("a", 100, 100))
				d.compress("a.log", "a.log.1.gz")
				d.write("a.log", lines("b", 0, 10))
			},
			after: lines("a", 100, 100) + lines("b", 0, 10),
		},
		"a short one compressed": {
			before: lines("a", 0, 1),
			down: func(d dir) {
				d.write("a.log", lines("a", 1, 1))
				d.compress("a.log", "a.log.1.xz")
				d.write("a.log", lines("b", 0, 1))
			},
			after: lines("a", 1, 1) + lines("b", 0, 1),
		},
		"born, rotated and compressed": {
			before: lines("a", 0, 100),
			down: func(d dir) {
				d.compress("a.log", "a.log.3.gz")
				d.write("b", lines("b", 0, 50))
				d.compress("b", "a.log.2.zst")
				d.write("b", lines("c", 0, 50))
				d.compress("b", "a.log.1.bz2")
				d.write("a.log", lines("d", 0, 50))
			},
			after: lines("b", 0, 50) + lines("c", 0, 50) + lines("d", 0, 50),
		},
		"old rotations are left alone": {
			before: lines("a", 0, 10),
			down: func(d dir) {
				d.write("a.log.7", lines("old", 0, 10))
				d.must(os.Chtimes(d.at("a.log.7"), time.Time{}, time.Now().Add(-time.Hour)))
				d.write("a.log.orig", lines("other", 0, 10))
			},
		},
		"the number given to another file": {
			before: lines("a", 0, 100) + "unfinished",
			down: func(d dir) {
				d.remove("a.log")
				d.write("a.log", lines("b", 0, 150))
			},
			after: lines("b", 0, 150), gap: int64(len("unfinished")), gone: true,
		},
		"deleted unread": {
			before: lines("a", 0, 100) + "unfinished", down: func(d dir) { d.remove("a.log") },
			gap: int64(len("unfinished")), gone: true,
		},
		"deleted with what came after": {
			before: lines("a", 0, 100),
			down: func(d dir) {
				d.write("a.log", lines("a", 100, 10))
				d.remove("a.log")
			},
			gone: true,
		},
		"deleted while it was empty": {down: func(d dir) { d.remove("a.log") }},
		"truncated and grown past the position": {
			before: lines("a", 0, 100),
			down:   func(d dir) { d.must(os.WriteFile(d.at("a.log"), []byte(lines("b", 0, 200)), 0o644)) },
			after:  lines("b", 0, 200), gone: true,
		},
		"copied and truncated": {
			before: lines("a", 0, 100),
			down: func(d dir) {
				d.write("a.log", lines("a", 100, 10))
				d.copy("a.log", "a.log.1")
				d.truncate("a.log")
				d.write("a.log", lines("b", 0, 10))
			},
			after: lines("a", 100, 10) + lines("b", 0, 10),
		},
		"copied, truncated and being compressed": {
			before: lines("a", 0, 100),
			down: func(d dir) {
				d.write("a.log", lines("a", 100, 10))
				d.copy("a.log", "a.log.1")
				d.truncate("a.log")
				d.pack("a.log.1", "a.log.1.gz")
				d.write("a.log", lines("b", 0, 10))
			},
			after: lines("a", 100, 10) + lines("b", 0, 10),
		},
		"replaced, renamed and being compressed": {
			before: lines("a", 0, 100),
			down: func(d dir) {
				d.write("a.log", lines("a", 100, 10))
				d.copy("a.log", "t")
				d.remove("a.log")
				d.rename("t", "a.log.1")
				d.pack("a.log.1", "a.log.1.zst")
				d.write("a.log", lines("b", 0, 10))
			},
			after: lines("a", 100, 10) + lines("b", 0, 10),
		},
		"replaced by the same content": {
			before: lines("a", 0, 100),
			down: func(d dir) {
				d.copy("a.log", "t")
				d.rename("t", "a.log")
				d.write("a.log", lines("a", 100, 5))
			},
			after: lines("a", 100, 5),
		},
		"empty and then written": {
			down: func(d dir) {
				d.write("a.log", lines("a", 0, 10))
				d.rename("a.log", "a.log.1")
				d.write("a.log", lines("a", 10, 10))
			},
			after: lines("a", 0, 20),
		},
	} {
		for _, pattern := range []string{"a.log", "a.log*"} {
			if name == "old rotations are left alone" && pattern != "a.log" {
				continue
			}
			t.Run(name+"/"+pattern, func(t *testing.T) {
				t.Parallel()
				d := newDir(t)
				d.write("a.log", "")
				o := Options{Patterns: []string{d.at(pattern)}}
				r := started(t, o)
				d.write("a.log", story.before)
				whole := story.before[:strings.LastIndex(story.before, "\n")+1]
				r.want(whole)
				r.stop()
				story.down(d)
				o.Resume = r.keep(t)
				r = follow(t, o)
				r.want(story.after)
				r.polls(8)
				r.want(story.after)
				if s := r.f.Stats(); s.GapBytes != story.gap || s.Gaps > 0 != story.gone {
					t.Errorf("%d gaps of %d bytes, want %d bytes, and any at all: %t", s.Gaps, s.GapBytes, story.gap, story.gone)
				}
			})
		}
	}
}

// TestRestartWaits sees that no tick says that all was read before the rest of
// a file was found in a compressed copy that is still being made.
func TestRestartWaits(t *testing.T) {
	d := newDir(t)
	o := Options{Patterns: []string{d.at("a.log")}}
	r := started(t, o)
	d.write("a.log", lines("a", 0, 1000))
	r.want(lines("a", 0, 1000))
	r.stop()
	d.write("a.log", lines("a", 1000, 20000))
	packed := pack(t, ".gz", d.read("a.log"))
	d.remove("a.log")
	d.write("a.log", lines("b", 0, 1))
	d.write("a.log.1.gz", string(packed[:len(packed)/2]))
	o.Resume = r.keep(t)
	// A copy that does not grow for ten looks is no longer waited for: they have
	// to be far apart for a test that may be held up.
	o.Poll = time.Second / 2
	r = follow(t, o)
	r.until("some ticks", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.ticks) > 4 })
	r.mu.Lock()
	for _, tick := range r.ticks[:5] {
		if !tick.Behind {
			t.Error("a tick says that all was read")
		}
	}
	r.mu.Unlock()
	d.write("a.log.1.gz", string(packed[len(packed)/2:]))
	r.want(lines("a", 1000, 20000), lines("b", 0, 1))
}

// TestRestartKeepsSources sees that a file that goes on keeps its number, and
// that no other file is given it.
func TestRestartKeepsSources(t *testing.T) {
	d := newDir(t)
	o := Options{Patterns: []string{d.at("*.log")}}
	r := started(t, o)
	d.write("a.log", lines("a", 0, 10))
	r.want(lines("a", 0, 10))
	r.stop()
	was := r.batches[0].Source
	d.write("a.log", lines("a", 10, 10))
	d.write("b.log", lines("b", 0, 10))
	o.Resume = r.keep(t)
	r = follow(t, o)
	r.want(lines("a", 10, 10), lines("b", 0, 10))
	r.stop()
	for _, b := range r.batches {
		if goesOn := b.Path == d.at("a.log"); goesOn != (b.Source == was) {
			t.Errorf("%s has the number %d; a.log had %d", b.Path, b.Source, was)
		}
	}
}

// TestRestartOnce has a run that ends by itself go on while a rotation is there
// both packed and unpacked, and neither has the number of the file that was read.
func TestRestartOnce(t *testing.T) {
	for _, patterns := range [][]string{{"a.log"}, {"a.log*"}, {"a.log.1.gz", "a.log.1", "a.log"}} {
		d := newDir(t)
		var o Options
		for _, p := range patterns {
			o.Patterns = append(o.Patterns, d.at(p))
		}
		d.write("a.log", lines("a", 0, 100))
		o.Resume = once(t, o).keep(t)
		d.write("a.log", lines("a", 100, 10))
		d.copy("a.log", "a.log.1")
		d.truncate("a.log")
		d.pack("a.log.1", "a.log.1.gz")
		d.write("a.log", lines("b", 0, 10))
		r := once(t, o)
		r.want(lines("a", 100, 10), lines("b", 0, 10))
		if s := r.f.Stats(); s.Gaps != 0 {
			t.Errorf("%v: a gap\n%s", patterns, r.report())
		}
	}
}
