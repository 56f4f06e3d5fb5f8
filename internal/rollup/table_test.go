package rollup

import (
	"maps"
	"math"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/retention"
)

// noon is a bucket start for every interval that the tests use.
const noon = int64(1768046400) // 2026-01-10T12:00:00Z

func options(t testing.TB, names ...string) Options {
	t.Helper()
	selected, err := Select(names, apachelog.Time|apachelog.Status|apachelog.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Prefix: "apache.web1", Interval: time.Minute, Lateness: 10 * time.Minute, Metrics: selected}
}

func record(when int64, status int, bytes int64) *apachelog.Record {
	return &apachelog.Record{Time: when, Status: status, Bytes: bytes}
}

// points merges one table and returns everything that a flushed ledger gives.
func points(o Options, table *Table) map[string]float64 {
	l := NewLedger(o)
	l.Merge(table)
	l.Flush()
	got := make(map[string]float64)
	for p := range l.Changed() {
		got[p.Series] += p.Value
	}
	return got
}

func TestEveryMetricOfOneBucket(t *testing.T) {
	o := options(t)
	table := NewTable(o)
	table.Begin(0, time.Unix(noon, 0))
	for _, r := range []*apachelog.Record{
		record(noon, 200, 100), record(noon+59, 206, 1<<53-1000), record(noon+1, 404, 0),
		record(noon+2, 101, 7), record(noon+3, 0, 1), record(noon+4, 999, 1), record(noon+5, 99, 1),
	} {
		table.Add(r)
	}
	want := map[string]float64{
		"apache.web1.bytes.count":      1<<53 - 1000 + 100 + 7 + 3,
		"apache.web1.requests.count":   7,
		"apache.web1.status.1xx.count": 1,
		"apache.web1.status.2xx.count": 2,
		"apache.web1.status.4xx.count": 1,
	}
	got := points(o, table)
	if len(got) != len(want) {
		t.Errorf("series: %v", got)
	}
	for series, v := range want {
		if got[series] != v {
			t.Errorf("%s = %.0f, want %.0f", series, got[series], v)
		}
	}
}

func TestSumsSaturate(t *testing.T) {
	o := options(t, "bytes")
	table := NewTable(o)
	table.Begin(0, time.Unix(noon, 0))
	table.Add(record(noon, 200, math.MaxInt64))
	table.Add(record(noon, 200, math.MaxInt64))
	l := NewLedger(o)
	l.Merge(table)
	l.Merge(table)
	if got := l.classes[0].buckets[noon].find(0)[1]; got != math.MaxInt64 {
		t.Errorf("sum of the largest numbers = %d", got)
	}
}

func TestTimesThatAreRefused(t *testing.T) {
	table := NewTable(options(t))
	table.Begin(0, time.Unix(noon, 0))
	table.Add(record(noon+maxAhead+1, 200, 1)) // too far ahead
	table.Add(record(noon+maxAhead, 200, 1))   // just not
	table.Add(record(earliest-1, 200, 1))
	table.Add(record(0, 200, 1))
	table.Add(record(30, 200, 1)) // inside the first minute of 1970, where an empty window would lie
	table.Add(record(-1, 200, 1))
	table.Add(record(math.MinInt64, 200, 1))
	if want := (Refused{Future: 1, Ancient: 5}); table.refused != want {
		t.Errorf("refused %+v, want %+v", table.refused, want)
	}
	out := NewLedger(options(t)).Merge(table)
	if out.Counted != 1 || out.Late != 0 {
		t.Errorf("outcome %+v, want one line counted", out)
	}
}

func TestRefusesAsAddDoes(t *testing.T) {
	for _, when := range []int64{math.MinInt64, -1, 0, 30, earliest - 1, earliest, noon, noon + maxAhead, noon + maxAhead + 1, math.MaxInt64} {
		table := NewTable(options(t))
		table.Begin(0, time.Unix(noon, 0))
		said := table.Refuses(when)
		table.Add(record(when, 200, 1))
		if refused := table.refused != (Refused{}); refused != (said != "") {
			t.Errorf("time %d: said to be refused because of %q, and is refused: %t", when, said, refused)
		}
	}
}

// TestBounds refuses what lies outside, to the second, and lets it move the
// clock all the same.
func TestBounds(t *testing.T) {
	o := options(t)
	o.Since, o.Until = noon, noon+120
	table := NewTable(o)
	table.Begin(0, time.Unix(noon+7200, 0))
	for _, when := range []int64{noon - 1, noon, noon + 119, noon + 120, noon - 1, noon + 60, noon + 60 + 601} {
		table.Add(record(when, 200, 1))
	}
	table.Add(record(noon, 200, 1)) // late by the clock of a line outside
	if want := (Refused{Outside: 4}); table.refused != want {
		t.Errorf("refused %+v, want %+v", table.refused, want)
	}
	if out := NewLedger(o).Merge(table); out.Counted != 3 || out.Late != 1 {
		t.Errorf("outcome %+v, want 3 lines counted and 1 late", out)
	}
}

