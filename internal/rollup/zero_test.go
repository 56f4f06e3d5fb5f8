package rollup

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/retention"
)

// A zeroLine is one line of the logs of a zeroHistory.
type zeroLine struct {
	source int
	when   int64
	name   string
	status int
}

type zeroCell struct {
	series     string
	time, step int64
}

// A zeroHistory is a set of lines with long silences, as several sources bring
// them: the one with the lowest clock is read next, and no line is older than
// its source's clock by more than the lateness.
type zeroHistory struct {
	rnd     *rand.Rand
	o       Options
	sources int
	now     int64 // on the wall, if it stands still; 0: it goes with the logs
	lines   []zeroLine
	lows    []int64 // the lowest clock of what is to come after each line
	closed  int64   // the most that was closed in any life
}

func newZeroHistory(t *testing.T, rnd *rand.Rand) *zeroHistory {
	selected, err := Select(nil, apachelog.Time|apachelog.Status|apachelog.Duration)
	if err != nil {
		t.Fatal(err)
	}
	h := &zeroHistory{rnd: rnd, sources: 1 + rnd.IntN(3), o: Options{
		Prefix: "a", Interval: time.Duration([]int{300, 900, 7200}[rnd.IntN(3)]) * time.Second, Metrics: selected, Levels: 1, ZeroFill: true,
		Lateness: time.Duration(rnd.IntN(1800)) * time.Second,
	}}
	h.write(100)
	switch rnd.IntN(4) {
	case 0:
		interval := h.o.interval()
		h.o.Since = h.lines[rnd.IntN(50)].when / interval * interval
		h.o.Until = h.lines[50+rnd.IntN(50)].when / interval * interval
	case 1:
		h.o.Interval = time.Minute
		list := retention.List{{Step: 60, Span: 2 * 86400}, {Step: 300, Span: 6 * 86400}, {Step: 3600, Span: 10 * 86400}, {Step: 86400, Span: 100 * 86400}}
		h.o.Retentions = func(series string) retention.List {
			if strings.Contains(series, "4xx") { // they are a class of their own
				return list[:2]
			}
			return list
		}
		h.now = h.lines[len(h.lines)-1].when + rnd.Int64N(10*86400)
	case 2:
		h.o.MaxSeries = 60 // of four groups
	}
	return h
}

func (h *zeroHistory) write(n int) {
	at := make([]int64, h.sources)
	for i := range at {
		at[i] = noon + h.rnd.Int64N(20000)
	}
	for range n {
		source := slices.Index(at, slices.Min(at))
		pause := int64(200)
		switch h.rnd.IntN(30) {
		case 0:
			pause = 10 * 3600
		case 1:
			pause = 2 * 86400
		}
		at[source] += h.rnd.Int64N(pause)
		when := at[source] - h.rnd.Int64N(1+int64(h.o.Lateness/time.Second))
		if h.rnd.IntN(2) == 0 {
			when = at[source]
		}
		h.lines = append(h.lines, zeroLine{source, when, fmt.Sprint("host", h.rnd.IntN(1+h.rnd.IntN(6))), 200 + 100*h.rnd.IntN(4)})
		h.lows = append(h.lows, slices.Min(at))
	}
}

