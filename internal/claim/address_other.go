//go:build !linux

package claim

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

func address(name string) string { return filepath.Join(os.TempDir(), label(name)) }

// listen takes over the socket file of a process that has ended: nobody
// answers there.
func listen(name string) (net.Listener, error) {
	l, err := net.Listen("unix", address(name))
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	if _, held := Ask(name); held {
		return nil, err
	}
	if err := os.Remove(address(name)); err != nil {
		return nil, err
	}
	return net.Listen("unix", address(name))
}
