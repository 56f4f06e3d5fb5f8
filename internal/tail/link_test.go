package tail

import (
	"bytes"
	"encoding/gob"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// point lets the symbolic link name lead to another file.
func (d dir) point(name, to string) {
	d.t.Helper()
	d.must(os.RemoveAll(d.at("next")))
	d.must(os.Symlink(d.at(to), d.at("next")))
	d.rename("next", name)
}

// TestRestartOfLink is what may happen between two runs to a log that is read
// through a link. The link leads to b.log at first and to a.log then.
func TestRestartOfLink(t *testing.T) {
	const begun = "10 unfin"
	for name, story := range map[string]struct {
		before string
		down   func(d dir)
		after  string
	}{
		"a line begun, rotated": {
			before: begun,
			down:   func(d dir) { d.rename("b.log", "b.log.1"); d.write("b.log.1", "ished\n") },
			after:  "10 unfinished\n",
		},
		"a line begun, still there": {
			before: begun, down: func(d dir) { d.write("b.log", "ished\n") }, after: "10 unfinished\n",
		},
		"rotated": {
			before: lines("b", 0, 10),
			down:   func(d dir) { d.write("b.log", lines("b", 10, 5)); d.rename("b.log", "b.log.3") },
			after:  lines("b", 10, 5),
		},
		"still there": {
			before: lines("b", 0, 10), down: func(d dir) { d.write("b.log", lines("b", 10, 5)) }, after: lines("b", 10, 5),
		},
		"compressed": {
			before: lines("b", 0, 100),
			down:   func(d dir) { d.write("b.log", lines("b", 100, 5)); d.compress("b.log", "b.log.gz") },
			after:  lines("b", 100, 5),
		},
		"rotated and compressed": {
			before: lines("b", 0, 100),
			down:   func(d dir) { d.write("b.log", lines("b", 100, 5)); d.compress("b.log", "b.log.1.gz") },
			after:  lines("b", 100, 5),
		},
	} {
		for how, patterns := range map[string][]string{
			"the link alone": {"link.log"},
			"all":            {"link.log", "b.log", "a.log"}, // b.log has the name of the link
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				d := newDir(t)
				d.write("a.log", "")
				d.write("b.log", "")
				d.point("link.log", "b.log")
				var o Options
				for _, p := range patterns {
					o.Patterns = append(o.Patterns, d.at(p))
				}
				r := started(t, o)
				d.write("b.log", story.before)
				r.until("its size is known", func() bool {
					r.mu.Lock()
					defer r.mu.Unlock()
					return slices.ContainsFunc(r.state.Files, func(x FileState) bool { return x.Size == int64(len(story.before)) })
				})
				r.want(story.before[:strings.LastIndex(story.before, "\n")+1])
				r.stop()
				story.down(d)
				d.point("link.log", "a.log")
				d.write("a.log", lines("a", 0, 7))
				o.Resume = r.keep(t)
				r = follow(t, o)
				r.want(story.after, lines("a", 0, 7))
				r.polls(8)
				r.want(story.after, lines("a", 0, 7))
				if s := r.f.Stats(); s.Gaps != 0 {
					t.Errorf("%d gaps of %d bytes, and nothing was lost\n%s", s.Gaps, s.GapBytes, r.report())
				}
				for _, b := range r.batches {
					if how == "the link alone" && b.Log != d.at("link.log") {
						t.Errorf("lines of %s belong to %s", b.Path, b.Log)
					}
				}
			})
		}
	}
}

// TestRestartsOfLink rotates what a link has left once more at each restart.
func TestRestartsOfLink(t *testing.T) {
	for name, begin := range map[string]string{"begun": "unfin", "read": "first\nunfin"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDir(t)
			d.write("b.log", begin)
			d.write("a.log", "")
			d.point("link.log", "b.log")
			o := Options{Patterns: []string{d.at("link.log")}, FromStart: true}
			r := started(t, o)
			r.caughtUp()
			r.stop()
			d.point("link.log", "a.log")
			d.rename("b.log", "b.log.1")
			for k := range 3 {
				o.Resume = r.keep(t)
				r = started(t, o)
				r.polls(8)
				r.stop()
				if s := r.f.Stats(); s.Gaps != 0 || r.count() != 0 {
					t.Errorf("restart %d: a gap, or lines\n%s", k+1, r.report())
				}
				d.rename([]string{"b.log.1", "b.log.2", "b.log.3"}[k], []string{"b.log.2", "b.log.3", "b.log.4"}[k])
			}
			d.write("b.log.4", "ished\n")
			o.Resume = r.keep(t)
			r = follow(t, o)
			r.want("unfinished\n")
		})
	}
}

