package carbon

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// A fake is a Carbon without sockets, for tests in which time is simulated.
type fake struct {
	mu     sync.Mutex
	down   bool // refuses
	hole   bool // does not even refuse
	full   bool // takes nothing
	silent bool // gives no receipt
	dying  bool // gives the next receipt, loses everything and is back at once
	poison []byte
	hold   bool // connections opened now are read later
	dials  []time.Time
	open   map[*fakeConn]bool
	lines  []carbontest.Line
	late   []carbontest.Line // of held connections
	store  *store            // nil: there is no limit of creations
}

func newFake() *fake { return &fake{open: make(map[*fakeConn]bool)} }

// sender starts a sender to the fake that logs into records, if that is not
// nil.
func (f *fake) sender(o Options, records *records) *Sender {
	o.Address = Address{Network: "tcp", Host: "carbon.example", Port: 2003}
	o.dial = f.dial
	if records != nil {
		o.Log = slog.New(records)
	}
	return NewSender(o)
}

func (f *fake) dial() (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials = append(f.dials, time.Now())
	if f.hole {
		f.mu.Unlock()
		time.Sleep(5 * time.Second)
		f.mu.Lock()
		return nil, syscall.ETIMEDOUT
	}
	if f.down {
		return nil, syscall.ECONNREFUSED
	}
	c := &fakeConn{f: f, end: make(chan struct{}), held: f.hold}
	f.open[c] = true
	return c, nil
}

// cut ends every connection with err, which is io.EOF or a reset.
func (f *fake) cut(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.open {
		c.finish(err)
	}
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) got() []carbontest.Line {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lines
}

// final returns the last value of every cell, as in a truth.
func (f *fake) final() truth {
	cells := make(truth)
	for _, l := range f.got() {
		cells[carbontest.Key{Series: l.Series, Time: l.Time}] = l.Value
	}
	return cells
}

func (f *fake) dialled() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.dials)
}

type fakeConn struct {
	net.Conn // never called
	f        *fake
	once     sync.Once
	end      chan struct{}
	err      error
	deadline time.Time
	held     bool
}

func (c *fakeConn) finish(err error) {
	c.once.Do(func() {
		c.err = err
		delete(c.f.open, c)
		close(c.end)
	})
}

func (c *fakeConn) Read([]byte) (int, error) {
	<-c.end
	return 0, c.err
}

func (c *fakeConn) Write(b []byte) (int, error) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	for c.f.full {
		if time.Now().After(c.deadline) {
			return 0, os.ErrDeadlineExceeded
		}
		c.f.mu.Unlock()
		time.Sleep(time.Second / 10)
		c.f.mu.Lock()
	}
	if !c.f.open[c] {
		return 0, syscall.EPIPE
	}
	for line := range bytes.Lines(b) {
		if c.f.poison != nil && bytes.Contains(line, c.f.poison) {
			c.finish(io.EOF)
			return len(b), nil
		}
		l, ok := carbontest.Parse(string(bytes.TrimSuffix(line, []byte{'\n'})))
		if !ok {
			panic("malformed line: " + string(line))
		}
		l.At = time.Now()
		if c.held {
			c.f.late = append(c.f.late, l)
			continue
		}
		c.f.lines = append(c.f.lines, l)
		if c.f.store != nil {
			c.f.store.take(l)
		}
	}
	return len(b), nil
}

func (c *fakeConn) CloseWrite() error {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	if !c.f.open[c] {
		return syscall.ENOTCONN
	}
	if !c.f.silent && !c.held {
		c.finish(io.EOF)
	}
	if c.f.dying {
		c.f.dying, c.f.lines = false, nil
		for c := range c.f.open {
			c.finish(syscall.ECONNRESET)
		}
	}
	return nil
}

func (c *fakeConn) Close() error {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.finish(net.ErrClosed)
	return nil
}

func (c *fakeConn) SetWriteDeadline(t time.Time) error {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.deadline = t
	return nil
}

// records counts what is logged by message.
type records struct {
	mu sync.Mutex
	n  map[string]int
}

func (r *records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *records) WithGroup(string) slog.Handler            { return r }
func (r *records) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = make(map[string]int)
	}
	r.n[rec.Message]++
	return nil
}

func (r *records) count(msg string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n[msg]
}

// stopNow ends a group within a bubble of simulated time.
func stopNow(g *Group) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g.Stop(ctx)
}

func within(t *testing.T, what string, got, low, high time.Duration) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s after %v, want %v to %v", what, got, low, high)
	}
}
