package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

// A contestant is a whole program with the log that it reads.
type contestant struct {
	name string
	// args are the program and its arguments in run number n.
	args func(n int) []string
	log  log
	// runs is how often it is run at most.
	runs int
	// before makes ready for run number n; nil has nothing to do.
	before func(n int) error
	// ours tells logfeed from the others.
	ours bool
	// owed are the points that go-carbon has to have below the prefix after a
	// run; nil owes none.
	owed func(prefix string) roundtrip.Points
	// check looks at what run number n has done; nil has nothing to check.
	check func(ctx context.Context, n int) error
	// scale is by how much the log is smaller than what its time stands for.
	scale float64

	times []time.Duration
	cpus  []time.Duration // of user and kernel
	peaks []int64
	// points is how many go-carbon has after a run.
	points int
}

// run runs every contestant in turn, and that so often, so that whatever else
// the machine does meets all of them.
func run(ctx context.Context, contestants []*contestant, rounds int, output string) error {
	for n := range rounds {
		for _, c := range contestants {
			if n >= c.runs {
				continue
			}
			if err := c.run(ctx, n, output); err != nil {
				return fmt.Errorf("%s, run %d: %w", c.name, n+1, err)
			}
		}
	}
	return nil
}

// peakEvery is how often the memory of a program is looked at. What it takes
// in its last moments may not be seen.
const peakEvery = 5 * time.Millisecond

// run runs it once, from the start of the process to its end.
func (c *contestant) run(ctx context.Context, n int, output string) error {
	if c.before != nil {
		if err := c.before(n); err != nil {
			return err
		}
	}
	args := c.args(n)
	begin := time.Now()
	p, err := child.Start(output, args[0], args[1:]...)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(peakEvery)
	defer ticker.Stop()
	peak := int64(0)
	for running := true; running; {
		select {
		case <-ctx.Done():
			p.Kill()
			return ctx.Err()
		case <-p.Done():
			running = false
		case <-ticker.C:
			if bytes, ok := p.Peak(); ok {
				peak = bytes
			}
		}
	}
	took := time.Since(begin)
	if err := p.Err(); err != nil {
		return fmt.Errorf("%w; the end of what it said:\n%s", err, p.LogTail(10))
	}
	if c.check != nil {
		if err := c.check(ctx, n); err != nil {
			return err
		}
	}
	c.times, c.cpus, c.peaks = append(c.times, took), append(c.cpus, p.CPU()), append(c.peaks, peak)
	return nil
}

// time is the median of the runs, scaled.
func (c *contestant) time() time.Duration {
	return time.Duration(float64(median(c.times)) * c.scale)
}

// cpu is the median of what it has taken of the processors, scaled.
func (c *contestant) cpu() time.Duration {
	return time.Duration(float64(median(c.cpus)) * c.scale)
}

// peak is the highest memory of all runs.
func (c *contestant) peak() int64 { return slices.Max(c.peaks) }

// spread is how far the slowest run lies above the fastest one, as a share of
// the median.
func (c *contestant) spread() float64 {
	return float64(slices.Max(c.times)-slices.Min(c.times)) / float64(median(c.times))
}

// median returns the value in the middle, of two the lower one.
func median[T int64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
