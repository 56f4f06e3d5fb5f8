package carbon

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// The messages that begin a state, said once and then rarely.
const (
	sayAway      = "cannot reach carbon, points wait in memory"
	sayBreak     = "connection to carbon broke, sending again what may be lost"
	sayShed      = "carbon's buffer is full, dropping the oldest points"
	sayBad       = "refused a point that would break the protocol"
	sayAside     = "set a point aside because carbon ends every connection that brings it"
	sayLack      = "a replay lacked points, because the history was full"
	sayOld       = "points were dropped because no archive of carbon keeps their age"
	sayPart      = "points were dropped because carbon keeps longer steps at their age, and other points of those are forgotten"
	sayUnwritten = "cannot write points to the file, they wait in memory"
	sayNew       = "new series wait to be introduced to carbon"
)

// phrases are the messages on a destination that comes and goes.
type phrases struct{ away, broke, begun string }

func (a Address) phrases() phrases {
	if a.IsFile() {
		return phrases{away: sayUnwritten, broke: sayUnwritten, begun: "writing points to a file"}
	}
	return phrases{away: sayAway, broke: sayBreak, begun: "connected to carbon"}
}

// A bound says what happens to points when the buffer is full.
type bound int

const (
	makeRoom    bound = iota // where it was full before, the oldest make room for new ones
	shedToBound              // the oldest are dropped until it is below its bound
	keepAll                  // nothing is dropped: the program stops, and keeps them on disk
	ifRoom                   // the points are not taken
)

// own returns the points that are for this destination, in a slice that holds
// until the next call.
func (s *Sender) own(points []point.Point) []point.Point {
	if s.o.Takes == nil {
		return points
	}
	s.taken = s.taken[:0]
	for _, p := range points {
		if s.o.Takes(p) {
			s.taken = append(s.taken, p)
		}
	}
	return s.taken
}

// add takes points into the outbox.
func (s *Sender) add(points []point.Point, how bound) {
	s.mu.Lock()
	points = s.own(points)
	b := s.box
	if b.full() && how == ifRoom {
		s.st.Declined += int64(len(points))
		s.mu.Unlock()
		return
	}
	if b.owed == 0 && len(points) > 0 {
		s.lean = time.Now()
	}
	limit := b.buffer
	if b.full() && how == makeRoom {
		how, limit = shedToBound, b.owed
	}
	var bad error
	var example point.Point
	for _, p := range points {
		if err := b.put(p); err != nil {
			s.st.Refused++
			bad, example = err, p
		}
	}
	before := b.shed
	if how == shedToBound {
		b.shedTo(limit)
	}
	lost, total := b.shed-before, b.shed
	s.mu.Unlock()
	signal(s.wake)
	if bad != nil {
		s.say.warn(sayBad, "reason", bad, "series", fmt.Sprintf("%.200q", example.Series),
			"value", example.Value, "time", example.Time)
	}
	if lost > 0 {
		s.say.warn(sayShed, "dropped", total, "waiting", limit)
	}
}

func (s *Sender) hasRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.box.hasRoom()
}

// signal tells a channel of capacity one; what is told already stays told.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// connected takes a new connection into use, to be renewed after its life.
func (s *Sender) connected(c *conn, life time.Duration) {
	s.conn = c
	c.since, c.life = time.Now(), life
	away, first, waits := s.markConnected()
	switch {
	case away > 0 && !s.o.Address.IsFile(): // that it can be opened says little of a file
		s.say.over(sayAway)
		s.say.info("carbon is back", "away", away.Round(time.Millisecond), "waiting", waits)
	case first:
		s.say.info(s.o.Address.phrases().begun)
	}
}

func (s *Sender) markConnected() (away time.Duration, first bool, waits int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first = s.st.Connects == 0
	s.st.Connects++
	s.st.Connected = true
	if !s.away.IsZero() {
		away = time.Since(s.away)
		s.away = time.Time{}
	}
	return away, first, s.box.owed
}

// notReached takes a connect that failed. Where points were delivered before,
// it is as sure a sign of a Carbon that died as a broken connection.
func (s *Sender) notReached(err error) {
	s.mu.Lock()
	s.st.Failures++
	s.st.Connected = false
	s.st.LastError = err.Error()
	s.box.broke() // nothing is in doubt here, unless a panic came between
	if s.away.IsZero() {
		s.away = time.Now()
		s.lost()
	}
	waits := s.box.owed
	s.mu.Unlock()
	signal(s.news)
	s.say.warn(s.o.Address.phrases().away, "error", err, "waiting", waits)
}

