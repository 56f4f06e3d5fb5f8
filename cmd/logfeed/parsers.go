package main

import (
	"iter"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/rollup"
)

// parsers reads lines by one or several formats, each line by the first that
// matches it.
type parsers struct {
	all     []*apachelog.Parser
	formats []*apachelog.Format
	line    []byte            // the line at hand, valid inside the loop over records
	matched *apachelog.Format // of the record at hand
}

// newParsers returns parsers for one goroutine that decode what is needed. With
// text their records keep the text of all directives.
func newParsers(formats []*apachelog.Format, need apachelog.Field, zone *time.Location, text bool) *parsers {
	p := &parsers{formats: formats}
	for _, f := range formats {
		o := apachelog.ParserOptions{Need: need, Zone: zone}
		for i := range f.Directives() {
			if text {
				o.Text = append(o.Text, i)
			}
		}
		p.all = append(p.all, f.NewParser(o))
	}
	return p
}

// records yields a record for each line, or an error for a line that no format
// matches. Both are valid until the next.
func (p *parsers) records(lines iter.Seq[[]byte]) iter.Seq2[*apachelog.Record, error] {
	return func(yield func(*apachelog.Record, error) bool) {
		var rec apachelog.Record
		for line := range lines {
			p.line = line
			if !yield(&rec, p.parse(line, &rec)) {
				return
			}
		}
	}
}

// parse reads a line by the first format that matches it. The error is that of
// the format which came furthest.
func (p *parsers) parse(line []byte, rec *apachelog.Record) error {
	var furthest error
	column := 0
	for i, one := range p.all {
		err := one.Parse(line, rec)
		if err == nil {
			p.matched = p.formats[i]
			return nil
		}
		if at := lineError(err).Column; at > column {
			furthest, column = err, at
		}
	}
	return furthest
}

// lineError is the place that every failure to parse has.
func lineError(err error) *apachelog.LineError {
	if at, ok := err.(*apachelog.LineError); ok {
		return at
	}
	return &apachelog.LineError{Column: 1, Expected: err.Error()}
}

// timeOf reads the time of a line, for the order in which files are read. One
// that the line would be refused for says nothing.
func (p *parsers) timeOf(line []byte) (unix int64, ok bool) {
	var rec apachelog.Record
	if p.parse(line, &rec) != nil {
		return 0, false
	}
	return rec.Time, rollup.Plausible(rec.Time, time.Now())
}
