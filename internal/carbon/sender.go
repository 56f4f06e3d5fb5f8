package carbon

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// maxChunk bounds the text of a chunk: a peer that stops reading is then
// noticed after little more than the write deadline.
const maxChunk = 64 << 10

// udpBurst is how many datagrams go out without a pause.
const udpBurst = 50

// A Sender delivers points to one destination. One goroutine owns the
// connection; points reach it through the outbox. Its methods may be called
// from any goroutine.
type Sender struct {
	o    Options
	say  *speaker
	wake chan struct{} // something to do: points, or another mode
	news chan struct{} // a receipt, a break or a failed connect, for Drain

	soft context.Context // ends when what is owed is to be the last
	hard context.Context // ends when everything is to stop at once
	stop context.CancelFunc
	kill context.CancelFunc
	done chan struct{} // closed when the goroutine has ended

	mu       sync.Mutex
	box      *outbox
	room     chan struct{} // told when the buffer is below its bound again
	draining int           // callers of Drain that wait
	due      time.Time     // next full replay; zero is none
	again    bool          // that one is the second after a break
	last     time.Time     // when the last full replay began
	lean     time.Time     // since when points are outstanding and none was confirmed
	away     time.Time     // since when nobody answers; zero while connected
	taken    []point.Point // reused by own
	st       Stats

	// What only the goroutine uses.
	conn    *conn // nil between two
	batch   []point.Point
	limit   int       // points to send until a receipt is asked for
	turn    kind      // of the chunk that was the last
	freshes int       // fresh chunks since a replayed one
	pace    time.Time // when the next replayed chunk may go
	rate    pace      // of all points
	create  pace      // of new series
	tries   int       // failures since the last receipt
	tooOld  int64     // points of that kind that were told of
	partial int64     // the same
	lacked  int64     // incomplete replays that were reported
	good    bool      // points had a receipt since the last strike against one
}

// NewSender starts a sender. The caller ends it through its Group.
func NewSender(o Options) *Sender {
	o = o.withDefaults()
	now := time.Now()
	s := &Sender{
		o:     o,
		say:   newSpeaker(o),
		wake:  make(chan struct{}, 1),
		news:  make(chan struct{}, 1),
		done:  make(chan struct{}),
		box:   newOutbox(o, now),
		batch: make([]point.Point, 0, o.timing.chunk),
	}
	s.soft, s.stop = context.WithCancel(context.Background())
	s.hard, s.kill = context.WithCancel(context.Background())
	s.limit = s.maxInDoubt()
	s.rate, s.create = newPace(o.MaxRate, time.Second, o.timing.chunk), newPace(o.MaxCreates, time.Minute, o.timing.chunk)
	if o.Restore != nil {
		s.box.restore(o.Restore)
		s.lean = now
		if !o.Once && !o.Address.IsFile() {
			s.due, s.again = now.Add(o.timing.settle), true
		}
	}
	s.o.Restore = nil // may be large
	// Ends on stop, once nothing is owed, or on kill.
	go s.run()
	return s
}

// maxInDoubt keeps what is in doubt below half of the buffer, so that a full
// buffer always holds something that can be sent or shed, and below half of what
// a writer may be ahead, so that it need not wait for every receipt.
func (s *Sender) maxInDoubt() int { return max(1, min(s.o.timing.inDoubt, s.box.ahead/2)) }

func (s *Sender) run() {
	defer close(s.done)
	defer s.kill()
	for s.conn != nil || s.connect() {
		if err := s.session(); err != nil {
			s.broke(err)
		}
	}
}

// connect dials until it succeeds. It returns false when there is nothing left
// to connect for.
func (s *Sender) connect() bool {
	for !s.finished() {
		c, err := dialConn(s.hard, s.o)
		if err == nil {
			s.connected(c, s.firstLife())
			return true
		}
		if !errors.Is(err, errStopped) {
			s.notReached(err)
			s.sleep(s.backoff(s.o.timing.pause))
		}
	}
	return false
}

// firstLife is how long a connection lives that follows no other: from a
// quarter of the usual to all of it. Senders that came back together, to a relay
// that was away, would else renew their connections, and repeat their points,
// in the same second for ever after.
func (s *Sender) firstLife() time.Duration {
	if first := s.o.timing.first; first > 0 {
		return first
	}
	least := s.o.timing.renew / 4
	return least + time.Duration(rand.Int64N(int64(s.o.timing.renew-least)))
}

