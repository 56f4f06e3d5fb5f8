package carbon

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
)

func connTo(t *testing.T, s *carbontest.Server) (*conn, Options) {
	t.Helper()
	o := optionsFor(t, s).withDefaults()
	c, err := dialConn(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c, o
}

func sendOne(t *testing.T, c *conn, series string) error {
	return c.send(t.Context(), []point.Point{{Series: series, Value: 1, Time: base}}, time.Second)
}

func TestReceipt(t *testing.T) {
	s := startServer(t)
	tests := []struct {
		name    string
		fault   func(c *conn)
		timeout time.Duration
		want    error
	}{
		{"healthy", func(*conn) {}, time.Minute, nil},
		{"never read", func(*conn) { s.Stall(true) }, 100 * time.Millisecond, errNoReceipt},
		{"closed before", func(c *conn) { s.CloseIdle(); <-c.gone }, time.Minute, errPeerClosed},
		{"reset before", func(c *conn) { s.Reset(); <-c.gone }, time.Minute, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer s.Stall(false)
			c, _ := connTo(t, s)
			defer func() { c.close(false) }()
			until(t, "the connection", func() bool { return s.Counts().Open == 1 })
			tt.fault(c)
			_ = sendOne(t, c, "a")
			err := c.receipt(t.Context(), tt.timeout)
			if tt.name == "reset before" {
				if err == nil {
					t.Error("a receipt after a reset")
				}
			} else if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
		until(t, "the end of the connection", func() bool { return s.Counts().Open == 0 })
	}
}

func TestReceiptEndsWithItsContext(t *testing.T) {
	s := startServer(t)
	s.Stall(true)
	c, _ := connTo(t, s)
	defer func() { c.close(false) }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.receipt(ctx, time.Minute); !errors.Is(err, errStopped) {
		t.Errorf("got %v", err)
	}
}

// The reader notices the peer's end at once, without anything being sent.
func TestEndIsNoticedAtOnce(t *testing.T) {
	s := startServer(t)
	for name, end := range map[string]func(){"close": s.CloseIdle, "reset": s.Reset} {
		c, _ := connTo(t, s)
		until(t, "the connection", func() bool { return s.Counts().Open == 1 })
		end()
		select {
		case <-c.gone:
		case <-time.After(time.Minute):
			t.Fatalf("%s: not noticed", name)
		}
		if (c.lost() == errPeerClosed) != (c.err == io.EOF) || c.lost() == nil {
			t.Errorf("%s: lost is %v", name, c.lost())
		}
		c.close(false)
	}
}

// A name that cannot be resolved is an error like any other.
func TestUnknownHost(t *testing.T) {
	o := Options{Address: Address{Network: "tcp", Host: "no-such-host.invalid", Port: 2003}, timing: quick()}.withDefaults()
	if c, err := dialConn(t.Context(), o); err == nil {
		c.close(false)
		t.Error("no error")
	}
}

// A peer that dies with unread bytes answers our FIN with a reset.
func TestResetIsNoReceipt(t *testing.T) {
	s := startServer(t)
	s.Stall(true)
	c, _ := connTo(t, s)
	defer func() { c.close(false) }()
	if err := sendOne(t, c, "a"); err != nil {
		t.Fatal(err)
	}
	until(t, "the connection", func() bool { return s.Counts().Open == 1 })
	time.AfterFunc(20*time.Millisecond, s.Reset)
	if err := c.receipt(t.Context(), 10*time.Second); !byPeer(err) {
		t.Errorf("got %v, want a reset", err)
	}
}

// The library itself would wait for ever for a peer that does not read.
func TestWriteDeadline(t *testing.T) {
	s := startServer(t)
	s.Stall(true)
	c, _ := connTo(t, s)
	defer func() { c.close(false) }()
	points, begin := benchPoints(500), time.Now()
	for {
		chunk := time.Now()
		err := c.send(t.Context(), points, 100*time.Millisecond)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			within(t, "the deadline", time.Since(chunk), 100*time.Millisecond, 5*time.Second)
			return
		}
		if err != nil || time.Since(begin) > 20*time.Second {
			t.Fatalf("after %v: %v", time.Since(begin), err)
		}
	}
}

// What a broken connection still has to send is thrown away: it must not arrive
// after what goes out on the next one.
func TestAbandonedBytesAreThrownAway(t *testing.T) {
	s := startServer(t)
	s.Stall(true)
	c, _ := connTo(t, s)
	points, n := benchPoints(500), 0
	for c.send(t.Context(), points, 50*time.Millisecond) == nil {
		n += len(points)
	}
	c.close(false)
	s.Stall(false)
	until(t, "the end of the connection", func() bool { return s.Counts().Accepted == 1 && s.Counts().Open == 0 })
	if got := s.Counts().Lines; got >= n {
		t.Errorf("all of %d points arrived later", got)
	}
}

// Stopping does not wait for the deadline of a chunk.
func TestSendEndsWithItsContext(t *testing.T) {
	s := startServer(t)
	s.Stall(true)
	c, _ := connTo(t, s)
	defer func() { c.close(false) }()
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(200*time.Millisecond, cancel).Stop()
	points, begin := benchPoints(500), time.Now()
	for c.send(ctx, points, time.Minute) == nil {
		if time.Since(begin) > 20*time.Second {
			t.Fatal("it goes on")
		}
	}
}
