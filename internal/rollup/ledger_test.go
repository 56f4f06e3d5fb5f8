package rollup

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// lines adds n lines of the given times to a ledger as one batch.
func lines(l *Ledger, o Options, source int, times ...int64) Outcome {
	table := NewTable(o)
	table.Begin(source, time.Unix(noon+48*3600, 0))
	for _, when := range times {
		table.Add(record(when, 200, 10))
	}
	return l.Merge(table)
}

func taken(l *Ledger) []string {
	var all []string
	for p := range l.Changed() {
		all = append(all, fmt.Sprintf("%s@%d=%v", p.Series[len("apache.web1."):], p.Time-noon, p.Value))
	}
	return all
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: gave %v, want %v", what, got, want)
	}
}

func TestLiveBucketIsSentAtItsEndAndAmended(t *testing.T) {
	o := options(t, "requests")
	l := NewLedger(o)
	lines(l, o, 0, noon+1, noon+2)
	l.Advance(noon+59, noon+59, false)
	expect(t, "before its end", taken(l))
	l.Advance(noon+60, noon+60, false)
	expect(t, "at its end", taken(l), "requests.count@0=2")
	l.Advance(noon+61, noon+61, false)
	expect(t, "unchanged", taken(l))

	lines(l, o, 0, noon+3)
	l.Advance(noon+62, noon+62, false)
	expect(t, "changed a moment ago", taken(l))
	l.Advance(noon+60+amendEvery, noon+60+amendEvery, false)
	expect(t, "amended", taken(l), "requests.count@0=3")

	// The last second in which the bucket takes a line, and the first in
	// which it does not.
	lines(l, o, 0, noon+4)
	l.Advance(noon+60+600, noon+60+600, false)
	expect(t, "amended again", taken(l), "requests.count@0=4")
	if out := lines(l, o, 0, noon+5); out.Counted != 1 {
		t.Errorf("at the lateness: %+v", out)
	}
	l.Advance(noon+60+601, noon+60+601, false)
	expect(t, "closing", taken(l), "requests.count@0=5")
	if out := lines(l, o, 0, noon+6); out.Late != 1 || out.Counted != 0 {
		t.Errorf("after it closed: %+v", out)
	}
	l.Flush()
	expect(t, "forgotten", taken(l))
	if l.Open() != 0 {
		t.Errorf("%d buckets are still in memory", l.Open())
	}
}

func TestDelayedBucketIsSentWholeAndOnce(t *testing.T) {
	o := options(t, "requests")
	o.Delay = 25 * time.Second
	l := NewLedger(o)
	lines(l, o, 0, noon+1, noon+2)
	l.Advance(noon+84, noon+84, false)
	expect(t, "ended 24 s ago", taken(l))
	lines(l, o, 0, noon+3)
	l.Advance(noon+85, noon+85, false)
	expect(t, "ended 25 s ago", taken(l), "requests.count@0=3")
	lines(l, o, 0, noon+4)
	l.Advance(noon+100, noon+100, false)
	expect(t, "amended without another delay", taken(l), "requests.count@0=4")
}

func TestCatchingUpSendsClosedBucketsOnly(t *testing.T) {
	o := options(t, "requests")
	l := NewLedger(o)
	now := noon + 86400
	lines(l, o, 0, noon, noon+60, noon+700)
	l.Advance(now, noon+700, true)
	expect(t, "closed by the file's own clock", taken(l), "requests.count@0=1")
	l.Advance(now, noon+700, true)
	expect(t, "nothing new", taken(l))
	l.Advance(now+1, now+1, false)
	expect(t, "caught up", taken(l), "requests.count@60=1", "requests.count@660=1")
}

func TestBehindAgainLaterStillSendsEndedBuckets(t *testing.T) {
	o := options(t, "requests")
	l := NewLedger(o)
	l.Advance(noon, noon, false)
	lines(l, o, 0, noon+1, noon+70)
	l.Advance(noon+90, noon+70, true)
	expect(t, "ended for the file behind", taken(l), "requests.count@0=1")
}

func TestClockSetBackDoesNotHoldAnAmendedBucket(t *testing.T) {
	o := options(t, "requests")
	l := NewLedger(o)
	lines(l, o, 0, noon+1)
	l.Advance(noon+100, noon+100, false)
	expect(t, "first", taken(l), "requests.count@0=1")
	lines(l, o, 0, noon+2)
	l.Advance(noon+70, noon+70, false)
	expect(t, "after the clock went back", taken(l), "requests.count@0=2")
}

func TestCloseBeforeTheStart(t *testing.T) {
	o := options(t, "requests")
	l := NewLedger(o)
	l.CloseBefore(noon)
	if out := lines(l, o, 0, noon-1, noon); out.Late != 1 || out.Counted != 1 {
		t.Errorf("outcome %+v", out)
	}
}

func TestChangedLeftEarlyGivesTheBucketAgainWhole(t *testing.T) {
	o := options(t, "bytes", "requests")
	l := NewLedger(o)
	lines(l, o, 0, noon)
	l.Flush()
	for range l.Changed() {
		break
	}
	expect(t, "again", taken(l), "bytes.count@0=10", "requests.count@0=1")
}

