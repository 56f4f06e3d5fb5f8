package rollup

import (
	"fmt"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
)

func TestWall(t *testing.T) {
	const start, hold = 1_000_000, 30 * time.Minute
	for name, clock := range map[string]struct {
		skew        func(elapsed int64) int64 // of the wall clock
		at          int64                     // elapsed seconds
		early, late int64                     // how far the bounds are from the true time
	}{
		"a good clock":                    {func(int64) int64 { return 0 }, 5000, 0, 0},
		"a clock that is slewed":          {func(s int64) int64 { return s / 2000 }, 4000, 2, 2},
		"set forward":                     {func(s int64) int64 { return after(s, 100, 3600) }, 200, 0, 3600},
		"set forward and back":            {func(s int64) int64 { return after(s, 100, 3600) - after(s, 300, 3600) }, 400, 0, 0},
		"set forward for good":            {func(s int64) int64 { return after(s, 100, 3600) }, 2000, 3600, 3600},
		"set back":                        {func(s int64) int64 { return after(s, 100, -3600) }, 200, -3600, 0},
		"set back for good":               {func(s int64) int64 { return after(s, 100, -3600) }, 2000, -3600, -3600},
		"set again and again":             {func(s int64) int64 { return after(s, 100, 3600) + after(s, 1000, 7200) }, 1500, 0, 10800},
		"again and again for long enough": {func(s int64) int64 { return after(s, 100, 3600) + after(s, 1000, 7200) }, 2000, 10800, 10800},
	} {
		t.Run(name, func(t *testing.T) {
			var w Wall
			for s := int64(0); s <= clock.at; s++ {
				earliest, latest := w.Read(start+s+clock.skew(s), time.Duration(s)*time.Second, hold)
				if s == clock.at && (earliest-start-s != clock.early || latest-start-s != clock.late) {
					t.Errorf("from %+d to %+d, want from %+d to %+d", earliest-start-s, latest-start-s, clock.early, clock.late)
				}
			}
		})
	}
}

func after(s, begin, by int64) int64 {
	if s < begin {
		return 0
	}
	return by
}

// TestStepsOfTheClockChangeNothing follows a log, one line a second, while the
// machine's clock is set an hour forward and back for some minutes: no line is
// late or refused, and the totals are those of a good clock.
func TestStepsOfTheClockChangeNothing(t *testing.T) {
	for _, step := range []int64{0, 3600, -3600} {
		t.Run(fmt.Sprintf("%+d s", step), func(t *testing.T) {
			const start, length = 1_700_000_040, 3000
			o := options(t, "requests")
			table, ledger := NewTable(o), NewLedger(o)
			var wall Wall
			sent := map[int64]float64{}
			for s := int64(0); s < length; s++ {
				unix := start + s + after(s, 1000, step) - after(s, 1300, step)
				earliest, latest := wall.Read(unix, time.Duration(s)*time.Second, o.Lateness)
				ledger.CloseUpTo(earliest)
				count := func(when int64) {
					table.Begin(1, time.Unix(latest, 0))
					table.Add(&apachelog.Record{Time: when})
					if out := ledger.Merge(table); out.Counted != 1 {
						t.Fatalf("after %d s a line is not counted: %+v", s, out)
					}
				}
				count(start + s)
				if s == 1350 { // late, but not by as much as lines may be
					count(start + 890)
				}
				ledger.Advance(unix, unix, false)
				for p := range ledger.Changed() {
					if p.Series == "apache.web1.requests.count" {
						sent[p.Time] = p.Value
					}
				}
			}
			if got := sent[start+14*60]; got != 61 {
				t.Errorf("the bucket before the step has %v lines, want 61", got)
			}
		})
	}
}
