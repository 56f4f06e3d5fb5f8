package rollup

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// grouped is one random log of lines with two values each, read in random
// batches by several tables.
type grouped struct {
	rnd    *rand.Rand
	o      Options
	l      *Ledger
	tables []*Table
	names  []string
	bound  *bound
	truth  map[string]float64 // by group and bucket
	sent   map[string]float64 // by series and bucket, the last total
	other  int64
}

// bound says, one line at a time, which group a line belongs to when no more
// than limit may be had: who comes first has a name of his own. 0 is no limit.
type bound struct {
	limit, taken int
	names        map[string]bool // of one level, and of both
	diverted     int64
}

func (b *bound) group(first, second string) string {
	one, all := b.level("", first, false)
	two, both := b.level(one+".", second, !all)
	if !both {
		b.diverted++
	}
	return two
}

func (b *bound) level(above, name string, diverted bool) (group string, own bool) {
	switch {
	case b.names[above+name] || name == "_other":
	case b.limit > 0 && b.taken == b.limit:
		return above + "_other", false
	default:
		b.taken++
		b.names[above+name] = true
	}
	return above + name, !diverted
}

func newGrouped(t *testing.T, rnd *rand.Rand, limit int, tags []string) *grouped {
	o := options(t, "requests")
	o.Tags = tags
	o.Levels, o.MaxSeries = 2, limit
	g := &grouped{rnd: rnd, o: o, l: NewLedger(o), truth: make(map[string]float64), sent: make(map[string]float64)}
	g.bound = &bound{limit: limit, taken: 1, names: make(map[string]bool)} // one is for the others
	for range 1 + rnd.IntN(3) {
		g.tables = append(g.tables, NewTable(o))
	}
	g.names = []string{"", "-", "a", "a.b", "a_b", "a/b", "..", ";x=1", "_other", "\xff", strings.Repeat("x", 8000), strings.Repeat("x", 8001)}
	for i := range rnd.IntN(40) {
		g.names = append(g.names, fmt.Sprintf("host%d.example", i))
	}
	return g
}

func (g *grouped) name() string { return g.names[g.rnd.IntN(len(g.names))] }

// batch reads some lines, not all of them in the order of their time.
func (g *grouped) batch(now int64) {
	table := g.tables[g.rnd.IntN(len(g.tables))]
	table.Begin(0, time.Unix(now, 0))
	for range g.rnd.IntN(60) {
		a, b, when := g.name(), g.name(), now-g.rnd.Int64N(300)
		table.Group([]byte(a), []byte(b))
		table.Add(record(when, 200, 1))
		g.truth[fmt.Sprintf("%s %d", g.bound.group(g.clean(a), g.clean(b)), when-when%60)]++
	}
	out := g.l.Merge(table)
	g.other += out.Other
	g.l.Advance(now, now, false)
	g.take()
}

func (g *grouped) take() {
	for p := range g.l.Changed() {
		g.sent[fmt.Sprintf("%s %d", g.groupOf(p.Series), p.Time)] = p.Value
	}
}

func (g *grouped) clean(value string) string {
	if g.o.Tags != nil {
		return point.TagValue(value)
	}
	return point.Component(value)
}

// groupOf returns the values in the name of a series.
func (g *grouped) groupOf(series string) string {
	if g.o.Tags == nil {
		return strings.TrimSuffix(strings.TrimPrefix(series, "apache.web1."), ".requests.count")
	}
	tags := strings.TrimPrefix(series, "apache.web1.requests.count;a=")
	second, first, _ := strings.Cut(tags, ";b=")
	return first + "." + second
}

func (g *grouped) run(t *testing.T, restarts bool) {
	for i := range 30 {
		g.batch(noon + 1000 + int64(i)*20)
		if restarts && g.rnd.IntN(5) == 0 {
			s := g.l.Snapshot()
			g.l = NewLedger(g.o)
			if err := g.l.Restore(s); err != nil {
				t.Fatal(err)
			}
			for i := range g.tables {
				g.tables[i] = NewTable(g.o)
			}
		}
	}
	g.l.Flush()
	g.take()
}

// TestGroups sums lines by the cleaned names of their values, and, where there
// is no room for a name, in a group for the others. Who has a name is decided by
// the order of the lines alone: no cutting into batches, no number of tables and
// no restart changes anything.
func TestGroups(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for range 200 {
		seed++
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			limit := []int{0, 20}[seed%2]
			var tags []string
			if seed%5 == 0 {
				tags = []string{"b", "a"} // the second one comes first in a name
			}
			g := newGrouped(t, rand.New(rand.NewPCG(seed, 0)), limit, tags)
			g.run(t, seed%3 == 0)
			if !maps.Equal(g.sent, g.truth) {
				t.Errorf("%d cells, want %d:\n%v\n%v", len(g.sent), len(g.truth), g.sent, g.truth)
			}
			series := make(map[string]bool)
			for cell := range g.sent {
				name, _, _ := strings.Cut(cell, " ")
				series[name] = true
			}
			if limit > 0 && len(series) > limit {
				t.Errorf("%d series, want no more than %d", len(series), limit)
			}
			if g.other != g.bound.diverted {
				t.Errorf("%d lines went to another group, want %d", g.other, g.bound.diverted)
			}
		})
	}
}

