//go:build torture

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// A tally is the truth: what the writers wrote.
type tally struct {
	mu      sync.Mutex
	cells   map[carbontest.Key]int64
	good    int64                    // lines that count
	refused int64                    // malformed, or of an impossible time
	stale   int64                    // far behind their own log
	journal map[int64]map[string]int // lines of each bucket by where they stand
	slowest time.Duration
}

func newTally() *tally {
	return &tally{cells: make(map[carbontest.Key]int64), journal: make(map[int64]map[string]int)}
}

// count notes a line that now stands in a log with its newline.
func (y *tally) count(l line, where string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	switch l.kind {
	case refused:
		y.refused++
		return
	case stale:
		y.stale++
		return
	}
	y.good++
	when := l.when.Unix()
	y.add("bytes", when, int64(l.bytes))
	y.add("requests", when, 1)
	y.add(fmt.Sprintf("status.%dxx", l.status/100), when, 1)
	if l.live {
		y.slowest = max(y.slowest, time.Since(l.when))
	}
	if y.journal[when] == nil {
		y.journal[when] = make(map[string]int)
	}
	y.journal[when][where]++
}

func (y *tally) add(metric string, when, n int64) {
	y.cells[carbontest.Key{Series: "apache.web1." + metric + ".count", Time: when}] += n
}

func (y *tally) want() map[carbontest.Key]string {
	y.mu.Lock()
	defer y.mu.Unlock()
	want := make(map[carbontest.Key]string)
	for key, n := range y.cells {
		want[key] = fmt.Sprint(n)
	}
	return want
}

// story says where the lines of one bucket stand.
func (y *tally) story(when int64) string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return fmt.Sprintln("written:", y.journal[when])
}

// A site is the logs of a web server, their writers and their rotations.
type site struct {
	dir     string
	tally   *tally
	logs    []*rotatedLog
	settled atomic.Bool // everything long past is closed for logfeed

	rotations atomic.Int64
	packed    atomic.Int64
	deleted   atomic.Int64
	mu        sync.Mutex
	events    []string // for the reader of a failure
	end       chan struct{}
	wait      sync.WaitGroup
}

func (s *site) String() string {
	y := s.tally
	return fmt.Sprintf("%d rotations, %d compressions, %d deletions, %d lines (%d refused, %d stale, slowest %s)",
		s.rotations.Load(), s.packed.Load(), s.deleted.Load(), y.good+y.refused+y.stale, y.refused, y.stale, y.slowest.Round(time.Millisecond))
}

// note keeps what happened to a file.
func (s *site) note(path, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := strings.TrimPrefix(path, s.dir+"/")
	s.events = append(s.events, time.Now().Format(clockFormat)+" "+name+" "+fmt.Sprintf(format, args...))
}

// newSite makes the logs with a backlog of some minutes. Their directory is
// kept when the test fails.
func newSite(t *testing.T, seed uint64) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "torture")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the logs and the state are kept in %s", dir)
			return
		}
		os.RemoveAll(dir)
	})
	s := &site{dir: dir, tally: newTally(), end: make(chan struct{})}
	for i, l := range []struct {
		name   string
		rotate func(*rotatedLog) bool
	}{
		{"access.log", rotateChain},
		{"ssl.log", rotateDelayed},
		{"vhosts/shop-access.log", rotateDated},
		{"vhosts/blog-access.log", rotatePacked},
		{"all/wiki.log", rotateDelayed},
	} {
		s.add(t, filepath.Join(dir, l.name), l.rotate, seed, i)
	}
	return s
}

func (s *site) add(t *testing.T, path string, rotate func(*rotatedLog) bool, seed uint64, i int) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	l := &rotatedLog{site: s, path: path, rotate: rotate, seed: seed, number: i, rnd: seeded(seed, 100+i)}
	s.logs = append(s.logs, l)
	l.open()
	now := time.Now()
	const backlog = 3000 // lines: more than a second's reading while everything is slow
	for n := range backlog {
		l.current.backlog(now.Add(-2 * time.Minute * time.Duration(backlog-n) / backlog))
	}
}

// patterns are of every kind: names, names that have rotations beside them,
// and such that match the rotations too.
func (s *site) patterns() []string {
	var all []string
	for _, p := range []string{"access.log", "ssl.log", "vhosts/*-access.log", "all/wiki.log*"} {
		all = append(all, filepath.Join(s.dir, p))
	}
	return all
}

func (s *site) start() {
	for _, l := range s.logs {
		l.current.start()
		// Ends on stop.
		s.wait.Go(func() {
			rnd := seeded(l.seed, 200+l.number)
			for s.pause(between(rnd, 2*time.Second, 14*time.Second)) {
				l.turn()
			}
		})
	}
}

// stop ends writing and rotating.
func (s *site) stop() {
	close(s.end)
	s.wait.Wait()
}

func (s *site) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-s.end:
		return false
	}
}

// rotateOften rotates one or two logs several times within d.
func (s *site) rotateOften(rnd *rand.Rand, d time.Duration) {
	one, other := s.logs[rnd.IntN(len(s.logs))], s.logs[rnd.IntN(len(s.logs))]
	times := 1 + rnd.IntN(4)
	for range times {
		time.Sleep(d / time.Duration(times+1))
		one.turn()
		if rnd.IntN(3) == 0 {
			other.turn()
		}
	}
	time.Sleep(d / time.Duration(times+1))
}
