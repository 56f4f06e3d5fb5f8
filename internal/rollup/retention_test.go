package rollup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/retention"
)

// A whisper is one file as Graphite's whisper keeps it, for a rule that sums
// with an xFilesFactor of 0: a point goes into the finest archive that covers
// its age, and every coarser archive is summed anew from the next finer one.
type whisper struct {
	list  retention.List
	cells []map[int64]float64 // of each archive, by start
}

func newWhisper(list retention.List) *whisper {
	w := &whisper{list: list}
	for range list {
		w.cells = append(w.cells, make(map[int64]float64))
	}
	return w
}

func (w *whisper) write(when int64, value float64, now int64) {
	for i, a := range w.list {
		if now-when >= a.Span {
			continue
		}
		w.cells[i][when-when%a.Step] = value
		for j := i + 1; j < len(w.list); j++ {
			fine, coarse := w.list[j-1], w.list[j]
			begin, sum := when-when%coarse.Step, 0.0
			for s := begin; s < begin+coarse.Step; s += fine.Step {
				if now-s < fine.Span { // older ones may be overwritten already
					sum += w.cells[j-1][s]
				}
			}
			w.cells[j][begin] = sum
		}
		return
	}
}

// TestRetentions feeds lines of all ages in one backlog, goes on live, and
// stops for minutes to weeks on the way. What Graphite then holds at the step
// of each archive is the sum of the lines that were counted.
func TestRetentions(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for range 400 {
		seed++
		if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { retentions(t, rand.New(rand.NewPCG(seed, 0))) }) {
			return
		}
	}
}

// history is one run of TestRetentions.
type history struct {
	t      *testing.T
	rnd    *rand.Rand
	o      Options
	l      *Ledger
	w      *whisper
	now    int64
	clock  int64
	truth  map[int64]float64 // by minute
	lost   Outcome
	untold int64
}

func retentions(t *testing.T, rnd *rand.Rand) {
	list := retention.List{{Step: 60, Span: 12 * 3600}, {Step: 300, Span: 4 * 86400}, {Step: 3600, Span: 40 * 86400}}
	if rnd.IntN(3) == 0 { // a step that is longer than what is remembered
		list[2].Step = 86400
	}
	o := options(t, "requests")
	if rnd.IntN(3) == 0 { // late lines come past the edge of the finest archive
		o.Lateness = 14 * time.Hour
	}
	o.Retentions = func(string) retention.List { return list }
	h := &history{t: t, rnd: rnd, o: o, l: NewLedger(o), w: newWhisper(list), now: noon + rnd.Int64N(86400), truth: make(map[int64]float64)}
	h.pass(0, true)
	h.backlog(h.now-45*86400, 4000)
	for range rnd.IntN(4) {
		stop := []int64{60, 3600, 11 * 3600, 13 * 3600, 5 * 86400}[rnd.IntN(5)]
		from := h.now
		h.now += stop
		h.restart()
		h.pass(0, true)
		h.backlog(from, 500)
		h.live(2 * 3600)
	}
	// What is too old for one step and too young for the next waits.
	for range 40 {
		h.pass(60, false)
	}
	h.l.Flush()
	h.give()
	h.check()
}

// pass lets seconds go by, and takes what is due.
func (h *history) pass(seconds int64, behind bool) {
	h.now += seconds
	low := h.now
	if behind {
		low = h.clock
	}
	h.l.Advance(h.now, low, behind)
	h.give()
}

func (h *history) give() {
	for p := range h.l.Changed() {
		// It waits in the cache before its age is judged.
		h.w.write(p.Time, p.Value, h.now+h.rnd.Int64N(1200))
	}
}

func (h *history) line(when int64) {
	out := lines1(h.l, h.o, when, h.now)
	h.lost.Late += out.Late
	h.lost.TooOld += out.TooOld
	if out.Counted == 1 {
		h.truth[when-when%60]++
	}
	h.clock = max(h.clock, when)
}

func lines1(l *Ledger, o Options, when, now int64) Outcome {
	table := NewTable(o)
	table.Begin(0, time.Unix(now, 0))
	table.Add(record(when, 200, 10))
	return l.Merge(table)
}

// backlog reads lines of the time since then, slowly enough for the edges to
// move, and out of order within the lateness.
func (h *history) backlog(since int64, n int) {
	var times []int64
	for range n {
		age := h.rnd.Int64N(h.now - since)
		if h.rnd.IntN(2) == 0 { // mostly near the edges, where it matters
			edge := h.o.Retentions("")[h.rnd.IntN(3)].Span
			age = min(max(0, edge-5400+h.rnd.Int64N(7200)), h.now-since)
		}
		times = append(times, h.now-age)
	}
	slices.Sort(times)
	for i, when := range times {
		h.line(when - h.rnd.Int64N(int64(h.o.Lateness/time.Second)))
		if i%50 == 49 {
			h.pass(h.rnd.Int64N(90), true)
			if h.rnd.IntN(40) == 0 {
				h.restart()
				h.pass(0, true)
			}
		}
	}
	h.pass(1, false)
}

func (h *history) live(seconds int64) {
	for end := h.now + seconds; h.now < end; h.pass(h.rnd.Int64N(40), false) {
		h.line(h.now - h.rnd.Int64N(int64(h.o.Lateness/time.Second)))
	}
}

func (h *history) restart() {
	s := h.l.Snapshot()
	h.untold += h.l.Untold()
	h.l = NewLedger(h.o)
	if err := h.l.Restore(s); err != nil {
		h.t.Fatal(err)
	}
}

// check compares every cell that is well inside its archive.
func (h *history) check() {
	list := h.w.list
	missing := 0.0
	for i, a := range list {
		margin := int64(3 * 3600)
		if i+1 < len(list) {
			margin += 3 * list[i+1].Step
		}
		want := make(map[int64]float64)
		for start, n := range h.truth {
			want[start-start%a.Step] += n
		}
		for start, n := range want {
			got := h.w.cells[i][start]
			age := h.now - start
			if age >= a.Span-margin || got == n {
				continue
			}
			if missing += n - got; got > n || missing > float64(h.untold+h.l.Untold()) {
				h.t.Errorf("archive %d: %v at an age of %d s, want %v", i, got, age, n)
			}
		}
	}
	if h.t.Failed() {
		h.t.Logf("%d minutes, %+v", len(h.truth), h.lost)
	}
}
