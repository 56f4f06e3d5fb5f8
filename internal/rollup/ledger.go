package rollup

import (
	"iter"
	"maps"
	"math"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// amendEvery is the shortest time in seconds between two deliveries of one
// bucket that late lines keep changing. go-carbon keeps every copy of a point
// in its cache until it is written, so a copy a second would be unkind.
const amendEvery = 10

// A Ledger keeps the buckets of all sources from the first line until they
// close, and gives their points out. It is for one goroutine.
//
// A bucket is due when it has ended for every source, Options.Delay ago, and closed when no line
// that could still belong to it is to come. What is closed is forgotten once
// it has been given out, and is never begun again: a line for it is late.
type Ledger struct {
	interval int64
	lateness int64
	o        Options
	classes  []*class
	of       map[string]*class // by series
	root     *group
	groups   []*group // that have had lines, by number
	told     int      // series that have been given out
	looked   int64    // Ledger.closed when groups were last looked at for idle ones
	room     admission
	seats    seats // nil as long as there may be room

	clocks  map[int]int64 // newest log time read so far from each source
	closed  int64         // every bucket that starts before this is closed
	leave   int64         // every bucket that starts at or after this is somebody else's
	trusted int64         // no bucket closes by a time after this

	now     int64 // of the last Advance
	due     int64 // buckets that end at or before this are due
	flushed bool
	whole   bool // every source has been read to an end once
}

// Outcome says what became of the lines of one table.
type Outcome struct {
	Counted int64
	Late    int64
	TooOld  int64 // older than everything that Graphite keeps
	Other   int64 // of these counted, in a group for values that there is no room for
	Left    int64 // belong to a bucket that is left alone
	LeftOut int64 // by Table.LeaveOut
	Refused Refused

	// Oldest and Newest are the times of lines that were not refused; where
	// there is none, Oldest is the later one.
	Oldest, Newest int64
}

// NewLedger returns a ledger without buckets.
func NewLedger(o Options) *Ledger {
	l := &Ledger{
		o:        o,
		interval: o.interval(),
		lateness: o.lateness(),
		of:       make(map[string]*class),
		root:     &group{},
		room:     admission{limit: o.MaxSeries, width: len(o.Metrics.slots("")) * max(1, o.Routes)},
		clocks:   make(map[int]int64),
		looked:   earliest,
		closed:   math.MinInt64,
		leave:    math.MaxInt64,
		trusted:  math.MaxInt64,
		due:      math.MinInt64,
	}
	if o.Levels > 0 {
		l.room.room() // of the values that there is no more room for
	}
	return l
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
	out := Outcome{Late: t.late, LeftOut: t.leftOut, Refused: t.refused, Oldest: t.oldest, Newest: t.newest}
	clock := l.clocks[t.source]
	t.End()
	for i, r := range t.rows {
		sums := t.sums[r.at : r.at+t.width]
		if r.start < l.closed || r.start+l.interval+l.lateness < clock {
			out.Late += sums[0]
			continue
		}
		if r.start >= l.leave {
			out.Left += sums[0]
			continue
		}
		v := t.leaves[r.group].value
		g := l.groupOf(v)
		var took histogram
		if t.timed {
			took = t.spans[i]
		}
		place := l.place(g, r.start, sums, took)
		out.add(place, sums[0])
		if v.diverted && place == counts {
			out.Other += sums[0]
		}
	}
	if t.newest > clock {
		l.clocks[t.source] = t.newest
	}
	t.seats = l.seats
	return out
}

// place adds the sums of one row to the buckets of its group, and says what
// became of its lines. They count if any part of the group takes them.
func (l *Ledger) place(g *group, start int64, row []int64, took histogram) place {
	l.begin(g)
	result := counts
	for i := range g.parts {
		part := &g.parts[i]
		begin, step, p := part.class.find(start, l.leave)
		if p == counts {
			part.class.add(begin, step, g.number, part, row, took)
		}
		if i == 0 || p == counts {
			result = p
		}
	}
	return result
}

func (o *Outcome) add(p place, lines int64) {
	switch p {
	case counts:
		o.Counted += lines
	case late:
		o.Late += lines
	case tooOld:
		o.TooOld += lines
	case leaveAlone:
		o.Left += lines
	case outside:
		o.Refused.Outside += lines
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
	l.due = max(low, earliest) - int64(l.o.Delay/time.Second)
	for _, c := range l.classes {
		c.turn(now)
	}
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
		for _, c := range l.classes {
			for p := range c.points(l) {
				if !yield(p) {
					return
				}
			}
		}
		l.dropIdle()
	}
}

// Since yields the points of every bucket that begins at the given time or later
// as they stand now, due or not. It changes nothing.
func (l *Ledger) Since(when int64) iter.Seq[point.Point] {
	return func(yield func(point.Point) bool) {
		for _, c := range l.classes {
			if !c.present(l, when, yield) {
				return
			}
		}
	}
}

// isDue says whether a bucket may be given out.
func (l *Ledger) isDue(start, step int64) bool {
	return l.flushed || start+step <= l.closed || l.whole && start+step <= l.due
}

// isRested says whether a row that was given out may be given out again.
func (l *Ledger) isRested(r *account, end int64) bool {
	// A clock that was set back must not hold an amended bucket.
	return l.flushed || end <= l.closed || r.given == 0 || l.now >= r.given+amendEvery || l.now < r.given
}

// End returns the end of the newest bucket that was ever begun or closed.
func (l *Ledger) End() int64 {
	end := l.closed
	for _, c := range l.classes {
		for start, b := range c.buckets {
			end = max(end, start+b.step)
		}
	}
	return end
}

// Open returns the number of buckets in memory.
func (l *Ledger) Open() int {
	n := 0
	for _, c := range l.classes {
		n += len(c.buckets)
	}
	return n
}

// Series returns how many series have been given out.
func (l *Ledger) Series() int { return l.told }

// Untold returns how many lines were counted in buckets that could not be sent
// any more: Carbon keeps longer steps at their age, and a part of the longer
// step they belong to has been forgotten, so that its whole is not known. It is
// never more than was counted, and may include lines that were sent before.
func (l *Ledger) Untold() int64 {
	n := int64(0)
	for _, c := range l.classes {
		n = max(n, c.untold)
	}
	return n
}

// IsOpen says whether the total of a series for the bucket that begins at the
// given time may still change.
func (l *Ledger) IsOpen(series string, start int64) bool {
	if start >= l.closed {
		return true
	}
	c := l.of[series]
	return c != nil && c.buckets[start] != nil && start+c.buckets[start].step > l.closed
}
