package tail

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// stories are what happens to one log; each is told with and without fsnotify,
// and with a pattern that also matches the rotated files.
var stories = map[string]func(t *testing.T, d dir, o Options){
	"a new file is read from its first byte": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		d.write("a.log", lines("a", 0, 10))
		r.want(lines("a", 0, 10))
	},
	"a file that is there begins at its end": func(t *testing.T, d dir, o Options) {
		d.write("a.log", lines("old", 0, 10)+"5 unfin")
		r := started(t, o)
		d.write("a.log", "ished\n"+lines("a", 10, 10))
		r.want("5 unfinished\n", lines("a", 10, 10))
	},
	"rotated three times": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		want := ""
		for i := range 4 {
			text := lines("a", i*10, 10)
			want += text
			d.write("a.log", text)
			r.want(want)
			if i < 3 {
				for k := i; k > 0; k-- {
					d.rename(fmt.Sprintf("a.log.%d", k), fmt.Sprintf("a.log.%d", k+1))
				}
				d.rename("a.log", "a.log.1")
			}
		}
	},
	"the renamed file is still written": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		w := d.open("a.log")
		defer w.Close()
		fmt.Fprint(w, lines("a", 0, 10))
		r.want(lines("a", 0, 10))
		d.rename("a.log", "a.log.1")
		d.write("a.log", lines("b", 0, 100))
		r.want(lines("a", 0, 10), lines("b", 0, 100))
		fmt.Fprint(w, lines("a", 10, 20))
		r.want(lines("a", 0, 30), lines("b", 0, 100))
	},
	"deleted while it is written": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		w := d.open("a.log")
		fmt.Fprint(w, lines("a", 0, 10))
		r.want(lines("a", 0, 10))
		d.remove("a.log")
		fmt.Fprint(w, lines("a", 10, 10))
		w.Close()
		r.want(lines("a", 0, 20))
		if s := r.f.Stats(); s.Held != 1 || s.Deleted != 1 {
			t.Errorf("a deleted file that is held is not shown: %+v", s)
		}
	},
	"truncated and written anew": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		d.write("a.log", lines("a", 0, 50))
		r.want(lines("a", 0, 50))
		d.truncate("a.log")
		d.write("a.log", lines("b", 0, 10))
		r.want(lines("a", 0, 50), lines("b", 0, 10))
		d.truncate("a.log")
		r.polls(3)
		d.write("a.log", lines("c", 0, 10))
		r.want(lines("a", 0, 50), lines("b", 0, 10), lines("c", 0, 10))
	},
	"truncated and regrown past the position": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		d.write("a.log", lines("a", 0, 100))
		r.want(lines("a", 0, 100))
		d.must(os.WriteFile(d.at("a.log"), []byte(lines("b", 0, 120)), 0o644))
		r.want(lines("a", 0, 100), lines("b", 0, 120))
	},
	"truncated and regrown to the same size": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		d.write("a.log", lines("a", 0, 100))
		r.want(lines("a", 0, 100))
		d.must(os.WriteFile(d.at("a.log"), []byte(lines("b", 0, 100)), 0o644))
		r.want(lines("a", 0, 100), lines("b", 0, 100))
	},
	"truncated, seen to be empty and regrown to the same size": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		d.write("a.log", lines("a", 0, 100))
		r.want(lines("a", 0, 100))
		d.truncate("a.log")
		r.caughtUp()
		d.write("a.log", lines("b", 0, 100))
		r.want(lines("a", 0, 100), lines("b", 0, 100))
	},
	"an unfinished line cut off": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		d.write("a.log", lines("a", 0, 10)+"unfinished")
		r.want(lines("a", 0, 10))
		d.must(os.Truncate(d.at("a.log"), int64(len(lines("a", 0, 10)))))
		r.polls(2)
		d.write("a.log", "b\n")
		r.want(lines("a", 0, 10), "b\n")
		if s := r.f.Stats(); s.GapBytes != int64(len("unfinished")) {
			t.Errorf("a gap of %d bytes", s.GapBytes)
		}
	},
	"replaced by a copy while the old one is still written": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		w := d.open("a.log")
		defer w.Close()
		fmt.Fprint(w, lines("a", 0, 100))
		r.want(lines("a", 0, 100))
		for i := range 20 {
			d.copy("a.log", "t.tmp")
			d.rename("t.tmp", "a.log")
			r.caughtUp()
			fmt.Fprint(w, lines("old", 100+i, 1))
			d.write("a.log", lines("new", 100+i, 1))
			r.caughtUp()
		}
		r.want(lines("a", 0, 100), lines("old", 100, 20), lines("new", 100, 20))
	},
	"truncated again and again": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		want := ""
		for i := range 10 {
			text := lines("a", i, 1)
			d.must(os.WriteFile(d.at("a.log"), []byte(text), 0o644))
			want += text
			r.want(want)
		}
	},
	"replaced by the same content": func(t *testing.T, d dir, o Options) {
		d.write("a.log", "")
		r := started(t, o)
		d.write("a.log", lines("a", 0, 100))
		r.want(lines("a", 0, 100))
		d.copy("a.log", "t.tmp")
		d.rename("t.tmp", "a.log")
		r.polls(3)
		d.write("a.log", lines("a", 100, 5))
		r.want(lines("a", 0, 105))
	},
	"replaced by other content": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		d.write("a.log", lines("a", 0, 100))
		r.want(lines("a", 0, 100))
		d.write("t.tmp", lines("b", 0, 100))
		d.rename("t.tmp", "a.log")
		r.want(lines("a", 0, 100), lines("b", 0, 100))
		if s := r.f.Stats(); s.Replaced != 1 {
			t.Errorf("replaced %d, want 1", s.Replaced)
		}
	},
	"copied and truncated": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		d.write("a.log", lines("a", 0, 100))
		r.want(lines("a", 0, 100))
		d.copy("a.log", "a.log.1")
		d.truncate("a.log")
		d.write("a.log", lines("b", 0, 10))
		r.want(lines("a", 0, 100), lines("b", 0, 10))
	},
	"rotated and compressed at once while it is still written": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		w := d.open("a.log")
		fmt.Fprint(w, lines("a", 0, 50))
		r.want(lines("a", 0, 50))
		d.rename("a.log", "a.log.1")
		d.write("a.log", lines("b", 0, 10))
		d.pack("a.log.1", "a.log.1.gz")
		fmt.Fprint(w, lines("a", 50, 10))
		w.Close()
		d.remove("a.log.1")
		r.want(lines("a", 0, 60), lines("b", 0, 10))
		r.polls(5)
		r.want(lines("a", 0, 60), lines("b", 0, 10))
	},
	"three files that are truncated in turn": func(t *testing.T, d dir, o Options) {
		if strings.HasSuffix(o.Patterns[0], "log") {
			o.Patterns = append(o.Patterns, d.at("a.log.[12]"))
		}
		r := started(t, o)
		want := ""
		for i := range 5 {
			for _, name := range []string{"a.log", "a.log.1", "a.log.2"} {
				text := lines(name, i, 10)
				d.must(os.WriteFile(d.at(name), []byte(text), 0o644))
				want += text
				r.want(want)
			}
		}
	},
	"rotated several times between two looks": func(t *testing.T, d dir, o Options) {
		d.write("a.log", "")
		r := started(t, o)
		want := ""
		for i := range 200 {
			text := lines("a", i, 1)
			want += text
			d.write("a.log", text)
			d.rename("a.log", fmt.Sprintf("a.log.%d", i))
		}
		d.write("a.log", lines("a", 200, 1))
		r.want(want, lines("a", 200, 1))
	},
	"the directory is renamed and made again": func(t *testing.T, d dir, o Options) {
		d.write("a.log", "")
		r := started(t, o)
		d.must(os.Rename(d.path, d.path+".old"))
		defer os.RemoveAll(d.path + ".old")
		d.must(os.Mkdir(d.path, 0o755))
		d.write("a.log", lines("a", 0, 7))
		r.want(lines("a", 0, 7))
		d.must(os.RemoveAll(d.path))
		d.must(os.Mkdir(d.path, 0o755))
		d.write("a.log", lines("b", 0, 7))
		r.want(lines("a", 0, 7), lines("b", 0, 7))
	},
	"a hole after the writer went on at its old offset": func(t *testing.T, d dir, o Options) {
		r := started(t, o)
		d.write("a.log", lines("a", 0, 10))
		r.want(lines("a", 0, 10))
		w, err := os.OpenFile(d.at("a.log"), os.O_WRONLY|os.O_TRUNC, 0)
		d.must(err)
		defer w.Close()
		_, err = w.WriteAt([]byte(lines("b", 0, 10)), 4<<30)
		d.must(err)
		r.want(lines("a", 0, 10), lines("b", 0, 10))
		if s := r.f.Stats(); s.NulBytes != 4<<30 {
			t.Errorf("%d NUL bytes counted, want %d", s.NulBytes, 4<<30)
		}
	},
}

