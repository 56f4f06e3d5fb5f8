package tail

import (
	"sync"
	"time"
)

// Where something is written all the time, events cost more than looking: 12 µs
// each, which at ten thousand lines a second is more than the rest of the work.
// So a crowded directory is taken off the watch for a while and looked at every
// settlePause. Then it is watched again, which shows whether it is quiet.

const (
	// crowdEvents within crowdTime are too many: as many looks as there are
	// then at least find the same.
	crowdEvents = 100
	crowdTime   = time.Second
	// restTime is how long a crowded directory is not watched. To find out that
	// it still is crowded takes crowdEvents and one pause more.
	restTime = 5 * time.Second
)

// A crowd counts the events of each directory. Any goroutine may use it.
type crowd struct {
	many int // events within crowdTime; crowdEvents but in tests

	mu     sync.Mutex
	begin  time.Time
	total  int
	events map[string]int
}

// add counts an event in dir.
func (c *crowd) add(dir string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.events == nil || now.Sub(c.begin) >= crowdTime && c.total < c.many {
		c.begin, c.total, c.events = now, 0, map[string]int{}
	}
	c.total++
	c.events[dir]++
}

// take returns the directories from which too many events have come, if it is
// so, and begins to count anew.
func (c *crowd) take() (dirs []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total < c.many {
		return nil
	}
	for dir, n := range c.events {
		// One with less than half of its share is not what costs.
		if 2*n*len(c.events) >= c.total {
			dirs = append(dirs, dir)
		}
	}
	c.total, c.events = 0, nil
	return dirs
}

// A resting directory is one that is not watched because it is crowded.
type resting struct {
	until time.Time
	at    place // as of the last look
}

// relieve takes the watch off directories that have become crowded, and puts
// it back on those that have rested. Both ask for a scan, because what happens
// meanwhile gives no event.
func (w *watcher) relieve(now time.Time) {
	for _, dir := range w.crowd.take() {
		if _, ok := w.watched[dir]; ok {
			w.drop(dir)
			w.resting[dir] = resting{until: now.Add(w.restTime)}
		}
	}
	for dir, r := range w.resting {
		if !now.Before(r.until) {
			delete(w.resting, dir)
			w.add(dir, now)
		}
	}
}

// lookAtResting looks whether names in the resting directories have changed, as
// an event would tell of those that are watched.
func (w *watcher) lookAtResting() {
	for dir, r := range w.resting {
		if at := placeAt(dir, false); at != r.at {
			w.resting[dir] = resting{r.until, at}
			w.renamed.Store(true)
		}
	}
}