// sayIntroduced says how long new series have to wait, if that is for long.
func (s *Sender) sayIntroduced() {
	s.mu.Lock()
	series, points := len(s.box.strangers), s.box.count[held]
	s.mu.Unlock()
	wait := time.Duration(series/s.create.most) * s.create.every
	switch {
	case wait >= s.o.timing.notable:
		s.say.remark(sayNew, "series", series, "points", points, "takes", wait.Round(time.Second))
	case series == 0 && s.say.over(sayNew):
		s.say.info("all new series are introduced to carbon")
	}
}

// sayAged tells of points that grew too old before they could be sent.
func (s *Sender) sayAged() {
	if s.o.Retentions == nil {
		return
	}
	s.mu.Lock()
	old, partial := s.box.tooOld, s.box.partial
	s.mu.Unlock()
	if old > s.tooOld {
		s.tooOld = old
		s.say.warn(sayOld, "dropped", old)
	}
	if partial > s.partial {
		s.partial = partial
		s.say.warn(sayPart, "dropped", partial)
	}
}

// lost makes the window go again as soon as it may. The caller holds s.mu.
func (s *Sender) lost() {
	if s.st.Sent == 0 || s.o.Address.IsFile() {
		return // there is nothing that Carbon could have lost
	}
	s.box.lost()
	s.due, s.again = time.Now(), false
	if s.box.owed == 0 {
		s.lean = s.due
	}
}

// broke takes the end of a connection that was not a receipt.
func (s *Sender) broke(err error) {
	c := s.conn
	s.conn = nil
	if c == nil {
		// The old connection had its receipt, but no new one could be opened.
		if !errors.Is(err, errStopped) {
			s.notReached(err)
			s.sleep(s.backoff(s.o.timing.pause))
		}
		return
	}
	c.close(false)
	if errors.Is(err, errStopped) {
		s.mu.Lock()
		s.box.broke()
		s.mu.Unlock()
		return
	}
	// A smaller share until the next receipt gets through where a large one
	// does not, and finds a point that the peer cannot bear.
	if c.sent > 0 {
		s.limit = max(1, c.sent/2)
	}
	aside, doubt := s.settleBreak(c, err)
	signal(s.news)
	s.say.warn(s.o.Address.phrases().broke, "error", err, "in_doubt", doubt)
	if aside != "" {
		s.say.warn(sayAside, "series", aside)
	}
	s.sleep(s.backoff(s.o.timing.flap))
}

func (s *Sender) settleBreak(c *conn, err error) (aside string, doubt int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.Breaks++
	s.st.Connected = false
	s.st.LastError = err.Error()
	var caught *panicError
	if errors.As(err, &caught) {
		s.st.Panics++
	}
	s.lost()
	if c.sent == 1 && byPeer(err) && time.Since(c.last) < 2*time.Second {
		aside = s.box.suspect(s.good)
		s.good = false
		if aside != "" {
			s.st.SetAside++
		}
	}
	return aside, s.box.broke()
}

// byPeer tells whether the peer ended the connection, as against a time limit
// or a fault on the way.
func byPeer(err error) bool {
	for _, cause := range []error{errPeerClosed, errUnread, syscall.ECONNRESET, syscall.EPIPE, syscall.ENOTCONN} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// confirm takes a receipt for everything sent on a connection.
func (s *Sender) confirm(sent int) {
	s.tries = 0
	if sent > 0 {
		s.good = true
		s.limit = min(s.limit*2, s.maxInDoubt())
		if s.say.over(sayUnwritten) {
			s.say.info("points are written to the file again")
		}
	}
	room, incomplete := s.markConfirmed(time.Now())
	if incomplete > s.lacked {
		s.lacked = incomplete
		s.say.warn(sayLack)
	}
	signal(s.news)
	if room != nil {
		signal(room)
	}
}

// markConfirmed returns whom to tell that there is room, if there is.
func (s *Sender) markConfirmed(now time.Time) (room chan struct{}, incomplete int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.Delivered += int64(s.box.confirm(now))
	s.st.Receipts++
	s.st.LastReceipt = now
	s.st.Connected = false
	s.lean = now
	if s.box.hasRoom() {
		room = s.room
	}
	return room, s.box.incomplete
}
