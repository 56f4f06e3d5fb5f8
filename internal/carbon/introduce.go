package carbon

import (
	"iter"
	"slices"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// Carbon limits how many series it creates. carbon-cache takes a token from a
// bucket, which holds as many as it may create in a minute and fills at that
// rate, when its writer comes to a series without a file; without a token it
// drops all that its cache holds of the series. go-carbon, where quotas are in
// use, drops the points of a new series as they arrive, past so many a second.
// Both are silent.
//
// So series are introduced evenly, one after the other, which leaves the
// bucket nearly full for whoever else needs it: one point of the series goes,
// and a while later all of them, that one once more. Where the first was
// dropped nothing is lost, and the others are a second try. What Carbon has
// made of it nobody can see; the wait is for carbon-cache's writer, which
// looks once a second and is later the more there is to write. Points that
// come before it does are no worse off than without a wait.

// An acquaintance is how far a series has been introduced to the destination.
type acquaintance uint8

const (
	known      acquaintance = iota // its points go as they come
	admitted                       // so do these, but no receipt has come since the first one
	introduced                     // one point went, the others are held for a while
	vouched                        // the same, and that point has a receipt
	stranger                       // all its points are held
)

func (a acquaintance) holds() bool { return a >= introduced }

// An introduction is a series whose first point went and whose others are
// held.
type introduction struct {
	series uint32
	time   uint32    // bucket of the first point
	at     time.Time // when it went
}

// An entrance lets the series of an outbox in.
type entrance struct {
	watched    bool           // series have to be introduced
	wait       time.Duration  // from the first point to the others
	strangers  []uint32       // to be introduced, in this order; each has points
	newcomers  []introduction // in the order in which they were introduced
	unreceived []uint32       // introduced or admitted, no receipt yet
	idle       int            // known series without a point
}

// maxIdle bounds the known series that are remembered although they have no
// point: ten times as many as a logfeed has by default. Past it a series has to
// be introduced again.
const maxIdle = 100_000

// acquaint makes a series known that an earlier run has introduced.
func (b *outbox) acquaint(series string) {
	if !b.watched || b.idle >= maxIdle || checkSeries(series) != nil {
		return
	}
	if _, ok := b.names.find(series); !ok {
		id := b.names.add(series)
		b.names.list[id].list = b.listOf(series)
		b.idle++
	}
}

// meet takes in a series that no point of the outbox has had before.
func (b *outbox) meet(series string) uint32 {
	id := b.names.add(series)
	b.names.list[id].list, b.names.list[id].gone = b.listOf(series), b.gone
	if b.watched {
		b.estrange(id)
	}
	return id
}

// part lets a series go.
func (b *outbox) part(id uint32) {
	b.gone = max(b.gone, b.names.list[id].gone)
	b.names.remove(id)
}

// estrange makes a series wait for its introduction, behind the others.
func (b *outbox) estrange(id uint32) {
	n := &b.names.list[id]
	if !n.state.holds() {
		n.held = b.begin()
	}
	n.state = stranger
	b.strangers = append(b.strangers, id)
}

// hold takes in a new point of a series.
func (b *outbox) hold(id uint32, i slot) {
	n := &b.names.list[id]
	if n.idle() && n.state == known && b.watched {
		b.idle--
	}
	n.points.insert(b.at(i).time, i)
	b.points++
}

// drop lets the point of a time go, and the series with its last one.
func (b *outbox) drop(id, time uint32) {
	n := &b.names.list[id]
	n.points.remove(time)
	b.points--
	if !n.idle() {
		return
	}
	switch n.state {
	case known:
		b.rest(id)
	case stranger:
		b.end(n.held)
		b.strangers = slices.DeleteFunc(b.strangers, func(s uint32) bool { return s == id })
		b.part(id)
	}
}

// rest remembers a known series without points, as far as that is of use and
// there is room.
func (b *outbox) rest(id uint32) {
	if !b.watched || b.idle >= maxIdle {
		b.part(id)
		return
	}
	b.idle++
}

// line puts an owed point, which is in no list, behind those of its series
// that wait.
func (b *outbox) line(i slot) {
	if n := &b.names.list[b.at(i).series]; n.state.holds() {
		b.insert(held, b.at(n.held).prev, i)
		return
	}
	b.insert(waiting, b.at(waiting).prev, i)
}

// introduce moves the first point of up to n strangers to those in doubt and
// appends them to dst.
func (b *outbox) introduce(dst []point.Point, n int, now time.Time) []point.Point {
	for range len(b.strangers) {
		if len(b.strangers) == 0 || n == 0 {
			break
		}
		id := b.strangers[0]
		i, ok := b.firstHeld(id)
		if id != b.strangers[0] {
			continue // it had nothing left that could go
		}
		b.strangers = b.strangers[1:]
		if !ok {
			b.strangers = append(b.strangers, id)
			continue
		}
		b.names.list[id].state = introduced
		b.newcomers = append(b.newcomers, introduction{series: id, time: b.at(i).time, at: now})
		b.unreceived = append(b.unreceived, id)
		b.toBack(inDoubt, i)
		b.at(i).tries = max(b.at(i).tries, sent)
		dst = append(dst, b.point(i))
		n--
	}
	return dst
}

// firstHeld returns the first point of a stranger that may go. The series is a
// stranger no more when it has no point left.
func (b *outbox) firstHeld(id uint32) (slot, bool) {
	for b.names.list[id].state == stranger {
		head := b.names.list[id].held
		i := b.at(head).next
		if i == head {
			return 0, false
		}
		switch b.settle(i) {
		case goes:
			return i, b.mayGo(i)
		case waits:
			return 0, false
		}
	}
	return 0, false
}

// admit lets all points go of the series whose introduction is long enough
// ago.
func (b *outbox) admit(now time.Time) {
	for len(b.newcomers) > 0 && now.Sub(b.newcomers[0].at) >= b.wait {
		n := b.newcomers[0]
		b.newcomers = b.newcomers[1:]
		b.again(n)
		series := &b.names.list[n.series]
		for i := b.at(series.held).next; i != series.held; i = b.at(series.held).next {
			b.toBack(waiting, i)
		}
		b.end(series.held)
		series.held = 0
		if series.state == introduced {
			series.state = admitted
			continue
		}
		series.state = known
		if series.idle() {
			b.rest(n.series)
		}
	}
}

// again makes the first point of a series go once more, if it is still there
// and does not wait anyway.
func (b *outbox) again(n introduction) {
	i, ok := b.names.list[n.series].points.find(int64(n.time))
	if !ok {
		return
	}
	switch l := slot(b.at(i).list); {
	case l == inDoubt:
		b.toBack(waiting, i)
	case l >= delivered0:
		b.toFront(replaying, i)
		b.sortReplay([]slot{i})
	}
}

// nextAdmission returns when admit is due again.
func (b *outbox) nextAdmission() (at time.Time, ok bool) {
	if len(b.newcomers) == 0 {
		return at, false
	}
	return b.newcomers[0].at.Add(b.wait), true
}

// receive takes a receipt for every introduction so far.
func (b *outbox) receive() {
	for _, id := range b.unreceived {
		n := &b.names.list[id]
		if n.state == introduced {
			n.state = vouched
			continue
		}
		n.state = known
		if n.idle() {
			b.rest(id)
		}
	}
	b.unreceived = b.unreceived[:0]
}

// repel makes strangers again of all series that were introduced on a
// connection that broke: nobody knows whether Carbon has seen them. They go
// behind the others, so that one that Carbon cannot bear stands in nobody's
// way. What was in doubt waits already.
func (b *outbox) repel() {
	if len(b.unreceived) == 0 {
		return
	}
	for _, id := range b.unreceived {
		b.estrange(id)
	}
	b.unreceived = b.unreceived[:0]
	b.newcomers = slices.DeleteFunc(b.newcomers, func(n introduction) bool {
		return b.names.list[n.series].state == stranger
	})
	for i := b.at(waiting).prev; i != waiting; {
		prev := b.at(i).prev
		if n := &b.names.list[b.at(i).series]; n.state == stranger {
			b.unlink(i)
			b.insert(held, n.held, i)
		}
		i = prev
	}
	b.strangers = slices.DeleteFunc(b.strangers, func(id uint32) bool {
		n := &b.names.list[id]
		if !n.idle() {
			return false
		}
		b.end(n.held)
		b.part(id)
		return true
	})
}

// holding yields the series that hold their points.
func (b *outbox) holding() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, id := range b.strangers {
			if !yield(id) {
				return
			}
		}
		for _, n := range b.newcomers {
			if !yield(n.series) {
				return
			}
		}
	}
}