func TestStories(t *testing.T) {
	for name, story := range stories {
		for _, how := range []struct {
			name, pattern string
			noWatch       bool
		}{
			{"watched", "a.log", false},
			{"polled", "a.log", true},
			{"glob", "a.log*", false},
			{"glob polled", "a.log*", true},
		} {
			t.Run(name+"/"+how.name, func(t *testing.T) {
				t.Parallel()
				d := newDir(t)
				story(t, d, Options{Patterns: []string{d.at(how.pattern)}, NoWatch: how.noWatch})
			})
		}
	}
}

// TestQuietEnds sees that the closing of a renamed file is said.
func TestQuietEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDir(t)
		r := follow(t, Options{Patterns: []string{d.at("a.log")}, NoWatch: true, Quiet: time.Minute})
		r.caughtUp()
		w := d.open("a.log")
		defer w.Close()
		fmt.Fprint(w, lines("a", 0, 10))
		r.want(lines("a", 0, 10))
		d.rename("a.log", "x")
		d.write("a.log", lines("b", 0, 1))
		time.Sleep(time.Minute / 2)
		if n := r.f.Stats().Held; n != 1 {
			t.Errorf("%d files are held, want the renamed one", n)
		}
		time.Sleep(time.Minute)
		if n := r.f.Stats().Held; n != 0 {
			t.Errorf("%d files are held, want none", n)
		}
		r.stop()
		if !strings.Contains(r.log.String(), "closed") {
			t.Error("closing a renamed file is not said")
		}
	})
}

// TestRewrittenBetweenLookAndRead changes a file after its size was looked at.
func TestRewrittenBetweenLookAndRead(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "")
	rewritten := false
	r := followWith(t, Options{Patterns: []string{d.at("a.log")}}, func(f *Follower) {
		f.readAt = func(fd *os.File, b []byte, off int64) (int, error) {
			if block := len(b) > markerSize; block && off > headSize && !rewritten {
				rewritten = true
				d.must(os.WriteFile(d.at("a.log"), []byte(lines("b", 0, 500)), 0o644))
			}
			return readAt(fd, b, off)
		}
	})
	r.caughtUp()
	d.write("a.log", lines("a", 0, 100))
	r.want(lines("a", 0, 100))
	d.write("a.log", lines("lost", 100, 10))
	r.want(lines("a", 0, 100), lines("b", 0, 500))
	r.until("the gap is counted", func() bool { return r.f.Stats().GapBytes == int64(len(lines("lost", 100, 10))) })
}

// TestStaleSize lets a file be shorter for less than a poll, and have its old
// content again, as a network file system may show it.
func TestStaleSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDir(t)
		r := started(t, Options{Patterns: []string{d.at("a.log")}, NoWatch: true, Poll: time.Second})
		d.write("a.log", lines("a", 0, 100))
		r.want(lines("a", 0, 100))
		content := d.read("a.log")
		for _, n := range []int{0, 10, len(content) / 2, len(content) - 1} {
			d.must(os.WriteFile(d.at("a.log"), content[:n], 0o644))
			r.f.Rescan()
			time.Sleep(100 * time.Millisecond)
			d.must(os.WriteFile(d.at("a.log"), content, 0o644))
			time.Sleep(5 * time.Second)
		}
		r.want(lines("a", 0, 100))
		// What begins otherwise is new at once.
		d.must(os.WriteFile(d.at("a.log"), []byte("b\n"), 0o644))
		r.f.Rescan()
		time.Sleep(100 * time.Millisecond)
		if r.count() != 101 {
			t.Error("a truncated file with other content is not read at once")
		}
		r.stop()
	})
}

// TestHoleIsJumped sees that a hole is not read.
func TestHoleIsJumped(t *testing.T) {
	d := newDir(t)
	w := d.open("a.log")
	w.WriteString("a\n")
	w.Close()
	d.must(os.Truncate(d.at("a.log"), 1<<40))
	d.write("a.log", "b\n")
	var n atomic.Int64
	r := followWith(t, Options{Patterns: []string{d.at("a.log")}, FromStart: true}, func(f *Follower) {
		f.readAt = func(fd *os.File, b []byte, off int64) (int, error) {
			n.Add(int64(len(b)))
			return readAt(fd, b, off)
		}
	})
	r.want("a\nb\n")
	if n.Load() > 100<<20 {
		t.Errorf("%d bytes were read", n.Load())
	}
}
