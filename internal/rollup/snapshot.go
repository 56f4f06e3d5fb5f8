package rollup

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Snapshot is everything that a ledger knows, as plain data for a
// checkpoint. It shares no memory with the ledger.
type Snapshot struct {
	Closed  int64         // every bucket that ends by then is closed
	Clocks  map[int]int64 // newest log time read from each source
	Groups  []string      // the values that have series, joined, in the order of their first lines
	Buckets []Buckets     // of each class, in the order of their first series
}

// Buckets are those of the series that Graphite keeps at the same steps, in
// columns: one row a bucket and group.
type Buckets struct {
	Starts  []int64
	Steps   []int64  // the length of each bucket, seconds
	Numbers []uint32 // of the groups
	Changed []bool   // it has not been given out as it is
	Sums    []int64  // as many a row as the group has series of these, and one
	Took    []histogram
	Known   Known
	Gone    int64 // end of the newest bucket that is not there any more
}

// Snapshot returns the state of the ledger between two batches.
func (l *Ledger) Snapshot() Snapshot {
	s := Snapshot{Closed: l.closed, Clocks: maps.Clone(l.clocks)}
	for _, g := range l.groups {
		s.Groups = append(s.Groups, g.path)
	}
	for _, c := range l.classes {
		s.Buckets = append(s.Buckets, c.snapshot(l.groups))
	}
	return s
}

func (c *class) snapshot(groups []*group) Buckets {
	b := Buckets{Gone: c.gone, Known: c.zeros.snapshot()}
	for _, start := range slices.Sorted(maps.Keys(c.buckets)) {
		bucket := c.buckets[start]
		for _, next := range bucket.sorted(nil) {
			i := int(uint32(next))
			r, of := bucket.rows[i], bucket.of(i)
			b.Starts = append(b.Starts, start)
			b.Steps = append(b.Steps, bucket.step)
			b.Numbers = append(b.Numbers, r.group)
			b.Changed = append(b.Changed, r.changed)
			b.Sums = groups[r.group].partOf(c).pack(b.Sums, of)
			b.Took = append(b.Took, bucket.durations(i).clone())
		}
	}
	return b
}

// pack appends the sums of a row: the lines, then one for each series of the
// part, 0 where it is no sum.
func (p *part) pack(to, of []int64) []int64 {
	to = append(to, of[0])
	for _, s := range p.slots {
		if s.of != nil {
			to = append(to, 0)
		} else {
			to = append(to, of[s.from])
		}
	}
	return to
}

// unpack returns the row of so many sums that was packed.
func (p *part) unpack(sums []int64, width int) []int64 {
	of := make([]int64, width)
	of[0] = sums[0]
	for i, s := range p.slots {
		if s.of == nil {
			of[s.from] = sums[i+1]
		}
	}
	return of
}

var (
	errGroups = errors.New("a group that does not exist has sums")
	errSeries = errors.New("a group has other series than it had")
)

// Restore puts a new ledger into the state of a snapshot, which must come
// from a ledger with the same options. All its open buckets count as changed:
// what was given out of them after the snapshot is not known, and they are
// given out again once they are whole.
func (l *Ledger) Restore(s Snapshot) error {
	l.closed = s.Closed
	l.clocks = maps.Clone(s.Clocks)
	if l.clocks == nil {
		l.clocks = make(map[int]int64)
	}
	for _, path := range s.Groups {
		l.begin(l.admitAgain(path))
	}
	if len(s.Buckets) != len(l.classes) {
		return fmt.Errorf("buckets of %d retentions do not fit into those of %d", len(s.Buckets), len(l.classes))
	}
	for i, b := range s.Buckets {
		if err := errors.Join(l.restore(l.classes[i], b), l.classes[i].restoreZeros(b.Known, l.groups)); err != nil {
			return err
		}
	}
	return nil
}

// admitAgain returns the group of a path that was admitted before.
func (l *Ledger) admitAgain(path string) *group {
	g := l.root
	if path == "" {
		return g
	}
	for i, level := range strings.Split(path, l.o.between()) {
		if g.children[level] == nil && level != other && i != l.o.routeLevel() {
			l.room.reserved += l.room.width
		}
		g = l.below(g, level)
	}
	return g
}

func (l *Ledger) restore(c *class, s Buckets) error {
	n, sum := len(s.Starts), s.Sums
	if len(s.Steps) != n || len(s.Numbers) != n || len(s.Changed) != n || len(s.Took) != n {
		return fmt.Errorf("columns of %d, %d, %d, %d and %d buckets", n, len(s.Steps), len(s.Numbers), len(s.Changed), len(s.Took))
	}
	c.gone = s.Gone
	for i, start := range s.Starts {
		if int(s.Numbers[i]) >= len(l.groups) {
			return errGroups
		}
		p := l.groups[s.Numbers[i]].partOf(c)
		if p == nil || len(sum) < len(p.slots)+1 {
			return errSeries
		}
		width := len(p.slots) + 1
		b := c.buckets[start]
		if b == nil {
			b = newBucket(s.Steps[i], c.width, nil)
			c.buckets[start] = b
		}
		row := b.row(s.Numbers[i])
		b.add(row, p.unpack(sum, c.width), s.Took[i])
		b.rows[row].changed = s.Changed[i] || start+s.Steps[i] > l.closed
		b.rows[row].given = 1 // or so it may be
		b.changed = b.changed || b.rows[row].changed
		sum = sum[width:]
	}
	if len(sum) > 0 {
		return fmt.Errorf("%d sums too many", len(sum))
	}
	return nil
}
