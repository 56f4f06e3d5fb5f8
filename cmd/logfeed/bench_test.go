package main

import (
	"bytes"
	"context"
	"iter"
	"os"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/tail"
)

// BenchmarkPipeline shows what a line costs from bytes in memory to buckets:
// lines, parsing, summing. MB/s is of log.
func BenchmarkPipeline(b *testing.B) {
	data, err := os.ReadFile(realLog)
	if err != nil {
		b.Fatal(err)
	}
	c, _, wrong := parseArgs([]string{"--from-start", "--once", realLog})
	if len(wrong.all) > 0 {
		b.Fatal(wrong.all)
	}
	c.zone = time.UTC
	w, ledger := newWorker(c, false), rollup.NewLedger(c.rollup)
	lines := bytes.Count(data, []byte("\n"))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		w.take(tail.Batch{Log: realLog, Data: data}, c.logs.of(realLog), time.Now())
		w.sum()
		ledger.Merge(w.table)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
}

// BenchmarkBackfill is a whole one-shot run in this process, from a file to
// points that go nowhere.
func BenchmarkBackfill(b *testing.B) {
	info, err := os.Stat(realLog)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		var stderr bytes.Buffer
		if code := run(context.Background(), []string{"--from-start", "--once", "--dry-run", realLog}, nil, nothing{}, &stderr); code != 0 {
			b.Fatal(stderr.String())
		}
	}
}

type nothing struct{}

func (nothing) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkByHand is the yardstick: one loop written for the combined format
// alone, which sums bytes and requests by minute and checks nothing.
func BenchmarkByHand(b *testing.B) {
	data, err := os.ReadFile(realLog)
	if err != nil {
		b.Fatal(err)
	}
	lines := bytes.Count(data, []byte("\n"))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		byHand(tail.Batch{Data: data}.Lines())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
}

func byHand(lines iter.Seq[[]byte]) (requests, sum int64) {
	minutes := make(map[string]*[2]int64)
	var last string
	var cell *[2]int64
	for line := range lines {
		open := bytes.IndexByte(line, '[')
		if open < 0 || len(line) < open+28 {
			continue
		}
		if minute := line[open+1 : open+18]; cell == nil || string(minute) != last {
			last = string(minute)
			if cell = minutes[last]; cell == nil {
				cell = new([2]int64)
				minutes[last] = cell
			}
		}
		rest := line[open+30:]
		end := bytes.IndexByte(rest, '"')
		if end < 0 {
			continue
		}
		n := int64(0)
		for _, c := range rest[min(end+6, len(rest)):] {
			if c < '0' || c > '9' {
				break
			}
			n = n*10 + int64(c-'0')
		}
		cell[0]++
		cell[1] += n
		requests, sum = requests+1, sum+n
	}
	return requests, sum
}