// TestAdmittedNamesStay sees that the values that came first keep their series
// after a restart, whoever comes first then.
func TestAdmittedNamesStay(t *testing.T) {
	o := options(t, "requests")
	o.Levels, o.MaxSeries = 1, 3 // two names, and one for the others
	add := func(l *Ledger, names ...string) {
		table := NewTable(o)
		table.Begin(0, time.Unix(noon+60, 0))
		for _, name := range names {
			table.Group([]byte(name))
			table.Add(record(noon, 200, 1))
		}
		l.Merge(table)
	}
	first := NewLedger(o)
	add(first, "a", "b", "c")
	second := NewLedger(o)
	if err := second.Restore(first.Snapshot()); err != nil {
		t.Fatal(err)
	}
	add(second, "d", "c", "b", "a")
	second.Flush()
	expect(t, "after the restart", taken(second), "a.requests.count@0=2", "b.requests.count@0=2", "_other.requests.count@0=3")
}

// TestIdleGroups has a thousand groups of which one goes on: the names of the
// other's series leave memory, and a day later the same values, and no others,
// have them again.
func TestIdleGroups(t *testing.T) {
	o := options(t, "requests")
	o.Levels, o.MaxSeries = 1, 1001
	l, table := NewLedger(o), NewTable(o)
	add := func(when int64, first, last int) {
		table.Begin(0, time.Unix(when, 0))
		for i := first; i < last; i++ {
			table.Group(fmt.Append(nil, "host", i))
			table.Add(record(when, 200, 1))
		}
		l.Merge(table)
		l.Advance(when+3600, when+3600, false)
		for range l.Changed() {
		}
	}
	add(noon, 0, 1000)
	for when := noon; when < noon+2*86400; when += 3600 {
		add(when, 500, 501)
	}
	if len(l.of) > 1 {
		t.Errorf("%d names of series are in memory, want that of the last one", len(l.of))
	}
	if l.Series() != 1000 {
		t.Errorf("%d series, want 1000", l.Series())
	}
	table.Begin(0, time.Unix(noon+3*86400, 0))
	for i := 2000; i >= 0; i-- {
		table.Group(fmt.Append(nil, "host", i))
		table.Add(record(noon+3*86400, 200, 1))
	}
	l.Merge(table)
	l.Flush()
	n := 0
	for p := range l.Changed() {
		n++
		var host int
		if other := p.Series == "apache.web1._other.requests.count"; other && p.Value != 1001 {
			t.Errorf("%v lines of the others, want 1001", p.Value)
		} else if _, err := fmt.Sscanf(p.Series, "apache.web1.host%d.", &host); !other && (err != nil || host >= 1000 || p.Value != 1) {
			t.Errorf("%s is %v", p.Series, p.Value)
		}
	}
	if n != 1001 || l.Series() != 1001 {
		t.Errorf("%d points of %d series, want 1001", n, l.Series())
	}
}

// TestRefusedValuesAreNotRemembered sees that a table holds nothing of values
// that have no series of their own, and takes no memory for one more line.
func TestRefusedValuesAreNotRemembered(t *testing.T) {
	o := options(t, "requests")
	o.Levels, o.MaxSeries = 2, 10
	l, table := NewLedger(o), NewTable(o)
	host := make([]byte, 0, 8000)
	batch := func(n int) {
		table.Begin(0, time.Unix(noon, 0))
		for i := range n {
			host = fmt.Appendf(host[:0], "host%d.%0*d", i, i%5000, i)
			table.Group(host, []byte("GET"))
			table.Add(record(noon, 200, 1))
		}
		l.Merge(table)
	}
	batch(100)
	batch(1) // the tree is that of the admitted now
	known := table.known
	batch(10_000)
	if table.known > known+10*(valueBytes+5000) || len(table.leaves) > 10 {
		t.Errorf("%d leaves and %d bytes of values are remembered", len(table.leaves), table.known)
	}
	table.Begin(0, time.Unix(noon, 0))
	rec := record(noon, 200, 1)
	if n := testing.AllocsPerRun(1000, func() {
		table.Group([]byte("one.more.example"), []byte("GET"))
		table.Add(rec)
	}); n != 0 {
		t.Errorf("%v allocations for a line", n)
	}
}

// TestLateGroupsAreLate has a line of one group make those of another late
// within a batch, as if they were one group.
func TestLateGroupsAreLate(t *testing.T) {
	o := options(t, "requests")
	o.Levels = 1
	table := NewTable(o)
	table.Begin(0, time.Unix(noon+3600, 0))
	add := func(name string, when int64) {
		table.Group([]byte(name))
		table.Add(record(when, 200, 1))
	}
	add("a", noon)
	add("b", noon+3600)
	add("a", noon+1)
	if out := NewLedger(o).Merge(table); out.Late != 1 || out.Counted != 2 {
		t.Errorf("%+v, want one late line", out)
	}
}
