package carbontest

import (
	"io"
	"net"
	"testing"
	"time"
)

func start(t *testing.T) *Server {
	s, err := Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func send(t *testing.T, s *Server, text string) net.Conn {
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never seen: %s", what)
		}
	}
}

func TestParse(t *testing.T) {
	good := []string{"a 1 1", "a.b-c_d 12.5 1768046400", "a -3 4294967295", "disk;x=y 0 1"}
	bad := []string{
		"", "a", "a 1", "a  1 1", "a 1 1 ", " a 1 1", "a\t1 1", "a 1 0", "a 1 01", "a 1 -1", "a 1 1.5", "a 1 4294967296", "a 1e6 1",
		"a NaN 1", "a Inf 1", "a .5 1", "a 5. 1", "a +1 1", "a 0x1 1", "a 1,5 1", ".a 1 1", "a. 1 1", "a..b 1 1", "a/b 1 1", "\xe9 1 1", "a 1 1\r",
	}
	for _, s := range good {
		if _, ok := Parse(s); !ok {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range bad {
		if _, ok := Parse(s); ok {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestFinalAndForgotten(t *testing.T) {
	s := start(t)
	send(t, s, "a 1 60\na 2 60\nb 9 60\nbad\nunfini")
	until(t, "three lines", func() bool { return s.Counts().Lines == 3 && s.Counts().Bad == 1 })
	time.Sleep(30 * time.Millisecond)
	send(t, s, "a 3 60\n")
	until(t, "the fourth line", func() bool { return s.Counts().Lines == 4 })
	if f := s.Final(); len(f) != 2 || f[Key{"a", 60}] != "3" {
		t.Errorf("final %v", f)
	}
	s.Kill(20 * time.Millisecond)
	if f := s.Final(); len(f) != 2 || f[Key{"a", 60}] != "2" {
		t.Errorf("after the kill %v", f)
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("a killed server takes connections")
	}
	until(t, "no connection", func() bool { c := s.Counts(); return c.Open == 0 && c.Unfinished == 1 && c.Forgotten == 1 })
	addr := s.Addr()
	if err := s.Listen(); err != nil || s.Addr() != addr {
		t.Errorf("restarted at %s, %v, was %s", s.Addr(), err, addr)
	}
	send(t, s, "a 4 60\n")
	until(t, "a line after the restart", func() bool { return s.Final()[Key{"a", 60}] == "4" })
}

func TestSwitches(t *testing.T) {
	s := start(t)
	s.Hold(1, true)
	send(t, s, "held 1 1\n")
	until(t, "the first connection", func() bool { return s.Counts().Accepted == 1 })
	send(t, s, "free 1 1\n")
	until(t, "the second", func() bool { return s.Counts().Lines == 1 })
	s.Hold(1, false)
	until(t, "the first", func() bool { return s.Counts().Lines == 2 })

	s.ResetAfter(12)
	c := send(t, s, "one 1 1\ntwo 2 2\n")
	if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("read %v, want a reset", err)
	}
	s.ResetAfter(0)
	if n := s.Counts().Lines; n != 3 {
		t.Errorf("%d lines, want 3", n)
	}

	s.IdleTimeout(20 * time.Millisecond)
	c = send(t, s, "three 3 3\n")
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %v, want EOF", err)
	}
	until(t, "no connection", func() bool { return s.Counts().Open == 0 })
}

func TestStall(t *testing.T) {
	s := start(t)
	c := send(t, s, "a 1 1\n")
	until(t, "a line", func() bool { return s.Counts().Lines == 1 })
	s.Stall(true)
	_, _ = io.WriteString(c, "b 1 1\n")
	time.Sleep(20 * time.Millisecond)
	if n := s.Counts().Lines; n != 1 {
		t.Errorf("%d lines while stalled", n)
	}
	s.Stall(false)
	until(t, "the other line", func() bool { return s.Counts().Lines == 2 })
}
