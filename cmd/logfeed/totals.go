package main

import (
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/tail"
)

// totals counts what one run has done, for the record at its end.
type totals struct {
	lines  int64 // counted in a bucket
	late   int64
	tooOld int64 // older than everything that Graphite keeps
	other  int64 // of lines, in groups for values that there is no room for
	left   int64 // belong to a bucket that a follower writes

	outside  int64 // of the bounds of time
	filtered int64 // left out by --where

	points int64 // given to the sinks
	first  int64 // earliest bucket
	last   int64 // latest bucket
	step   int64 // its length, seconds; 0 is the interval
	oldest int64 // time of a line that was read, counted or not
	newest int64
}

// counters account for every line that was written to the logs. They go on
// from run to run where a state is kept.
type counters struct {
	Lines        int64 // counted in a bucket
	Rejected     int64 // matched no format, or had an impossible time
	Late         int64 // changed no bucket
	TooOld       int64 // older than everything that Graphite keeps
	Other        int64 // of Lines, in groups for values that there is no room for
	Untold       int64 // counted, at most, in buckets that could not be sent any more
	Outside      int64 // of the bounds of time
	OutsideBytes int64 // that were not read for the sake of the bounds
	Filtered     int64 // left out by --where
	Oversize     int64 // longer than 4 MiB
	NulBytes     int64 // left out at the beginning of lines
	Gaps         int64 // places where bytes vanished before they were read
	GapBytes     int64 // bytes known to have vanished there
}

// counters returns what has become of all lines so far.
func (p *pipeline) counters() counters {
	s, c := p.follower.Stats(), p.before
	c.Lines += p.totals.lines
	c.Rejected += p.rejects.count
	c.Late += p.totals.late
	c.TooOld += p.totals.tooOld
	c.Other += p.totals.other
	c.Untold += p.ledger.Untold()
	c.Outside += p.totals.outside
	c.OutsideBytes += s.OutsideBytes
	c.Filtered += p.totals.filtered
	c.Oversize += s.OversizeLines
	c.NulBytes += s.NulBytes
	c.Gaps += s.Gaps
	c.GapBytes += s.GapBytes
	return c
}

func (c counters) attrs() []any {
	attrs := []any{"lines", c.Lines, "rejected", c.Rejected, "late", c.Late, "oversize", c.Oversize, "gaps", c.Gaps, "gap_bytes", c.GapBytes}
	return slices.Concat(attrs, notZero("nul_bytes", c.NulBytes), c.beyond(), outside(c.Outside, c.OutsideBytes), notZero("filtered", c.Filtered))
}

// beyond returns the counters of lines that Graphite keeps nothing of.
func (c counters) beyond() []any {
	return slices.Concat(notZero("too_old", c.TooOld), notZero("other", c.Other), notZero("untold", c.Untold))
}

// losses returns the counters that are not 0 although they should be.
func (c counters) losses() []any {
	return slices.Concat(c.beyond(), notZero("oversize", c.Oversize), notZero("nul_bytes", c.NulBytes),
		notZero("gaps", c.Gaps), notZero("gap_bytes", c.GapBytes))
}

// outside returns what was left out because of --since and --until.
func outside(lines, bytes int64) []any {
	return append(notZero("outside", lines), notZero("outside_bytes", bytes)...)
}

func notZero(name string, count int64) []any {
	if count == 0 {
		return nil
	}
	return []any{name, count}
}

func newTotals() totals {
	return totals{first: math.MaxInt64, last: math.MinInt64, oldest: math.MaxInt64}
}

// span takes the oldest and the newest time of some lines.
func (t *totals) span(oldest, newest int64) {
	t.oldest = min(t.oldest, oldest)
	t.newest = max(t.newest, newest)
}

func (t *totals) sent(points []point.Point) {
	t.points += int64(len(points))
	for _, p := range points {
		t.first = min(t.first, p.Time)
		if p.Time >= t.last {
			t.last, t.step = p.Time, p.Step
		}
	}
}

func (t *totals) attrs(rejected int64, read tail.Stats, series int, took time.Duration) []any {
	attrs := []any{
		"lines", t.lines, "rejected", rejected, "late", t.late, "bytes_read", read.BytesRead,
		"points", t.points, "series", series, "first", t.moment(t.first), "last", t.moment(t.last),
		"seconds", slog.Float64Value(math.Round(took.Seconds()*1000) / 1000),
	}
	if t.left > 0 {
		attrs = append(attrs, "left_to_follower", t.left)
	}
	return slices.Concat(attrs, outside(t.outside, read.OutsideBytes), notZero("filtered", t.filtered))
}

// byFormat says which of several formats the lines matched.
func (p *pipeline) byFormat() []any {
	if len(p.config.formats) < 2 {
		return nil
	}
	return []any{"formats", matchedText(p.config.formats, p.matched())}
}

// moment writes the start of a bucket; a run without points has none.
func (t *totals) moment(unix int64) string {
	if t.points == 0 {
		return "none"
	}
	return time.Unix(unix, 0).UTC().Format(time.RFC3339)
}

// lineNumbers counts the lines of every source that is read from its first
// byte, so that a rejected line can be found again with sed or an editor.
type lineNumbers map[int]numbering

// numbering is how far one source has been counted.
type numbering struct {
	line int64 // lines seen; meaningless unless known
	end  int64 // offset after them
	lost bool  // something was not seen: numbers would be wrong from here on
}

// before returns the numbering at the start of a batch.
func (l lineNumbers) before(batch tail.Batch) numbering {
	n := l[batch.Source]
	if start := batch.End.Offset - int64(len(batch.Data)); start != n.end {
		n.lost = true
	}
	n.end = batch.End.Offset
	return n
}

// after keeps the numbering for the next batch of the same source: after so
// many lines from n on.
func (l lineNumbers) after(batch tail.Batch, n numbering, lines int64) {
	n.line += lines
	l[batch.Source] = n
}

// skip counts a line that is in no batch.
func (l lineNumbers) skip(s tail.Skip) {
	n := l[s.Source]
	n.line, n.end = n.line+1, s.End
	l[s.Source] = n
}

// at is the number of line i of the batch that begins at n, from 1; 0 when it
// cannot be known.
func (n numbering) at(i int64) int64 {
	if n.lost {
		return 0
	}
	return n.line + i
}
