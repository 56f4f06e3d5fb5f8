//go:build torture

package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// weather is what happens to Carbon and the network.
type weather struct {
	carbon *carbontest.Server
	rnd    *rand.Rand
	watch  dipWatch

	crashes atomic.Int64
	others  atomic.Int64
	end     chan struct{}
	wait    sync.WaitGroup
}

func (w *weather) String() string {
	c := w.carbon.Counts()
	return fmt.Sprintf("%d Carbon crashes (%d lines forgotten) and %d other faults, %d connections, %d lines at Carbon",
		w.crashes.Load(), c.Forgotten, w.others.Load(), c.Accepted, c.Lines)
}

func (w *weather) start() {
	w.end = make(chan struct{})
	// Ends on stop.
	w.wait.Go(func() {
		for w.pause(between(w.rnd, 200*time.Millisecond, 4500*time.Millisecond)) {
			w.fault()
		}
	})
}

// stop ends the faults, and waits until Carbon is well again.
func (w *weather) stop() {
	close(w.end)
	w.wait.Wait()
}

// pause returns false, sooner, when there are to be no more faults.
func (w *weather) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-w.end:
		return false
	}
}

// fault lets one thing go wrong and puts it right again.
func (w *weather) fault() {
	if w.rnd.IntN(100) < 70 {
		w.crash()
		return
	}
	w.others.Add(1)
	c, d := w.carbon, between(w.rnd, 0, 2500*time.Millisecond)
	switch w.rnd.IntN(6) {
	case 0:
		c.Refuse()
		w.pause(d)
		w.listen()
	case 1:
		c.Stall(true)
		w.pause(d)
		c.Stall(false)
	case 2:
		c.ResetAfter(1 + w.rnd.IntN(4000))
		w.pause(d)
		c.ResetAfter(0)
	case 3:
		c.IdleTimeout(between(w.rnd, 50*time.Millisecond, time.Second))
		w.pause(d)
		c.IdleTimeout(0)
	case 4:
		c.CloseIdle()
	case 5:
		c.Reset()
	}
}

// crash kills Carbon, which forgets its last seconds, and once in a while all
// that it ever had, stalled before or not.
func (w *weather) crash() {
	w.crashes.Add(1)
	stalled := w.rnd.IntN(4) == 0
	if stalled {
		w.carbon.Stall(true)
		w.pause(between(w.rnd, 0, time.Second))
	}
	forget := between(w.rnd, 0, 20*time.Second)
	if w.rnd.IntN(20) == 0 {
		forget = time.Hour
	}
	w.watch.look() // before the evidence is gone
	w.carbon.Kill(forget)
	w.watch.forgotten()
	if stalled {
		w.carbon.Stall(false)
	}
	if w.rnd.IntN(2) == 0 {
		w.pause(between(w.rnd, 0, 2*time.Second))
	}
	w.listen()
}

// listen starts Carbon again. While it was away its port may have been lent
// to somebody's connection.
func (w *weather) listen() {
	for w.carbon.Listen() != nil {
		time.Sleep(20 * time.Millisecond)
	}
}

// A dipWatch finds totals that were sent over higher ones, also where Carbon
// forgot them again. Totals only grow, so it would be those of a state from
// before, sent too early. What is read late from an older connection is none
// of the sender's doing.
type dipWatch struct {
	carbon  *carbontest.Server
	seen    int // lines looked at
	highest map[carbontest.Key]carbontest.Line
	dips    []string
}

func (d *dipWatch) look() {
	lines := d.carbon.Lines()
	for _, l := range lines[d.seen:] {
		if isOwn(l.Series) {
			continue // outside of what is promised
		}
		key := carbontest.Key{Series: l.Series, Time: l.Time}
		h, known := d.highest[key]
		if !known || !lower(l.Value, h.Value) {
			d.highest[key] = l
		} else if l.Conn >= h.Conn {
			d.dips = append(d.dips, fmt.Sprintf("%s at %d: connection %d brought %s at %s, and connection %d brings %s at %s", l.Series, l.Time,
				h.Conn, h.Value, h.At.Format(clockFormat), l.Conn, l.Value, l.At.Format(clockFormat)))
		}
	}
	d.seen = len(lines)
}

// forgotten notes that Carbon has lost some of its lines.
func (d *dipWatch) forgotten() { d.seen = min(d.seen, len(d.carbon.Lines())) }

func (d *dipWatch) check(t *testing.T) {
	t.Helper()
	if len(d.dips) > 0 {
		t.Errorf("%d times an older total was sent over a newer one, first %s", len(d.dips), d.dips[0])
	}
}

// lower compares whole numbers without leading zeros.
func lower(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }
