package carbon

import "github.com/logfeed/logfeed/internal/point"

// A Snapshot is what a sender has to remember over a restart of the program,
// as plain data of its own.
type Snapshot struct {
	// Undelivered holds the points whose newest total has no receipt, in the
	// order in which they are to go.
	Undelivered []point.Point

	// Delivered holds the points that had one and would go again after a
	// break.
	Delivered []Delivered

	// Introduced holds the series that need no introduction any more. It is
	// empty where Options.MaxCreates is 0.
	Introduced []string
}

// Delivered is a point that had a receipt.
type Delivered struct {
	Point       point.Point
	Repetitions int // planned ones that were made
}

// Snapshot returns the state of one moment. The sender goes on meanwhile, so
// a point that it has as undelivered may get its receipt right after.
func (s *Sender) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.box.snapshot()
}

func (b *outbox) snapshot() Snapshot {
	snap := Snapshot{
		Undelivered: make([]point.Point, 0, b.owed),
		Delivered:   make([]Delivered, 0, len(b.index)-b.owed),
	}
	// What is in doubt was taken from the front of what waits.
	heads := []slot{inDoubt, waiting}
	for id := range b.holding() {
		heads = append(heads, b.names.list[id].held)
	}
	for _, l := range append(heads, replaying, delivered0, delivered1, delivered2) {
		for i := b.at(l).next; i != l; i = b.at(i).next {
			if e := b.at(i); e.owed {
				snap.Undelivered = append(snap.Undelivered, b.point(i))
			} else {
				snap.Delivered = append(snap.Delivered, Delivered{b.point(i), int(e.stage)})
			}
		}
	}
	for _, n := range b.names.list {
		if b.watched && n.series != "" && (n.state == known || n.state == vouched) {
			snap.Introduced = append(snap.Introduced, n.series)
		}
	}
	return snap
}

// restore fills an empty outbox. All delivered points are to go again,
// however long ago they were: Carbon may have died at any time since, so what
// counts is their age when the snapshot was made, and older ones are not in it.
func (b *outbox) restore(snap *Snapshot) {
	var again []slot
	for _, d := range snap.Delivered {
		b.acquaint(d.Point.Series)
		if b.put(d.Point) != nil {
			continue // it could not have been delivered, so it is not lost
		}
		i, _ := b.last(waiting)
		e := b.at(i)
		e.owed, e.stage = false, uint8(min(d.Repetitions, len(b.repeat)))
		b.owed--
		b.toFront(replaying, i)
		again = append(again, i)
	}
	b.sortReplay(again)
	for _, series := range snap.Introduced {
		b.acquaint(series)
	}
	for _, p := range snap.Undelivered {
		_ = b.put(p) // checked before it was ever in a snapshot
	}
}
