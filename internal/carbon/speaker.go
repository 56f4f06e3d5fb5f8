package carbon

import (
	"context"
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

func (s *speaker) warn(msg string, args ...any) { s.rarely(slog.LevelWarn, msg, args) }

// remark is for a state that is nobody's fault.
func (s *speaker) remark(msg string, args ...any) { s.rarely(slog.LevelInfo, msg, args) }

func (s *speaker) rarely(level slog.Level, msg string, args []any) {
	n, ok := s.turn(msg)
	if !ok {
		return
	}
	if n > 0 {
		args = append(args, "more_of_these", n)
	}
	s.log.Log(context.Background(), level, msg, args...)
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

// over ends a state, so that its next beginning is said at once. It tells
// whether this one was said.
func (s *speaker) over(msg string) (said bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	said = s.said[msg] != nil
	delete(s.said, msg)
	return said
}

func (s *speaker) info(msg string, args ...any) { s.log.Info(msg, args...) }
