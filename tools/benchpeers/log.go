package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

// A shape is how the lines of a log are written.
type shape struct {
	vhosts int    // more than 0: a virtual host and a port before the line
	tail   string // what stands after the line of the format combined
	octets bool   // the size is that of %O, which is never "-"
}

// A log is one that has been made, with what logfeed owes Carbon for it.
type log struct {
	path  string
	lines int
	bytes int64
	// vhosts is how many virtual hosts the lines name.
	vhosts int
	truth  roundtrip.Count
}

const day = 86400

// noSize finds the size "-" behind a status.
var noSize = regexp.MustCompile(`(" \d{3}) - "`)

// makeLog writes so many lines of the real log over and over, spread evenly
// over the day that begins at start (Unix seconds, UTC), and counts them.
func makeLog(path string, real []byte, lines int, start int64, s shape) (log, error) {
	if s.octets {
		real = noSize.ReplaceAll(real, []byte(`$1 0 "`))
	}
	samples, err := newSamples(real)
	if err != nil {
		return log{}, err
	}
	file, err := os.Create(path)
	if err != nil {
		return log{}, fmt.Errorf("make a log: %w", err)
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<20)
	made := log{path: path, lines: lines, vhosts: s.vhosts, truth: roundtrip.Count{Minutes: make(map[int64]roundtrip.Minute)}}
	var line, clock []byte
	second := int64(-1)
	for i := range lines {
		if at := start + int64(i)*day/int64(lines); at != second {
			second = at
			clock = time.Unix(at, 0).UTC().AppendFormat(clock[:0], "02/Jan/2006:15:04:05 -0700")
		}
		sample := samples[i%len(samples)]
		line = line[:0]
		if s.vhosts > 0 {
			// A step that shares no factor with the number of lines of the
			// sample, so that a host does not always have the same ones.
			line = append(append(line, vhost(i*7919%s.vhosts)...), ":443 "...)
		}
		line = append(line, sample.before...)
		line = append(line, clock...)
		line = append(line, sample.after...)
		line = append(line, s.tail...)
		line = append(line, '\n')
		if _, err := out.Write(line); err != nil {
			return log{}, fmt.Errorf("make a log: %w", err)
		}
		made.bytes += int64(len(line))
		add(made.truth, second/60*60, sample.totals)
	}
	if err := out.Flush(); err != nil {
		return log{}, fmt.Errorf("make a log: %w", err)
	}
	// Else the kernel would write it beside the first runs.
	if err := file.Sync(); err != nil {
		return log{}, fmt.Errorf("make a log: %w", err)
	}
	return made, nil
}

func add(c roundtrip.Count, minute int64, line roundtrip.Minute) {
	sum := c.Minutes[minute]
	sum.Requests += line.Requests
	sum.Bytes += line.Bytes
	for class := range line.Status {
		sum.Status[class] += line.Status[class]
	}
	c.Minutes[minute] = sum
}

// A sample is one real line without its time, and what it counts for.
type sample struct {
	before, after []byte
	totals        roundtrip.Minute
}

// newSamples takes the lines of a log that are in the format combined.
func newSamples(real []byte) ([]sample, error) {
	var samples []sample
	for line := range bytes.Lines(real) {
		count, err := roundtrip.CountLog(line)
		if err != nil {
			return nil, fmt.Errorf("the real log: %w", err)
		}
		if len(count.Rejected) > 0 {
			continue
		}
		open, end := bytes.IndexByte(line, '['), bytes.IndexByte(line, ']')
		samples = append(samples, sample{line[:open+1], bytes.TrimSuffix(line[end:], []byte("\n")), count.Total()})
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("the real log has no line in the format combined")
	}
	return samples, nil
}

// vhost names a virtual host.
func vhost(i int) string { return fmt.Sprintf("www%d.example.org", i) }
