package carbon

import (
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// An unacknowledged connection ends after seconds, not after the quarter of an
// hour that is the kernel's own limit.
func TestUserTimeout(t *testing.T) {
	s := startServer(t)
	c, o := connTo(t, s)
	defer func() { c.close(true) }()
	var ms, keep int
	err := control(c.client.conn.(*net.TCPConn), func(fd int) (err error) {
		if ms, err = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); err != nil {
			return err
		}
		keep, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE)
		return err
	})
	if err != nil || int64(ms) != o.timing.silence.Milliseconds() || keep != 1 {
		t.Errorf("user timeout %d ms, keep-alive %d, %v", ms, keep, err)
	}
}

// A peer that has closed just before it is asked for a receipt has given none,
// even if our reader has not seen it yet. Only the kernel has: the peer may have
// closed a while before its FIN is here, and one that crosses ours looks like an
// answer.
func TestEarlyCloseIsNoReceipt(t *testing.T) {
	s := startServer(t)
	s.Poison(func(line string) bool { return strings.HasPrefix(line, "poison ") })
	for i := range 300 {
		c, _ := connTo(t, s)
		if err := sendOne(t, c, "poison"); err != nil {
			t.Fatal(err)
		}
		for isEstablished(t, c) {
			// Any pause would let the reader see the end.
		}
		err := c.receipt(t.Context(), time.Second)
		c.close(err == nil)
		if err == nil {
			t.Fatalf("round %d: a receipt", i)
		}
	}
}

// isEstablished says whether the kernel has not seen the end of a connection yet.
func isEstablished(t *testing.T, c *conn) (yes bool) {
	t.Helper()
	err := control(c.client.conn.(*net.TCPConn), func(fd int) error {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			yes = info.State == established
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return yes
}