// TestAgainstTheContract compares tables, merging and closing with the rules
// told line by line, for random lines of several files in random cuts.
func TestAgainstTheContract(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for range 300 {
		seed++
		if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { contract(t, seed) }) {
			return
		}
	}
}

// teller is the contract, section 4, told one line at a time.
type teller struct {
	interval, lateness int64
	clock              map[int]int64
	closed             int64
	sums               map[int64]float64
	counted, late      int64
}

func (w *teller) line(source int, when int64) {
	w.clock[source] = max(w.clock[source], when)
	start := when / w.interval * w.interval
	if start+w.interval+w.lateness < w.clock[source] || start < w.closed {
		w.late++
		return
	}
	w.counted++
	w.sums[start]++
}

func (w *teller) close(low int64) {
	for start := low - low%w.interval; ; start -= w.interval {
		if start+w.interval+w.lateness < low {
			w.closed = max(w.closed, start+w.interval)
			return
		}
	}
}

func contract(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	o := options(t, "requests")
	o.Interval = time.Duration(1+rnd.IntN(120)) * time.Second
	o.Lateness = time.Duration(rnd.IntN(900)) * time.Second
	l, table := NewLedger(o), NewTable(o)
	want := &teller{interval: o.interval(), lateness: o.lateness(), clock: map[int]int64{}, sums: map[int64]float64{}}
	got := map[int64]float64{}
	var counted, late int64
	files := 1 + rnd.IntN(4)
	at := make([]int64, files)
	for i := range at {
		at[i] = noon + rnd.Int64N(2000)
	}
	for range 60 {
		// The file whose clock is lowest is read next, as the follower does.
		source := slices.Index(at, slices.Min(at))
		table.Begin(source, time.Unix(noon+1e6, 0))
		for range 1 + rnd.IntN(40) {
			at[source] += rnd.Int64N(30)
			when := at[source] - rnd.Int64N(2)*rnd.Int64N(1+2*o.lateness())
			table.Add(record(when, 200, 1))
			want.line(source, when)
		}
		out := l.Merge(table)
		counted, late = counted+out.Counted, late+out.Late
		if rnd.IntN(3) == 0 {
			low := lowest(l, files)
			l.Advance(noon+1e6, low, true)
			want.close(low)
			keep(got, l)
		}
	}
	l.Flush()
	keep(got, l)
	if counted != want.counted || late != want.late {
		t.Errorf("counted %d, late %d; want %d and %d", counted, late, want.counted, want.late)
	}
	if !maps.Equal(got, want.sums) {
		t.Errorf("buckets differ:\n got %v\nwant %v", got, want.sums)
	}
}

func lowest(l *Ledger, files int) int64 {
	low, _ := l.Clock(0)
	for source := range files {
		clock, _ := l.Clock(source)
		low = min(low, clock)
	}
	return low
}

func keep(got map[int64]float64, l *Ledger) {
	for p := range l.Changed() {
		got[p.Time] = p.Value
	}
}

func TestSnapshotGoesOnAsIfNothingHadHappened(t *testing.T) {
	o := options(t, "bytes", "requests")
	l := NewLedger(o)
	l.Advance(noon, noon, false)
	lines(l, o, 3, noon-700, noon-1, noon+1)
	l.Advance(noon+1, noon+1, false)
	taken(l)
	state := l.Snapshot()
	lines(l, o, 3, noon+2) // not in the snapshot
	state.Clocks[3]--      // nor is it changed by its owner
	state.Clocks[3]++

	again := NewLedger(o)
	if err := again.Restore(state); err != nil {
		t.Fatal(err)
	}
	if clock, ok := again.Clock(3); !ok || clock != noon+1 {
		t.Errorf("clock %d, %v", clock, ok)
	}
	if out := lines(again, o, 3, noon-700); out.Late != 1 {
		t.Errorf("a closed bucket was begun again: %+v", out)
	}
	lines(again, o, 3, noon+2)
	again.Advance(noon+60, noon+60, true)
	expect(t, "before it has caught up", taken(again))
	again.Advance(noon+60, noon+60, false)
	expect(t, "caught up", taken(again),
		"bytes.count@-60=10", "requests.count@-60=1", "bytes.count@0=20", "requests.count@0=2")

	if err := NewLedger(options(t)).Restore(state); err == nil {
		t.Error("a snapshot of other metrics was taken")
	}
}

func TestBucketsOfAnotherProcessAreLeftAlone(t *testing.T) {
	o := options(t, "requests")
	l := NewLedger(o)
	l.LeaveFrom(noon + 30) // inside a bucket: the whole of it is left
	if out := lines(l, o, 0, noon-1, noon, noon+60); out.Counted != 1 || out.Left != 2 || out.Late != 0 {
		t.Errorf("outcome %+v", out)
	}
	l.Flush()
	expect(t, "what is ours", taken(l), "requests.count@-60=1")
	l.LeaveFrom(math.MinInt64)
	if out := lines(l, o, 0, noon-7000); out.Left+out.Late != 1 {
		t.Errorf("outcome %+v", out)
	}
}
