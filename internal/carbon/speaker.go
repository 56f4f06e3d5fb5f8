package carbon

import (
	"log/slog"
	"sync"
	"time"
)

// A speaker writes the log of one destination so that a long outage stays a
// few lines: each kind of warning comes at once and then only after a long
// pause, with the number of those left out.
type speaker struct {
	log   *slog.Logger
	pause time.Duration

	mu   sync.Mutex
	said map[string]*spoken
}

type spoken struct {
	at      time.Time
	leftOut int
}

func newSpeaker(o Options) *speaker {
	return &speaker{
		log:   o.Log.With("carbon", o.Address.String()),
		pause: o.timing.remind,
		said:  make(map[string]*spoken),
	}
}

func (s *speaker) warn(msg string, args ...any) {
	n, ok := s.turn(msg)
	if !ok {
		return
	}
	if n > 0 {
		args = append(args, "more_of_these", n)
	}
	s.log.Warn(msg, args...)
}

func (s *speaker) turn(msg string) (leftOut int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	w := s.said[msg]
	if w == nil {
		s.said[msg] = &spoken{at: now}
		return 0, true
	}
	if now.Sub(w.at) < s.pause {
		w.leftOut++
		return 0, false
	}
	leftOut, w.leftOut, w.at = w.leftOut, 0, now
	return leftOut, true
}

// over ends a state, so that its next beginning is said at once.
func (s *speaker) over(msg string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.said, msg)
}

func (s *speaker) info(msg string, args ...any) { s.log.Info(msg, args...) }
