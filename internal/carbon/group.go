package carbon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// GroupOptions say how a group behaves at its bounds.
type GroupOptions struct {
	// Shed makes Write never wait: a destination at its bound loses its oldest
	// points, counted. It is for input that must not be held up.
	Shed bool
}

// A Group gives every point to all of its destinations. Each has its own
// outbox, so that one that is slow or dead delays no other. It implements
// point.Sink.
type Group struct {
	o       GroupOptions
	senders []*Sender
	writing sync.Mutex    // held while a Write runs
	room    chan struct{} // told when a destination is below its bound again
	waits   atomic.Bool   // a Write waits for room
	stopped sync.Once
}

// piece is how many points are given out between two looks at the bounds, and
// so by how many a buffer may pass its bound.
const piece = 100

// NewGroup takes over senders, which belong to no other group. Stop or Close
// ends them.
func NewGroup(o GroupOptions, senders ...*Sender) *Group {
	g := &Group{o: o, senders: senders, room: make(chan struct{}, 1)}
	for _, s := range senders {
		s.mu.Lock()
		s.room = g.room
		s.mu.Unlock()
	}
	return g
}

// Write gives the points to every destination. It waits while every one of
// them owes as much as Options.Ahead allows; a single one at the bound of its
// buffer loses its oldest points.
// It returns the error of ctx when that ends the wait. All of the points are
// taken even then, past the bound, so that a checkpoint can hold them. With
// Options.Once it fails with a *StuckError when it has to wait and no
// destination has taken anything for its Replay (at least two minutes).
func (g *Group) Write(ctx context.Context, points []point.Point) error {
	g.writing.Lock()
	defer g.writing.Unlock()
	for len(points) > 0 {
		if err := g.wait(ctx); err != nil {
			for _, s := range g.senders {
				s.add(points, keepAll)
			}
			return err
		}
		n := min(piece, len(points))
		for _, s := range g.senders {
			s.add(points[:n], g.bound())
		}
		points = points[n:]
	}
	return nil
}

// Offer gives the points to the destinations that have room, and never waits.
// Where a destination is at its bound they are left out, counted, and make no
// other point go. It may be called from any goroutine.
func (g *Group) Offer(points []point.Point) {
	for _, s := range g.senders {
		s.add(points, ifRoom)
	}
}

func (g *Group) bound() bound {
	if g.o.Shed {
		return shedToBound
	}
	return makeRoom
}

// wait returns when a destination has room.
func (g *Group) wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if g.o.Shed || g.hasRoom() {
			return nil
		}
		limit, err := g.stuck()
		if err != nil {
			return err
		}
		g.waits.Store(true)
		t := time.NewTimer(limit)
		select {
		case <-g.room:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
		g.waits.Store(false)
	}
}

// Full tells whether a Write waits at this moment because no destination has
// room. It may be called from any goroutine.
func (g *Group) Full() bool { return g.waits.Load() && !g.hasRoom() }

func (g *Group) hasRoom() bool {
	for _, s := range g.senders {
		if s.hasRoom() {
			return true
		}
	}
	return len(g.senders) == 0
}

// stuck returns how long a Write may wait until it has to look again, or an
// error when waiting is of no use any more.
func (g *Group) stuck() (time.Duration, error) {
	longest := time.Duration(0)
	var errs []error
	for _, s := range g.senders {
		if !s.o.Once {
			return time.Hour, nil
		}
		left, err := s.patience()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		longest = max(longest, left)
	}
	if longest > 0 {
		return longest, nil
	}
	return 0, errors.Join(errs...)
}

// A StuckError says that a destination took nothing for its replay time.
type StuckError struct {
	Address     Address
	For         time.Duration
	Undelivered int
	Last        string // the last error of the connection
}

func (e *StuckError) Error() string {
	s := fmt.Sprintf("carbon %s has taken nothing for %s, %d points are undelivered", e.Address, e.For.Round(time.Second), e.Undelivered)
	if e.Last != "" {
		s += ": " + e.Last
	}
	return s
}

// leastPatience holds where the replay time is shorter or none: a Carbon that
// is being restarted is no reason to give up, and while points wait for their
// turn there is a receipt a minute, which may take half a minute to come.
const leastPatience = 2 * time.Minute

// patience returns for how long the sender may still take nothing before it
// counts as stuck.
func (s *Sender) patience() (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	idle := time.Since(s.lean)
	if left := max(s.o.Replay, leastPatience) - idle; left > 0 {
		return left, nil
	}
	return 0, &StuckError{Address: s.o.Address, For: idle, Undelivered: s.box.owed, Last: s.st.LastError}
}

