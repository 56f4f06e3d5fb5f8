package rollup

import (
	"fmt"
	"maps"
	"slices"
)

// A Snapshot is everything that a ledger knows, as plain data for a
// checkpoint. It shares no memory with the ledger.
type Snapshot struct {
	Closed  int64         // every bucket that ends by then is closed
	Clocks  map[int]int64 // newest log time read from each source
	Classes []Buckets
}

// Buckets are those of the series that Graphite keeps at the same steps.
type Buckets struct {
	Starts  []int64 // oldest first
	Steps   []int64 // the length of each, seconds
	Changed []bool  // it has not been given out as it is
	Sums    []int64 // Width numbers a bucket, in the order of Starts
	Width   int
	Gone    int64 // end of the newest bucket that is not there any more
}

// Snapshot returns the state of the ledger between two batches.
func (l *Ledger) Snapshot() Snapshot {
	s := Snapshot{Closed: l.closed, Clocks: maps.Clone(l.clocks)}
	for _, c := range l.classes {
		b := Buckets{Starts: slices.Sorted(maps.Keys(c.buckets)), Width: len(c.slots) + 1, Gone: c.gone}
		for _, start := range b.Starts {
			b.Steps = append(b.Steps, c.buckets[start].step)
			b.Changed = append(b.Changed, c.buckets[start].changed)
			b.Sums = append(b.Sums, c.buckets[start].sums...)
		}
		s.Classes = append(s.Classes, b)
	}
	return s
}

// Restore puts a new ledger into the state of a snapshot, which must come
// from a ledger with the same options. All its open buckets count as changed:
// what was given out of them after the snapshot is not known, and they are
// given out again once they are whole.
func (l *Ledger) Restore(s Snapshot) error {
	if len(s.Classes) != len(l.classes) {
		return fmt.Errorf("buckets of %d retentions do not fit into those of %d", len(s.Classes), len(l.classes))
	}
	l.closed = s.Closed
	l.clocks = maps.Clone(s.Clocks)
	if l.clocks == nil {
		l.clocks = make(map[int]int64)
	}
	for i, b := range s.Classes {
		if err := l.classes[i].restore(b, s.Closed); err != nil {
			return err
		}
	}
	return nil
}

func (c *class) restore(s Buckets, closed int64) error {
	n := len(s.Starts)
	if s.Width != len(c.slots)+1 || len(s.Sums) != n*s.Width || len(s.Steps) != n || len(s.Changed) != n {
		return fmt.Errorf("buckets of %d sums do not fit into ones of %d", s.Width, len(c.slots)+1)
	}
	c.gone = s.Gone
	for i, start := range s.Starts {
		c.buckets[start] = &bucket{
			step:    s.Steps[i],
			sums:    slices.Clone(s.Sums[i*s.Width : (i+1)*s.Width]),
			changed: s.Changed[i] || start+s.Steps[i] > closed,
			given:   1, // or so it may be
		}
	}
	return nil
}
