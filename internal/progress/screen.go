// Package progress shows how far a backlog is: as one line at the foot of a
// terminal, or as the attributes of a log record.
//
// A Meter makes a Report of what was counted. A Screen keeps the line of a
// report at the foot of a terminal while other text is written above it.
package progress

import (
	"io"
	"sync"
)

// The control sequences are those of ECMA-48 and DEC's VT100, which every
// terminal of today has. Automatic wrapping is off while the line is written,
// so that it never wraps, also where the terminal became narrower just now.
const (
	erase    = "\r\x1b[J" // from the start of this row to the end of the screen
	wrapOff  = "\x1b[?7l"
	tailOver = "\x1b[J\x1b[?7h\r" // erases what was longer before, and goes back
)

// A Screen is a terminal with a line at its foot. It may be used by several
// goroutines.
//
// The cursor rests at the beginning of the line, not at its end. A terminal
// that becomes narrower and breaks the line into rows keeps the cursor where
// the line begins, so that the next drawing erases all of its rows.
type Screen struct {
	mu      sync.Mutex
	to      io.Writer
	columns func() int
	foot    []byte // the line with its control sequences; empty: none is shown
	buf     []byte
}

// NewScreen returns a screen without a line. columns tells the present width of
// the terminal and is asked at every drawing.
func NewScreen(to io.Writer, columns func() int) *Screen {
	return &Screen{to: to, columns: columns}
}

// Write writes b, which ends in a newline, above the line: as one write, so
// that nothing gets in between.
func (s *Screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.foot) == 0 {
		return s.to.Write(b)
	}
	s.buf = append(append(append(s.buf[:0], erase...), b...), s.foot...)
	if _, err := s.to.Write(s.buf); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Draw shows the line in the place of the one before. That it cannot be shown
// is no reason for anything else to fail, so there is no error.
func (s *Screen) Draw(l Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The last column stays free: the cursor has a place after the line.
	text := l.Fit(s.columns() - 1)
	s.foot = append(append(append(append(s.foot[:0], '\r'), wrapOff...), text...), tailOver...)
	_, _ = s.to.Write(s.foot)
}

// Clear takes the line away; Draw brings it back.
func (s *Screen) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.foot) > 0 {
		s.foot = s.foot[:0]
		_, _ = io.WriteString(s.to, erase)
	}
}

// Above returns a writer for another way to the same terminal, such as
// standard output: what is written to it stands above the line as well.
func (s *Screen) Above(to io.Writer) io.Writer { return above{s, to} }

type above struct {
	screen *Screen
	to     io.Writer
}

func (a above) Write(b []byte) (int, error) {
	s := a.screen
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.foot) == 0 {
		return a.to.Write(b)
	}
	_, _ = io.WriteString(s.to, erase)
	n, err := a.to.Write(b)
	_, _ = s.to.Write(s.foot)
	return n, err
}
