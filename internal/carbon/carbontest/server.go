// Package carbontest is a receiver for Carbon's plaintext protocol that goes
// wrong on demand: it refuses, stalls, resets, forgets. It keeps every line
// with its connection and its time, and knows what Graphite would hold in the
// end: the last line for each series and time.
package carbontest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"
)

// A Line is one well-formed line in the order in which it was read.
type Line struct {
	Conn   int // number of the connection, from 1; 0 for UDP
	At     time.Time
	Series string
	Value  string // exactly as it was sent
	Time   int64
}

// A Key names one cell of Graphite.
type Key struct {
	Series string
	Time   int64
}

// A Server listens on one port for TCP and UDP. Its methods may be called from
// any goroutine.
type Server struct {
	host string
	port int

	mu       sync.Mutex
	gate     *sync.Cond // told when reading may go on or has to end
	listener net.Listener
	packets  net.PacketConn
	conns    map[*serverConn]struct{}
	accepted int
	closed   bool
	count    Counts
	lines    []Line

	stalled    bool
	held       map[int]bool
	resetAfter int
	idle       time.Duration
	poison     func(line string) bool
	drop       float64
	random     *rand.Rand
	discard    bool

	tasks sync.WaitGroup
}

// Counts are the counters of a Server.
type Counts struct {
	Accepted   int // TCP connections
	Open       int // TCP connections that are open now
	Lines      int // well-formed lines
	Bad        int // malformed lines
	Unfinished int // connections that ended in mid-line
	Dropped    int // datagrams thrown away
	Forgotten  int // lines lost by Kill
}

// Start listens on a free port of host, which is 127.0.0.1 when empty.
func Start(host string) (*Server, error) {
	if host == "" {
		host = "127.0.0.1"
	}
	s := &Server{host: host, conns: make(map[*serverConn]struct{}), held: make(map[int]bool)}
	s.gate = sync.NewCond(&s.mu)
	// The port has to be free for both; another try finds another one.
	var err error
	for range 20 {
		if err = s.Listen(); err == nil {
			return s, nil
		}
		s.port = 0
	}
	return nil, err
}

// Addr returns HOST:PORT, which stays the same over Refuse, Kill and Listen.
func (s *Server) Addr() string { return net.JoinHostPort(s.host, strconv.Itoa(s.Port())) }

// Host returns the address without the port.
func (s *Server) Host() string { return s.host }

// Port returns the port.
func (s *Server) Port() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.port
}

// Listen takes connections again after Refuse or Kill, on the same port.
func (s *Server) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	if s.listener != nil {
		return nil
	}
	ln, err := net.Listen("tcp", net.JoinHostPort(s.host, strconv.Itoa(s.port)))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	pc, err := net.ListenPacket("udp", net.JoinHostPort(s.host, strconv.Itoa(port)))
	if err != nil {
		ln.Close()
		return fmt.Errorf("listen: %w", err)
	}
	s.listener, s.packets, s.port = ln, pc, port
	// Both end when the listeners are closed.
	s.tasks.Go(func() { s.accept(ln) })
	s.tasks.Go(func() { s.receive(pc) })
	return nil
}

func (s *Server) accept(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		s.mu.Lock()
		if s.listener != ln {
			s.mu.Unlock()
			reset(c)
			continue
		}
		s.accepted++
		s.count.Accepted++
		sc := &serverConn{Conn: c, id: s.accepted, left: -1, last: time.Now()}
		if s.resetAfter > 0 {
			sc.left = s.resetAfter
		}
		s.conns[sc] = struct{}{}
		// Ends when the connection does.
		s.tasks.Go(func() { s.serve(sc) })
		s.mu.Unlock()
	}
}

// Close ends everything and waits for it.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.Refuse()
	s.Reset()
	s.tasks.Wait()
}

// Counts returns the counters.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.count
	c.Open = len(s.conns)
	return c
}

// Lines returns every line that is not forgotten, in the order of reading.
func (s *Server) Lines() []Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Line(nil), s.lines...)
}

// Final returns what Graphite would hold: the value that was read last for
// each series and time.
func (s *Server) Final() map[Key]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	final := make(map[Key]string)
	for _, l := range s.lines {
		final[Key{l.Series, l.Time}] = l.Value
	}
	return final
}

// Discard makes the server count lines without keeping or checking them.
func (s *Server) Discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.discard = true
}
