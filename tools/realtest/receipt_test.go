//go:build realtest

package realtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
)

// What logfeed takes as a receipt is the peer's end of the connection after
// logfeed's own: that Carbon's process has read every byte. These tests hold a
// real Carbon to it, without logfeed.

// A carbon is a server in whose memory points can be counted.
type carbon interface {
	Addr() string
	PID() int
	Kill() error
}

// receiptSeries has one point for every line that is sent.
const receiptSeries = "apache.receipt.requests.count"

func TestReceiptGoCarbon(t *testing.T) {
	t.Parallel()
	server := startGoCarbon(t, filepath.Join(t.TempDir(), "go-carbon"), gocarbon.Options{MemoryOnly: true})
	testReceipt(t, server, func() (int, error) { return server.CachedPoints(t.Context()) })
}

func TestReceiptCarbonCache(t *testing.T) {
	t.Parallel()
	server := startCarbonCache(t, carboncache.Options{Dir: filepath.Join(t.TempDir(), "carbon"), Hold: true})
	query, err := server.Query()
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()
	testReceipt(t, server, func() (int, error) {
		values, err := query.Values(receiptSeries)
		n := 0
		for value := range values {
			if value >= 1 && value <= 1e6 && value == float64(int(value)) {
				n++
			}
		}
		return n, err
	})
}

// testReceipt sends points and asks, as soon as the receipt comes, how many
// are there.
func testReceipt(t *testing.T, server carbon, count func() (int, error)) {
	const many, some = 200_000, 1000
	sent := 0
	check := func(what string) {
		t.Helper()
		got, err := count()
		if err != nil {
			t.Fatal(err)
		}
		if got != sent {
			t.Errorf("%s: %d points are there when the receipt comes, want %d", what, got, sent)
		}
	}

	begin := time.Now()
	c := dial(t, server)
	c.send(sent+1, many)
	sent += many
	if err := c.receipt(time.Minute); err != nil {
		t.Fatalf("no receipt for a large batch: %v", err)
	}
	check("a large batch")
	t.Logf("%d points in %s", many, time.Since(begin).Round(time.Millisecond))

	// A Carbon that does not get to reading gives none; its kernel has taken
	// everything all the same.
	c = dial(t, server)
	pause(t, server)
	c.send(sent+1, some)
	sent += some
	if err := c.receipt(2 * time.Second); !errors.Is(err, errNoAnswer) {
		t.Errorf("a carbon that has stopped: receipt %v, want %v", err, errNoAnswer)
	}
	resume(t, server)
	if err := c.answer(time.Minute); err != nil {
		t.Fatalf("no receipt after a pause: %v", err)
	}
	check("after a pause")

	// Nor does one that dies with bytes unread.
	c = dial(t, server)
	c.send(sent+1, 1)
	sent++
	until(t, "the first line to be read", func() bool {
		got, err := count()
		return err == nil && got == sent
	})
	pause(t, server)
	c.send(sent+1, some)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.receipt(10 * time.Second); err == nil || errors.Is(err, errNoAnswer) {
		t.Errorf("a carbon that was killed: receipt %v, want the connection to be broken", err)
	}
}

// A connection sends points and waits for the receipt.
type connection struct {
	t *testing.T
	*net.TCPConn
}

func dial(t *testing.T, server carbon) connection {
	t.Helper()
	c, err := net.DialTimeout("tcp", server.Addr(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return connection{t, c.(*net.TCPConn)}
}

// send sends n points whose values, and times, count up from the first.
func (c connection) send(first, n int) {
	c.t.Helper()
	var text []byte
	for i := first; i < first+n; i++ {
		text = fmt.Appendf(text, "%s %d %d\n", receiptSeries, i, 1_600_000_000+60*i)
	}
	if err := c.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.Write(text); err != nil {
		c.t.Fatal(err)
	}
}

var errNoAnswer = errors.New("no answer")

// receipt says that nothing more comes, and waits for the peer to end the
// connection too.
func (c connection) receipt(patience time.Duration) error {
	if err := c.CloseWrite(); err != nil {
		return err
	}
	return c.answer(patience)
}

// answer waits for the peer to end the connection. It may be called again after
// errNoAnswer.
func (c connection) answer(patience time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	n, err := c.Read(make([]byte, 1))
	switch {
	case err == io.EOF:
		return nil
	case err == nil:
		return fmt.Errorf("%d bytes as an answer, want none", n)
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		return errNoAnswer
	}
	return err
}

// pause stops a carbon where it stands, and returns when it does: some of its
// threads may run a little longer than others.
func pause(t *testing.T, server carbon) {
	t.Helper()
	if err := syscall.Kill(server.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until(t, "every thread to stop", func() bool {
		stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", server.PID()))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range stats {
			// The state is behind the name of the program, in brackets.
			stat, err := os.ReadFile(path)
			if err == nil && !bytes.Contains(stat, []byte(") T ")) {
				return false
			}
		}
		return true
	})
}

func resume(t *testing.T, server carbon) {
	t.Helper()
	if err := syscall.Kill(server.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// until waits up to half a minute.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited for %s for half a minute", what)
		}
	}
}
