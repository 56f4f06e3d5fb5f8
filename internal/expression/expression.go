// Package expression decides by what a line says whether it belongs to a
// route, or counts at all.
//
// The language is that of github.com/expr-lang/expr, cut down to what depends
// on the line alone and cannot fail. An expression is checked as a whole before
// the first line, and every mistake has its column. What people mostly write,
// a field beside a literal, becomes a function over the bytes of the line, which
// allocates nothing; the library's machine does the rest.
//
// The package reads no clock and starts no goroutine.
package expression

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/parser"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// A Mistake is one thing that is wrong with an expression.
type Mistake struct {
	Column int // 1-based byte of the expression
	Reason string
}

func (m *Mistake) Error() string { return m.Reason }

// A Set is the expressions of one run. They share what is read off a line. The
// zero value has none.
type Set struct {
	slots []field // those that the expressions name
}

// An Expression is true or false of a line. It does not change, so several
// goroutines may use it, each with a Line of its own.
type Expression struct {
	text string
	test test
	uses []use
}

// A use is one place where an expression names a field.
type use struct {
	field  field
	column int
}

// Compile adds an expression to the set. An expression with mistakes is nil.
func (s *Set) Compile(text string) (*Expression, []*Mistake) {
	c := &check{text: text, config: settings()}
	tree, err := parser.ParseWithConfig(text, c.config)
	if err != nil {
		c.unread(err)
		return nil, c.mistakes
	}
	c.whole(tree)
	if len(c.mistakes) > 0 {
		slices.SortStableFunc(c.mistakes, func(a, b *Mistake) int { return cmp.Compare(a.Column, b.Column) })
		return nil, c.mistakes
	}
	e := &Expression{text: text, uses: c.uses}
	e.test = compile(tree.Node, s.take(c.uses))
	return e, nil
}

// take returns the slots of the fields that an expression uses, by name.
func (s *Set) take(uses []use) map[string]slot {
	all := make(map[string]slot)
	for _, u := range uses {
		i := slices.IndexFunc(s.slots, func(f field) bool { return f.name == u.field.name })
		if i < 0 {
			i = len(s.slots)
			s.slots = append(s.slots, u.field)
		}
		all[u.field.name] = slot{u.field, i}
	}
	return all
}

// String returns the expression as it was given to Compile.
func (e *Expression) String() string { return e.text }

// Lacks returns a mistake for every field of the expression that lines of the
// format do not have. vhosts says whether the vhost is known without the line.
func (e *Expression) Lacks(f *apachelog.Format, vhosts bool) []*Mistake {
	var all []*Mistake
	for _, u := range e.uses {
		if u.field.lacks(f) && !(vhosts && u.field.name == vhost) {
			all = append(all, &Mistake{u.column, fmt.Sprintf("%s needs %s, and the format %s has only %s", u.field.name, u.field.needs, f, strings.Join(f.Directives(), ", "))})
		}
	}
	return all
}

// Needs returns the numbers that a Parser has to decode for the expressions.
func (s *Set) Needs() apachelog.Field {
	var all apachelog.Field
	for _, f := range s.slots {
		all |= f.number
	}
	return all
}

// Texts returns the directives of a format whose text a Parser has to keep for
// the expressions.
func (s *Set) Texts(format *apachelog.Format) []int {
	var all []int
	for _, f := range s.slots {
		if c := f.in(format); c.index >= 0 {
			all = append(all, c.index)
		}
	}
	return all
}

// True evaluates the expression.
func (e *Expression) True(l *Line) bool { return e.test(l) }
