// Package roundtrip tells whether an access log has arrived in Carbon whole.
// It moves a real log into the last minutes, because Carbon keeps no points of
// years ago; counts it in a slow and obvious way that shares nothing with
// logfeed; and compares the two.
package roundtrip

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"
)

// timeLayout is how Apache writes %t, without its brackets.
const timeLayout = "02/Jan/2006:15:04:05 -0700"

// timePattern finds the time of a line, also of one that is malformed behind it.
var timePattern = regexp.MustCompile(`\[(\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]`)

// StampFile is Stamp for a log in a file.
func StampFile(path string, now time.Time) ([]byte, error) {
	log, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the log to stamp: %w", err)
	}
	return Stamp(log, now)
}

// Stamp returns a copy of the log whose n hours have become the n last whole
// minutes before now, in their order. The seconds within the minute stay, and
// so does every byte outside of the time. A line without a time stays as it is.
func Stamp(log []byte, now time.Time) ([]byte, error) {
	stamped := bytes.Clone(log)
	var fields [][]byte // the times, in place
	var times []time.Time
	for line := range bytes.Lines(stamped) {
		match := timePattern.FindSubmatchIndex(line)
		if match == nil {
			continue
		}
		field := line[match[2]:match[3]]
		t, err := time.Parse(timeLayout, string(field))
		if err != nil {
			return nil, fmt.Errorf("time of the line %.80q: %w", line, err)
		}
		fields, times = append(fields, field), append(times, t)
	}

	minutes := newMinutes(times, now)
	for i, field := range fields {
		minute := minutes[hour(times[i])]
		t := minute.Add(time.Duration(times[i].Second()) * time.Second).In(times[i].Location())
		copy(field, t.Format(timeLayout)) // of the same length: every part has a fixed width
	}
	return stamped, nil
}

// newMinutes gives each hour that occurs its new minute.
func newMinutes(times []time.Time, now time.Time) map[int64]time.Time {
	var hours []int64
	for _, t := range times {
		hours = append(hours, hour(t))
	}
	slices.Sort(hours)
	hours = slices.Compact(hours)

	end := now.UTC().Truncate(time.Minute)
	minutes := make(map[int64]time.Time, len(hours))
	for i, h := range hours {
		minutes[h] = end.Add(-time.Duration(len(hours)-i) * time.Minute)
	}
	return minutes
}

func hour(t time.Time) int64 { return t.Unix() / 3600 }

// Split cuts a log in two before the first line of its last n minutes, counted
// back from the newest line. The backlog is what comes before.
func Split(log []byte, n int) (backlog, live []byte) {
	newest := int64(0)
	for line := range bytes.Lines(log) {
		if minute, ok := minuteOf(line); ok {
			newest = max(newest, minute)
		}
	}
	cut := 0
	for line := range bytes.Lines(log) {
		if minute, ok := minuteOf(line); ok && minute > newest-int64(n)*60 {
			break
		}
		cut += len(line)
	}
	return log[:cut], log[cut:]
}

// minuteOf returns the Unix time at which the minute of the line began.
func minuteOf(line []byte) (unix int64, ok bool) {
	match := timePattern.FindSubmatch(line)
	if match == nil {
		return 0, false
	}
	t, err := time.Parse(timeLayout, string(match[1]))
	if err != nil {
		return 0, false
	}
	return t.Unix() / 60 * 60, true
}
