package carbon

import (
	"cmp"
	"slices"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// pointBytes is what one point in an outbox takes: 32 bytes of entry, 8 to 16
// in the timeline of its series and, where that has few others, a share of what
// is kept of the series. Names are not counted: they belong to the caller, who
// keeps them for as long as a series lives.
const pointBytes = 72

// An outbox holds the points of one destination: those that wait, those that
// were sent and have no receipt, and those that had one and are kept in case
// the destination loses them. A series and time is in it once, with its newest
// total, so an older total is never sent after a newer one. An outbox has no
// lock and no clock; its sender has both.
type outbox struct {
	slab
	entrance
	archives
	sides
	names names
	epoch time.Time // zero of the ticks in entry.at

	buffer  int           // bound of owed points
	ahead   int           // owed points at which the writer waits, unless another destination has room
	history int           // bound of confirmed points
	keep    time.Duration // how long confirmed points go again after a break
	repeat  []time.Duration
	rounds  int

	points    int // all of them
	owed      int
	confirmed time.Time // the last receipt, or the start: the peer was well then
	needed    time.Time // since when the coming replay needs points; zero is none
	evicted   time.Time // newest confirmation among those the history lost

	shed       int64 // owed points dropped at the bound
	dropped    int64 // confirmed points dropped at the bound
	incomplete int64 // replays that lacked points dropped before
	replays    int64
}

func newOutbox(o Options, now time.Time) *outbox {
	b := &outbox{
		epoch:   now,
		buffer:  int(max(o.Buffer/pointBytes, 1)),
		ahead:   int(max(o.Ahead/pointBytes, 1)),
		history: int(max(o.History/pointBytes, 0)),
		keep:    o.Replay,
		repeat:  o.timing.repeat,
		rounds:  o.timing.rounds,

		archives:  archives{of: o.Retentions, now: now.Unix(), roused: now},
		sides:     newSides(o.Restore != nil, now),
		entrance:  entrance{watched: o.MaxCreates > 0, wait: o.timing.admit},
		confirmed: now,
	}
	b.slab.start()
	return b
}

// A tick is a tenth of a second: fine enough for windows of minutes, and 32
// bits of them last 13 years.
const tick = time.Second / 10

func (b *outbox) ticks(t time.Time) uint32 { return uint32(max(t.Sub(b.epoch), 0) / tick) }

func (b *outbox) when(at uint32) time.Time { return b.epoch.Add(time.Duration(at) * tick) }

// full tells whether the points that are owed have reached their bound.
func (b *outbox) full() bool { return b.owed >= b.buffer }

// hasRoom tells whether the writer need not wait.
func (b *outbox) hasRoom() bool { return b.owed < b.ahead }

// put takes one total in. The newest total of a series and time replaces the
// one before it, and keeps its place where that one still waits.
func (b *outbox) put(p point.Point) error {
	if err := checkNumbers(p); err != nil {
		return err
	}
	id, known := b.names.find(p.Series)
	if !known {
		if err := checkSeries(p.Series); err != nil {
			return err
		}
		id = b.meet(p.Series)
	}
	if b.covered(id, p.Time, p.Step) {
		b.partial++
		return nil
	}
	if i, ok := b.names.list[id].points.find(p.Time); ok {
		b.amend(i, p)
	} else {
		b.enter(id, p)
	}
	b.supersede(id, p.Time, p.Step)
	return nil
}

// enter takes a point of a series and time that has none.
func (b *outbox) enter(id uint32, p point.Point) {
	i := b.alloc()
	*b.at(i) = entry{value: p.Value, series: id, time: uint32(p.Time), step: b.stepIndex(p.Step), owed: true}
	b.line(i)
	b.hold(id, i)
	b.owed++
}

// amend gives a point its newest total.
func (b *outbox) amend(i slot, p point.Point) {
	e := b.at(i)
	e.value, e.step = p.Value, b.stepIndex(p.Step)
	if !e.owed {
		e.owed = true
		b.owed++
	}
	if l := slot(e.list); l != waiting && l != held {
		e.tries = min(e.tries, sent)
		b.unlink(i)
		b.line(i)
	}
}

// find returns the point of a series and time.
func (b *outbox) find(p point.Point) (slot, bool) {
	id, ok := b.names.find(p.Series)
	if !ok {
		return 0, false
	}
	return b.names.list[id].points.find(p.Time)
}

// forget drops a point wholly.
func (b *outbox) forget(i slot) {
	e := b.at(i)
	series, time := e.series, e.time
	if e.owed {
		b.owed--
	}
	b.release(i)
	b.drop(series, time)
}

// take moves up to n points from the front of a list to those in doubt and
// appends them to dst. It stops early when their text would pass size bytes.
func (b *outbox) take(from slot, dst []point.Point, n, size int) []point.Point {
	for n > 0 {
		i, ok := b.first(from)
		if !ok {
			return dst
		}
		switch b.settle(i) {
		case waits:
			b.toBack(resting, i)
			continue
		case stays:
			b.toBack(delivered2, i)
			continue
		case lacks, expires:
			continue
		}
		if !b.mayGo(i) {
			return dst
		}
		p := b.point(i)
		// 24 bytes hold the spaces, the newline, the time and most values.
		if size -= len(p.Series) + 24; size < 0 && len(dst) > 0 {
			return dst
		}
		b.toBack(inDoubt, i)
		b.at(i).tries = max(b.at(i).tries, sent)
		dst = append(b.fill(dst, i, p), p)
		n--
	}
	return dst
}

func (b *outbox) point(i slot) point.Point {
	e := b.at(i)
	return point.Point{Series: b.names.series(e.series), Value: e.value, Time: int64(e.time), Step: b.steps[e.step]}
}

// confirm takes a receipt: what was in doubt is delivered. Points that went
// again start their time anew, because a Carbon that lost them once holds them
// in its cache again. It returns how many were in doubt.
func (b *outbox) confirm(now time.Time) int {
	b.receive()
	at, n := b.ticks(now), 0
	for i, ok := b.first(inDoubt); ok; i, ok = b.first(inDoubt) {
		e := b.at(i)
		if e.owed {
			e.owed, e.tries = false, sent
			b.owed--
		}
		e.at = at
		b.toBack(b.delivered(e), i)
		n++
	}
	if n > 0 {
		b.went = now
	}
	b.confirmed = now
	b.expire(now)
	b.boundHistory()
	return n
}

// delivered returns the list of a delivered point: that of the pause before
// its next planned repetition, or the last where none is planned.
func (b *outbox) delivered(e *entry) slot {
	made := e.repetitions()
	if made >= b.rounds {
		return delivered2
	}
	return delivered2 - slot(max(len(b.repeat)-made, 1))
}

// expire forgets what was delivered so long ago that it needs no replay. It
// is called on a receipt only: while a destination is away, nobody knows since
// when it has been, and its window must not melt. Nor does it while points
// rest: what is forgotten must stay older than they are, or else they would
// seem to be what is left of a step.
func (b *outbox) expire(now time.Time) {
	if b.count[resting] > 0 {
		return
	}
	since := now.Add(-b.keep)
	if !b.needed.IsZero() && b.needed.Before(since) {
		since = b.needed
	}
	for i, ok := b.first(delivered2); ok; i, ok = b.first(delivered2) {
		if !b.when(b.at(i).at).Before(since) {
			return
		}
		b.lose(i)
	}
}

// broke takes the loss of a connection: what is owed waits again at the front,
// in its order, and what was being replayed is to be replayed again. Series
// that were introduced on it are strangers again. It returns how many were in
// doubt.
func (b *outbox) broke() int {
	var again []slot
	n := b.count[inDoubt]
	for i, ok := b.last(inDoubt); ok; i, ok = b.last(inDoubt) {
		if b.at(i).owed {
			b.toFront(waiting, i)
			continue
		}
		b.toFront(replaying, i)
		again = append(again, i)
	}
	b.sortReplay(again)
	b.repel()
	return n
}

// suspect takes the news that the peer ended a connection as soon as the only
// point on it had come. The point goes to the back, so that others get their
// turn, and with strike it is counted against it. After maxStrikes it is
// forgotten, and its series returned.
func (b *outbox) suspect(strike bool) (series string) {
	i, ok := b.first(inDoubt)
	if !ok || b.count[inDoubt] != 1 || !b.at(i).owed {
		return ""
	}
	if strike {
		b.at(i).tries++
	}
	if b.at(i).tries >= sent+maxStrikes {
		series = b.point(i).Series
		b.lose(i)
		return series
	}
	b.toBack(waiting, i)
	return ""
}

// maxStrikes is high, since dropping a good point because its connections
// happened to break would be worse than a slow search for a bad one.
const maxStrikes = 5

// lost takes a sign that the destination may have lost its memory at any time
// since the last receipt. The replay may have to wait for its turn, and the
// points it needs wait with it.
func (b *outbox) lost() {
	if b.needed.IsZero() {
		b.needed = b.confirmed.Add(-b.keep)
	}
}

// replay makes everything go again that was delivered within the time to
// keep before the receipt that was the last when the destination was lost (or
// before the very last, where that was not), newest first. A replay that lacks
// points which the history had to drop is counted as incomplete. It returns how
// many go again.
func (b *outbox) replay() int {
	b.lost()
	since := b.needed
	b.needed = time.Time{}
	if b.evicted.After(since) {
		b.incomplete++
	}
	var again []slot
	for l := delivered0; l < lists; l++ {
		for i := b.at(l).next; i != l; {
			next := b.at(i).next
			if !b.when(b.at(i).at).Before(since) {
				b.toFront(replaying, i)
				again = append(again, i)
			}
			i = next
		}
	}
	b.sortReplay(again)
	if len(again) > 0 {
		b.replays++
	}
	return len(again)
}

// repeatDue starts the planned repetitions whose time has come. A first point
// of a new series may have been dropped by Carbon's limit of creations, and
// data of an abandoned connection may have arrived after newer ones; a later
// repetition of the final total cures both.
func (b *outbox) repeatDue(now time.Time) {
	var again []slot
	for n, after := range b.repeat {
		l := delivered2 - slot(len(b.repeat)-n)
		for i, ok := b.first(l); ok; i, ok = b.first(l) {
			e := b.at(i)
			if now.Sub(b.when(e.at)) < after {
				break
			}
			e.tries++
			b.toFront(replaying, i)
			again = append(again, i)
		}
	}
	b.sortReplay(again)
}

// sortReplay brings points that were just put at the front of the replay list
// into its order, newest bucket first. The rest of the list has it already.
func (b *outbox) sortReplay(added []slot) {
	if len(added) == 0 {
		return
	}
	for _, i := range added {
		b.unlink(i)
	}
	slices.SortStableFunc(added, func(x, y slot) int { return cmp.Compare(b.at(y).time, b.at(x).time) })
	after := replaying
	for _, i := range added {
		t := b.at(i).time
		for next := b.at(after).next; next != replaying && b.at(next).time >= t; next = b.at(after).next {
			after = next
		}
		b.insert(replaying, after, i)
		after = i
	}
}
