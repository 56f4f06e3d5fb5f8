package tail

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// TestCrowd counts events until they are too many for their time.
func TestCrowd(t *testing.T) {
	c := crowd{many: crowdEvents}
	now := time.Now()
	feed := func(dir string, n int, pause time.Duration) {
		for range n {
			c.add(dir, now)
			now = now.Add(pause)
		}
	}
	feed("slow", 10*crowdEvents, crowdTime/(crowdEvents-5))
	if dirs := c.take(); dirs != nil {
		t.Errorf("%d events a second crowd %q", crowdEvents-5, dirs)
	}
	now = now.Add(crowdTime)
	feed("quiet", 1, 0)
	feed("b", crowdEvents/2, time.Millisecond)
	feed("a", crowdEvents/2, time.Millisecond)
	dirs := c.take()
	slices.Sort(dirs)
	if !slices.Equal(dirs, []string{"a", "b"}) {
		t.Errorf("%d events in a and b crowd %q", crowdEvents, dirs)
	}
	if dirs := c.take(); dirs != nil {
		t.Errorf("without another event %q is crowded again", dirs)
	}
}

// A crowding run follows *.log in a directory that gets crowded. There are no
// polls in its time.
type crowding struct {
	dir
	r    *run
	w    *fsnotify.Watcher
	want int // lines
}

func newCrowding(t *testing.T, restTime time.Duration) *crowding {
	c := &crowding{dir: newDir(t)}
	notify := make(chan *fsnotify.Watcher, 1)
	c.r = followWith(t, Options{Patterns: []string{c.at("*.log")}, Poll: time.Hour}, func(f *Follower) {
		f.watch.crowd.many, f.watch.restTime = 30, restTime // which a slow machine reaches too
		f.watch.open = func() (*fsnotify.Watcher, error) {
			w, err := fsnotify.NewWatcher()
			notify <- w
			return w, err
		}
	})
	c.w = <-notify
	c.r.until("the watch", c.watched)
	return c
}

func (c *crowding) watched() bool { return slices.Contains(c.w.WatchList(), c.path) }

// crowd writes to a log, line by line, until its directory is not watched, and
// waits for the lines.
func (c *crowding) crowd(name string) {
	log := c.open(name)
	defer log.Close()
	c.r.until("the end of the watch", func() bool {
		_, err := log.WriteString(lines(name, c.want, 1))
		c.must(err)
		c.want++
		return !c.watched()
	})
	c.counted()
}

func (c *crowding) line(name string) {
	c.write(name, lines(name, c.want, 1))
	c.want++
}

func (c *crowding) counted() {
	c.t.Helper()
	c.r.until("the lines", func() bool { return c.r.count() == c.want })
}

// TestRestingDirectoryIsLookedAt rotates and makes logs in a directory that is
// not watched because too much is written there.
func TestRestingDirectoryIsLookedAt(t *testing.T) {
	c := newCrowding(t, time.Hour)
	c.crowd("a.log")
	for i := range 5 {
		c.line("a.log")
		c.rename("a.log", fmt.Sprintf("a.log.%d", i))
		c.line("a.log")
		c.line(fmt.Sprintf("new%d.log", i))
		c.counted()
	}
	if c.watched() {
		t.Error("the directory is watched again")
	}
}

// TestDirectoryIsWatchedAgain crowds a directory again and again. Logs are
// rotated when it is not watched, when it is watched again, and in between.
func TestDirectoryIsWatchedAgain(t *testing.T) {
	c := newCrowding(t, 300*time.Millisecond)
	for i := range 5 {
		c.crowd("a.log")
		time.Sleep(time.Duration(i) * 100 * time.Millisecond)
		c.rename("a.log", fmt.Sprintf("a.log.%d", i))
		c.line("a.log")
		c.line(fmt.Sprintf("new%d.log", i))
		c.counted()
		c.r.until("the watch again", c.watched)
	}
	time.Sleep(10 * time.Millisecond)
	c.line("a.log") // only its event tells of it
	c.counted()
}
