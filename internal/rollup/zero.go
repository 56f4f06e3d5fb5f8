package rollup

import (
	"maps"
	"math"
	"slices"

	"github.com/logfeed/logfeed/internal/point"
)

// zeroSpan is how long after a bucket with a line of a series a bucket without
// one is still 0, in seconds. It bounds what a server that is down makes.
const zeroSpan = 86400

// zeros tells which cells of a class are 0: those of closed buckets in which
// the series has no line, while it has one in an earlier bucket less than
// zeroSpan back. A closed bucket never changes, and buckets are looked at in
// the order of time, so what is told depends on the set of lines and on
// nothing else.
type zeros struct {
	done   int64                 // every bucket that starts before it has been looked at
	known  map[uint32]*lastLines // by the number of the group
	recent []uint32              // the numbers of known, ascending
}

// lastLines says when a group had lines: the starts of the newest such buckets.
type lastLines struct {
	any int64
	of  []int64 // of each series of the part, if it is sparse; 0 is never
}

func newZeros() *zeros { return &zeros{done: math.MinInt64, known: make(map[uint32]*lastLines)} }

// meet makes a group one of the known.
func (z *zeros) meet(number uint32, p *part) *lastLines {
	k := &lastLines{of: make([]int64, len(p.slots))}
	z.known[number] = k
	i, _ := slices.BinarySearch(z.recent, number)
	z.recent = slices.Insert(z.recent, i, number)
	return k
}

func (z *zeros) clone() *zeros {
	c := &zeros{done: z.done, known: make(map[uint32]*lastLines, len(z.known)), recent: slices.Clone(z.recent)}
	for number, k := range z.known {
		c.known[number] = &lastLines{any: k.any, of: slices.Clone(k.of)}
	}
	return c
}

// A zeroWalk goes once over the buckets of a class, from the first one that has
// not been looked at. A nil walk does nothing.
type zeroWalk struct {
	*zeros
	c     *class
	l     *Ledger
	end   int64 // buckets that end after it are not looked at
	yield func(point.Point) bool
}

// walkZeros begins a walk over the closed buckets.
func (c *class) walkZeros(l *Ledger, yield func(point.Point) bool) *zeroWalk {
	if c.zeros == nil {
		return nil
	}
	return &zeroWalk{zeros: c.zeros, c: c, l: l, end: min(l.closed, l.leave, c.until), yield: yield}
}

// open goes on with the buckets that are not closed, as far as the lines read
// reach. The next walk begins with them again.
func (w *zeroWalk) open() bool {
	if w == nil {
		return true
	}
	if !w.pass(math.MaxInt64) {
		return false
	}
	w.zeros, w.end = w.zeros.clone(), min(w.l.reached(), w.l.leave, w.c.until)
	return true
}

// reached returns the end of the newest bucket that was begun, or that has ended
// by the clock of a source.
func (l *Ledger) reached() int64 {
	end := l.End()
	for _, clock := range l.clocks {
		end = max(end, clock-clock%l.interval)
	}
	return end
}

// pass looks at the buckets before the given time, none of which has a line. It
// returns false when the receiver wants no more.
func (w *zeroWalk) pass(to int64) bool {
	if w == nil {
		return true
	}
	to = min(to, w.end)
	for len(w.recent) > 0 && w.done < to {
		begin, step, ok := w.c.stepOf(w.done)
		if begin+step > to {
			return true
		}
		// Of a step that has become longer meanwhile, a part was looked at.
		if !w.cells(begin, step, nil, ok && begin >= w.done) {
			return false
		}
		w.done = begin + step
	}
	if len(w.recent) == 0 {
		w.done = max(w.done, to)
	}
	return true
}

// look looks at a bucket that has lines.
func (w *zeroWalk) look(start int64, b *bucket) bool {
	if w == nil || start+b.step > w.end || start+b.step <= w.done {
		return true
	}
	for _, r := range b.rows {
		if w.known[r.group] == nil {
			w.meet(r.group, w.l.groups[r.group].partOf(w.c))
		}
	}
	if !w.cells(start, b.step, b, true) {
		return false
	}
	w.done = start + b.step
	return true
}

// cells tells the zeros of one bucket if they are to be told, and notes who has
// lines in it. Who has had none for long is forgotten.
func (w *zeroWalk) cells(begin, step int64, b *bucket, tell bool) bool {
	tell = tell && !w.c.partly(begin, step) && !w.c.waits(begin, w.l.now)
	kept := w.recent[:0]
	for i, number := range w.recent {
		k := w.known[number]
		var of []int64
		if b != nil {
			of = b.find(number)
		}
		if !w.group(number, k, begin, step, of, tell) {
			w.recent = append(kept, w.recent[i:]...)
			return false
		}
		if begin+step-k.any < zeroSpan {
			kept = append(kept, number)
		} else {
			delete(w.known, number)
		}
	}
	w.recent = kept
	return true
}

// group is cells for one group, whose sums are of, if it has any.
func (w *zeroWalk) group(number uint32, k *lastLines, begin, step int64, of []int64, tell bool) bool {
	g := w.l.groups[number]
	for i, s := range g.partOf(w.c).slots {
		if s.of != nil {
			continue // no duration is 0 because there is none
		}
		last := &k.any
		if s.sparse {
			last = &k.of[i]
		}
		switch {
		case of != nil && (!s.sparse || of[s.from] != 0):
			if s.sparse {
				*last = begin
			}
		case tell && *last != 0 && begin-*last < zeroSpan:
			w.l.tell(g, s)
			if !w.yield(point.Point{Series: s.series, Time: begin, Step: step, Route: g.route}) {
				return false
			}
		}
	}
	if of != nil {
		k.any = begin
	}
	return true
}

// A Known is who had lines less than a day ago, in columns, for a checkpoint.
type Known struct {
	Done    int64    // start of the first bucket that has not been looked at; 0 where zeros are not told
	Numbers []uint32 // of the groups
	Lasts   []int64  // newest bucket with lines of each, then of its series; as many as it has of these, and one
}

func (z *zeros) snapshot() Known {
	if z == nil {
		return Known{}
	}
	s := Known{Done: z.done, Numbers: slices.Clone(z.recent)}
	for _, number := range z.recent {
		k := z.known[number]
		s.Lasts = append(append(s.Lasts, k.any), k.of...)
	}
	return s
}

// restoreZeros takes back what a snapshot knows. One without zeros says nothing:
// then they begin with the lines to come.
func (c *class) restoreZeros(s Known, groups []*group) error {
	if c.zeros == nil || s.Done == 0 {
		return nil
	}
	c.zeros.done = s.Done
	lasts := s.Lasts
	for _, number := range s.Numbers {
		if int(number) >= len(groups) {
			return errGroups
		}
		p := groups[number].partOf(c)
		if p == nil || len(lasts) < len(p.slots)+1 {
			return errSeries
		}
		k := c.zeros.meet(number, p)
		k.any = lasts[0]
		copy(k.of, lasts[1:len(p.slots)+1])
		lasts = lasts[len(p.slots)+1:]
	}
	if len(lasts) > 0 {
		return errSeries
	}
	return nil
}

// mark marks the groups that may still have zeros to come.
func (z *zeros) mark(used map[uint32]bool) {
	if z == nil {
		return
	}
	for number := range maps.Keys(z.known) {
		used[number] = true
	}
}
