package main

import (
	"cmp"
	"errors"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strconv"

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
)

// reasons counts why lines were rejected, and keeps the first line of each
// reason as a sample. Make it with newReasons.
type reasons struct {
	format  map[why]*reason
	latest  *reason // most lines are rejected for the reason of the one before
	others  int64   // lines with a reason beyond maxReasons
	future  reason  // right by the format, and refused for the sake of their time
	ancient reason
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
}

// newReasons takes what a table says of times that it refuses.
func newReasons(table *rollup.Table) reasons {
	return reasons{
		format:  make(map[why]*reason),
		future:  reason{why: why{expected: table.Refuses(math.MaxInt64)}},
		ancient: reason{why: why{expected: table.Refuses(math.MinInt64)}},
	}
}

// add counts a line that no format matches.
func (r *reasons) add(l rejectedLine) {
	w, column := why{}, 1
	if where, ok := errors.AsType[*apachelog.LineError](l.err); ok {
		w, column = why{where.Directive, where.Expected}, where.Column
	} else {
		w.expected = l.err.Error()
	}
	one := r.latest
	if one == nil || one.why != w {
		one = r.format[w]
	}
	if one == nil {
		if len(r.format) == maxReasons {
			r.others++
			return
		}
		one = &reason{why: w}
		r.format[w] = one
	}
	r.latest = one
	one.lines++
	one.keep(l, column)
}

// keep takes a line as the sample if there is none.
func (r *reason) keep(l rejectedLine, column int) {
	if r.path == "" {
		r.path, r.line, r.sample = l.path, l.number, check.Excerpt(l.text, column, sampleWidth)
	}
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

// refusedTimes counts the lines of a batch that were refused for the sake of
// their time. The first of each kind is looked for in the batch, which begins
// at number.
func (p *pipeline) refusedTimes(batch tail.Batch, number numbering, n rollup.Refused) {
	future, ancient := &p.rejects.why.future, &p.rejects.why.ancient
	future.lines += n.Future
	ancient.lines += n.Ancient
	if (n.Future == 0 || future.path != "") && (n.Ancient == 0 || ancient.path != "") {
		return
	}
	for rec, err := range p.parsers.records(batch.Lines()) {
		number.next()
		if err != nil {
			continue
		}
		line := rejectedLine{path: batch.Path, number: number.number(), text: p.parsers.line}
		switch p.table.Refuses(rec.Time) {
		case future.expected:
			future.keep(line, 1)
		case ancient.expected:
			ancient.keep(line, 1)
		}
	}
}
