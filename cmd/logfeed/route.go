package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/expression"
	"github.com/logfeed/logfeed/internal/point"
)

// otherRoute is the route of the lines for which no expression is true.
const otherRoute = "other"

// routing is what --where and --route say. The zero value is without the flags.
type routing struct {
	given  []givenRoute
	filter givenRoute // its text is "" without --where
	set    expression.Set
	where  *expression.Expression // nil: every line counts
	routes []route                // without the one for the rest
}

// A givenRoute is an expression that waits until the formats are known.
type givenRoute struct {
	place string // as in value
	text  string // NAME=EXPR, or the expression of --where
}

// A route is a name for the lines for which an expression is true.
type route struct {
	name string
	when *expression.Expression
}

// complete compiles the expressions and finds their fields in every format.
// known says whether the vhost of every log in a format is known without them.
func (r *routing) complete(formats []*apachelog.Format, known func(*apachelog.Format) bool, wrong *mistakes) {
	if g := r.filter; g.text != "" {
		r.where = r.compile(g, "--where", 0, formats, known, wrong)
	}
	for _, g := range r.given {
		name, expr, ok := strings.Cut(g.text, "=")
		if !ok || name == "" || name != point.Component(name) || name[0] == '_' {
			wrong.addf(g.place+"--route", `%q does not begin with a name of letters, digits, _ and -; right would be NAME=EXPR, such as api=path startsWith "/api/"`, g.text)
			continue
		}
		when := r.compile(g, "--route", len(g.text)-len(expr), formats, known, wrong)
		switch {
		case name == otherRoute:
			wrong.addf(g.place+"--route", "%s is the name of the lines of no route", otherRoute)
		case slices.Contains(r.names(), name):
			wrong.addf(g.place+"--route", "%s is there twice; join the two expressions with or", name)
		default:
			r.routes = append(r.routes, route{name, when})
		}
	}
}

// compile compiles the expression that begins at the given byte of the text.
func (r *routing) compile(g givenRoute, flag string, begin int, formats []*apachelog.Format, known func(*apachelog.Format) bool, wrong *mistakes) *expression.Expression {
	e, found := r.set.Compile(g.text[begin:])
	if e != nil {
		found = lacking(e, formats, known)
	}
	for _, m := range found {
		wrong.addIn(g.place+flag, g.text, &expression.Mistake{Column: begin + m.Column, Reason: m.Reason})
	}
	return e
}

// lacking returns what the first format that lacks something does not have.
func lacking(e *expression.Expression, formats []*apachelog.Format, known func(*apachelog.Format) bool) []*expression.Mistake {
	for _, f := range formats {
		if found := e.Lacks(f, known(f)); len(found) > 0 {
			return found
		}
	}
	return nil
}

// suits is complete for formats that have changed since.
func (r *routing) suits(formats []*apachelog.Format, known func(*apachelog.Format) bool) error {
	if r.where != nil {
		for _, m := range lacking(r.where, formats, known) {
			return fmt.Errorf("--where: %w", m)
		}
	}
	for _, one := range r.routes {
		for _, m := range lacking(one.when, formats, known) {
			return fmt.Errorf("--route %s: %w", one.name, m)
		}
	}
	return nil
}

// names returns those of all routes, without the one for the rest.
func (r *routing) names() []string {
	var all []string
	for _, one := range r.routes {
		all = append(all, one.name)
	}
	return all
}

// levels is how many levels of a series' name are routes.
func (r *routing) levels() int { return min(1, len(r.routes)) }

// values is how many names there are at that level.
func (r *routing) values() int {
	if len(r.routes) == 0 {
		return 0
	}
	return len(r.routes) + 1
}

// shape describes the expressions for config.shape. Which route comes first is
// part of it.
func (r *routing) shape() []string {
	var parts []string
	if r.where != nil {
		parts = append(parts, "where "+oneLine(r.where))
	}
	for i, one := range r.routes {
		parts = append(parts, fmt.Sprintf("route %d %s=%s", i+1, one.name, oneLine(one.when)))
	}
	return parts
}

func oneLine(e *expression.Expression) string { return strings.ReplaceAll(e.String(), "\n", " ") }

// A router decides for one worker which lines count, and on which route they
// are.
type router struct {
	line   *expression.Line
	where  *expression.Expression // nil: every line counts
	routes []route
	names  [][]byte // of the routes, and of the rest
}

// router returns a router, nil if there is nothing to decide.
func (r *routing) router() *router {
	if r.where == nil && len(r.routes) == 0 {
		return nil
	}
	own := &router{line: r.set.NewLine(), where: r.where, routes: r.routes}
	for _, name := range append(r.names(), otherRoute) {
		own.names = append(own.names, []byte(name))
	}
	return own
}

// counts takes a record, which was read by f, and says whether it counts.
func (r *router) counts(f *apachelog.Format, rec *apachelog.Record) bool {
	r.line.Take(f, rec)
	return r.where == nil || r.where.True(r.line)
}

// route returns the name of the first route that the record is on.
func (r *router) route() []byte {
	for i := range r.routes {
		if r.routes[i].when.True(r.line) {
			return r.names[i]
		}
	}
	return r.names[len(r.routes)]
}
