package carbontest

import (
	"math/rand/v2"
	"net"
	"time"
)

// Refuse stops listening, as if nobody were there: new connections are
// refused, those in the backlog are reset, open ones go on.
func (s *Server) Refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse()
}

func (s *Server) refuse() {
	if s.listener == nil {
		return
	}
	s.listener.Close()
	s.packets.Close()
	s.listener, s.packets = nil, nil
}

// Kill does what the end of a Carbon by kill -9 does: nobody listens, every
// connection is reset, and every line that was read within the last forget is
// lost, as it was in the cache only. Listen is its restart.
func (s *Server) Kill(forget time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse()
	s.reset()
	since := time.Now().Add(-forget)
	n := len(s.lines)
	for n > 0 && s.lines[n-1].At.After(since) {
		n--
	}
	s.count.Forgotten += len(s.lines) - n
	s.lines = s.lines[:n:n]
}

// Reset resets every open connection.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reset()
}

func (s *Server) reset() {
	for c := range s.conns {
		c.dead = true
		delete(s.conns, c)
		reset(c.Conn)
	}
	s.gate.Broadcast()
}

func reset(c net.Conn) {
	if tc, ok := c.(*net.TCPConn); ok {
		_ = tc.SetLinger(0)
	}
	c.Close()
}

// CloseIdle closes every open connection in an orderly way, as Carbon does
// with those that were idle for long.
func (s *Server) CloseIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.dead = true
		delete(s.conns, c)
		c.Close()
	}
	s.gate.Broadcast()
}

// IdleTimeout makes the server close every connection, open ones included,
// that brings nothing for d. Zero turns it off.
func (s *Server) IdleTimeout(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = d
	s.kick()
}

// Stall accepts connections and reads nothing, until it is called with false.
func (s *Server) Stall(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalled = on
	s.kick()
}

// Hold reads nothing from connection number id, which need not exist yet,
// until it is called with false. Connections count from 1.
func (s *Server) Hold(id int, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[id] = on
	s.kick()
}

// kick makes every reader look at the switches again.
func (s *Server) kick() {
	for c := range s.conns {
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}
	s.gate.Broadcast()
}

// ResetAfter resets every connection, open ones included, after n more bytes,
// mostly in mid-line. Zero turns it off.
func (s *Server) ResetAfter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resetAfter = n
	for c := range s.conns {
		c.left = n
		if n == 0 {
			c.left = -1
		}
	}
}

// Poison makes the server close a connection that brings a line for which bad
// is true, and lose that line. Nil turns it off.
func (s *Server) Poison(bad func(line string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.poison = bad
}

// DropUDP throws away a share of the datagrams, from 0 to 1, at random.
func (s *Server) DropUDP(share float64, seed uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop, s.random = share, rand.New(rand.NewPCG(seed, seed))
}
