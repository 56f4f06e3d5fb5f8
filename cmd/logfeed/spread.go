package main

import (
	"crypto/sha256"
	"encoding/binary"
	"os"
	"time"
)

// sendingDelay is how long after its end a bucket is first sent. Each follower
// has a delay of its own within --spread, so that a thousand machines do not
// send in the second in which their minute ends. It is the same after a
// restart. A bucket that closes is never held back, so the delay is no longer
// than the lateness.
func (c *config) sendingDelay() time.Duration {
	if c.once || c.dryRun {
		return 0
	}
	host, _ := os.Hostname() // without one the prefix has to do
	return offset(host+"\n"+c.rollup.Prefix, min(c.spread, c.rollup.Lateness))
}

// offset chooses whole seconds from 0 to below spread by a name.
func offset(name string, spread time.Duration) time.Duration {
	n := uint64(spread / time.Second)
	if n == 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(name))
	return time.Duration(binary.BigEndian.Uint64(sum[:])%n) * time.Second
}

// spreadOf is the spread of an interval when none is given. Half would not be
// enough for a peak of less than three times the mean.
func spreadOf(interval time.Duration) time.Duration { return interval * 2 / 3 }
