package carbontest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"regexp"
	"strconv"
	"time"
)

type serverConn struct {
	net.Conn
	id   int
	left int       // bytes until a reset; negative is never
	dead bool      // closed by the server
	last time.Time // when it brought something
	tail []byte
}

// serve reads one connection to its end.
func (s *Server) serve(c *serverConn) {
	buf := make([]byte, 64<<10)
	for s.mayRead(c) {
		n, err := c.Read(buf)
		idle := errors.Is(err, os.ErrDeadlineExceeded)
		if !s.take(c, buf[:n], idle) || err != nil && !idle {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(c.tail) > 0 {
		s.count.Unfinished++
	}
	delete(s.conns, c)
	c.Close()
}

// mayRead waits while the connection is not to be read, and returns false when
// it is dead.
func (s *Server) mayRead(c *serverConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.halted(c) {
		s.gate.Wait()
	}
	if s.idle > 0 {
		_ = c.SetReadDeadline(c.last.Add(s.idle))
	} else {
		_ = c.SetReadDeadline(time.Time{})
	}
	return !c.dead
}

func (s *Server) halted(c *serverConn) bool {
	return !c.dead && (s.stalled || s.held[c.id])
}

// take works on what was read. It returns false when the server ends the
// connection.
func (s *Server) take(c *serverConn, data []byte, timeout bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A read that was under way when the switch was turned counts as one after
	// it.
	for len(data) > 0 && s.halted(c) {
		s.gate.Wait()
	}
	if c.dead {
		return false
	}
	if timeout && len(data) == 0 {
		// Either the connection was idle for too long, or a switch was
		// turned.
		return s.idle == 0 || s.halted(c) || time.Since(c.last) < s.idle
	}
	c.last = time.Now()
	cut := c.left >= 0 && len(data) >= c.left
	if cut {
		data = data[:c.left]
	}
	if c.left >= 0 {
		c.left -= len(data)
	}
	if s.discard {
		s.count.Lines += bytes.Count(data, []byte{'\n'})
		return true
	}
	c.tail = append(c.tail, data...)
	rest, ok := s.split(c.tail, c.id)
	c.tail = c.tail[:copy(c.tail, rest)]
	if cut || !ok {
		c.dead = true
		if cut {
			reset(c.Conn)
		}
		return false
	}
	return true
}

// split takes all whole lines and returns what follows the last newline, or
// false when a line was poison.
func (s *Server) split(data []byte, id int) ([]byte, bool) {
	now := time.Now()
	for {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			return data, true
		}
		text := string(data[:end])
		data = data[end+1:]
		if s.poison != nil && s.poison(text) {
			return data, false
		}
		l, ok := Parse(text)
		if !ok {
			s.count.Bad++
			continue
		}
		l.Conn, l.At = id, now
		s.count.Lines++
		s.lines = append(s.lines, l)
	}
}

func (s *Server) receive(pc net.PacketConn) {
	buf := make([]byte, 64<<10)
	for {
		n, _, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.drop > 0 && s.random.Float64() < s.drop {
			s.count.Dropped++
		} else if rest, _ := s.split(buf[:n], 0); len(rest) > 0 {
			s.count.Bad++
		}
		s.mu.Unlock()
	}
}

// Parse reads one line without its newline, by the strictest of the rules that
// real receivers have: "series value time" with single spaces, a name of safe
// characters without empty parts, a plain decimal, and a time above 0.
func Parse(text string) (Line, bool) {
	f := bytes.Split([]byte(text), []byte{' '})
	if len(f) != 3 || !goodName(f[0]) || !plainNumber(f[1]) {
		return Line{}, false
	}
	t, err := strconv.ParseUint(string(f[2]), 10, 32)
	if err != nil || t == 0 || f[2][0] == '0' || f[2][0] == '+' {
		return Line{}, false
	}
	return Line{Series: string(f[0]), Value: string(f[1]), Time: int64(t)}, true
}

// tagged is a name with Graphite's tags.
var tagged = regexp.MustCompile(`^([^;]+)(;[A-Za-z0-9_:-]+=[A-Za-z0-9_.:-]+)+$`)

func goodName(b []byte) bool {
	if bytes.IndexByte(b, ';') < 0 {
		return plainName(b)
	}
	m := tagged.FindSubmatch(b)
	return m != nil && plainName(m[1]) && !bytes.Contains(b, []byte(";name="))
}

func plainName(b []byte) bool {
	for part := range bytes.SplitSeq(b, []byte{'.'}) {
		if len(part) == 0 {
			return false
		}
		for _, c := range part {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == ':') {
				return false
			}
		}
	}
	return true
}

func plainNumber(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte{'-'})
	whole, frac, point := bytes.Cut(b, []byte{'.'})
	return digits(whole) && (!point || digits(frac))
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}
