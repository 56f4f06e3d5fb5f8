package rollup

import (
	"fmt"
	"maps"
	"slices"
)

// A Snapshot is everything that a ledger knows, as plain data for a
// checkpoint. It shares no memory with the ledger.
type Snapshot struct {
	Closed int64         // every bucket that starts before this is closed
	Clocks map[int]int64 // newest log time read from each source
	Starts []int64       // the buckets, oldest first
	Sums   []int64       // Width numbers a bucket, in the order of Starts
	Width  int
}

// Snapshot returns the state of the ledger between two batches.
func (l *Ledger) Snapshot() Snapshot {
	s := Snapshot{
		Closed: l.closed,
		Clocks: maps.Clone(l.clocks),
		Starts: slices.Sorted(maps.Keys(l.buckets)),
		Width:  len(l.slots) + 1,
	}
	for _, start := range s.Starts {
		s.Sums = append(s.Sums, l.buckets[start].sums...)
	}
	return s
}

// Restore puts a new ledger into the state of a snapshot, which must come
// from a ledger with the same options. All its buckets count as changed: what
// was given out of them after the snapshot is not known, and they are given
// out again once they are whole.
func (l *Ledger) Restore(s Snapshot) error {
	n := len(s.Starts)
	if s.Width != len(l.slots)+1 || len(s.Sums) != n*s.Width {
		return fmt.Errorf("buckets of %d sums do not fit into ones of %d", s.Width, len(l.slots)+1)
	}
	l.closed = s.Closed
	l.clocks = maps.Clone(s.Clocks)
	if l.clocks == nil {
		l.clocks = make(map[int]int64)
	}
	for i, start := range s.Starts {
		l.buckets[start] = &bucket{
			sums:    slices.Clone(s.Sums[i*s.Width : (i+1)*s.Width]),
			changed: true,
		}
	}
	return nil
}
