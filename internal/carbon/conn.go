package carbon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

var (
	errPeerClosed = errors.New("the peer closed the connection")
	errNoReceipt  = errors.New("no receipt: the peer did not close after it was told that nothing more comes")
	errUnread     = errors.New("no receipt: the peer closed without having taken everything")
	errStopped    = errors.New("stopped")
)

// udpSettle is how long a UDP destination may take to say that nobody
// listens. Silence for so long is all the receipt UDP can give.
const udpSettle = 200 * time.Millisecond

// A conn is one connection with a goroutine that reads from it all the time:
// Carbon never answers, so whatever the read returns is news of its end.
// Everything but that goroutine belongs to one owner.
type conn struct {
	*client
	udp   bool
	since time.Time     // when it came into use
	life  time.Duration // until it is renewed
	sent  int           // points sent on it
	last  time.Time     // when the last of them was sent

	gone chan struct{} // closed when the read side has ended
	err  error         // why; valid once gone is closed
}

// dialConn resolves the name anew, so that a moved Carbon is found, and tries
// its addresses in turn. It returns errStopped as soon as ctx ends.
func dialConn(ctx context.Context, o Options) (*conn, error) {
	type result struct {
		c   *client
		err error
	}
	dialled := make(chan result)
	// The library's Connect cannot be called off. This goroutine ends when it
	// returns, at most the dial timeout later for each address.
	go func() {
		c, err := dialAny(ctx, o)
		select {
		case dialled <- result{c, err}:
		case <-ctx.Done():
			if c != nil {
				c.conn.Close()
			}
		}
	}()
	select {
	case r := <-dialled:
		if r.err != nil {
			return nil, r.err
		}
		return newConn(r.c, o), nil
	case <-ctx.Done():
		return nil, errStopped
	}
}

func dialAny(ctx context.Context, o Options) (c *client, err error) {
	defer func() {
		if r := recover(); r != nil {
			c, err = nil, fmt.Errorf("panic while connecting: %v", r)
		}
	}()
	if o.dial != nil {
		nc, err := o.dial()
		if err != nil {
			return nil, err
		}
		return adoptClient(nc)
	}
	if o.Address.IsFile() {
		nc, err := openFile(o.Address.Path, o.timing.fileSize, o.timing.filesKept)
		if err != nil {
			return nil, err
		}
		return adoptClient(nc)
	}
	addrs, err := resolve(ctx, o)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if c, err = dialClient(o.Address.Network, netip.AddrPortFrom(a, uint16(o.Address.Port)), o.timing.dial); err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, errStopped
		}
	}
	return nil, err
}

// maxAddrs bounds the time that a name with many dead addresses costs.
const maxAddrs = 4

func resolve(ctx context.Context, o Options) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(o.Address.Host); err == nil {
		return []netip.Addr{a}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.timing.dial)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", o.Address.Host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("lookup %s: no address", o.Address.Host)
	}
	return addrs[:min(len(addrs), maxAddrs)], nil
}

func newConn(cl *client, o Options) *conn {
	c := &conn{client: cl, udp: o.Address.Network == "udp", gone: make(chan struct{})}
	if tc, ok := cl.conn.(*net.TCPConn); ok {
		// A failure here costs only speed of detection.
		_ = tc.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3})
		_ = setUserTimeout(tc, o.timing.silence)
	}
	// Ends when the peer ends the connection or the owner closes it.
	go c.read()
	return c
}

func (c *conn) read() {
	defer close(c.gone)
	var buf [512]byte
	for {
		if _, err := c.client.conn.Read(buf[:]); err != nil {
			c.err = err
			return
		}
	}
}

// lost returns why the connection is broken, or nil while it looks well.
func (c *conn) lost() error {
	select {
	case <-c.gone:
		if c.err == io.EOF {
			return errPeerClosed
		}
		return c.err
	default:
		return nil
	}
}

// send writes a chunk. It returns after timeout at the latest, and soon after
// ctx ends.
func (c *conn) send(ctx context.Context, points []point.Point, timeout time.Duration) error {
	if err := c.client.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = c.client.conn.SetWriteDeadline(time.Unix(1, 0)) })()
	c.sent += len(points)
	c.last = time.Now()
	return c.client.send(points)
}

// receipt says that nothing more comes and waits until the peer, having read
// everything, closes as well. Nil means that its process has taken every
// byte. The connection cannot be used after it.
func (c *conn) receipt(ctx context.Context, timeout time.Duration) error {
	// An EOF that is here already is no answer to anything.
	if err := c.lost(); err != nil {
		return err
	}
	if c.udp {
		timeout = udpSettle
	} else if err := c.closeWrite(); err != nil {
		return err
	}
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	select {
	case <-c.gone:
	case <-ctx.Done():
		return errStopped
	case <-limit.C:
		if c.udp {
			return nil
		}
		return errNoReceipt
	}
	if c.err != io.EOF {
		return c.err
	}
	if tc, ok := c.client.conn.(*net.TCPConn); ok && !allAcknowledged(tc) {
		return errUnread
	}
	return nil
}

func (c *conn) closeWrite() error {
	switch nc := c.client.conn.(type) {
	case *net.TCPConn:
		return halfClose(nc)
	case interface{ CloseWrite() error }:
		return nc.CloseWrite()
	default:
		return fmt.Errorf("%T: %w", nc, errors.ErrUnsupported)
	}
}

// close ends the connection and waits for its reader. What the kernel still
// holds of an unconfirmed connection is thrown away: it goes again on another
// one, and must not arrive after that.
func (c *conn) close(confirmed bool) {
	if tc, ok := c.client.conn.(*net.TCPConn); ok && !confirmed {
		_ = tc.SetLinger(0)
	}
	_ = c.client.conn.Close()
	<-c.gone
}
