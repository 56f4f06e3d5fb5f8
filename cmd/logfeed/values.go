package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// A value is a flag's value for pflag. Its Set never fails: pflag stops at
// the first error, and all mistakes are to be shown at once, so they are
// collected instead.
type value struct {
	place    string // where the text comes from, for mistakes; "" is the flag itself
	name     string
	kind     string   // word for the value in --help
	initial  string   // default as shown in --help
	given    []string // texts that were set
	set      func(text string) error
	mistakes *mistakes
}

func (v *value) String() string { return v.initial }
func (v *value) Type() string   { return v.kind }

func (v *value) Set(text string) error {
	v.given = append(v.given, text)
	if err := v.set(text); err != nil {
		v.mistakes.addIn(v.place+"--"+v.name, text, err)
	}
	return nil
}

// parseDuration takes Go's durations and days besides: 60s, 1h30m, 2d, 1d12h.
func parseDuration(text string) (time.Duration, error) {
	var days time.Duration
	rest := text
	if number, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return 0, notDuration(text)
		}
		days, rest = time.Duration(n)*24*time.Hour, after
		if rest == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || d > math.MaxInt64-days {
		return 0, notDuration(text)
	}
	return days + d, nil
}

func notDuration(text string) error {
	return fmt.Errorf("%q is no duration; right would be 60s, 30m, 1h30m or 2d", text)
}

// parseSeconds takes a duration of whole seconds between two bounds.
func parseSeconds(text string, least, most time.Duration) (time.Duration, error) {
	d, err := parseDuration(text)
	switch {
	case err != nil:
		return 0, err
	case d%time.Second != 0:
		return 0, fmt.Errorf("%q is not a whole number of seconds", text)
	case d < least || d > most:
		return 0, fmt.Errorf("%q is out of range; it may be %s to %s", text, short(least), short(most))
	}
	return d, nil
}

// short writes a duration of whole days, hours or seconds as parseDuration
// takes it.
func short(d time.Duration) string {
	switch {
	case d > 0 && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d > 0 && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return fmt.Sprintf("%ds", d/time.Second)
	}
}

// parseSize takes a number of bytes with or without unit: 64MiB, 64M, 1000000.
func parseSize(text string) (int64, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return 0, fmt.Errorf("%q is no size; right would be 64MiB or 1GiB", text)
	}
	return int64(n), nil
}

// parseNumber takes a whole number that is a limit of something.
func parseNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no number from 1 to 2147483647; leave the flag out for no limit", text)
	}
	return int(n), nil
}

// maxWorkers is more than one goroutine that reads can keep busy.
const maxWorkers = 256

// parseWorkers takes a number of workers.
func parseWorkers(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 || n > maxWorkers {
		return 0, fmt.Errorf("%q is no number from 1 to %d", text, maxWorkers)
	}
	return int(n), nil
}

// parseBool takes what a switch can be given after its "=".
func parseBool(text string) (bool, error) {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", text)
	}
	return b, nil
}

// parseChoice takes one of a few words.
func parseChoice(text string, words ...string) (string, error) {
	for _, w := range words {
		if text == w {
			return w, nil
		}
	}
	return "", fmt.Errorf("%q is not one of %s", text, strings.Join(words, ", "))
}
