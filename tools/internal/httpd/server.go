// Package httpd stands in for Apache where logs are written: it appends lines
// in the combined format to one or several logs, opens them anew on a graceful
// restart while its old processes go on with the old files for a while, and
// knows every line that it has written.
package httpd

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// Options describe a Server. Logs must be set.
type Options struct {
	// Logs are the paths of the logs; each line goes to one of them. A log
	// that is missing is made.
	Logs []string
	// Rate is how many lines are written a second. Zero writes none but those
	// of Burst.
	Rate int
	// The time of a line lies between Oldest and Newest before the present.
	Oldest, Newest time.Duration
	// Linger is for how long the old processes still write, a quarter of the
	// lines, after a graceful restart.
	Linger time.Duration
	// Torn writes one line in eight in two pieces.
	Torn bool
	// Seed makes the lines, but for their times, the same in every run.
	Seed uint64
}

// A Server writes from Start to Stop. Its methods may be called from any
// goroutine.
type Server struct {
	o    Options
	stop chan struct{}
	wait sync.WaitGroup

	mu      sync.Mutex
	random  *rand.Rand
	lines   int
	log     bytes.Buffer
	failure error
	current *generation
}

// Start opens the logs and begins to write.
func Start(o Options) (*Server, error) {
	s := &Server{o: o, stop: make(chan struct{}), random: rand.New(rand.NewPCG(o.Seed, 0))}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload is a graceful restart: new processes open the logs by their names and
// write there at once. The old ones end by themselves.
func (s *Server) Reload() error {
	g, err := openGeneration(s.o.Logs)
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := s.current
	s.current = g
	s.mu.Unlock()
	if old != nil {
		close(old.retired)
	}
	// Ends with Stop, or a while after the next Reload.
	s.wait.Go(func() { s.write(g) })
	return nil
}

// reloadEvery is how often ReloadOn looks.
const reloadEvery = 10 * time.Millisecond

// ReloadOn has the server restart gracefully each time a file appears at
// path, such as a postrotate script makes. When the old processes have ended,
// it removes the file.
func (s *Server) ReloadOn(path string) {
	// Ends with Stop.
	s.wait.Go(func() {
		for s.pause(reloadEvery) {
			if _, err := os.Lstat(path); err != nil {
				continue
			}
			s.mu.Lock()
			old := s.current
			s.mu.Unlock()
			if s.keep(s.Reload()) {
				<-old.ended
			}
			s.keep(os.Remove(path))
		}
	})
}

// Burst writes n lines at once whose times lie between oldest and newest
// before the present.
func (s *Server) Burst(n int, oldest, newest time.Duration) error {
	s.mu.Lock()
	g := s.current
	text := s.compose(n, oldest, newest)
	s.mu.Unlock()
	return g.append(0, text)
}

// Stop ends the writing, with whole lines. It returns the first error that
// there was.
func (s *Server) Stop() error {
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	s.wait.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// Log returns all lines of all logs, in the order in which they were made.
// After Stop they are all written.
func (s *Server) Log() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.log.Bytes())
}

// Lines returns how many lines there are.
func (s *Server) Lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines
}

// keep notes an error for Stop and tells whether there was none.
func (s *Server) keep(err error) bool {
	if err == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = errors.Join(s.failure, err)
	return false
}

// pause waits for d and tells whether the server is to go on.
func (s *Server) pause(d time.Duration) bool {
	select {
	case <-s.stop:
		return false
	case <-time.After(d):
		return true
	}
}

// compose makes n lines and takes note of them. The caller holds s.mu.
func (s *Server) compose(n int, oldest, newest time.Duration) []byte {
	var text []byte
	for range n {
		s.lines++
		// As in real logs most answers are good.
		status := []int{200, 200, 200, 200, 206, 304, 404, 503}[s.random.IntN(8)]
		age := newest
		if oldest > newest {
			age += time.Duration(s.random.Int64N(int64(oldest - newest)))
		}
		text = fmt.Appendf(text, "192.0.2.%d - - [%s] \"GET /page/%d HTTP/1.1\" %d %d \"-\" \"test\"\n",
			1+s.random.IntN(250), time.Now().Add(-age).UTC().Format("02/Jan/2006:15:04:05 -0700"),
			s.lines, status, s.random.IntN(1<<20))
	}
	s.log.Write(text)
	return text
}
