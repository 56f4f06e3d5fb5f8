package main

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/expression"
	"github.com/logfeed/logfeed/internal/rollup"
)

// parsers reads lines by one or several formats, each line by the first that
// matches it.
type parsers struct {
	all     []*apachelog.Parser
	formats []*apachelog.Format
	counts  []int64           // lines that matched, by format
	matched *apachelog.Format // of the line that was parsed last
}

// parserSet makes the parsers of one goroutine and keeps them. Logs of the same
// list of formats share theirs.
type parserSet struct {
	need apachelog.Field
	zone *time.Location
	end  bool                            // the time of a record is the end of its request
	text bool                            // records keep the text of all directives
	by   *grouping                       // and of those that it needs,
	expr *expression.Set                 // or that expressions name
	made map[**apachelog.Format]*parsers // by where the list begins
	past map[string]int64                // lines that matched a format, counted by parsers that are gone
}

func newParserSet(c *config, text bool) *parserSet {
	return &parserSet{
		need: c.rollup.Metrics.Needs() | c.routing.set.Needs(), zone: c.zone, end: c.atEnd, text: text, by: &c.by, expr: &c.routing.set,
		made: make(map[**apachelog.Format]*parsers), past: make(map[string]int64),
	}
}

// of returns the parsers for a list of formats.
func (s *parserSet) of(formats []*apachelog.Format) *parsers {
	p := s.made[&formats[0]]
	if p == nil {
		p = newParsers(formats, func(f *apachelog.Format) *apachelog.Parser {
			o := apachelog.ParserOptions{Need: s.need, Zone: s.zone, AtEnd: s.end, Text: append(s.by.texts(f), s.expr.Texts(f)...)}
			if s.text {
				o.Text = allOf(f)
			}
			return f.NewParser(o)
		})
		s.made[&formats[0]] = p
	}
	return p
}

// renew forgets all parsers, but not what they have counted. Those to come are
// for another configuration.
func (s *parserSet) renew(c *config) {
	s.by = &c.by
	s.past = s.matched()
	clear(s.made)
}

// matched returns how many lines have matched each format.
func (s *parserSet) matched() map[string]int64 {
	all := maps.Clone(s.past)
	for _, p := range s.made {
		for i, n := range p.counts {
			all[p.formats[i].String()] += n
		}
	}
	return all
}

// matched returns how many lines have matched each format, whoever parsed them.
func (p *pipeline) matched() map[string]int64 {
	all := p.here.set.matched()
	if p.crew != nil {
		for _, w := range p.crew.all {
			for format, n := range w.set.matched() {
				all[format] += n
			}
		}
	}
	return all
}

// matchedText says how many lines have matched each of several formats.
func matchedText(formats []*apachelog.Format, matched map[string]int64) string {
	var all []string
	for _, f := range formats {
		all = append(all, fmt.Sprintf("%d by %s", matched[f.String()], f))
	}
	return strings.Join(all, "; ")
}

// allOf returns the indexes of all directives of a format.
func allOf(f *apachelog.Format) []int {
	all := make([]int, len(f.Directives()))
	for i := range all {
		all[i] = i
	}
	return all
}

// newParsers returns parsers for one goroutine.
func newParsers(formats []*apachelog.Format, one func(*apachelog.Format) *apachelog.Parser) *parsers {
	p := &parsers{formats: formats, counts: make([]int64, len(formats))}
	for _, f := range formats {
		p.all = append(p.all, one(f))
	}
	return p
}

// parseNext is parse for the next line of a block.
func (p *parsers) parseNext(b *apachelog.Block, rec *apachelog.Record) error {
	err := p.all[0].ParseNext(b, rec)
	if err == nil {
		p.matched = p.formats[0]
		p.counts[0]++
		return nil
	}
	if len(p.all) == 1 {
		return err
	}
	return p.parse(b.Line(), rec)
}

// parse reads a line by the first format that matches it, and counts it. The
// error is that of the format which came furthest, and valid until the next line.
func (p *parsers) parse(line []byte, rec *apachelog.Record) error {
	i, err := p.match(line, rec)
	if err != nil {
		return err
	}
	p.matched = p.formats[i]
	p.counts[i]++
	return nil
}

// match is parse without counting, and returns which format it is.
func (p *parsers) match(line []byte, rec *apachelog.Record) (format int, err error) {
	var furthest error
	column := 0
	for i, one := range p.all {
		err := one.Parse(line, rec)
		if err == nil {
			return i, nil
		}
		if at := lineError(err).Column; at > column {
			furthest, column = err, at
		}
	}
	return 0, furthest
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
	if _, err := p.match(line, &rec); err != nil {
		return 0, false
	}
	return rec.Time, rollup.Plausible(rec.Time, time.Now())
}
