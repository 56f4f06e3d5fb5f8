// Package ports finds loopback ports for servers that are told their port.
package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// The ports come from below 32768, where Linux begins to number outgoing
// connections (others begin higher still): while a server is down, no outgoing
// connection of anybody can take its port.
const (
	lowest  = 20000
	highest = 32000
)

// Free returns a loopback port on which nobody listens, neither over TCP nor
// over UDP. It is the caller's until this process ends, also while its server
// is down: no process of the same user is given it by Free meanwhile.
func Free() (int, error) {
	var err error
	// A thousand attempts fail only where nearly all of the range is in use or
	// listening is forbidden altogether.
	for range 1000 {
		port := lowest + rand.IntN(highest-lowest)
		if err = reserve(port); err != nil {
			continue
		}
		if err = unused(port); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free loopback port between %d and %d: %w", lowest, highest, err)
}

// reserve fails if a port was given out by a process that still runs. The lock
// ends with this process; nothing is to close it before.
func reserve(port int) error {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("logfeed-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	fd, err := syscall.Open(filepath.Join(dir, strconv.Itoa(port)), syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(err, syscall.Close(fd))
	}
	return nil
}

func unused(port int) error {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	stream, err := net.Listen("tcp4", address)
	if err != nil {
		return err
	}
	packets, err := net.ListenPacket("udp4", address)
	if err != nil {
		return errors.Join(err, stream.Close())
	}
	return errors.Join(stream.Close(), packets.Close())
}
