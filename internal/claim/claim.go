// Package claim keeps two followers on one machine from feeding the same
// series: the totals of one would overwrite those of the other. A claim is a
// listening socket, so it ends with its process, however that ends, and any
// user can see it.
package claim

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"syscall"
	"time"
)

// ErrTaken means that another process holds the claim.
var ErrTaken = errors.New("claimed by another process")

// answerTime bounds the exchange of eight bytes with another process.
const answerTime = 2 * time.Second

// A Claim is held until Close. While it is held, any process may ask from
// which time on its holder writes.
type Claim struct {
	listener net.Listener
	from     func() int64
	wait     sync.WaitGroup
}

// Take claims a name for this process. The error is ErrTaken when another
// process has it. Whoever asks is told what from returns: the time, in Unix
// seconds, before which the holder leaves everything alone. It is called from
// another goroutine.
func Take(name string, from func() int64) (*Claim, error) {
	l, err := listen(name)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, ErrTaken
	}
	if err != nil {
		return nil, fmt.Errorf("claim %q: %w", name, err)
	}
	c := &Claim{listener: l, from: from}
	// Ends when Close closes the listener.
	c.wait.Go(c.answer)
	return c, nil
}

// Close gives the name free.
func (c *Claim) Close() error {
	err := c.listener.Close()
	c.wait.Wait()
	return err
}

func (c *Claim) answer() {
	for {
		conn, err := c.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(100 * time.Millisecond) // out of descriptors, for example
			continue
		}
		conn.SetDeadline(time.Now().Add(answerTime))
		conn.Write(binary.BigEndian.AppendUint64(nil, uint64(c.from())))
		conn.Close()
	}
}

// Ask returns whether a process holds the claim, and from which time on it
// writes. A holder that does not answer counts as writing everything.
func Ask(name string) (from int64, held bool) {
	conn, err := net.DialTimeout("unix", address(name), answerTime)
	if err != nil {
		return 0, false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerTime))
	var b [8]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return math.MinInt64, true
	}
	return int64(binary.BigEndian.Uint64(b[:])), true
}

// label is the name as part of an address, which has no room for long ones.
func label(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "logfeed-" + hex.EncodeToString(sum[:16])
}
