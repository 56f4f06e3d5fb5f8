package main

import (
	"sync/atomic"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/status"
	"github.com/logfeed/logfeed/internal/tail"
)

const (
	// publishEvery is the time between two notices, and rateTime that over which
	// lines a second are counted.
	publishEvery = time.Second
	rateTime     = 10 * time.Second
	// watchTime is how long after a look at the charts the buckets in progress
	// are still put on the board.
	watchTime = 30 * time.Second
	// shownTroubles is how many unreadable paths are named, and shownReasons how
	// many reasons for rejected lines.
	shownTroubles = 20
	shownReasons  = 50
)

// A board is where the goroutine of the pipeline puts up what others may see: a
// notice a second, which nobody changes any more. A nil board has no readers.
type board struct {
	history *status.History
	newest  atomic.Pointer[notice]
	watched atomic.Int64 // when somebody looked at the charts last, Unix nanoseconds

	// What only the goroutine of the pipeline uses.
	put    time.Time
	files  []tail.FileStatus
	counts map[int]*fileCount // by source
	all    fileCount
	rated  time.Time
	points []point.Point
}

// A notice is what the pipeline knew at one tick.
type notice struct {
	counters
	files        []status.File
	behind       bool
	lagSeconds   int64 // -1 is not known
	linesRate    float64
	rejectedRate float64
	series       int
	buckets      int
	points       int64
	troubles     []status.Unreadable
	rejections   []status.Rejection
}

// A fileCount counts the lines of one source, or of all.
type fileCount struct {
	lines, rejected         int64
	before, rejectedBefore  int64 // at the last rating
	rate, rejectedPerSecond float64
}

func (c *fileCount) add(lines, rejected int64) {
	c.lines += lines
	c.rejected += rejected
}

// rateOver sets the rates anew for what came in the given time.
func (c *fileCount) rateOver(d time.Duration) {
	c.rate = float64(c.lines-c.before) / d.Seconds()
	c.rejectedPerSecond = float64(c.rejected-c.rejectedBefore) / d.Seconds()
	c.before, c.rejectedBefore = c.lines, c.rejected
}

func newBoard(interval time.Duration, now time.Time) *board {
	b := &board{history: status.NewHistory(interval), counts: make(map[int]*fileCount), rated: now}
	b.newest.Store(&notice{lagSeconds: -1})
	return b
}

// read counts the lines of a batch.
func (b *board) read(source int, lines, rejected int64) {
	if b == nil {
		return
	}
	c := b.counts[source]
	if c == nil {
		c = new(fileCount)
		b.counts[source] = c
	}
	c.add(lines, rejected)
	b.all.add(lines, rejected)
}

// given takes points that go to the sinks.
func (b *board) given(points []point.Point) {
	if b != nil {
		b.history.Add(points)
	}
}

// publish puts up a notice, if it is time for one.
func (p *pipeline) publish(tick tail.Tick) {
	b := p.board
	if b == nil || tick.Now.Sub(b.put) < publishEvery && !b.put.IsZero() {
		return
	}
	b.put = tick.Now
	if d := tick.Now.Sub(b.rated); d >= rateTime || b.rated == b.put {
		b.rate(d)
		b.rated = tick.Now
	}
	b.showPresent(p, tick)
	n := &notice{
		counters: p.counters(), behind: tick.Behind, lagSeconds: lagSeconds(tick),
		linesRate: b.all.rate, rejectedRate: b.all.rejectedPerSecond,
		series: p.ledger.Series(), buckets: p.ledger.Open(), points: p.totals.points,
		rejections: p.rejections(),
	}
	paths, said := p.follower.Troubles(shownTroubles)
	for i, path := range paths {
		n.troubles = append(n.troubles, status.Unreadable{Path: path, Reason: said[i]})
	}
	n.files = b.list(p, tick.Now)
	b.newest.Store(n)
}

func (b *board) rate(d time.Duration) {
	if d <= 0 {
		return
	}
	b.all.rateOver(d)
	for _, c := range b.counts {
		c.rateOver(d)
	}
}

// showPresent puts the buckets that are not due yet into the history while
// somebody looks.
func (b *board) showPresent(p *pipeline, tick tail.Tick) {
	if tick.Now.UnixNano()-b.watched.Load() > int64(watchTime) {
		return
	}
	o := p.config.rollup
	interval := int64(o.Interval / time.Second)
	begin := func(unix int64) int64 { return unix - unix%interval }
	b.points = b.points[:0]
	for pt := range p.ledger.Since(begin(tick.Now.Unix()-int64(o.Delay/time.Second)) - interval) {
		b.points = append(b.points, pt)
	}
	b.history.Present(begin(min(tick.Low, tick.Now.Unix())), tick.Behind, b.points)
}

// list returns the files, and forgets the counts of those that are gone.
func (b *board) list(p *pipeline, now time.Time) []status.File {
	b.files = p.follower.Files(b.files[:0])
	all, counts := make([]status.File, 0, len(b.files)), make(map[int]*fileCount, len(b.files))
	for _, f := range b.files {
		one := status.File{Path: f.Path, Log: f.Log, Size: f.Size, Position: f.Position, LagBytes: f.Lag, Nameless: f.Nameless}
		if c := b.counts[f.Source]; c != nil {
			counts[f.Source] = c
			one.Lines, one.LinesRate, one.Rejected = c.lines, c.rate, c.rejected
		}
		if clock, ok := p.ledger.Clock(f.Source); ok {
			newest := time.Unix(clock, 0).UTC()
			one.Newest = &newest
			if f.Lag > 0 {
				lag := max(0, now.Unix()-clock)
				one.LagSeconds = &lag
			}
		}
		if f.Lag == 0 {
			one.LagSeconds = new(int64)
		}
		all = append(all, one)
	}
	b.counts = counts
	return all
}

// rejections lists the reasons for which lines were rejected.
func (p *pipeline) rejections() []status.Rejection {
	var all []status.Rejection
	for _, one := range p.rejects.why.top(shownReasons) {
		r := status.Rejection{Directive: one.directive, Expected: one.expected, Lines: one.lines, Path: one.path, Line: one.line}
		if l := one.last; !l.when.IsZero() {
			r.Path, r.Line, r.Column, r.Last = l.path, l.line, l.column, &l.when
		}
		if p.config.statusLines {
			r.Text = one.sample
			if one.last.text != "" {
				r.Text = one.last.text
			}
		}
		all = append(all, r)
	}
	return all
}
