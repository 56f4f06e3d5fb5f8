//go:build torture

package main

import (
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestReplayShorterThanTheLoss crashes two Carbons that forget everything. One
// is fed with a replay long enough, and gets all of it back; for the other one
// it is too short, and cells stay missing. It shows that it is the replay that
// heals, and that its length is what matters.
func TestReplayShorterThanTheLoss(t *testing.T) {
	t.Parallel()
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
	short, long := listen(t), listen(t)
	for replay, carbon := range map[string]*carbontest.Server{"2s": short, "1h": long} {
		start(t, carbon, "--state-dir", filepath.Join(dir, replay), "--from-start",
			"--interval", "1s", "--lateness", "1s", "--replay", replay, file.Name())
	}
	// After a break the sender asks for receipts often, so that points are
	// delivered, and those of the beginning are past a short replay, long
	// before the minute in which a connection is renewed.
	for len(short.Final()) == 0 || len(long.Final()) == 0 {
		write()
	}
	short.Reset()
	long.Reset()
	for broke := time.Now(); time.Since(broke) < 10*time.Second; {
		write()
	}
	lostShort, lostLong := crash(t, short), crash(t, long)
	// What is newer comes first, and after it the replay: it is over when
	// nothing that was lost has come for a while.
	still := time.Now()
	for have := 0; time.Since(still) < 4*time.Second; write() {
		if n := len(common(short.Final(), lostShort)) + len(common(long.Final(), lostLong)); n > have {
			have, still = n, time.Now()
		}
	}
	if d := difference(common(long.Final(), lostLong), lostLong); d != "" {
		t.Errorf("not all came back that is replayed: %s", d)
	}
	if len(common(short.Final(), lostShort)) == len(lostShort) {
		t.Errorf("all %d cells came back although most are not replayed: what did that?", len(lostShort))
	}
}

// crash makes Carbon lose all that it holds, and returns it.
func crash(t *testing.T, carbon *carbontest.Server) (lost map[carbontest.Key]string) {
	t.Helper()
	lost = traffic(carbon)
	carbon.Kill(time.Hour)
	until(t, "carbon's port", func() bool { return carbon.Listen() == nil })
	return lost
}

// common returns the cells of a that are in b as well.
func common(a, b map[carbontest.Key]string) map[carbontest.Key]string {
	both := maps.Clone(a)
	maps.DeleteFunc(both, func(key carbontest.Key, v string) bool { return b[key] != v })
	return both
}
