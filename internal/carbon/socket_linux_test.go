package carbon

import (
	"net"
	"testing"

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
