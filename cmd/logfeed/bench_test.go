package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
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

// BenchmarkCosts shows what flags cost a line, from bytes in memory to buckets.
// Each flag is measured in turns with the plain run, so that its ratio holds on a
// machine that has other work. The log is the real one, with the vhost before
// each line, one of ten, and a duration behind it.
func BenchmarkCosts(b *testing.B) {
	log, lines := dressedLog(b)
	flags := []string{"--from-start", "--once", "--format", `%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D`, realLog}
	const three = "bytes,requests,status"
	for _, c := range []struct {
		name  string
		flags []string
	}{
		{"plain", nil},
		{"by-vhost", []string{"--by", "vhost"}},
		{"durations", []string{"--metrics", three + ",duration"}},
		{"where", []string{"--where", `status < 500`}},
		{"one-route", []string{"--route", `api=path startsWith "/api/"`}},
		{"three-routes", []string{"--route", `api=path startsWith "/api/"`, "--route", `errors=status >= 500`, "--route", `known=vhost in ["www1.example", "www2.example"]`}},
		{"pattern", []string{"--route", `images=path matches "\\.(png|jpg|gif|ico)$"`}},
		{"machine", []string{"--route", `api=lower(path) startsWith "/api/"`}},
	} {
		b.Run(c.name, func(b *testing.B) {
			plain := newMeasured(b, append([]string{"--metrics", three}, flags...))
			other := newMeasured(b, slices.Concat([]string{"--metrics", three}, c.flags, flags))
			b.ReportAllocs()
			for b.Loop() {
				plain.sum(log)
				other.sum(log)
			}
			b.ReportMetric(0, "ns/op") // of both
			b.ReportMetric(float64(other.took.Nanoseconds())/float64(b.N*lines), "ns/line")
			b.ReportMetric(float64(other.took)/float64(plain.took), "x-plain")
		})
	}
}

// dressedLog returns the log of BenchmarkCosts, and how many lines it has.
func dressedLog(b *testing.B) (log []byte, lines int) {
	data, err := os.ReadFile(realLog)
	if err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		log = fmt.Appendf(log, "www%d.example %s %d\n", lines%10, bytes.TrimSpace(line), 100+lines*7919%100_000)
		lines++
	}
	return log, lines
}

// measured is one command line of BenchmarkCosts.
type measured struct {
	worker *worker
	ledger *rollup.Ledger
	log    *accessLog
	took   time.Duration
}

func newMeasured(b *testing.B, args []string) *measured {
	c, _, wrong := parseArgs(args)
	if len(wrong.all) > 0 {
		b.Fatal(wrong.all)
	}
	return &measured{worker: newWorker(c, false), ledger: rollup.NewLedger(c.rollup), log: c.logs.of(realLog)}
}

func (m *measured) sum(log []byte) {
	begin := time.Now()
	m.worker.take(tail.Batch{Log: realLog, Data: log}, m.log, begin)
	m.worker.sum()
	m.ledger.Merge(m.worker.table)
	m.took += time.Since(begin)
}

// BenchmarkHosts shows what a line costs where so many hosts take turns line by
// line, from bytes in memory to points that go nowhere: a minute has 4,000 lines,
// and a block as many.
func BenchmarkHosts(b *testing.B) {
	const lines, minutes = 80_000, 20
	for _, hosts := range []int{1, 400, 10_000} {
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			blocks := hostBlocks(b, hosts, lines, minutes)
			b.ReportAllocs()
			points := 0
			for b.Loop() {
				m := newMeasured(b, []string{"--from-start", "--once", "--format", "vhost_combined", "--by", "vhost", "--max-series", "100000", realLog})
				for _, block := range blocks {
					m.sum(block)
				}
				m.ledger.Flush()
				for range m.ledger.Changed() {
					points++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
			b.ReportMetric(float64(points)/float64(b.N*lines), "points/line")
		})
	}
}

// hostBlocks returns the lines of the real log over and over, spread over so
// many minutes and hosts, a minute a block.
func hostBlocks(b *testing.B, hosts, lines, minutes int) (blocks [][]byte) {
	data, err := os.ReadFile(realLog)
	if err != nil {
		b.Fatal(err)
	}
	real := bytes.SplitAfter(data, []byte("\n"))
	begin := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	for minute := range minutes {
		var block []byte
		for i := minute * lines / minutes; i < (minute+1)*lines/minutes; i++ {
			before, rest, _ := bytes.Cut(real[i%1000], []byte("["))
			_, after, _ := bytes.Cut(rest, []byte("]"))
			when := begin.Add(time.Duration(i) * time.Duration(minutes) * time.Minute / time.Duration(lines))
			block = fmt.Appendf(block, "www%d.example.org:443 %s%s%s", i*7919%hosts, before, when.Format("[02/Jan/2006:15:04:05 -0700]"), after)
		}
		blocks = append(blocks, block)
	}
	return blocks
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
