package carbon

import (
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// A kind is what a chunk consists of.
type kind int

const (
	replays       kind = iota // delivered points that go again
	fresh                     // points whose newest total has no receipt
	introductions             // the first points of new series
	kinds
)

type idle struct {
	flush bool      // the receipt of what was sent is wanted now
	until time.Time // when there may be something to send
}

// freshPerReplay is how many fresh chunks go for each replayed one where a
// rate bounds them together: enough that repetitions, which are two thirds of
// all that is to be sent, do not make fresh points fall behind.
const freshPerReplay = 4

// next gives the points to send now, or what to do without any. The kinds take
// turns, so that a long backlog of one cannot starve another. The points stay
// in s.batch until the next call.
func (s *Sender) next() ([]point.Point, idle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.replayDue(now)
	s.box.repeatDue(now)
	s.box.admit(now)
	s.box.turn(now)
	s.box.hurry = s.soft.Err() != nil
	if s.rate.ready(now) {
		for range kinds {
			s.turn = (s.turn + kinds - 1) % kinds
			if s.batch = s.take(s.turn, now); len(s.batch) == 0 {
				continue
			}
			switch s.turn {
			case fresh:
				s.freshes++
			case replays:
				s.freshes = 0
			}
			return s.batch, idle{}
		}
	}
	return nil, s.idle(now)
}

// take moves the next chunk of a kind to the points in doubt. It is empty when
// there is none, or it is not its time.
func (s *Sender) take(k kind, now time.Time) []point.Point {
	n := s.rate.limit(min(s.o.timing.chunk, max(s.limit-s.conn.sent, 1)))
	if s.conn.udp {
		n = min(n, udpBurst)
	}
	batch := s.batch[:0]
	switch {
	case k == fresh:
		batch = s.box.take(waiting, batch, n, maxChunk)
	case k == replays && s.rate.most > 0 && s.freshes < freshPerReplay && s.box.count[waiting] > 0:
	case k == replays && !now.Before(s.pace) && s.soft.Err() == nil:
		batch = s.box.take(replaying, batch, n, maxChunk)
		s.pace = now.Add(time.Duration(len(batch)) * time.Second / time.Duration(s.o.ReplayRate))
	case k == introductions && s.create.ready(now):
		batch = s.box.introduce(batch, s.create.limit(n), now)
		if len(batch) == 0 && len(s.box.strangers) > 0 {
			s.create.next = now.Add(notYet)
		}
	}
	return batch
}

// notYet is the pause before another look at new series none of which may go.
const notYet = time.Second

// receiptsWithin is how soon the receipt of points follows the next while
// others still wait for their turn, where somebody needs it.
const receiptsWithin = time.Second

func (s *Sender) idle(now time.Time) idle {
	b := s.box
	if b.other {
		return s.turnSides(now)
	}
	until := s.conn.since.Add(s.conn.life)
	earlier := func(at time.Time) {
		if at.Before(until) {
			until = at
		}
	}
	if b.count[replaying] > 0 && s.soft.Err() == nil {
		earlier(s.pace)
	}
	if len(b.strangers) > 0 {
		earlier(s.create.next)
	}
	if at, ok := b.nextAdmission(); ok {
		earlier(at)
	}
	if at := s.replayAt(); !at.IsZero() {
		earlier(at)
	}
	if !s.rate.ready(now) && b.count[waiting]+b.count[replaying]+len(b.strangers) > 0 {
		// Nothing goes before, and whatever is due waits for it.
		until = s.rate.next
	}
	wanted := s.soft.Err() != nil || !b.hasRoom()
	if b.count[waiting]+b.count[held] == 0 {
		return idle{flush: wanted || s.draining > 0 && b.count[replaying] == 0, until: until}
	}
	if wanted && s.conn.sent > 0 {
		earlier(s.conn.since.Add(receiptsWithin))
	}
	return idle{flush: wanted && now.Sub(s.conn.since) >= receiptsWithin, until: until}
}
