package carbon

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever comes and goes in whatever order, every point is found, and the rest
// is in the order of time.
func TestTimeline(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	// The share of times that come, and at which ends.
	for _, way := range []func(n int) uint32{
		func(n int) uint32 { return 1000 + uint32(n) },
		func(n int) uint32 { return 100_000 - uint32(n) },
		func(int) uint32 { return 1000 + random.Uint32N(300) },
	} {
		var line timeline
		want := make(map[uint32]slot)
		for n := range 5000 {
			time := way(n)
			if _, there := want[time]; !there {
				want[time] = slot(n)
				line.insert(time, slot(n))
			}
			// Up to a hundred stay: at first all, then the oldest or any one goes.
			for len(want) > min(n, 100) {
				all := slices.Sorted(maps.Keys(want))
				gone := all[0]
				if random.IntN(3) == 0 {
					gone = all[random.IntN(len(all))]
				}
				delete(want, gone)
				line.remove(gone)
			}
			checkTimeline(t, &line, want)
		}
	}
}

func checkTimeline(t *testing.T, line *timeline, want map[uint32]slot) {
	t.Helper()
	times := slices.Sorted(maps.Keys(want))
	if len(line.points()) != len(times) {
		t.Fatalf("%d points, want %d", len(line.points()), len(times))
	}
	for at, m := range line.points() {
		if m.time != times[at] || m.slot != want[m.time] {
			t.Fatalf("point %d is %v, want %d of %d", at, m, want[times[at]], times[at])
		}
		if i, ok := line.find(int64(m.time)); !ok || i != m.slot {
			t.Fatalf("found %d %v for %v", i, ok, m)
		}
		if _, there := want[m.time+1]; !there {
			if i, ok := line.find(int64(m.time) + 1); ok {
				t.Fatalf("found %d at %d, where nothing is", i, m.time+1)
			}
		}
	}
	if len(times) > 2 {
		begin, end := times[len(times)/3], times[2*len(times)/3]
		if got := line.between(int64(begin), int64(end)); len(got) != 2*len(times)/3-len(times)/3 || len(got) > 0 && got[0].time != begin {
			t.Fatalf("%v from %d to %d of %v", got, begin, end, times)
		}
	}
	if most := 4*max(len(times), 100) + 4; cap(line.all) > most {
		t.Fatalf("%d points take the room of %d", len(times), cap(line.all))
	}
}

// A series of which one point comes whenever one goes keeps its memory.
func TestTimelineSlides(t *testing.T) {
	var line timeline
	now := uint32(1000)
	slide := func() {
		for range 1000 {
			line.insert(now, slot(now))
			if now++; len(line.points()) > 100 {
				line.remove(line.points()[0].time)
			}
		}
	}
	slide()
	if n := testing.AllocsPerRun(5, slide); n > 0 {
		t.Errorf("%v allocations for a thousand points", n)
	}
}
