// Package check explains how the lines of a log parse: to people as a report,
// to programs as one answer a line.
//
// It is shown every line with what became of it, and keeps counts and a few
// examples, so its memory does not grow with the log.
package check

import (
	"github.com/logfeed/logfeed/internal/apachelog"
)

// A Line is one line of a log and what became of it. All of it belongs to the
// caller and is good for one call.
type Line struct {
	Path   string
	Number int64  // 1-based, in its file
	Text   []byte // without its line end; empty if the line was too long to be read
	// Format is the one that the line matched, nil if it matched none. The
	// record must have been asked for the text of all directives.
	Format *apachelog.Format
	Record *apachelog.Record
	// Err says why the line is rejected, nil if it is not. A line can match a
	// format and be rejected all the same, for the sake of its time.
	Err *apachelog.LineError

	TooLong    bool // Err is about the line's length
	Unfinished bool // it stands behind the last newline; following a log would wait for the rest
}

// Options say what a report is about. Formats must be set.
type Options struct {
	Formats []*apachelog.Format // in the order in which a line is tried by them
	Width   int                 // of the screen in characters; 0 means 100
	Color   bool
}

// Examples are enough to see what kind of lines there are, and few enough for a
// screen.
const (
	firstLines    = 3       // accepted lines of which every value is shown
	doubtfulLines = 3       // ambiguous lines that are shown
	maxValue      = 2 << 10 // bytes of a value that are kept, more than a screen is wide
)

// A Report counts lines and keeps examples of them. It is for one goroutine.
type Report struct {
	o Options

	lines, parsed, ambiguous, unfinished int64

	byFormat map[*apachelog.Format]int64
	files    map[string]*tally
	first    map[*apachelog.Format][]example
	doubtful []example
	reasons  reasons
	rivals   rivals
}

// tally is the counts of one file.
type tally struct{ lines, rejected int64 }

// example is a line that is kept to be shown.
type example struct {
	path   string
	number int64
	format *apachelog.Format
	values []string // as they are shown, of every directive
}

// New returns a report of nothing so far.
func New(o Options) *Report {
	if o.Width <= 0 {
		o.Width = 100
	}
	return &Report{
		o:        o,
		byFormat: make(map[*apachelog.Format]int64),
		files:    make(map[string]*tally),
		first:    make(map[*apachelog.Format][]example),
		rivals:   newRivals(o.Formats),
	}
}

// Rejected returns how many lines were rejected so far.
func (r *Report) Rejected() int64 { return r.lines - r.parsed }

// Add takes a line into the report.
func (r *Report) Add(l Line) {
	r.lines++
	f := r.files[l.Path]
	if f == nil {
		f = &tally{}
		r.files[l.Path] = f
	}
	f.lines++
	if l.Unfinished {
		r.unfinished++
	}
	if !l.TooLong {
		r.rivals.try(l)
	}
	if l.Err != nil {
		f.rejected++
		r.reasons.add(l)
		return
	}
	r.parsed++
	r.byFormat[l.Format]++
	if len(r.first[l.Format]) < r.examples() {
		r.first[l.Format] = append(r.first[l.Format], newExample(l))
	}
	if l.Record.Ambiguous {
		r.ambiguous++
		if len(r.doubtful) < doubtfulLines {
			r.doubtful = append(r.doubtful, newExample(l))
		}
	}
}

// examples is how many first lines of each format are shown.
func (r *Report) examples() int { return max(1, firstLines/len(r.o.Formats)) }

func newExample(l Line) example {
	e := example{path: l.Path, number: l.Number, format: l.Format}
	for i := range l.Format.Directives() {
		raw := l.Record.Raw(i)
		shown := visible(raw[:min(len(raw), maxValue)])
		if len(raw) == 0 {
			shown = "(empty)"
		}
		e.values = append(e.values, shown)
	}
	return e
}

// foundAt says what stands at the place of an error, for people.
func foundAt(l Line) string {
	at := l.Err.Column - 1
	switch {
	case l.TooLong:
		return "a longer line"
	case len(l.Text) == 0:
		return "an empty line"
	case at >= len(l.Text):
		return "the end of the line"
	}
	const enough = 24 // bytes show what kind of thing it is
	rest := l.Text[at:]
	if len(rest) > enough {
		return "'" + visible(rest[:enough]) + "…'"
	}
	return "'" + visible(rest) + "'"
}
