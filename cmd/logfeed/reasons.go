package main

import (
	"cmp"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/check"
	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/tail"
)

const (
	// maxReasons bounds the reasons that are told apart. The formats of one run
	// have a few dozen places where a line can be wrong.
	maxReasons = 100
	// toldReasons is how many of them the summary names.
	toldReasons = 3
	// sampleWidth is how much of a sample is kept, in columns: what fits into a
	// row of the summary on a terminal of 80.
	sampleWidth = 66
	// latestWidth is the same for the latest line, which no terminal shows.
	latestWidth = 160
)

// reasons counts why lines were rejected, and keeps the first line of each
// reason as a sample. Make it with newReasons.
type reasons struct {
	format  map[why]*reason
	others  int64  // lines with a reason beyond maxReasons
	future  reason // right by the format, and refused for the sake of their time
	ancient reason
	watched bool // the latest lines of each reason are kept as well
}

// why tells reasons apart.
type why struct {
	directive string
	expected  string
}

// A reason is what was wrong with some of the lines.
type reason struct {
	why
	lines  int64
	path   string
	line   int64  // 1-based; 0 when it is not known
	sample string // part of the first such line, fit for a terminal

	last latest // with --status; zero where the lines are right by the format
}

// newReasons takes what a table says of times that it refuses.
func newReasons(table *rollup.Table) reasons {
	return reasons{
		format:  make(map[why]*reason),
		future:  reason{why: why{expected: table.Refuses(math.MaxInt64)}},
		ancient: reason{why: why{expected: table.Refuses(math.MinInt64)}},
	}
}

// add counts lines of a batch that match no format. The batch begins at number.
func (r *reasons) add(path string, number numbering, l refusal) {
	one := r.format[l.why]
	if one == nil {
		if len(r.format) == maxReasons {
			r.others += l.lines
			return
		}
		one = &reason{why: l.why}
		r.format[l.why] = one
	}
	one.lines += l.lines
	one.keep(path, number.at(l.first), l.text, l.column)
}

// keep takes a line as the sample if there is none.
func (r *reason) keep(path string, line int64, text []byte, column int) {
	if r.path == "" {
		r.path, r.line, r.sample = path, line, check.Excerpt(text, column, sampleWidth)
	}
}

// latest is the newest line that was rejected for a reason, as far as batches
// tell: the first of the newest batch.
type latest struct {
	path   string
	line   int64 // 1-based; 0 when it is not known
	column int
	when   time.Time
	text   string // part of the line, fit for a terminal
}

// see keeps a refusal of a batch that begins at number as the latest.
func (r *reasons) see(batch tail.Batch, number numbering, l refusal) {
	if one := r.format[l.why]; one != nil && r.watched {
		one.last = latest{batch.Path, number.at(l.first), l.column, batch.Time, check.Excerpt(l.text, l.column, latestWidth)}
	}
}

// A refusal is why some lines of one batch match no format, with the first of
// them.
type refusal struct {
	why
	lines  int64
	first  int64 // which line of the batch, from 1
	column int
	text   []byte // valid as long as the batch
}

// refusals are those of one batch, by their first lines. There are no more of
// them than places in the formats where a line can be wrong.
type refusals struct {
	all    []refusal
	place  map[why]int
	latest int // most lines are refused for the reason of the one before
}

func newRefusals() refusals { return refusals{place: make(map[why]int)} }

func (r *refusals) clear() {
	r.all = r.all[:0]
	clear(r.place)
}

// add counts a line of the batch, which is refused with err.
func (r *refusals) add(line int64, text []byte, err error) {
	at := lineError(err)
	w := why{at.Directive, at.Expected}
	if len(r.all) == 0 || r.all[r.latest].why != w {
		i, known := r.place[w]
		if !known {
			i = len(r.all)
			r.place[w] = i
			r.all = append(r.all, refusal{why: w, first: line, column: at.Column, text: text})
		}
		r.latest = i
	}
	r.all[r.latest].lines++
}

// top returns the n most frequent reasons.
func (r *reasons) top(n int) []*reason {
	all := slices.Collect(maps.Values(r.format))
	for _, one := range []*reason{&r.future, &r.ancient} {
		if one.lines > 0 {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b *reason) int {
		return cmp.Or(cmp.Compare(b.lines, a.lines), cmp.Compare(a.directive, b.directive), cmp.Compare(a.expected, b.expected))
	})
	return all[:min(n, len(all))]
}

// attrs names the most frequent reasons for a log record. The lines themselves
// are left out: they may hold what is not to be copied into another log.
func (r *reasons) attrs() []any {
	var group []any
	for i, one := range r.top(toldReasons) {
		attrs := []any{"rejected", one.lines}
		if one.directive != "" {
			attrs = append(attrs, "directive", one.directive)
		}
		attrs = append(attrs, "expected", one.expected, "path", one.path)
		if one.line > 0 {
			attrs = append(attrs, "line", one.line)
		}
		group = append(group, slog.Group(strconv.Itoa(i+1), attrs...))
	}
	if group == nil {
		return nil
	}
	return []any{slog.Group("reasons", group...)}
}

// times counts the lines of a worker's batch that were refused for the sake of
// their time. The first of each kind is looked for in the batch, which begins
// at number.
func (r *reasons) times(w *worker, number numbering, n rollup.Refused) {
	r.future.lines += n.Future
	r.ancient.lines += n.Ancient
	if (n.Future == 0 || r.future.path != "") && (n.Ancient == 0 || r.ancient.path != "") {
		return
	}
	var rec apachelog.Record
	i := int64(0)
	for line := range w.batch.Lines() {
		i++
		if _, err := w.parsers.match(line, &rec); err != nil {
			continue
		}
		switch w.table.Refuses(rec.Time) {
		case r.future.expected:
			r.future.keep(w.batch.Path, number.at(i), line, 1)
		case r.ancient.expected:
			r.ancient.keep(w.batch.Path, number.at(i), line, 1)
		}
	}
}
