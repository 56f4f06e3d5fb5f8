package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestZerosSurviveKills follows a log with silences and is killed at any time,
// sometimes for longer than a silence lasts. In the end Carbon has what a
// backfill of the log makes, zeros included, and beside it nothing but the zeros
// of buckets that have closed since.
func TestZerosSurviveKills(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	carbon, dir := listen(t), t.TempDir()
	log := create(t, filepath.Join(dir, "access.log"))
	args := []string{"--prefix", "apache.web1", "--by", "vhost", "--zero-fill", "--interval", "1s", "--lateness", "5s", "--format", "%v %t %>s %D", log.Name()}
	following := append([]string{"--from-start", "--state-dir", filepath.Join(dir, "state")}, args...)
	write := func() {
		now := time.Now()
		for range rnd.IntN(4) {
			when := now.Add(-time.Duration(rnd.IntN(2000)) * time.Millisecond)
			fmt.Fprintf(log, "www%d [%s] %d00 %d\n", rnd.IntN(3), when.UTC().Format("02/Jan/2006:15:04:05 -0700"), 2+rnd.IntN(4), rnd.IntN(1<<20))
		}
	}
	for round := range 6 {
		p := start(t, carbon, append([]string{"--workers", strconv.Itoa(1 + 3*(round%3))}, following...)...)
		for range rnd.IntN(12) {
			write()
			time.Sleep(time.Duration(rnd.IntN(500)) * time.Millisecond)
		}
		p.cmd.Process.Kill()
		<-p.ended
		for range rnd.IntN(4) {
			write()
			time.Sleep(time.Duration(rnd.IntN(700)) * time.Millisecond)
		}
	}
	fmt.Fprintf(log, "www0 [%s] 200 1\n", time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700"))
	want, zeros, last := make(map[carbontest.Key]string), 0, int64(0)
	for _, line := range cells(t, args...) {
		l, ok := carbontest.Parse(line)
		if !ok {
			t.Fatalf("%q", line)
		}
		want[carbontest.Key{Series: l.Series, Time: l.Time}] = l.Value
		last = max(last, l.Time)
		if l.Value == "0" {
			zeros++
		}
	}
	p := start(t, carbon, following...)
	// Buckets of the present close when the lateness has passed.
	until(t, "the zeros of a second after the last line", func() bool {
		for key := range traffic(carbon) {
			if key.Time > last {
				return true
			}
		}
		return false
	})
	p.terminate(t)
	if strings.Contains(p.stderr.String(), "late lines") {
		t.Error("some lines were late")
	}
	got := traffic(carbon)
	for key, value := range got {
		if key.Time > last && value == "0" && strings.HasSuffix(key.Series, ".count") {
			delete(got, key)
		}
	}
	if d := difference(got, want); d != "" {
		t.Error(d)
	}
	t.Logf("%d cells, %d of them zeros", len(want), zeros)
}