// run reads the lines in random batches and takes points now and then. With
// kills it goes back to an earlier snapshot and reads what came after it anew,
// or sends everything and goes on.
// It returns what Carbon holds: the last value of every cell.
func (h *zeroHistory) run(t *testing.T, kills bool, finish func(l *Ledger)) map[zeroCell]float64 {
	cells := make(map[zeroCell]float64)
	l, table := NewLedger(h.o), NewTable(h.o)
	take := func(final bool) {
		h.closed = max(h.closed, l.Closed())
		for p := range l.Changed() {
			cell := zeroCell{p.Series, p.Time, p.Step}
			if before, ok := cells[cell]; p.Value == 0 && (ok && before != 0 || !final && p.Time+p.Step > l.Closed()) {
				t.Fatalf("%v was %v, %t, and is 0; closed is %d", cell, before, ok, l.Closed())
			}
			cells[cell] = p.Value
			if strings.Contains(p.Series, "duration") {
				cells[cell] = 1
			}
		}
	}
	l.Advance(h.now, math.MinInt64, true)
	saved, savedAt, most := l.Snapshot(), 0, 0
	for i := 0; i < len(h.lines); {
		source := h.lines[i].source
		now := h.now
		if now == 0 {
			now = h.lows[i]
		}
		table.Begin(source, time.Unix(now+1e7, 0))
		for n := 1 + h.rnd.IntN(20); n > 0 && i < len(h.lines) && h.lines[i].source == source; n-- {
			x := h.lines[i]
			table.Group([]byte(x.name))
			table.Add(&apachelog.Record{Time: x.when, Status: x.status, Duration: 5e6})
			i++
		}
		if out := l.Merge(table); out.Late > 0 {
			t.Fatalf("%+v", out)
		}
		if h.rnd.IntN(3) == 0 {
			l.Advance(now, h.lows[i-1], true)
			take(false)
		}
		most = max(most, i)
		switch {
		case kills && h.rnd.IntN(10) == 0:
			saved, savedAt = l.Snapshot(), i
		case kills && h.rnd.IntN(5) == 0:
			if h.rnd.IntN(2) == 0 && i == most { // it is stopped in good order
				l.Flush()
				take(true)
				saved, savedAt = l.Snapshot(), i
			}
			l, table = NewLedger(h.o), NewTable(h.o)
			if err := l.Restore(saved); err != nil {
				t.Fatal(err)
			}
			l.Advance(h.now, math.MinInt64, true)
			i = savedAt
		}
	}
	finish(l)
	take(true)
	return cells
}

// truth is what the cells of the counted lines are, when buckets up to the given
// time are closed. It knows the lines, and nothing of how they were read.
func (h *zeroHistory) truth(l *Ledger, closed int64) map[zeroCell]float64 {
	cells := make(map[zeroCell]float64)
	seen := make(map[string]map[int64]bool) // series: its buckets with lines
	for _, x := range h.lines {
		if x.when < h.o.Since || h.o.Until != 0 && x.when >= h.o.Until {
			continue
		}
		name := x.name
		if l.root.children[name] == nil {
			name = other
		}
		for _, metric := range []string{"requests.count", fmt.Sprintf("status.%dxx.count", x.status/100), "duration.ms.min", "duration.ms.max", "duration.ms.mean", "duration.ms.p50", "duration.ms.p95", "duration.ms.p99"} {
			series := "a." + name + "." + metric
			begin, step, ok := h.step(series, x.when)
			if !ok {
				continue
			}
			cell := zeroCell{series, begin, step}
			cells[cell]++
			if strings.Contains(metric, "duration") {
				cells[cell] = 1
				continue
			}
			if seen[series] == nil {
				seen[series] = make(map[int64]bool)
			}
			seen[series][begin] = true
		}
	}
	for series, buckets := range seen {
		last := int64(math.MinInt64)
		for at := slices.Min(slices.Collect(maps.Keys(buckets))); ; {
			begin, step, ok := h.step(series, at)
			if begin+step > closed || h.o.Until != 0 && begin+step > h.o.Until {
				break
			}
			if buckets[begin] {
				last = begin
			} else if ok && begin-last < 86400 {
				cells[zeroCell{series, begin, step}] = 0
			}
			at = begin + step
		}
	}
	return cells
}

// step is the bucket of a time.
func (h *zeroHistory) step(series string, when int64) (begin, step int64, ok bool) {
	step, ok = h.o.interval(), true
	if h.o.Retentions != nil {
		if step, ok = h.o.Retentions(series).At(h.now).Step(when - when%60); !ok {
			step = 60
		}
	}
	return when - when%step, step, ok
}

