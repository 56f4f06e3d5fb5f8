package httpd

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// A generation is the processes between two restarts: it has the logs open
// that stood at their paths when it began.
type generation struct {
	files   []*os.File
	retired chan struct{} // closed when a newer generation has taken over
	ended   chan struct{} // closed when the files are closed

	mu    sync.Mutex
	rests [][]byte // of each file: the rest of a line that was begun
}

// openGeneration opens the logs as Apache does. What logrotate has made stands
// there already, with its own mode.
func openGeneration(logs []string) (*generation, error) {
	g := &generation{retired: make(chan struct{}), ended: make(chan struct{}), rests: make([][]byte, len(logs))}
	for _, path := range logs {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open a log to write: %w", err), g.close())
		}
		g.files = append(g.files, file)
	}
	return g, nil
}

// writeEvery is the time between two writes of a generation.
const writeEvery = 20 * time.Millisecond

// write writes lines until the server stops or the generation has lingered.
func (s *Server) write(g *generation) {
	defer close(g.ended)
	rate := float64(s.o.Rate)
	retired := g.retired
	var end <-chan time.Time
	ticker := time.NewTicker(writeEvery)
	defer ticker.Stop()
	last, due := time.Now(), 0.0
	for {
		select {
		case <-s.stop:
			s.keep(g.close())
			return
		case <-end:
			s.keep(g.close())
			return
		case <-retired:
			retired, end = nil, time.After(s.o.Linger)
			rate /= 4
		case now := <-ticker.C:
			due += rate * now.Sub(last).Seconds()
			last = now
			due -= float64(s.writeSome(g, int(due)))
		}
	}
}

// writeSome writes n lines to one of the logs.
func (s *Server) writeSome(g *generation, n int) int {
	if n == 0 {
		return 0
	}
	s.mu.Lock()
	text := s.compose(n, s.o.Oldest, s.o.Newest)
	log, cut := s.random.IntN(len(g.files)), 0
	if s.o.Torn && s.random.IntN(8) == 0 {
		cut = s.random.IntN(40) // no line is as short as that
	}
	s.mu.Unlock()
	s.keep(g.appendCut(log, text, cut))
	return n
}

// append writes text to a log behind what was begun there.
func (g *generation) append(log int, text []byte) error { return g.appendCut(log, text, 0) }

// appendCut leaves the last cut bytes for the next time.
func (g *generation) appendCut(log int, text []byte, cut int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	text = append(g.rests[log], text...)
	g.rests[log] = append([]byte(nil), text[len(text)-cut:]...)
	if _, err := g.files[log].Write(text[:len(text)-cut]); err != nil {
		return fmt.Errorf("write to a log: %w", err)
	}
	return nil
}

// close ends the lines that were begun and closes the files.
func (g *generation) close() error {
	var errs []error
	for i, file := range g.files {
		errs = append(errs, g.append(i, nil), file.Close())
	}
	return errors.Join(errs...)
}
