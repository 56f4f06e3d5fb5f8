package rollup

import (
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/retention"
)

// A class is the series that Graphite keeps at the same steps. They share
// their buckets.
type class struct {
	interval int64
	width    int   // sums of a row
	since    int64 // of the bounds of time
	until    int64

	list  retention.List // nil: a line counts in a bucket of the interval, however old it is
	grid  retention.Grid // the steps by age, as of the last turn
	moved bool           // there is a grid

	buckets map[int64]*bucket // by start
	order   []uint64          // reused: the rows of a bucket, sorted
	// held are the steps that are due to be coarse by their age, but of which
	// points went out in a finer step while they were younger. They stay fine
	// until their finer archive has ended for certain: a coarse total sent
	// before would be summed up with them.
	held map[int64]int64 // start of the coarse step: the step that it keeps
	gone int64           // end of the newest bucket that has left memory

	zeros *zeros // nil: none are told

	untold int64 // lines of buckets that can be sent in no step any more
}

// classOf returns the class of a series.
func (l *Ledger) classOf(series string) *class {
	var list retention.List
	if l.o.Retentions != nil {
		list = l.o.Retentions(series)
	}
	for _, c := range l.classes {
		if slices.Equal(c.list, list) {
			return c
		}
	}
	c := &class{
		interval: l.interval, width: l.o.Metrics.width(), since: l.o.Since, until: l.o.until(),
		list: list, buckets: make(map[int64]*bucket), held: make(map[int64]int64), gone: math.MinInt64,
	}
	if l.o.ZeroFill {
		c.zeros = newZeros()
	}
	c.turn(l.now)
	l.classes = append(l.classes, c)
	return c
}

// keepLimit is the longest step that is remembered as a whole after its parts
// have closed. It bounds memory; whoever stops for longer than a finer archive
// reaches gets no total of a longer step than this out of parts.
const keepLimit = 3600

// keep is the time, in seconds, to whose multiples closed buckets are kept: as
// long as its coarser step may be needed as a whole, so are its parts.
func (c *class) keep() int64 {
	keep := c.interval
	for _, a := range c.list {
		if a.Step <= keepLimit {
			keep = max(keep, a.Step)
		}
	}
	return keep
}

// A place says where a row of a table belongs.
type place int

const (
	counts place = iota
	late
	tooOld
	leaveAlone
	outside
)

// find says which bucket takes the lines of the interval that begins at start.
// Lines before leave are ours.
func (c *class) find(start, leave int64) (begin, step int64, p place) {
	begin, step, ok := c.stepOf(start)
	if !ok {
		return 0, 0, tooOld
	}
	if c.partly(begin, step) {
		return 0, 0, outside
	}
	if step > c.interval && begin+step > leave {
		return 0, 0, leaveAlone
	}
	if step > c.interval && begin < c.gone && c.buckets[begin] == nil {
		// A part of it was sent and forgotten: the rest is not the whole.
		return 0, 0, late
	}
	return begin, step, counts
}

// stepOf returns the step that the interval at start belongs to; ok is false if
// Graphite keeps nothing as old.
func (c *class) stepOf(start int64) (begin, step int64, ok bool) {
	if !c.moved {
		return start, c.interval, true
	}
	if step, ok = c.grid.Step(start); !ok {
		return start, c.interval, false
	}
	begin = start - start%step
	if fine, held := c.held[begin]; held {
		begin, step = start-start%fine, fine
	}
	return begin, step, true
}

// partly says whether only a part of a step lies inside the bounds of time.
func (c *class) partly(begin, step int64) bool { return begin < c.since || begin+step > c.until }

// span is how far the archive of the given step reaches back.
func (c *class) span(step int64) int64 {
	for _, a := range c.list {
		if a.Step == step {
			return a.Span
		}
	}
	return 0
}

// add adds the sums of one row of a table to the bucket at begin.
func (c *class) add(begin, step int64, group uint32, p *part, row []int64, took histogram) {
	b := c.buckets[begin]
	if b == nil {
		b = newBucket(step, c.width, c.buckets[begin-step])
		c.buckets[begin] = b
	}
	i := b.row(group)
	b.changed, b.rows[i].changed = true, true
	if !p.timed {
		took = histogram{}
	}
	b.add(i, row, took)
}

