//go:build benchlive

package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/tail"
)

var latencyOf = flag.String("latency.of", "", "pattern of the logs that TestLatency follows")

// TestLatency measures how long after its write a line is in the ledger. It
// follows logs whose lines end in the time at which they were written, in
// nanoseconds since 1970 and a quotation mark, until it gets SIGTERM. It is
// for tools/benchlive, which writes such lines from a process of its own.
func TestLatency(t *testing.T) {
	if *latencyOf == "" {
		t.Fatal("needs -latency.of, as tools/benchlive gives it")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	frugal()
	var latencies []time.Duration
	p := countingPipeline(t, *latencyOf)
	for batch, err := range p.follower.Batches(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if batch.Tick != nil {
			if err := p.tick(ctx, *batch.Tick); err != nil {
				t.Fatal(err)
			}
			continue
		}
		written := stamps(batch)
		p.sum(batch)
		now := time.Now().UnixNano()
		if p.following { // what was there at the start is not meant
			for _, at := range written {
				latencies = append(latencies, time.Duration(now-at))
			}
		}
	}
	slices.Sort(latencies)
	fmt.Printf("latency lines=%d p50=%s p99=%s max=%s\n", len(latencies), quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(latencies, 1))
}

// countingPipeline is logfeed's own pipeline, without a Carbon at its end.
func countingPipeline(t *testing.T, pattern string) *pipeline {
	c, _, wrong := parseArgs([]string{"--dry-run", "--prefix", "apache.latency", pattern})
	if len(wrong.all) > 0 {
		t.Fatal(wrong.all)
	}
	p, err := newPipeline(c, time.Now(), nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.crew = nil // lines are summed where they are given out, as by a logfeed that has caught up
	p.closed.Store(math.MinInt64)
	p.sink = printed{point.NewWriter(io.Discard)}
	p.stopProgress = func() {}
	return p
}

// stamps returns when the lines of a batch were written.
func stamps(batch tail.Batch) (written []int64) {
	for line := range batch.Lines() {
		line = bytes.TrimSuffix(line, []byte(`"`))
		at, err := strconv.ParseInt(string(line[bytes.LastIndexByte(line, ' ')+1:]), 10, 64)
		if err == nil {
			written = append(written, at)
		}
	}
	return written
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[max(i, 0)].Round(10 * time.Microsecond)
}