// finished tells whether the sender is to end now.
func (s *Sender) finished() bool {
	if s.hard.Err() != nil {
		return true
	}
	if s.soft.Err() == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.box.owed == 0
}

// backoff returns the next pause: it doubles up to most and varies by a
// quarter each way, so that many senders do not come back in step.
func (s *Sender) backoff(most time.Duration) time.Duration {
	d := min(s.o.timing.backoff<<min(s.tries, 20), most)
	s.tries++
	return d - d/4 + time.Duration(rand.Int64N(int64(d)/2+1))
}

// sleep returns after d. Once the sender is stopping, time is short, and it
// tries again sooner.
func (s *Sender) sleep(d time.Duration) {
	stopping := s.soft.Done()
	if s.soft.Err() != nil {
		d, stopping = min(d, time.Second/2), nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-stopping:
	case <-s.hard.Done():
	}
}

// session sends until the connection breaks, or returns nil when it was closed
// with a receipt or has nothing more to do.
func (s *Sender) session() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{r}
		}
	}()
	for err == nil && s.conn != nil {
		if err := s.conn.lost(); err != nil {
			return err
		}
		batch, idle := s.next()
		s.sayAged()
		switch {
		case s.hard.Err() != nil:
			err = errStopped
		case len(batch) > 0:
			if err = s.transmit(batch); err == nil && (s.conn.sent >= s.limit || s.old()) {
				err = s.renew()
			}
		case idle.flush && s.conn.sent > 0:
			err = s.renew()
		case s.finished():
			s.conn.close(true)
			s.conn = nil
		case s.old():
			err = s.renew()
		default:
			s.wait(idle.until)
		}
	}
	return err
}

// old tells whether it is time for a receipt and a new connection, however much
// or little was sent: a peer that is gone is noticed, and go-carbon, which
// closes after two idle minutes, has no reason to.
func (s *Sender) old() bool { return time.Since(s.conn.since) >= s.conn.life }

type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic while sending: %v", e.value) }

// replayAt returns when the next full replay begins: at most one a minute,
// however often a balancer cuts the connection.
func (s *Sender) replayAt() time.Time {
	if s.due.IsZero() || s.last.IsZero() {
		return s.due
	}
	if at := s.last.Add(s.o.timing.replay); at.After(s.due) {
		return at
	}
	return s.due
}

// replayDue begins the full replay that is due. After the first one since a
// break another follows a while later: bytes of an abandoned connection may
// still have been on their way, and must not be the last that Carbon reads.
func (s *Sender) replayDue(now time.Time) {
	at := s.replayAt()
	if at.IsZero() || now.Before(at) {
		return
	}
	s.due = time.Time{}
	if s.box.replay() > 0 {
		s.last = now
	}
	if !s.again && !s.o.Once {
		s.due = now.Add(s.o.timing.settle)
	}
	s.again = !s.due.IsZero()
	signal(s.news)
}

func (s *Sender) transmit(batch []point.Point) error {
	s.mu.Lock()
	s.st.Sent += int64(len(batch))
	s.mu.Unlock()
	if s.o.sending != nil {
		s.o.sending(batch)
	}
	err := s.conn.send(s.hard, batch, s.o.timing.write)
	// From now, because what Carbon was slow to take must not be followed by
	// the next at once; after an error too, because some may have arrived.
	now := time.Now()
	s.rate.spend(now)
	if s.turn == introductions {
		s.create.spend(now)
		s.sayIntroduced()
	}
	if err == nil && s.conn.udp {
		s.sleep(s.o.timing.datagram)
	}
	return err
}

// wait returns at the given time, or earlier when there is something to do.
func (s *Sender) wait(until time.Time) {
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.wake:
	case <-s.conn.gone:
	case <-s.hard.Done():
	}
}

// renew exchanges the connection for a new one and takes the old one's
// receipt. The new one is opened first, so that no Carbon can die between the
// two unnoticed; nothing is sent on it before the receipt, so that the order
// of totals stays.
func (s *Sender) renew() error {
	old := s.conn
	var next *conn
	var dialErr error
	if s.soft.Err() == nil {
		next, dialErr = dialConn(s.hard, s.o)
	}
	if err := old.receipt(s.hard, s.o.timing.receipt); err != nil {
		if next != nil {
			next.close(false)
		}
		return err
	}
	old.close(true)
	s.conn = nil
	s.confirm(old.sent)
	if next != nil {
		s.connected(next, s.o.timing.renew)
	}
	return dialErr
}