// Drain waits until every destination has confirmed all points that were
// written, replays after breaks included (over UDP: until they were sent). It
// fails when a destination takes nothing for its Replay (*StuckError) and when
// points were lost at a bound, so that the run has to be repeated
// (*LossError). It waits for all destinations before it returns the errors of
// some. Only one goroutine at a time may call it.
func (g *Group) Drain(ctx context.Context) error {
	errs := make([]error, len(g.senders))
	var all sync.WaitGroup
	for i, s := range g.senders {
		// Ends with ctx, with delivery or with the sender's patience.
		all.Go(func() { errs[i] = s.drain(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// A LossError says what a destination has not got although all is delivered
// that could be.
type LossError struct {
	Address    Address
	Shed       int64 // dropped undelivered, at the bound
	SetAside   int64 // dropped, because the peer could not bear them
	Partial    int64 // dropped, because of their longer step other points were forgotten
	Incomplete int64 // replays that lacked points
}

func (e *LossError) Error() string {
	s := fmt.Sprintf("carbon %s:", e.Address)
	if e.Shed > 0 {
		s += fmt.Sprintf(" %d points were dropped because the buffer was full;", e.Shed)
	}
	if e.SetAside > 0 {
		s += fmt.Sprintf(" %d points were set aside because carbon ended every connection that brought them;", e.SetAside)
	}
	if e.Partial > 0 {
		s += fmt.Sprintf(" %d points became too old for their step before they could be sent, and the rest of the longer step was forgotten;", e.Partial)
	}
	if e.Incomplete > 0 {
		s += " the connection broke and older points than were kept may be lost;"
	}
	return s + " run it again"
}

func (s *Sender) drain(ctx context.Context) error {
	s.mu.Lock()
	s.draining++
	s.mu.Unlock()
	signal(s.wake)
	defer func() {
		s.mu.Lock()
		s.draining--
		s.mu.Unlock()
	}()
	for {
		if done, err := s.drained(); done {
			return err
		}
		left, err := s.patience()
		if err != nil {
			return err
		}
		t := time.NewTimer(left)
		select {
		case <-s.news:
		case <-t.C:
		case <-s.done:
			t.Stop()
			if done, err := s.drained(); done {
				return err
			}
			return fmt.Errorf("carbon %s: %w with points undelivered", s.o.Address, errStopped)
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		}
		t.Stop()
	}
}

func (s *Sender) drained() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.box
	replayDue := !s.due.IsZero() && !s.again
	if b.owed+b.count[waiting]+b.count[inDoubt]+b.count[replaying] > 0 || replayDue {
		return false, nil
	}
	if b.shed+s.st.SetAside+b.partial+b.incomplete > 0 {
		return true, &LossError{s.o.Address, b.shed, s.st.SetAside, b.partial, b.incomplete}
	}
	return true, nil
}

// Left is what a destination has not got when its sender ends.
type Left struct {
	Address Address
	Points  int
}

// Stop sends what is still owed until ctx ends, ends the senders, and returns
// the destinations that lack points. Stop it only after the last Write.
func (g *Group) Stop(ctx context.Context) []Left {
	g.stopped.Do(func() {
		for _, s := range g.senders {
			s.stop()
			signal(s.wake)
		}
		end := context.AfterFunc(ctx, func() {
			for _, s := range g.senders {
				s.kill()
			}
		})
		defer end()
		for _, s := range g.senders {
			<-s.done
		}
	})
	var left []Left
	for _, s := range g.senders {
		if st := s.Stats(); st.Undelivered > 0 {
			left = append(left, Left{st.Address, st.Undelivered})
		}
	}
	return left
}

// closeTime is how long Close tries to send what is left.
const closeTime = 8 * time.Second

// Close is Stop with a limit of 8 seconds. Its error names the destinations
// that lack points.
func (g *Group) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	var errs []error
	for _, l := range g.Stop(ctx) {
		errs = append(errs, fmt.Errorf("carbon %s: %d points undelivered", l.Address, l.Points))
	}
	return errors.Join(errs...)
}

// Stats returns the numbers of every destination, in the order of NewGroup.
func (g *Group) Stats() []Stats {
	all := make([]Stats, len(g.senders))
	for i, s := range g.senders {
		all[i] = s.Stats()
	}
	return all
}

// Snapshots returns the state of every destination, in the order of NewGroup.
func (g *Group) Snapshots() []Snapshot {
	all := make([]Snapshot, len(g.senders))
	for i, s := range g.senders {
		all[i] = s.Snapshot()
	}
	return all
}

// Oldest returns the earliest bucket of which any destination holds a point of
// a series but those that without names, sent or not: nothing older will be
// sent. It may be called from any goroutine.
func (g *Group) Oldest(without func(series string) bool) (unix int64, ok bool) {
	for _, s := range g.senders {
		if t, some := s.oldest(without); some && (!ok || t < unix) {
			unix, ok = t, true
		}
	}
	return unix, ok
}

func (s *Sender) oldest(without func(series string) bool) (unix int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.box.names.list {
		n := &s.box.names.list[i]
		if n.idle() {
			continue
		}
		if t := int64(n.points.points()[0].time); (!ok || t < unix) && !without(n.series) {
			unix, ok = t, true
		}
	}
	return unix, ok
}
