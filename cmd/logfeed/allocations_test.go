package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// TestLinesAllocateNothing compares whole one-shot runs over ten minutes of many
// lines and of five times as many. The buckets and points are as many, so what
// more is allocated is for the lines.
func TestLinesAllocateNothing(t *testing.T) {
	const few, many = 40_000, 200_000
	dir := t.TempDir()
	writeMinutes(t, filepath.Join(dir, "few.log"), few)
	writeMinutes(t, filepath.Join(dir, "many.log"), many)
	for _, workers := range []int{1, 2, 7} {
		allocations := func(log string) uint64 {
			var before, after runtime.MemStats
			var stderr bytes.Buffer
			runtime.ReadMemStats(&before)
			if code := run(context.Background(), []string{"--from-start", "--once", "--dry-run", "--workers", strconv.Itoa(workers), filepath.Join(dir, log)}, nil, nothing{}, &stderr); code != 0 {
				t.Fatal(stderr.String())
			}
			runtime.ReadMemStats(&after)
			return after.Mallocs - before.Mallocs
		}
		allocations("many.log") // makes room that is kept
		n, m := allocations("few.log"), allocations("many.log")
		if each := (float64(m) - float64(n)) / (many - few); each >= 0.01 {
			t.Errorf("%d workers: %d allocations for %d lines and %d for %d, which is %.3f a line, want less than 0.01", workers, n, few, m, many, each)
		}
	}
}

// writeMinutes writes the lines of the real log over and over, spread over ten
// minutes.
func writeMinutes(t *testing.T, path string, n int) {
	t.Helper()
	data, err := os.ReadFile(realLog)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	lines[len(lines)-1] = append(lines[len(lines)-1], '\n')
	begin := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	for i := range n {
		line := lines[i%len(lines)]
		before, rest, _ := bytes.Cut(line, []byte("["))
		_, after, _ := bytes.Cut(rest, []byte("]"))
		log.Write(before)
		log.Write(begin.Add(time.Duration(i)*10*time.Minute/time.Duration(n)).AppendFormat(nil, "[02/Jan/2006:15:04:05 -0700]"))
		log.Write(after)
	}
	if err := os.WriteFile(path, log.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
