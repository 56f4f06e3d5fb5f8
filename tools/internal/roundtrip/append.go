package roundtrip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

// Append appends data to the file in about n writes of random length with a
// pause after each. Every write but the last ends within a line, as the writes
// of a busy server do when they are cut at the edge of a buffer. Data must
// hold whole lines.
func Append(ctx context.Context, path string, data []byte, n int, pause time.Duration, random *rand.Rand) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("append to the log: %w", err)
	}
	defer file.Close()

	written := 0
	for _, end := range cuts(data, n, random) {
		if _, err := file.Write(data[written:end]); err != nil {
			return fmt.Errorf("append to the log: %w", err)
		}
		written = end
		if written == len(data) {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}

// cuts returns where the writes end, in ascending order; the last one is the
// end of the data.
func cuts(data []byte, n int, random *rand.Rand) []int {
	var ends []int
	for range n - 1 {
		end := 1 + random.IntN(max(1, len(data)-1))
		if end < len(data) && data[end-1] != '\n' {
			ends = append(ends, end)
		}
	}
	slices.Sort(ends)
	return append(slices.Compact(ends), len(data))
}
