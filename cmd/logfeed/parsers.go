package main

import (
	"iter"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// parsers reads lines by one or several formats, each line by the first that
// matches it.
type parsers struct {
	all  []*apachelog.Parser
	line []byte // the line at hand, valid inside the loop over records
}

func newParsers(formats []*apachelog.Format, need apachelog.Field, zone *time.Location) *parsers {
	p := &parsers{}
	for _, f := range formats {
		p.all = append(p.all, f.NewParser(apachelog.ParserOptions{Need: need, Zone: zone}))
	}
	return p
}

// records yields a record for each line, or the error of the first format for
// a line that no format matches. Both are valid until the next.
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

func (p *parsers) parse(line []byte, rec *apachelog.Record) error {
	first := p.all[0].Parse(line, rec)
	if first == nil {
		return nil
	}
	for _, other := range p.all[1:] {
		if other.Parse(line, rec) == nil {
			return nil
		}
	}
	return first
}

// timeOf reads the time of a line, for the order in which files are read.
func (p *parsers) timeOf(line []byte) (unix int64, ok bool) {
	var rec apachelog.Record
	if p.parse(line, &rec) != nil {
		return 0, false
	}
	return rec.Time, true
}
