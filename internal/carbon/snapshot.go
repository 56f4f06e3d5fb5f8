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

	// Forgotten tells, by series, the end of the newest bucket (Unix seconds)
	// that was delivered and forgotten, or dropped: of a longer step that
	// begins before it, no whole can be made. "" stands for the series that it
	// does not name. It is nil where Options.Retentions is.
	Forgotten map[string]int64
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
		Delivered:   make([]Delivered, 0, b.points-b.owed),
	}
	// What is in doubt was taken from the front of what waits.
	heads := []slot{inDoubt, waiting, resting}
	for id := range b.holding() {
		heads = append(heads, b.names.list[id].held)
	}
	for _, l := range append(heads, replaying, delivered0, delivered1, delivered2) {
		for i := b.at(l).next; i != l; i = b.at(i).next {
			if e := b.at(i); e.owed {
				snap.Undelivered = append(snap.Undelivered, b.point(i))
			} else {
				snap.Delivered = append(snap.Delivered, Delivered{b.point(i), e.repetitions()})
			}
		}
	}
	for _, n := range b.names.list {
		if b.watched && n.series != "" && (n.state == known || n.state == vouched) {
			snap.Introduced = append(snap.Introduced, n.series)
		}
	}
	if b.of != nil {
		snap.Forgotten = b.forgotten()
	}
	return snap
}

func (b *outbox) forgotten() map[string]int64 {
	all := map[string]int64{"": b.gone}
	for _, n := range b.names.list {
		if n.series != "" && n.gone != b.gone {
			all[n.series] = n.gone
		}
	}
	return all
}

// restore fills an empty outbox. All delivered points are to go again,
// however long ago they were: Carbon may have died at any time since, so what
// counts is their age when the snapshot was made, and older ones are not in it.
func (b *outbox) restore(snap *Snapshot) {
	b.gone = snap.Forgotten[""]
	if snap.Forgotten == nil {
		b.gone = b.now // nobody knows what has been forgotten
	}
	var again []slot
	for _, d := range snap.Delivered {
		b.acquaint(d.Point.Series)
		if b.put(d.Point) != nil {
			continue // it could not have been delivered, so it is not lost
		}
		i, ok := b.find(d.Point)
		if !ok {
			continue // one for a longer step stands for it
		}
		e := b.at(i)
		e.owed, e.tries = false, sent+uint8(min(d.Repetitions, b.rounds))
		b.owed--
		b.toFront(replaying, i)
		again = append(again, i)
	}
	b.sortReplay(again)
	for _, series := range snap.Introduced {
		b.acquaint(series)
	}
	for _, p := range snap.Undelivered {
		if b.put(p) != nil {
			continue // never: it was checked before it was in a snapshot
		}
		// It may have been in doubt, so that Carbon has it.
		if i, ok := b.find(p); ok {
			b.at(i).tries = sent
		}
	}
	for id := range b.names.list {
		n := &b.names.list[id]
		n.gone = b.gone
		if unix, ok := snap.Forgotten[n.series]; ok {
			n.gone = unix
		}
	}
}
