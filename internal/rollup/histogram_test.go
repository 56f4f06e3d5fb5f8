package rollup

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/retention"
)

// gather puts values into a histogram by way of several that are merged in
// random order.
func gather(rnd *rand.Rand, values []int64) histogram {
	parts := make([]histogram, 1+rnd.IntN(5))
	for _, v := range values {
		parts[rnd.IntN(len(parts))].add(histogram{N: 1, Sum: v, Min: v, Max: v, Bins: []bin{{binOf(v), 1}}})
	}
	rnd.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	var all histogram
	for _, p := range parts {
		all.add(p)
	}
	return all
}

// TestQuantiles compares with an exact sort, on values of many kinds.
func TestQuantiles(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for name, draw := range map[string]func() int64{
		"skewed":     func() int64 { return int64(math.Exp(rnd.NormFloat64()*3 + 8)) },
		"constant":   func() int64 { return 12345 },
		"two values": func() int64 { return []int64{3, 40_000_000}[rnd.IntN(2)] },
		"enormous":   func() int64 { return math.MaxInt64 - rnd.Int64N(1<<60) },
		"small":      func() int64 { return rnd.Int64N(200) },
		"zero":       func() int64 { return 0 },
	} {
		for _, n := range []int{1, 2, 3, 10, 1000, 20000} {
			values := make([]int64, n)
			for i := range values {
				values[i] = draw()
			}
			h := gather(rnd, values)
			if again := gather(rnd, values); !reflect.DeepEqual(h, again) {
				t.Errorf("%s: it depends on the order", name)
			}
			slices.Sort(values)
			for _, q := range []float64{0, 0.5, 0.95, 0.99, 1} {
				exact := float64(values[max(1, int(math.Ceil(q*float64(n))))-1])
				if got := h.quantile(q); math.Abs(got-exact) > 0.01*exact {
					t.Errorf("%s: quantile %v of %d values is %v, want %v", name, q, n, got, exact)
				}
			}
			if h.N != int64(n) || h.Min != values[0] || h.Max != values[n-1] {
				t.Errorf("%s: %d values from %d to %d, want %d from %d to %d", name, h.N, h.Min, h.Max, n, values[0], values[n-1])
			}
		}
	}
}

// TestBins sees that bins are in the order of values and narrow.
func TestBins(t *testing.T) {
	last := uint32(0)
	for _, v := range []int64{0, 1, 63, 64, 127, 128, 129, 130, 255, 256, 1 << 20, 1<<20 + 1<<14, 1 << 40, math.MaxInt64} {
		i := binOf(v)
		if i < last {
			t.Errorf("%d is in bin %d, after bin %d", v, i, last)
		}
		last = i
		if m := middle(i); math.Abs(m-float64(v)) > 0.008*float64(v) {
			t.Errorf("%s stands for %d", fmt.Sprint(m), v)
		}
	}
}

// TestDurations sums the same lines in one table and in several, in any order,
// and with a restart on the way: the points are the same, to the bit.
func TestDurations(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	selected, err := Select([]string{"duration", "requests"}, apachelog.Time|apachelog.Duration)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Prefix: "apache.web1", Interval: time.Minute, Lateness: time.Hour, Metrics: selected}
	var records []*apachelog.Record
	for range 2000 {
		records = append(records, &apachelog.Record{Time: noon + rnd.Int64N(300), Duration: int64(math.Exp(rnd.NormFloat64()*4+14)) - 1e5})
	}
	records[0].Absent = apachelog.Duration
	var first []string
	for range 5 {
		rnd.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		l, tables := NewLedger(o), []*Table{NewTable(o), NewTable(o)}
		for i := 0; i < len(records); {
			table := tables[rnd.IntN(2)]
			table.Begin(0, time.Unix(noon+600, 0))
			for range 1 + rnd.IntN(100) {
				if i < len(records) {
					table.Add(records[i])
					i++
				}
			}
			l.Merge(table)
			if rnd.IntN(10) == 0 {
				s := l.Snapshot()
				l = NewLedger(o)
				if err := l.Restore(s); err != nil {
					t.Fatal(err)
				}
				tables = []*Table{NewTable(o), NewTable(o)}
			}
		}
		l.Flush()
		points := taken(l)
		if first == nil {
			first = points
		}
		if !slices.Equal(points, first) || len(points) != 5*7 {
			t.Fatalf("%v, want %v", points, first)
		}
	}
}

// TestDurationsOfACoarseStep has minutes with durations become one step of five
// minutes, because they have grown too old on the way: its percentiles are
// those of its lines.
func TestDurationsOfACoarseStep(t *testing.T) {
	selected, err := Select([]string{"duration"}, apachelog.Time|apachelog.Duration)
	if err != nil {
		t.Fatal(err)
	}
	list := retention.List{{Step: 60, Span: 86400}, {Step: 300, Span: 30 * 86400}}
	o := Options{
		Prefix: "apache.web1", Interval: time.Minute, Lateness: time.Hour, Metrics: selected,
		Retentions: func(string) retention.List { return list },
	}
	l, table := NewLedger(o), NewTable(o)
	now := noon + 86400 - 2*3600
	l.Advance(now, noon, true)
	var all []int64
	for i := range int64(1000) {
		v := i * i // microseconds, most of them in the first minutes
		all = append(all, v)
		table.Begin(0, time.Unix(now, 0))
		table.Add(&apachelog.Record{Time: noon + i*i*300/1_000_000, Duration: v * 1000})
		l.Merge(table)
	}
	if l.Open() != 5 {
		t.Fatalf("%d buckets, want five minutes", l.Open())
	}
	l.Advance(now+3900, noon, true)
	l.Flush()
	var whole histogram
	for _, v := range all {
		whole.add(histogram{N: 1, Sum: v, Min: v, Max: v, Bins: []bin{{binOf(v), 1}}})
	}
	n := 0
	for p := range l.Changed() {
		n++
		if p.Time != noon || p.Step != 300 {
			t.Errorf("%s at %d with a step of %d s", p.Series, p.Time-noon, p.Step)
		}
		if p.Series == "apache.web1.duration.ms.p95" && p.Value != p95MS(whole) {
			t.Errorf("p95 is %v, want %v", p.Value, p95MS(whole))
		}
	}
	if n != 6 {
		t.Errorf("%d points, want 6", n)
	}
}
