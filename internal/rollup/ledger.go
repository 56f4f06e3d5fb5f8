package rollup

import (
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/logfeed/logfeed/internal/point"
)

// amendEvery is the shortest time in seconds between two deliveries of one
// bucket that late lines keep changing. go-carbon keeps every copy of a point
// in its cache until it is written, so a copy a second would be unkind.
const amendEvery = 10

// A Ledger keeps the buckets of all sources from the first line until they
// close, and gives their points out. It is for one goroutine.
//
// A bucket is due when it has ended for every source, and closed when no line
// that could still belong to it is to come. What is closed is forgotten once
// it has been given out, and is never begun again: a line for it is late.
type Ledger struct {
	interval int64
	lateness int64
	slots    []slot

	clocks  map[int]int64 // newest log time read so far from each source
	buckets map[int64]*bucket
	closed  int64 // every bucket that starts before this is closed
	leave   int64 // every bucket that starts at or after this is somebody else's
	trusted int64 // no bucket closes by a time after this

	now     int64 // of the last Advance
	due     int64 // buckets that end at or before this are due
	flushed bool
	whole   bool // every source has been read to an end once
}

// bucket is the sums of all sources for one interval.
type bucket struct {
	sums    []int64
	changed bool
	given   int64 // when it was last given out, by Ledger.now; 0 is never
}

// Outcome says what became of the lines of one table.
type Outcome struct {
	Counted int64
	Late    int64
	Left    int64 // belong to a bucket that is left alone
	Refused Refused
}

// NewLedger returns a ledger without buckets.
func NewLedger(o Options) *Ledger {
	return &Ledger{
		interval: o.interval(),
		lateness: o.lateness(),
		slots:    o.Metrics.slots(o.Prefix),
		clocks:   make(map[int]int64),
		buckets:  make(map[int64]*bucket),
		closed:   math.MinInt64,
		leave:    math.MaxInt64,
		trusted:  math.MaxInt64,
		due:      math.MinInt64,
	}
}

// CloseBefore closes every bucket that starts before the given time.
func (l *Ledger) CloseBefore(when int64) { l.closed = max(l.closed, when) }

// CloseUpTo holds the closing of buckets back to the given time, whatever
// Advance says after it.
func (l *Ledger) CloseUpTo(when int64) { l.trusted = when }

// Closed returns the time before which every bucket is closed.
func (l *Ledger) Closed() int64 { return l.closed }

// LeaveFrom leaves alone every bucket that ends after the given time, because
// another process writes it.
func (l *Ledger) LeaveFrom(when int64) {
	l.leave = when
	if when > earliest {
		l.leave = when - when%l.interval
	}
}

// Clock returns the newest log time read so far from a source. It is not known
// of a source that has brought nothing yet, or nothing for long.
func (l *Ledger) Clock(source int) (unix int64, ok bool) {
	unix, ok = l.clocks[source]
	return unix, ok
}

// Merge adds the sums of one table. Tables of one source must come in the
// order of its bytes, because which line is late depends on the lines before.
func (l *Ledger) Merge(t *Table) Outcome {
	out := Outcome{Late: t.late, Refused: t.refused}
	clock := l.clocks[t.source]
	for _, r := range t.rows {
		sums := t.sums[r.at : r.at+t.width]
		if r.start < l.closed || r.start+l.interval+l.lateness < clock {
			out.Late += sums[0]
			continue
		}
		if r.start >= l.leave {
			out.Left += sums[0]
			continue
		}
		out.Counted += sums[0]
		l.add(r.start, sums)
	}
	if t.newest > clock {
		l.clocks[t.source] = t.newest
	}
	return out
}

func (l *Ledger) add(start int64, sums []int64) {
	b := l.buckets[start]
	if b == nil {
		b = &bucket{sums: make([]int64, len(sums))}
		l.buckets[start] = b
	}
	b.changed = true
	for i, n := range sums {
		b.sums[i] = addSaturating(b.sums[i], n)
	}
}

// Advance says how far reading has come. No line older than low by more than
// the lateness is still to come from any source; now is the time on the wall;
// behind says that some source has not been read to its end. The first time
// that nothing is behind, ended buckets become due as well as closed ones:
// until then their totals may be older than what an earlier run has sent.
func (l *Ledger) Advance(now, low int64, behind bool) {
	l.now = now
	l.whole = l.whole || !behind
	l.due = low
	if low < earliest {
		return
	}
	// The first bucket that stays open is the first whose end, and the
	// lateness after it, has not passed yet.
	open := min(low, l.trusted) - l.lateness - l.interval
	if rest := open % l.interval; rest != 0 {
		open += l.interval - rest
	}
	if open > l.closed {
		l.CloseBefore(open)
		l.dropClocks()
	}
}

// dropClocks forgets the clocks that are too old to make any line late: every
// bucket that they could refuse is closed.
func (l *Ledger) dropClocks() {
	maps.DeleteFunc(l.clocks, func(_ int, clock int64) bool { return clock <= l.closed })
}

// Flush makes every bucket due, whether it has ended or not.
func (l *Ledger) Flush() { l.flushed = true }

// Changed yields the points of every bucket that is due and has changed since
// it was last given out, oldest bucket first, always whole. A bucket counts as
// given out when its last point has been taken; the series names are shared,
// not copied. Closed buckets leave memory on the way.
func (l *Ledger) Changed() iter.Seq[point.Point] {
	return func(yield func(point.Point) bool) {
		for _, start := range slices.Sorted(maps.Keys(l.buckets)) {
			b := l.buckets[start]
			if b.changed && l.isDue(start, b) {
				if !l.yieldBucket(start, b, yield) {
					return
				}
				b.changed, b.given = false, l.now
			}
			if start < l.closed && !b.changed {
				delete(l.buckets, start)
			}
		}
	}
}

func (l *Ledger) isDue(start int64, b *bucket) bool {
	switch {
	case l.flushed || start < l.closed:
		return true
	case !l.whole || start+l.interval > l.due:
		return false
	default:
		// A clock that was set back must not hold an amended bucket.
		return b.given == 0 || l.now >= b.given+amendEvery || l.now < b.given
	}
}

func (l *Ledger) yieldBucket(start int64, b *bucket, yield func(point.Point) bool) bool {
	for i, s := range l.slots {
		value := b.sums[i+1]
		if value == 0 && s.sparse {
			continue
		}
		if !yield(point.Point{Series: s.series, Value: float64(value), Time: start}) {
			return false
		}
	}
	return true
}

// End returns the end of the newest bucket that was ever begun or closed.
func (l *Ledger) End() int64 {
	end := l.closed
	for start := range l.buckets {
		end = max(end, start+l.interval)
	}
	return end
}

// Open returns the number of buckets in memory.
func (l *Ledger) Open() int { return len(l.buckets) }
