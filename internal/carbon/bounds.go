package carbon

import "slices"

// shedTo drops the oldest points until no more than n are owed.
func (b *outbox) shedTo(n int) {
	oldest, holds := b.oldestHeld()
	for b.owed > n {
		i, ok := b.first(waiting)
		if holds && (!ok || oldest < b.at(i).time) {
			b.shedHeld(oldest, n)
			oldest, holds = b.oldestHeld()
			continue
		}
		if !ok {
			if i, ok = b.firstOwed(inDoubt); !ok {
				if i, ok = b.firstOwed(resting); !ok {
					return
				}
			}
		}
		b.lose(i)
		b.shed++
	}
}

func (b *outbox) firstOwed(l slot) (slot, bool) {
	for i := b.at(l).next; i != l; i = b.at(i).next {
		if b.at(i).owed {
			return i, true
		}
	}
	return 0, false
}

// oldestHeld returns the earliest bucket among the first points that are held.
func (b *outbox) oldestHeld() (unix uint32, ok bool) {
	for id := range b.holding() {
		head := b.names.list[id].held
		if i := b.at(head).next; i != head && (!ok || b.at(i).time < unix) {
			unix, ok = b.at(i).time, true
		}
	}
	return unix, ok
}

// shedHeld drops the first held points of the given bucket until no more than
// n points are owed.
func (b *outbox) shedHeld(unix uint32, n int) {
	for _, id := range slices.Collect(b.holding()) {
		head := b.names.list[id].held
		if i := b.at(head).next; i != head && b.at(i).time == unix && b.owed > n {
			b.lose(i)
			b.shed++
		}
	}
}

// boundHistory drops the points confirmed longest ago until the history is
// within its bound.
func (b *outbox) boundHistory() {
	lacking := false
	for b.points-b.owed > b.history {
		i, ok := b.oldestDelivered()
		if !ok {
			if i, ok = b.last(replaying); !ok {
				break
			}
			lacking = true
		}
		if t := b.when(b.at(i).at); t.After(b.evicted) {
			b.evicted = t
		}
		b.lose(i)
		b.dropped++
	}
	if lacking {
		b.incomplete++
	}
}

func (b *outbox) oldestDelivered() (oldest slot, ok bool) {
	for l := delivered0; l < lists; l++ {
		if i, some := b.first(l); some && (!ok || b.at(i).at < b.at(oldest).at) {
			oldest, ok = i, true
		}
	}
	return oldest, ok
}
