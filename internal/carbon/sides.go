package carbon

import (
	"slices"
	"time"

	"github.com/logfeed/logfeed/internal/retention"
)

// Carbon takes all points of a series out of its cache at once. go-carbon (seen
// in 0.18, in extractPoints of go-whisper) makes a mistake where they lie on
// both sides of an archive's end: the oldest one that the archive still covers
// goes straight into the coarser one, so it is missing where it should be and
// may overwrite a sum. So points of one side go first, and those of another
// when the first ones had their receipt and Carbon has had time to write them.

const (
	// writeTime is how long Carbon gets to write what it has read. go-carbon
	// does it within a second unless it is told to be slow, or has more to do
	// than it can.
	writeTime = 5 * time.Second

	// nearEnd is how many seconds before its end points count as beyond an
	// archive, because they may be by the time that Carbon takes them out of
	// its cache. They are the totals of coarser steps in any case, to which the
	// mistake does no harm in the coarser archive.
	nearEnd = 300
)

// sides knows on which side of the archives' ends the points are that go.
type sides struct {
	ends  []int64 // ages in seconds, ascending; the longest archives are left out
	side  int     // how many ends the points that went last are beyond; -1 is not known
	went  time.Time
	clock time.Time
	other bool // a point of another side was to go since turn
	hurry bool // the sender is to end: there is no time
}

// newSides returns the sides of an outbox. Where it goes on from an earlier
// one, that may have sent points of any side just now.
func newSides(restored bool, now time.Time) sides {
	s := sides{side: -1, clock: now}
	if restored {
		s.went = now
	}
	return s
}

// meetEnds takes in the archives of more series.
func (s *sides) meetEnds(list retention.List) {
	for _, a := range list[:max(len(list)-1, 0)] {
		if i, ok := slices.BinarySearch(s.ends, a.Span); !ok {
			s.ends = slices.Insert(s.ends, i, a.Span)
			s.side = -1
		}
	}
}

// mayGo says whether a point is on the side whose turn it is, or makes it the
// turn of its side.
func (b *outbox) mayGo(i slot) bool {
	age := b.now - int64(b.at(i).time) + nearEnd
	side, _ := slices.BinarySearch(b.ends, age)
	switch {
	case len(b.ends) == 0 || side == b.side || b.hurry:
	case b.count[inDoubt] == 0 && !b.clock.Before(b.turnAt()):
		b.side = side
	default:
		b.other = true
		return false
	}
	b.went = b.clock
	return true
}

// turnAt returns when it may be another side's turn, if what is in doubt has
// had its receipt by then.
func (b *outbox) turnAt() time.Time { return b.went.Add(writeTime) }

// turnSides prepares the turn of another side: the receipt first, when nothing
// more has gone for a moment, and then the time to write.
func (s *Sender) turnSides(now time.Time) idle {
	b := s.box
	if b.count[inDoubt] == 0 {
		return idle{until: b.turnAt()}
	}
	until := b.went.Add(receiptsWithin)
	flush := !now.Before(until)
	if b.count[replaying] > 0 && s.pace.After(now) && s.pace.Before(until) {
		until = s.pace
	}
	return idle{flush: flush, until: until}
}