// TestLinkLeavesOthersAlone sees that a log that has the name to which a link
// led is not taken for the one that was read there.
func TestLinkLeavesOthersAlone(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "")
	d.write("b.log", "")
	d.point("link.log", "b.log")
	o := Options{Patterns: []string{d.at("link.log")}}
	r := started(t, o)
	d.write("b.log", lines("b", 0, 10))
	r.want(lines("b", 0, 10))
	r.stop()
	d.point("link.log", "a.log")
	d.rename("b.log", "b.log.1")
	d.write("b.log.1", lines("b", 10, 1))
	d.write("b.log", lines("other", 0, 10))
	o.Resume = r.keep(t)
	r = follow(t, o)
	r.want(lines("b", 10, 1))
	r.polls(8)
	r.want(lines("b", 10, 1))
}

// TestRestartOfDirectory has the directory be a link, as that of the release
// that is deployed.
func TestRestartOfDirectory(t *testing.T) {
	d := newDir(t)
	d.must(os.Mkdir(d.at("release1"), 0o755))
	d.must(os.Mkdir(d.at("release2"), 0o755))
	d.write("release1/a.log", "")
	d.point("current", "release1")
	o := Options{Patterns: []string{d.at("current/*.log")}}
	r := started(t, o)
	d.write("release1/a.log", lines("a", 0, 10))
	r.want(lines("a", 0, 10))
	r.stop()
	d.write("release1/a.log", lines("a", 10, 5))
	d.write("release2/a.log", lines("b", 0, 3))
	d.point("current", "release2")
	o.Resume = r.keep(t)
	r = follow(t, o)
	r.want(lines("a", 10, 5), lines("b", 0, 3))
	if s := r.f.Stats(); s.Gaps != 0 {
		t.Errorf("a gap\n%s", r.report())
	}
}

// TestStateWithoutTargets exchanges states with a program that knows no targets
// of links.
func TestStateWithoutTargets(t *testing.T) {
	type file struct {
		Source          int
		Path, Log       string
		Dev, Ino        uint64
		Head, Marker    Digest
		Offset, Size    int64
		Modified        int64
		Form            int
		Open, Named     bool
		Quiet           time.Time
		Ignored, Missed bool
		Undecided       bool
		Cut             bool
		Lost            int64
	}
	type state struct {
		Time  time.Time
		Files []file
	}
	d := newDir(t)
	d.write("b.log", "")
	d.point("link.log", "b.log")
	o := Options{Patterns: []string{d.at("link.log")}}
	r := started(t, o)
	d.write("b.log", lines("b", 0, 10))
	r.want(lines("b", 0, 10))
	r.stop()
	if got := r.state.Files[0].Target; got != d.at("b.log") {
		t.Errorf("the link led to %q", got)
	}
	var old state
	exchange(t, r.keep(t), &old)
	o.Resume = new(State)
	exchange(t, &old, o.Resume)
	if o.Resume.Files[0].Target != "" {
		t.Fatal("the old program knows the target")
	}
	d.write("b.log", lines("b", 10, 5))
	d.rename("b.log", "b.log.1")
	d.write("b.log", lines("b", 15, 5))
	r = follow(t, o)
	r.want(lines("b", 10, 10))
	if s := r.f.Stats(); s.Gaps != 0 {
		t.Errorf("a gap\n%s", r.report())
	}
}

func exchange(t *testing.T, from, to any) {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(from); err != nil {
		t.Fatal(err)
	}
	if err := gob.NewDecoder(&b).Decode(to); err != nil {
		t.Fatal(err)
	}
}

func TestLeadsTo(t *testing.T) {
	d := newDir(t)
	d.must(os.Mkdir(d.at("dir"), 0o755))
	d.write("dir/a.log", "")
	d.point("way", "dir")
	d.point("link", "way/a.log")
	d.point("gone", "dir/b.log")
	d.must(os.Symlink("../b.log", d.at("dir/relative")))
	for path, want := range map[string]string{
		"dir/a.log": "dir/a.log", "way/a.log": "dir/a.log", "link": "dir/a.log",
		"gone": "dir/b.log", "dir/relative": "b.log", "nothing": "nothing",
	} {
		if got := leadsTo(d.at(path)); got != d.at(want) {
			rel, _ := filepath.Rel(d.path, got)
			t.Errorf("%s leads to %s, want %s", path, rel, want)
		}
	}
}
