// Package relay runs the relays that stand between many senders and several
// Carbons: Debian's carbon-c-relay, and the carbon-relay of its package
// graphite-carbon.
package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/ports"
)

// Where Debian puts them.
const (
	CRelay      = "/usr/bin/carbon-c-relay"
	CarbonRelay = "/usr/bin/carbon-relay"
)

// A Relay can be killed and started again and again. It keeps its port. It is
// for one goroutine.
type Relay struct {
	dir     string
	port    int
	program string
	args    []string
	process *child.Process
}

// startPatience bounds the wait for a relay to listen.
const startPatience = 30 * time.Second

// NewCRelay prepares a carbon-c-relay with the given configuration, on all
// addresses of this machine.
func NewCRelay(dir, config string, args ...string) (*Relay, error) {
	r, err := prepare(dir, CRelay)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "carbon-c-relay.conf")
	r.args = append([]string{"-f", path, "-p", strconv.Itoa(r.port)}, args...)
	return r, write(path, config)
}

func prepare(dir, program string) (*Relay, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("directory of a relay: %w", err)
	}
	port, err := ports.Free()
	return &Relay{dir: dir, port: port, program: program}, err
}

func write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("configuration of a relay: %w", err)
	}
	return nil
}

// Start starts the relay, anew if it was killed, and returns when it listens.
// Whoever calls Start must call Kill in the end.
func (r *Relay) Start(ctx context.Context) (err error) {
	// A killed one leaves its file, and its number may be somebody else's now.
	if err := os.Remove(r.pidFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("start a relay: %w", err)
	}
	if r.process, err = child.Start(filepath.Join(r.dir, "relay.log"), r.program, r.args...); err != nil {
		return err
	}
	limit := time.Now().Add(startPatience)
	for {
		c, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", r.Port()))
		if err == nil {
			return c.Close()
		}
		select {
		case <-r.process.Done():
			return fmt.Errorf("%s ended at its start (%v):\n%s", r.program, r.process.Err(), r.process.LogTail(10))
		case <-ctx.Done():
			return errors.Join(ctx.Err(), r.process.Kill())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(limit) {
			return errors.Join(fmt.Errorf("%s does not listen: %w\n%s", r.program, err, r.process.LogTail(10)), r.process.Kill())
		}
	}
}

// Kill ends the relay as kill -9 does: its queues are lost. One that was never
// started is left alone.
func (r *Relay) Kill() error {
	if r.process == nil {
		return nil
	}
	return r.process.Kill()
}

// Stop ends the relay in an orderly way: it passes on what it holds.
func (r *Relay) Stop(sig syscall.Signal) error { return r.process.Stop(sig, startPatience) }

// Port returns the port of the plaintext receiver.
func (r *Relay) Port() string { return strconv.Itoa(r.port) }

// LogTail returns the end of its log.
func (r *Relay) LogTail(lines int) string { return r.process.LogTail(lines) }

func (r *Relay) pidFile() string { return filepath.Join(r.dir, "carbon-relay.pid") }