// turn brings the buckets to the steps that suit their age at now.
func (c *class) turn(now int64) {
	if len(c.list) == 0 {
		return
	}
	c.grid, c.moved = c.list.At(now), true
	due := make(map[int64][]int64) // start of a coarse step: its parts
	for start, b := range c.buckets {
		step, ok := c.grid.Step(start)
		if !ok || step <= b.step {
			continue
		}
		begin := start - start%step
		due[begin] = append(due[begin], start)
	}
	clear(c.held)
	for begin, parts := range due {
		step, _ := c.grid.Step(begin)
		if fine, given := c.given(parts); given && begin > now-c.span(fine) {
			c.held[begin] = fine
			continue
		}
		c.coarsen(begin, step, parts)
	}
}

// cacheTime is how long a point may wait in Carbon's cache before its age is
// judged, in seconds.
const cacheTime = 1800

// waits says whether a bucket of a held step is too old to be told as it is,
// and not old enough for the whole of the coarse step.
func (c *class) waits(start, now int64) bool {
	if len(c.held) == 0 {
		return false
	}
	coarse, _ := c.grid.Step(start)
	fine, held := c.held[start-start%coarse]
	return held && start-start%coarse < now-c.span(fine)+cacheTime
}

// given says whether anything of the buckets has been given out, and their step.
func (c *class) given(starts []int64) (step int64, given bool) {
	for _, start := range starts {
		b := c.buckets[start]
		step = b.step
		for _, r := range b.rows {
			given = given || r.given != 0
		}
	}
	return step, given
}

// coarsen puts one bucket in the place of its parts. Where a part has left
// memory, or lies outside the bounds of time, there is no whole, and what is
// left is not sent over it.
func (c *class) coarsen(begin, step int64, parts []int64) {
	whole := newBucket(step, c.width, c.buckets[parts[0]])
	for _, start := range parts {
		whole.merge(c.buckets[start])
		delete(c.buckets, start)
	}
	if begin >= c.gone && !c.partly(begin, step) {
		c.buckets[begin] = whole
		return
	}
	for i, r := range whole.rows {
		if r.changed {
			c.untold += whole.of(i)[0]
		}
	}
}

// points yields the points of the buckets that are due, oldest first.
func (c *class) points(l *Ledger) iter.Seq[point.Point] {
	return func(yield func(point.Point) bool) {
		forget := l.closed
		if keep := c.keep(); forget > earliest {
			forget -= forget % keep
		}
		zeros, open := c.walkZeros(l, yield), false
		for _, start := range slices.Sorted(maps.Keys(c.buckets)) {
			b := c.buckets[start]
			if l.flushed && !open && start+b.step > l.closed {
				if open = true; !zeros.open() {
					return
				}
			}
			if !zeros.pass(start) {
				return
			}
			if b.changed && l.isDue(start, b.step) && (l.flushed || !c.waits(start, l.now)) && !c.give(l, start, b, yield) {
				return
			}
			if !zeros.look(start, b) {
				return
			}
			if start+b.step <= forget && !b.changed {
				delete(c.buckets, start)
				c.gone = max(c.gone, start+b.step)
			}
		}
		if l.flushed && !open && !zeros.open() {
			return
		}
		zeros.pass(math.MaxInt64)
	}
}

// present yields the points of the buckets from the given time on as they are. It
// says whether to go on.
func (c *class) present(l *Ledger, when int64, yield func(point.Point) bool) bool {
	for start, b := range c.buckets {
		if start < when {
			continue
		}
		for i, r := range b.rows {
			for _, s := range l.groups[r.group].partOf(c).slots {
				value, said := s.value(b.of(i), b.durations(i))
				if said && !yield(point.Point{Series: s.series, Value: value, Time: start, Step: b.step}) {
					return false
				}
			}
		}
	}
	return true
}

// give yields the groups of a bucket that have changed, each whole.
func (c *class) give(l *Ledger, start int64, b *bucket, yield func(point.Point) bool) bool {
	left := false
	c.order = b.sorted(c.order[:0])
	for _, next := range c.order {
		i := int(uint32(next))
		r := &b.rows[i]
		if !r.changed {
			continue
		}
		if !l.isRested(r, start+b.step) {
			left = true
			continue
		}
		g, of, took := l.groups[r.group], b.of(i), b.durations(i)
		for _, s := range g.partOf(c).slots {
			value, said := s.value(of, took)
			if !said {
				continue
			}
			l.tell(g, s)
			if !yield(point.Point{Series: s.series, Value: value, Time: start, Step: b.step, Route: g.route}) {
				return false
			}
		}
		r.changed, r.given = false, l.now
	}
	b.changed = left
	return true
}
