package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/tail"
)

// A level is one field of --by: where its value is, in the order of preference.
type level struct {
	name string
	from []source
}

// A source is one way to read a value off a line.
type source struct {
	directive string
	part      func(text []byte) []byte // nil: all of it
}

// levels are the fields that have names. Any directive is a field as well, and
// so is "file", which is no matter of the format.
var levels = []level{
	{"vhost", []source{{"%v", nil}, {"%V", nil}}},
	{"method", []source{{"%m", nil}, {"%r", method}}},
	{"status", []source{{"%>s", nil}}},
	{"class", []source{{"%>s", class}}},
	{"protocol", []source{{"%H", nil}, {"%r", protocol}}},
	{"user", []source{{"%u", nil}}},
	{"handler", []source{{"%R", nil}}},
}

const byFile = "file"

// grouping is what --by says. The zero value is without the flag.
type grouping struct {
	levels  []level
	columns map[*apachelog.Format][]column

	router *router // of the worker, which has been shown the line; nil: there are no routes

	format *apachelog.Format // of the line at hand
	here   []column          // of that format
	values [][]byte          // of the line at hand
	text   []byte            // where escapes are undone
	log    []byte            // the base name of the log of the batch at hand
	vhost  []byte            // and its vhost
}

// A column is where a format has the value of a level.
type column struct {
	index int // of the directive; -1 is none
	part  func(text []byte) []byte
}

// parse reads the value of --by.
func (g *grouping) parse(text string) error {
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(levels, func(l level) bool { return l.name == name })
		switch {
		case i >= 0:
			g.levels = append(g.levels, levels[i])
		case name == byFile:
			g.levels = append(g.levels, level{name: byFile})
		case strings.HasPrefix(name, "%"):
			g.levels = append(g.levels, level{name, []source{{name, nil}}})
		default:
			return fmt.Errorf("unknown field %q; known are %s, %s, or a directive such as %%{X-Tenant}i", name, levelNames(levels), byFile)
		}
	}
	return nil
}

func levelNames(levels []level) string {
	var all []string
	for _, l := range levels {
		all = append(all, l.name)
	}
	return strings.Join(all, ", ")
}

// groupBy finds the fields of --by in every format.
func (c *config) groupBy() error {
	if len(c.by.levels) == 0 {
		return nil
	}
	return c.by.complete(c.formats, c.logs.vhostKnown)
}

// groups returns a grouping for one worker, nil if all lines are one group.
func (c *config) groups(r *router) *grouping {
	if c.rollup.Levels == 0 {
		return nil
	}
	g := &grouping{levels: c.by.levels, columns: c.by.columns}
	if c.rollup.Routes > 0 {
		g.router = r
	}
	return g
}

// complete finds the fields in every format. known says whether the vhost of
// every log in a format is known without it.
func (g *grouping) complete(formats []*apachelog.Format, known func(*apachelog.Format) bool) error {
	g.columns = make(map[*apachelog.Format][]column)
	for _, f := range formats {
		for _, l := range g.levels {
			c := l.in(f)
			if c.index < 0 && l.name != byFile && !(l.name == "vhost" && known(f)) {
				return fmt.Errorf("%s is not in the format %s, which has %s", l.name, f, strings.Join(fieldsOf(f), ", "))
			}
			g.columns[f] = append(g.columns[f], c)
		}
	}
	return nil
}

// in returns where a format has the level.
func (l level) in(f *apachelog.Format) column {
	for _, s := range l.from {
		if i, ok := f.Find(s.directive); ok {
			return column{i, s.part}
		}
	}
	return column{index: -1}
}

// fieldsOf names all that a format can be grouped by.
func fieldsOf(f *apachelog.Format) []string {
	all := []string{byFile}
	for _, l := range levels {
		if l.in(f).index >= 0 {
			all = append(all, l.name)
		}
	}
	return append(all, f.Directives()...)
}

// texts are the directives of a format whose text is needed.
func (g *grouping) texts(f *apachelog.Format) []int {
	var all []int
	for _, c := range g.columns[f] {
		if c.index >= 0 {
			all = append(all, c.index)
		}
	}
	return all
}

// begin takes a batch of lines of one log. Its rotations have its name.
func (g *grouping) begin(log, vhost string) {
	g.log = append(g.log[:0], tail.Stem(log)...)
	g.vhost = append(g.vhost[:0], vhost...)
}

// choose tells a table to which group a record belongs, which was read by f.
func (g *grouping) choose(t *rollup.Table, f *apachelog.Format, rec *apachelog.Record) {
	if f != g.format {
		g.format, g.here = f, g.columns[f]
	}
	g.values, g.text = g.values[:0], g.text[:0]
	for i, c := range g.here {
		switch {
		case c.index >= 0:
			g.values = append(g.values, g.value(rec, c))
		case g.levels[i].name == byFile:
			g.values = append(g.values, g.log)
		default:
			g.values = append(g.values, g.vhost)
		}
	}
	if g.router != nil {
		g.values = append(g.values, g.router.route())
	}
	t.Group(g.values...)
}

// value returns what httpd meant, which lives until the next record.
func (g *grouping) value(rec *apachelog.Record, c column) []byte {
	text := rec.Raw(c.index)
	if bytes.IndexByte(text, '\\') >= 0 || len(text) == 2 && text[0] == '"' {
		begin := len(g.text)
		g.text = rec.AppendText(g.text, c.index)
		text = g.text[begin:len(g.text):len(g.text)]
	}
	if c.part == nil || string(text) == "-" {
		return text
	}
	return c.part(text)
}

// bad stands for what a request line lacks that is none.
var bad = []byte("bad")

// method returns the first word of a request line.
func method(request []byte) []byte {
	if word, _, ok := bytes.Cut(request, []byte(" ")); ok && len(word) > 0 {
		return word
	}
	return bad
}

// protocol returns the last word of a request line, if it is one.
func protocol(request []byte) []byte {
	if i := bytes.LastIndexByte(request, ' '); i >= 0 && bytes.HasPrefix(request[i+1:], []byte("HTTP/")) {
		return request[i+1:]
	}
	return bad
}

// class returns the class of a status: 2xx.
func class(status []byte) []byte {
	if len(status) == 3 && '1' <= status[0] && status[0] <= '5' {
		return []byte("1xx2xx3xx4xx5xx")[3*(status[0]-'1'):][:3]
	}
	return status
}
