package main

import (
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestReplayShorterThanTheLoss crashes a Carbon that forgets more than is
// replayed: cells stay missing that were there before. It shows that it is the
// replay that heals, and that its length is what matters.
func TestReplayShorterThanTheLoss(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		replay string
		heals  bool
	}{{"2s", false}, {"1h", true}} {
		t.Run(c.replay, func(t *testing.T) {
			t.Parallel()
			lost, missing := loseAll(t, c.replay)
			t.Logf("%d cells were lost, %d of them did not come back", lost, missing)
			if c.heals && missing > 0 {
				t.Errorf("%d of %d cells are missing although all of them are replayed", missing, lost)
			}
			if !c.heals && missing == 0 {
				t.Errorf("%d cells were lost, and all of them came back: what did that?", lost)
			}
		})
	}
}

// loseAll lets Carbon forget everything, waits for the replay, and returns how
// many cells were lost and how many did not come back.
func loseAll(t *testing.T, replay string) (lost, missing int) {
	t.Helper()
	dir := t.TempDir()
	file := create(t, filepath.Join(dir, "access.log"))
	began := time.Now()
	write := func() {
		if _, err := file.WriteString(combined(time.Now(), 200, 1)); err != nil {
			t.Fatal(err)
		}
		if time.Since(began) > patience {
			t.Fatal("this takes too long")
		}
		time.Sleep(50 * time.Millisecond)
	}
	carbon := listen(t)
	start(t, carbon, "--state-dir", filepath.Join(dir, "state"), "--from-start", "--interval", "1s", "--lateness", "1s", "--replay", replay, file.Name())
	// After a break the sender asks for receipts often, so that points are
	// delivered, and those of the beginning are past a short replay, long
	// before the minute in which a connection is renewed.
	for len(carbon.Final()) == 0 {
		write()
	}
	carbon.Reset()
	for began := time.Now(); time.Since(began) < 12*time.Second; {
		write()
	}
	before := carbon.Final()
	carbon.Kill(time.Hour)
	if err := carbon.Listen(); err != nil {
		t.Fatal(err)
	}
	// Buckets that were not there before come on the new connection, and after
	// them, newest first, the replay: it is over when nothing came for a while.
	still := time.Now()
	for have := 0; time.Since(still) < 4*time.Second; write() {
		if n := len(common(carbon.Final(), before)); n > have {
			have, still = n, time.Now()
		}
	}
	return len(before), len(before) - len(common(carbon.Final(), before))
}

// common returns the cells of a that are in b as well.
func common(a, b map[carbontest.Key]string) map[carbontest.Key]string {
	both := maps.Clone(a)
	maps.DeleteFunc(both, func(key carbontest.Key, v string) bool { return b[key] != v })
	return both
}
