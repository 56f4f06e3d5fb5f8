package gocarbon

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// The ports come from below 32768, where Linux begins to number outgoing
// connections (others begin higher still): while go-carbon is down for a
// restart, no outgoing connection of anybody can take its port.
const (
	lowestPort  = 20000
	highestPort = 32000
)

// freePorts returns n different loopback ports that are free for TCP and for
// UDP. They are not held: somebody may take one before go-carbon listens.
func freePorts(n int) ([]int, error) {
	var ports []int
	// Held until all are found, so that none is found twice.
	var held []interface{ Close() error }
	defer func() {
		for _, h := range held {
			h.Close()
		}
	}()

	var lastErr error
	// A thousand attempts fail only where nearly all of the range is in use or
	// listening is forbidden altogether.
	for range 1000 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		stream, err := net.Listen("tcp4", loopback(port))
		if err != nil {
			lastErr = err
			continue
		}
		held = append(held, stream)
		packets, err := net.ListenPacket("udp4", loopback(port))
		if err != nil {
			lastErr = err
			continue
		}
		held = append(held, packets)
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("no free loopback ports between %d and %d: %w", lowestPort, highestPort, lastErr)
}