// TestBoundsAndRetentions leaves out the steps that lie inside in part only,
// whichever step Graphite keeps at their age.
func TestBoundsAndRetentions(t *testing.T) {
	o := options(t, "requests")
	o.Since, o.Until = noon+60, noon+7200+60
	o.Retentions = func(string) retention.List {
		return retention.List{{Step: 60, Span: 86400}, {Step: 3600, Span: 40 * 86400}}
	}
	for _, c := range []struct {
		age  int64 // seconds
		want map[int64]float64
	}{
		{3600 + 7200, map[int64]float64{noon + 60: 1, noon + 3600: 1, noon + 7200: 1}},
		{10 * 86400, map[int64]float64{noon + 3600: 1}},
	} {
		l, table := NewLedger(o), NewTable(o)
		now := noon + c.age
		l.Advance(now, math.MinInt64, true)
		table.Begin(1, time.Unix(now, 0))
		for _, when := range []int64{noon, noon + 60, noon + 3600, noon + 7200, noon + 7200 + 60} {
			table.Add(record(when, 200, 1))
		}
		out := l.Merge(table)
		if n := int64(len(c.want)); out.Counted != n || out.Refused.Outside != 5-n {
			t.Errorf("age %d: outcome %+v", c.age, out)
		}
		l.Flush()
		got := make(map[int64]float64)
		for p := range l.Changed() {
			got[p.Time] = p.Value
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("age %d: %v, want %v", c.age, got, c.want)
		}
	}
}

func TestPlausible(t *testing.T) {
	read := time.Unix(noon, 0)
	for when, want := range map[int64]bool{earliest - 1: false, earliest: true, noon + maxAhead: true, noon + maxAhead + 1: false} {
		if Plausible(when, read) != want {
			t.Errorf("%d is plausible: %v", when, !want)
		}
	}
}

func TestTimesThatAreRefusedFirst(t *testing.T) {
	table := NewTable(options(t))
	table.Begin(0, time.Unix(noon, 0))
	table.Add(record(30, 200, 1))
	table.Add(record(-1<<62, 200, 1))
	if table.refused.Ancient != 2 || len(table.rows) != 0 {
		t.Errorf("refused %+v, rows %v", table.refused, table.rows)
	}
}

func TestLateWithinOneBatch(t *testing.T) {
	o := options(t)
	table := NewTable(o)
	table.Begin(0, time.Unix(noon+3600, 0))
	table.Add(record(noon, 200, 1))
	table.Add(record(noon+60+600, 200, 1)) // noon's bucket ended exactly the lateness ago: not yet late
	table.Add(record(noon+1, 200, 1))
	table.Add(record(noon+60+601, 200, 1))
	table.Add(record(noon+2, 200, 1)) // late by a second
	out := NewLedger(o).Merge(table)
	if out.Counted != 4 || out.Late != 1 {
		t.Errorf("outcome %+v, want 4 counted and 1 late", out)
	}
}

func TestSelect(t *testing.T) {
	all := apachelog.Time | apachelog.Status | apachelog.Bytes
	for _, c := range []struct {
		names    []string
		provided apachelog.Field
		width    int
		wrong    string
	}{
		{nil, all, 7, ""},
		{nil, apachelog.Time, 1, ""},
		{[]string{"status"}, all, 6, ""},
		{[]string{"bytes"}, apachelog.Time, 0, "bytes needs %O, %B or %b in the format"},
		{[]string{"byte"}, all, 0, `unknown metric "byte"; known are bytes, requests, status, bytes_in, duration`},
	} {
		s, err := Select(c.names, c.provided)
		switch {
		case c.wrong != "" && (err == nil || err.Error() != c.wrong):
			t.Errorf("Select(%v): error %v, want %s", c.names, err, c.wrong)
		case c.wrong == "" && (err != nil || s.width() != c.width):
			t.Errorf("Select(%v): width %d, error %v; want width %d", c.names, s.width(), err, c.width)
		}
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	table := NewTable(options(t))
	rec := record(noon, 200, 1)
	fill := func() {
		table.Begin(0, time.Unix(noon+7200, 0))
		for i := range int64(100) {
			rec.Time = noon + i*37%3600
			table.Add(rec)
		}
	}
	fill() // the first batch makes room
	if n := testing.AllocsPerRun(100, fill); n != 0 {
		t.Errorf("%v allocations a batch, want none", n)
	}
}

// BenchmarkTableAdd shows the cost of one line: ns/op is for one Add.
func BenchmarkTableAdd(b *testing.B) {
	for _, c := range []struct {
		name   string
		spread int64 // seconds over which the times swing
	}{{"one bucket", 50}, {"two buckets", 90}, {"an hour", 3600}} {
		b.Run(c.name, func(b *testing.B) {
			table := NewTable(options(b))
			rec := record(noon, 200, 5120)
			table.Begin(0, time.Unix(noon+7200, 0))
			b.ReportAllocs()
			i := int64(0)
			for b.Loop() {
				rec.Time = noon + i*59%c.spread
				table.Add(rec)
				i++
			}
		})
	}
}

// BenchmarkMerge shows what a batch costs beyond its lines.
func BenchmarkMerge(b *testing.B) {
	o := options(b)
	table, ledger := NewTable(o), NewLedger(o)
	table.Begin(0, time.Unix(noon, 0))
	table.Add(record(noon, 200, 1))
	table.Add(record(noon+60, 200, 1))
	b.ReportAllocs()
	for b.Loop() {
		ledger.Merge(table)
	}
}
