package carbon

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Spread is the time after the end of a bucket within which many senders of
// points with the given interval begin to send it. Half of the interval would
// not be enough for a peak of less than three times the mean.
func Spread(interval time.Duration) time.Duration { return interval * 2 / 3 }

// Offset chooses whole seconds, from none to below spread, by a name: the same
// for the same name in every run, and evenly over many names.
func Offset(name string, spread time.Duration) time.Duration {
	n := uint64(spread / time.Second)
	if n == 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(name))
	return time.Duration(binary.BigEndian.Uint64(sum[:])%n) * time.Second
}
