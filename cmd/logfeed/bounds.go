package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// bounds say between which times lines are counted, as the command line has it
// and as whole buckets.
type bounds struct {
	sinceText, untilText string // "" where there is no such bound
	since, until         int64  // multiples of the interval, Unix seconds
}

// given says whether there is a bound at all.
func (b bounds) given() bool { return b.sinceText != "" || b.untilText != "" }

// setTime keeps the text of a bound until the zone and the interval are known.
func setTime(target *string, text string) error {
	if *target = text; text == "" {
		return notTime(text)
	}
	return nil
}

// complete finds the whole buckets that lie inside the texts. What is relative
// counts from now, a date without a zone is that day's midnight in zone.
func (b *bounds) complete(now time.Time, zone *time.Location, interval time.Duration, wrong *mistakes) {
	length := int64(interval / time.Second)
	if t, ok := boundOf("--since", b.sinceText, now, zone, wrong); ok {
		b.since = t.Unix()
		if rest := t.Unix() % length; rest != 0 || t.Nanosecond() != 0 {
			b.since += length - rest
		}
	}
	if t, ok := boundOf("--until", b.untilText, now, zone, wrong); ok {
		b.until = t.Unix() - t.Unix()%length
	}
	if b.since != 0 && b.until != 0 && b.since >= b.until {
		wrong.addf("--since", "no whole bucket of %s lies between it and --until", interval)
	}
}

func boundOf(flag, text string, now time.Time, zone *time.Location, wrong *mistakes) (t time.Time, ok bool) {
	if text == "" {
		return time.Time{}, false
	}
	t, err := parseTime(text, now, zone)
	if err == nil && t.Year() < 2000 {
		err = errors.New("lines from before the year 2000 are never counted")
	}
	if err != nil {
		wrong.add(flag, err)
	}
	return t, err == nil
}

// parseTime takes RFC 3339, a date, or a time before now such as -36h.
func parseTime(text string, now time.Time, zone *time.Location) (time.Time, error) {
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		d, err := parseDuration(ago)
		if err != nil {
			return time.Time{}, notTime(text)
		}
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t, err = time.ParseInLocation(time.DateOnly, text, zone)
	}
	if err != nil {
		return time.Time{}, notTime(text)
	}
	return t, nil
}

func notTime(text string) error {
	return fmt.Errorf("%q is no time; right would be 2026-11-01T06:00:00Z, 2026-11-01, or -36h for 36 hours before the start", text)
}

// shape returns the lines by which bounds are part of what a sum means. A
// relative bound stays the same from run to run, and keeps its first time.
func (b bounds) shape() []string {
	line := func(name, text string, bucket int64) []string {
		switch {
		case text == "":
			return nil
		case text[0] != '-':
			text = moment(bucket)
		}
		return []string{name + " " + text}
	}
	return append(line("since", b.sinceText, b.since), line("until", b.untilText, b.until)...)
}

// bound settles between which times this run counts, and says it. What is
// relative stays as it was in the run whose state prior is: a bound that moved
// on would count a part of a bucket as if it were the whole.
func (c *config) bound(prior *state, started time.Time, log *slog.Logger) {
	b := &c.bounds
	if !b.given() {
		return
	}
	if prior != nil && prior.Shape == c.shape() && (b.since != prior.Since || b.until != prior.Before) {
		b.since, b.until = prior.Since, prior.Before
		log.Info("bounds before the start stay what they were in the first run with this state directory")
	}
	c.rollup.Since, c.rollup.Until = b.since, b.until
	log.Info("only lines inside bounds of time are counted", "since", b.moment(b.since), "until", b.moment(b.until))
	if c.once {
		return
	}
	if b.until != 0 && b.until <= started.Unix() {
		log.Warn("--until is over: nothing that is written from now on is counted; add --once to end when the files have been read")
	}
	if b.since != 0 && b.since < started.Unix() && prior == nil && !c.fromStart && !c.standardInput() {
		log.Warn("--since lies before the start, and files are read from their end; add --from-start to count what they hold")
	}
}

func (bounds) moment(unix int64) string {
	if unix == 0 {
		return "none"
	}
	return moment(unix)
}

func moment(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }
