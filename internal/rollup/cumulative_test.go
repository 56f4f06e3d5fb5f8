package rollup

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
)

func TestHistogramOfASelection(t *testing.T) {
	bounds := []int64{1, 10, 250, 100_000}
	sel, err := Select([]string{"requests", "duration"}, apachelog.Time|apachelog.Duration)
	if err != nil {
		t.Fatal(err)
	}
	if sel, err = sel.Histogram(bounds, apachelog.Time|apachelog.Duration); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	o := Options{Prefix: "apache.web1", Metrics: sel}
	want := map[string]float64{}
	for _, b := range bounds {
		want[fmt.Sprintf("duration.ms.le_%d.count", b)] = 0
	}
	l := NewLedger(o)
	for range 20 {
		table := NewTable(o)
		table.Begin(0, time.Unix(noon+100, 0))
		for range 100 {
			rec := record(noon+rnd.Int64N(60), 200, 1)
			// Around every bound, and far beyond.
			rec.Duration = bounds[rnd.IntN(len(bounds))]*1e6 + rnd.Int64N(3) - 1
			switch rnd.IntN(10) {
			case 0:
				rec.Duration = -rec.Duration
			case 1:
				rec.Duration = math.MaxInt64
			case 2:
				rec.Absent = apachelog.Duration
				table.Add(rec)
				want["requests.count"]++
				continue
			}
			table.Add(rec)
			want["requests.count"]++
			want["duration.ms.le_inf.count"]++
			for _, b := range bounds {
				if rec.Duration <= b*1e6 {
					want[fmt.Sprintf("duration.ms.le_%d.count", b)]++
				}
			}
		}
		l.Merge(table)
	}
	l.Flush()
	got := 0
	for p := range l.Changed() {
		name := strings.TrimPrefix(p.Series, "apache.web1.")
		if strings.HasSuffix(name, ".count") {
			got++
			if p.Value != want[name] {
				t.Errorf("%s is %v, want %v", name, p.Value, want[name])
			}
		}
	}
	if got != len(want) {
		t.Errorf("%d series of counts, want %d", got, len(want))
	}
}

func TestHistogramNeedsADuration(t *testing.T) {
	if _, err := (Selection{}).Histogram([]int64{1}, apachelog.Time); err == nil || !strings.Contains(err.Error(), "%D") {
		t.Errorf("without a duration: %v", err)
	}
}
