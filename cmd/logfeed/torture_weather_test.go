package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// weather is what happens to Carbon and the network.
type weather struct {
	carbon *carbontest.Server
	rnd    *rand.Rand

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
		for w.pause(between(w.rnd, 300*time.Millisecond, 6*time.Second)) {
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
	c, least, most := w.carbon, time.Duration(0), 2500*time.Millisecond
	if n := w.rnd.IntN(100); n < 70 {
		w.crash()
		return
	}
	w.others.Add(1)
	for d := between(w.rnd, least, most); ; {
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
		return
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
	w.carbon.Kill(forget)
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
