package tail

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

// TestEventsWake lets only events cause a look.
func TestEventsWake(t *testing.T) {
	d := newDir(t)
	r := started(t, Options{Patterns: []string{d.at("*.log")}, Poll: time.Hour})
	want := 0
	for i := range 20 {
		d.write("a.log", lines("a", i, 1))
		d.write("unrelated.txt", "x")
		want++
		r.until("a line", func() bool { return r.count() == want })
		if i%5 == 4 {
			d.rename("a.log", fmt.Sprintf("a.log.%d", i))
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.ticks); n > 200 {
		t.Errorf("%d rounds for 20 lines", n)
	}
}

// TestOverflow makes a change that gives no event, and then says that events
// were lost.
func TestOverflow(t *testing.T) {
	d, other := newDir(t), newDir(t)
	d.write("a.log", "")
	d.must(os.Link(d.at("a.log"), other.at("hidden")))
	r := started(t, Options{Patterns: []string{d.at("*.log")}, Poll: time.Hour})
	// The first watch asks for one more look.
	r.until("the second round", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.ticks) > 1 })
	other.write("hidden", lines("a", 0, 15))
	r.mu.Lock()
	notify := r.f.watch.notify
	r.mu.Unlock()
	notify.Errors <- fsnotify.ErrEventOverflow
	r.until("the lines", func() bool { return r.count() == 15 })
	if n := r.f.Stats().EventOverflows; n != 1 {
		t.Errorf("%d overflows, want 1", n)
	}
}

// TestNoWatches goes on by polling when the kernel gives no watches, says so
// once, and tries again later.
func TestNoWatches(t *testing.T) {
	d := newDir(t)
	tried := 0
	r := followWith(t, Options{Patterns: []string{d.at("*.log")}}, func(f *Follower) {
		f.watch.open = func() (*fsnotify.Watcher, error) {
			tried++
			return nil, unix.EMFILE
		}
	})
	r.caughtUp()
	d.write("a.log", lines("a", 0, 10))
	r.want(lines("a", 0, 10))
	d.rename("a.log", "a.log.1")
	d.write("a.log", lines("b", 0, 10))
	r.want(lines("a", 0, 10), lines("b", 0, 10))
	r.stop()
	if n := strings.Count(r.log.String(), "looking once a poll"); n != 1 || tried != 1 {
		t.Errorf("it is said %d times and tried %d times, want once\n%s", n, tried, r.log)
	}

	w := newWatcher(slog.New(slog.DiscardHandler), false)
	w.open = r.f.watch.open
	tried = 0
	start := time.Now()
	for s := range 180 {
		w.follow(watchSet{dirs: map[string]bool{d.path: true}}, start.Add(time.Duration(s)*time.Second))
	}
	if tried != 3 {
		t.Errorf("tried %d times in three minutes, want 3", tried)
	}
}

// TestDirectoriesComeAndGo renames and removes watched directories as fast as
// it can, which makes fsnotify report errors while it holds its lock.
func TestDirectoriesComeAndGo(t *testing.T) {
	d := newDir(t)
	r := started(t, Options{Patterns: []string{d.at("a.log"), d.at("*/*.log")}})
	want := ""
	for i := range 200 {
		d.must(os.Mkdir(d.at("d"), 0o755))
		d.write("d/x.log", "")
		if i%3 == 0 {
			r.f.Rescan()
		}
		d.must(os.Rename(d.at("d"), d.at("d2")))
		d.must(os.RemoveAll(d.at("d2")))
		text := lines("a", i, 1)
		want += text
		d.write("a.log", text)
	}
	r.want(want)
}

// TestAppearing races the first look with the creation of a file.
func TestAppearing(t *testing.T) {
	for i := range 50 {
		d := newDir(t)
		var wg sync.WaitGroup
		r := follow(t, Options{Patterns: []string{d.at("*.log")}, FromStart: true})
		// It ends after one write.
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 100 * time.Microsecond)
			d.write("b.log", lines("b", 0, 1))
		})
		r.until("the line", func() bool { return r.count() == 1 })
		wg.Wait()
		r.stop()
	}
}

// TestDirectoryMadeAnew sees that a directory that was renamed and made anew
// is watched again, although its path is the same.
func TestDirectoryMadeAnew(t *testing.T) {
	d := newDir(t)
	d.must(os.Mkdir(d.at("logs"), 0o755))
	w := newWatcher(slog.New(slog.DiscardHandler), false)
	defer w.close()
	set := watchSet{dirs: map[string]bool{d.at("logs"): true}}
	w.follow(set, time.Now())
	d.rename("logs", "old")
	d.must(os.Mkdir(d.at("logs"), 0o755))
	deadline := time.Now().Add(time.Minute)
	for i := 0; time.Now().Before(deadline); i++ {
		w.follow(set, time.Now())
		// The adding of a watch, too, asks for a look.
		time.Sleep(10 * time.Millisecond)
		w.renamed.Store(false)
		d.write(fmt.Sprintf("logs/%d", i), "")
		time.Sleep(10 * time.Millisecond)
		if w.renamed.Load() {
			return
		}
	}
	t.Error("nothing is heard of the new directory")
}

// TestNoMatch says once that a pattern matches nothing, and that it is over.
func TestNoMatch(t *testing.T) {
	d := newDir(t)
	r := started(t, Options{Patterns: []string{d.at("*.log")}})
	const said = "no file matches a pattern yet"
	r.polls(3)
	if n := strings.Count(r.report(), said); n != 1 {
		t.Errorf("it is said %d times", n)
	}
	d.write("a.log", lines("a", 0, 10))
	r.want(lines("a", 0, 10))
	d.remove("a.log")
	r.until("that it is said again", func() bool { return strings.Count(r.report(), said) == 2 })
}
