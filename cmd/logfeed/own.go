package main

import (
	"slices"
	"strings"
	"time"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/tail"
)

// ownRoot is the level below the prefix that holds what logfeed tells of itself.
const ownRoot = "logfeed"

// An ownSeries is one number that logfeed tells of itself. A count is what came
// within an interval, anything else the highest that was seen in it.
type ownSeries struct {
	ending string
	of     func(*condition) int64 // of a count since the start of the process; -1 is unknown
}

func (s ownSeries) counts() bool { return strings.HasSuffix(s.ending, ".count") }

// ownTable is everything that logfeed tells of itself: one row a series.
var ownTable = []ownSeries{
	{"lines.count", func(c *condition) int64 { return c.Lines }},
	{"rejected.count", func(c *condition) int64 { return c.Rejected }},
	{"late.count", func(c *condition) int64 { return c.Late }},
	{"too_old.count", func(c *condition) int64 { return c.TooOld }},
	{"oversize.count", func(c *condition) int64 { return c.Oversize }},
	{"other.count", func(c *condition) int64 { return c.Other }},
	{"filtered.count", func(c *condition) int64 { return c.Filtered }},
	{"gap_bytes.count", func(c *condition) int64 { return c.GapBytes }},
	{"points.count", func(c *condition) int64 { return c.points }},
	{"dropped.count", func(c *condition) int64 { return c.dropped }},
	{"breaks.count", func(c *condition) int64 { return c.breaks }},
	{"lag.bytes", func(c *condition) int64 { return c.lagBytes }},
	{"lag.seconds", func(c *condition) int64 { return c.lagSeconds }},
	{"lag.points", func(c *condition) int64 { return c.lagPoints }},
}

// A condition is how logfeed is at one tick.
type condition struct {
	counters
	points     int64 // given to the sinks
	dropped    int64 // by any destination, before they were delivered
	breaks     int64 // connections that broke or could not be made
	lagBytes   int64 // on disk and not read
	lagSeconds int64 // of the file furthest behind, in log time; -1 is unknown
	lagPoints  int64 // that the destination furthest behind has still to get
}

// condition looks at everything that the own series tell of.
func (p *pipeline) condition(tick tail.Tick) *condition {
	c := &condition{counters: p.counters(), points: p.totals.points, lagBytes: p.follower.Stats().Lag, lagSeconds: lagSeconds(tick)}
	for _, s := range p.sink.Stats() {
		c.dropped += dropped(s)
		c.breaks += s.Breaks + s.Failures
		c.lagPoints = max(c.lagPoints, waiting(s))
	}
	return c
}

// dropped is how many points a destination has not got and will not get.
func dropped(s carbon.Stats) int64 { return s.Shed + s.TooOld + s.Partial + s.SetAside + s.Refused }

// lagSeconds is how much log time is still to be read, -1 if that is not known.
func lagSeconds(tick tail.Tick) int64 {
	switch {
	case !tick.Behind:
		return 0
	case tick.Low <= 0:
		return -1
	}
	return max(0, tick.Now.Unix()-tick.Low)
}

// quietIntervals is for how many intervals a logfeed without a state keeps what
// it has to tell of itself: stock Carbon makes 50 new series a minute, which those
// of the logs are to get first, by their first repetition as well.
const quietIntervals = 4

// own makes the points that tell of logfeed itself, in buckets of wall time. It
// belongs to the goroutine of the pipeline.
type own struct {
	names    []string // of the series, as ownTable
	interval int64    // seconds
	delay    int64    // seconds from the end of a bucket to its points

	start int64         // of the bucket in progress; 0 before the first tick
	base  []int64       // of counts, when it began
	high  []int64       // of everything else, so far; -1 is unknown
	last  []int64       // the newest numbers
	ended []point.Point // of the bucket before, until their delay is over

	patience int64    // seconds that a start without a state keeps everything back
	quiet    int64    // nothing is told before; Unix seconds
	carried  ownState // what an earlier run had of its last bucket
}

// An ownState is the bucket in progress at a checkpoint. Its sums are as
// ownTable, and mean nothing to a version with another one.
type ownState struct {
	Start int64
	Sums  []int64
}

func newOwn(o rollup.Options) *own {
	own := &own{interval: int64(o.Interval / time.Second), delay: int64(o.Delay / time.Second)}
	own.patience = quietIntervals * own.interval
	for _, s := range ownTable {
		own.names = append(own.names, point.Join(o.Prefix, ownRoot+"."+s.ending))
	}
	return own
}

// resume goes on with the bucket of an earlier run, so that each line is told
// of once.
func (o *own) resume(s ownState) {
	if len(s.Sums) == len(ownTable) && s.Start > 0 {
		o.carried = s
	}
}

// has says whether a series is one of these. A nil own has none.
func (o *own) has(series string) bool { return o != nil && slices.Contains(o.names, series) }

// tick takes the condition at one tick and returns the points of a bucket that
// has ended, when it is their time. Intervals without a tick, while reading waited or the machine was
// asleep, have no points; what came in them counts in the bucket before.
func (o *own) tick(now time.Time, c *condition) []point.Point {
	numbers := make([]int64, len(ownTable))
	for i, s := range ownTable {
		numbers[i] = s.of(c)
	}
	bucket := now.Unix() - now.Unix()%o.interval
	if o.start == 0 {
		o.begin(bucket, numbers)
		o.quiet = now.Unix() + o.patience
		if o.carried.Start > 0 {
			o.quiet = 0
			o.start = o.carried.Start
			for i, n := range o.carried.Sums {
				o.base[i] -= n
			}
		}
	}
	o.last = numbers
	if bucket != o.start {
		o.ended = append(o.ended, o.points()...)
		o.begin(bucket, numbers)
	}
	for i, n := range numbers {
		o.high[i] = max(o.high[i], n)
	}
	if now.Unix() < max(o.start+o.delay, o.quiet) {
		return nil
	}
	ended := o.ended
	o.ended = nil
	return ended
}

func (o *own) begin(bucket int64, numbers []int64) {
	o.start, o.base, o.last = bucket, slices.Clone(numbers), numbers
	o.high = slices.Repeat([]int64{-1}, len(numbers))
}

// sums returns the numbers of the bucket in progress, -1 for what is unknown.
func (o *own) sums() []int64 {
	sums := slices.Clone(o.high)
	for i, s := range ownTable {
		if s.counts() {
			sums[i] = o.last[i] - o.base[i]
		}
	}
	return sums
}

func (o *own) points() []point.Point {
	var points []point.Point
	for i, n := range o.sums() {
		if n >= 0 {
			points = append(points, point.Point{Series: o.names[i], Value: float64(n), Time: o.start})
		}
	}
	return points
}

// state returns what a later run needs to go on, for a condition that may be
// newer than the last tick: what was read since then is told of by that run.
func (o *own) state(c *condition) ownState {
	if o == nil || o.start == 0 {
		return ownState{}
	}
	s := ownState{Start: o.start, Sums: make([]int64, len(ownTable))}
	for i, row := range ownTable {
		if row.counts() {
			s.Sums[i] = row.of(c) - o.base[i]
		}
	}
	return s
}
