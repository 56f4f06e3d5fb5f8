package carbon

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// setUserTimeout makes the kernel give up a connection whose data stay
// unacknowledged for d. Without it a peer that vanished without a reset (a
// firewall, a lost machine) is noticed after about 15 minutes.
func setUserTimeout(c *net.TCPConn, d time.Duration) error {
	return control(c, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
	})
}

// established is the kernel's number for a connection open both ways.
const established = 1

// halfClose sends our FIN, unless the peer's came before it: its reader may
// not have told us yet, and a close that was under way already is no answer.
func halfClose(c *net.TCPConn) error {
	return control(c, func(fd int) error {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return err
		}
		if info.State != established {
			return errPeerClosed
		}
		return unix.Shutdown(fd, unix.SHUT_WR)
	})
}

// allAcknowledged tells whether the peer's system has confirmed every byte
// and our FIN, and no reset has come since. After an EOF this separates a peer
// that closed because it saw our FIN from one that closed just before: that
// one's FIN cannot confirm ours. Where the two cross, and its system has confirmed
// ours before this looks, a peer that died is noticed on the next connection,
// which is open already.
func allAcknowledged(c *net.TCPConn) bool {
	err := control(c, func(fd int) error {
		// The queue is read first: a reset between the two calls empties it,
		// but leaves its error.
		queued, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
		if err != nil {
			return err
		}
		code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			return err
		}
		if queued != 0 || code != 0 {
			return syscall.ECONNRESET
		}
		return nil
	})
	return err == nil
}

func control(c *net.TCPConn, f func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}
