// Package ports finds loopback ports for servers that are told their port.
package ports

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Free returns a loopback port that nobody listens on. It comes from below
// 32768, where Linux begins to number outgoing connections: while a server is
// down, none of those can take its port. The port is not held.
func Free() (int, error) {
	var err error
	for range 1000 {
		port := 20000 + rand.IntN(12000)
		var l net.Listener
		if l, err = net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free loopback port: %w", err)
}