// TestZeroFill compares with the rule, told of the set of lines alone: a cell is
// 0 exactly when its series has a line in an earlier bucket less than a day back,
// none in this one, and the bucket is closed. The batches, the sources, a kill at
// any point, and when the points were taken change nothing.
func TestZeroFill(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for range 50 {
		seed++
		if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { zeroFill(t, rand.New(rand.NewPCG(seed, 0))) }) {
			return
		}
	}
}

func zeroFill(t *testing.T, rnd *rand.Rand) {
	h := newZeroHistory(t, rnd)
	newest := int64(0)
	for _, x := range h.lines {
		newest = max(newest, x.when)
	}
	for _, kills := range []bool{false, true} {
		// Everything has closed, days after the last line.
		var l *Ledger
		later := newest + 2*86400 + rnd.Int64N(86400)
		now := h.now
		if now == 0 {
			now = later
		}
		got := h.run(t, kills, func(end *Ledger) { l = end; l.Advance(now, later, false) })
		compare(t, "live", got, h.truth(l, h.closed))

		// At the end of a backfill, as far as a line was read.
		h.closed = 0
		got = h.run(t, kills, func(end *Ledger) { l = end; l.Flush() })
		compare(t, "flushed", got, h.truth(l, max(l.End(), h.closed, newest/h.o.interval()*h.o.interval())))
	}
}

func compare(t *testing.T, what string, got, want map[zeroCell]float64) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	t.Errorf("%s: %d cells, want %d", what, len(got), len(want))
	shown := 0
	all := maps.Clone(got)
	maps.Copy(all, want)
	for cell := range all {
		g, has := got[cell]
		w, wants := want[cell]
		if (has != wants || g != w) && shown < 10 {
			shown++
			t.Errorf("%v is %v (%t), want %v (%t)", cell, g, has, w, wants)
		}
	}
}

// TestZerosEndAfterADay has many series and a week without a line: for a day
// they are 0, which is told once, and then they leave memory.
func TestZerosEndAfterADay(t *testing.T) {
	o := options(t, "requests")
	o.Levels, o.ZeroFill = 1, true
	l, table := NewLedger(o), NewTable(o)
	table.Begin(0, time.Unix(noon, 0))
	const groups = 100
	for i := range groups {
		table.Group(fmt.Append(nil, "host", i))
		table.Add(record(noon, 200, 1))
	}
	l.Merge(table)
	given := func() (n int) {
		for range l.Changed() {
			n++
		}
		return n
	}
	l.Advance(noon+7*86400, noon+7*86400, false)
	if n := given(); n != groups*(1+86400/60-1) {
		t.Errorf("%d points, want one line and the zeros of a day for each of %d series", n, groups)
	}
	l.Advance(noon+8*86400, noon+8*86400, false)
	if n := given(); n != 0 {
		t.Errorf("%d points a day later", n)
	}
	if z := l.classes[0].zeros; len(z.known)+len(z.recent) > 0 || len(l.of) > 0 {
		t.Errorf("%d groups and %d names of series are remembered", len(z.known), len(l.of))
	}
}

// BenchmarkZeroFill shows what a week of silence after 10,000 series costs: ns/op
// is for the zeros of a day of all of them, 14 million points.
func BenchmarkZeroFill(b *testing.B) {
	o := options(b, "requests")
	o.Levels, o.ZeroFill = 1, true
	points := 0
	for b.Loop() {
		l, table := NewLedger(o), NewTable(o)
		table.Begin(0, time.Unix(noon, 0))
		for i := range 10_000 {
			table.Group(fmt.Append(nil, "host", i))
			table.Add(record(noon, 200, 1))
		}
		l.Merge(table)
		l.Advance(noon+7*86400, noon+7*86400, false)
		for range l.Changed() {
			points++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(points), "ns/point")
}
