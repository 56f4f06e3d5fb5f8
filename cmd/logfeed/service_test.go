package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// A writtenLog is a log that is written and rotated until it is stopped, and
// what the lines in it add up to.
type writtenLog struct {
	path  string
	begun time.Time
	lines int
	want  map[carbontest.Key]int

	end  chan struct{}
	wait sync.WaitGroup
}

// writeOn goes on with a log at path. Every line is at most two seconds old, and
// none is older than this call.
func writeOn(t *testing.T, rnd *rand.Rand, path string) *writtenLog {
	t.Helper()
	w := &writtenLog{path: path, begun: time.Now(), want: make(map[carbontest.Key]int), end: make(chan struct{})}
	// Ends when stop is called.
	w.wait.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-w.end:
				return
			case <-time.After(time.Duration(rnd.IntN(20)) * time.Millisecond):
			}
			if err := w.write(rnd); err != nil {
				t.Error(err)
				return
			}
			if n%150 == 149 {
				if err := os.Rename(path, fmt.Sprintf("%s.%d", path, n)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	t.Cleanup(w.stop)
	return w
}

// write appends some lines.
func (w *writtenLog) write(rnd *rand.Rand) error {
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	for range 1 + rnd.IntN(5) {
		when := time.Now().Add(-time.Duration(rnd.IntN(2000)) * time.Millisecond)
		if when.Before(w.begun) {
			when = w.begun
		}
		status, bytes := 100*(2+rnd.IntN(4)), rnd.IntN(1<<20)
		if _, err := f.WriteString(combined(when, status, bytes)); err != nil {
			return err
		}
		w.lines++
		for ending, n := range map[string]int{"bytes": bytes, "requests": 1, fmt.Sprintf("status.%dxx", status/100): 1} {
			w.want[carbontest.Key{Series: "apache.web1." + ending + ".count", Time: when.Unix()}] += n
		}
	}
	return nil
}

// stop ends the writing. It may be called again.
func (w *writtenLog) stop() {
	select {
	case <-w.end:
	default:
		close(w.end)
	}
	w.wait.Wait()
}

func (w *writtenLog) cells() map[carbontest.Key]string {
	cells := make(map[carbontest.Key]string)
	for key, n := range w.want {
		cells[key] = fmt.Sprint(n)
	}
	return cells
}

// TestServiceThroughKills kills the service twenty times by kill -9, under the
// settings of its unit, while its log is written and rotated. What Carbon holds
// in the end is what was written, from the first line after the first READY=1
// to the last one, and nothing of what was there before.
func TestServiceThroughKills(t *testing.T) {
	t.Parallel()
	const kills = 20
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	path := filepath.Join(t.TempDir(), "access.log")
	write(t, path, strings.Repeat(combined(time.Now().Add(-time.Hour), 200, 1), 100))
	carbon := listen(t)
	s := supervise(t, "--prefix apache.web1 --interval 1s --carbon "+carbon.Addr()+" "+path)

	now := s.start()
	now.socket.await(t, `^READY=1`)
	log := writeOn(t, rand.New(rand.NewPCG(seed, 1)), path)
	for n := range kills {
		if n > 0 && rnd.IntN(4) > 0 { // else at any instant of its start
			now.socket.await(t, `^READY=1`)
		}
		lifetime := time.Duration(rnd.IntN(200)) * time.Millisecond
		if rnd.IntN(4) == 0 { // long enough for a checkpoint between two lines
			lifetime += 1200 * time.Millisecond
		}
		time.Sleep(lifetime)
		if !now.kill(t) {
			t.Fatalf("it had ended by itself: %s", now.cmd.ProcessState)
		}
		if !s.again(now) {
			t.Fatal("after kill -9 the unit has it not started again")
		}
		now = s.start()
	}
	now.socket.await(t, `^READY=1`)
	log.stop()
	want := log.cells()
	until(t, "the last lines", func() bool { return difference(traffic(carbon), want) == "" })
	s.stop(now)
	if d := difference(traffic(carbon), want); d != "" {
		t.Error(d)
	}
	if said := now.stderr.String(); !strings.Contains(said, fmt.Sprintf("msg=stopped lines=%d rejected=0 late=0 oversize=0 gaps=0 gap_bytes=0", log.lines)) {
		t.Errorf("of %d lines it says: %s", log.lines, lineWith(said, "msg=stopped"))
	}
	t.Logf("%d lines, %d cells, %d times kill -9", log.lines, len(want), kills)
}

// TestServiceWithWrongFlags: the unit does not start again what cannot run.
func TestServiceWithWrongFlags(t *testing.T) {
	t.Parallel()
	s := supervise(t, "--intervall 1s")
	if once := s.start(); s.again(once) {
		t.Errorf("it would be started again after %s", once.cmd.ProcessState)
	}
}
