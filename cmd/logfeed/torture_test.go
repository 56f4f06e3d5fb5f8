//go:build torture

package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

var (
	tortureFor  = flag.Duration("torture.for", 20*time.Second, "how long TestTorture lets things go wrong")
	tortureSeed = flag.Uint64("torture.seed", 0, "seed of the torture tests, 0 for a new one")
)

const (
	// tortureLateness leaves room above the longest delay of a writer, which
	// is maxDelay and what a busy machine adds to it.
	tortureLateness = 12 * time.Second
	maxDelay        = 4 * time.Second

	// healing bounds the wait for the last cell after the last fault. Data of
	// a connection that was abandoned may be the last that Carbon reads, and
	// the replay that puts them right comes two minutes after a start. A
	// logfeed that is started after all of this sends everything at once.
	healing     = 150 * time.Second
	healingAnew = 30 * time.Second
)

// quota is what a run of ten minutes has to go through.
const (
	quotaTime      = 10 * time.Minute
	quotaKills     = 500
	quotaCrashes   = 100
	quotaRotations = 200
)

// TestTorture runs the real program for -torture.for against everything that
// may go wrong at once: it is killed at any instant, Carbon crashes with its
// cache, refuses, stalls and cuts, and the logs are rotated meanwhile in every
// way. In the end every cell at Carbon is what the writers wrote, and the
// counters account for every line.
func TestTorture(t *testing.T) {
	t.Parallel()
	seed := chooseSeed(t)
	carbon := listen(t)
	site := newSite(t, seed)
	weather := &weather{carbon: carbon, rnd: seeded(seed, 1), watch: dipWatch{carbon: carbon, highest: make(map[carbontest.Key]carbontest.Line)}}
	victim := &victim{
		t: t, rnd: seeded(seed, 2), site: site, long: *tortureFor >= time.Minute,
		args: append([]string{
			"--prefix", "apache.web1", "--carbon", carbon.Addr(), "--state-dir", filepath.Join(site.dir, "state"),
			"--from-start", "--interval", "1s", "--lateness", tortureLateness.String(), "--replay", "1h",
		}, site.patterns()...),
	}
	defer victim.kill()

	began := time.Now()
	site.start()
	weather.start()
	last := began.Add(2 * *tortureFor) // bounds the wait for the quota
	for time.Since(began) < *tortureFor || time.Now().Before(last) && !quotaReached(victim, weather, site) {
		victim.live()
	}
	weather.stop()
	site.stop()
	raged := time.Since(began)
	patience := healing
	if victim.rnd.IntN(2) == 0 || !victim.long {
		// What the last Carbon crash took comes back at the next start. In the
		// other runs it has to come back without one.
		victim.replace()
		patience = healingAnew
	}
	victim.ensure()
	healed := site.heals(t, carbon, patience)
	t.Logf("seed %d: %s of faults, %d kills, %d terminations, %s, %s, whole again after %s",
		seed, raged.Round(time.Second), victim.kills, victim.terms, weather, site, healed.Round(time.Millisecond))

	if slowest := site.tally.slowest; slowest > tortureLateness-2*time.Second {
		t.Errorf("a line was written %s after its time, which is near or past the lateness: this machine is too busy for the test", slowest)
	}
	victim.finish(site.tally)
	if d := difference(traffic(carbon), site.tally.want()); d != "" {
		t.Errorf("after the end: %s", d)
	}
	weather.watch.look()
	weather.watch.check(t)
	victim.tell()
}

func quotaReached(v *victim, w *weather, s *site) bool {
	share := min(tortureFor.Seconds()/quotaTime.Seconds(), 1)
	if !v.long {
		return true // such small numbers are a matter of luck
	}
	return float64(v.kills) >= share*quotaKills && float64(w.crashes.Load()) >= share*quotaCrashes &&
		float64(s.rotations.Load()) >= share*quotaRotations
}

func chooseSeed(t *testing.T) uint64 {
	t.Helper()
	seed := *tortureSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e9
	}
	t.Logf("seed %d", seed)
	return seed
}

// seeded returns the random numbers of one actor, so that what one of them
// does depends on the seed alone and not on the others.
func seeded(seed uint64, actor int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(actor))) }

func between(rnd *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(rnd.Int64N(int64(most-least)+1))
}

// heals waits until Carbon holds the truth, and returns how long that took.
func (s *site) heals(t *testing.T, carbon *carbontest.Server, patience time.Duration) time.Duration {
	t.Helper()
	began, want := time.Now(), s.tally.want()
	for {
		got := traffic(carbon)
		if difference(got, want) == "" {
			return time.Since(began)
		}
		if time.Since(began) > patience {
			s.explain(t, carbon, got, want)
			return time.Since(began)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// explain shows the history of some of the cells that are wrong.
func (s *site) explain(t *testing.T, carbon *carbontest.Server, got, want map[carbontest.Key]string) {
	t.Helper()
	t.Error(difference(got, want))
	wrong := make(map[int64]bool)
	for _, cells := range []map[carbontest.Key]string{got, want} {
		for key := range cells {
			if strings.HasSuffix(key.Series, ".requests.count") && got[key] != want[key] {
				wrong[key.Time] = true
			}
		}
	}
	t.Logf("%d buckets are wrong", len(wrong))
	for shown, when := range slices.Sorted(maps.Keys(wrong)) {
		key := carbontest.Key{Series: "apache.web1.requests.count", Time: when}
		var story strings.Builder
		fmt.Fprintf(&story, "bucket %d: %q, want %q %s", when, got[key], want[key], s.tally.story(when))
		for _, l := range carbon.Lines() {
			if shown < 3 && l.Series == key.Series && l.Time == key.Time {
				fmt.Fprintf(&story, "  %s connection %d brought %s\n", l.At.Format(clockFormat), l.Conn, l.Value)
			}
		}
		t.Log(story.String())
	}
	t.Log(strings.Join(s.events, "\n"))
}

// clockFormat shows instants beside Unix seconds and logfeed's own log.
const clockFormat = "05.000"
