package apachelog

import (
	"fmt"
	"slices"
	"strings"
)

// Format is a compiled LogFormat string. It does not change, so any number of
// Parsers can use it side by side.
type Format struct {
	source   string
	dialect  Dialect
	dirs     []item
	elements []element
	top      group
	sources  map[Field]int // the directive that each field is read from
	clock    clockPlan
	end      clockPlan // of the end of the request
	provides Field
	warnings []string
	searched bool // a part of a line may have to be searched for its values
}

// CompileOptions says how a format is to be understood.
type CompileOptions struct {
	Dialect  Dialect
	Unquoted bool // the string has been unquoted as httpd.conf's are, so \" is two bytes of it
}

// Compile compiles a LogFormat string of httpd, spelled as in httpd.conf (if it
// holds \") or as it stands there after unquoting. What httpd refuses is a
// *FormatError in httpd's words.
func Compile(format string) (*Format, error) { return CompileWith(format, CompileOptions{}) }

// CompileWith is Compile with options.
func CompileWith(format string, o CompileOptions) (*Format, error) {
	if format == "" {
		return nil, &FormatError{Column: 1, Err: refusedEmpty}
	}
	spelling := take([]byte(format), 0, len(format), 0)
	if !o.Unquoted {
		var err error
		if spelling, err = unquote(format); err != nil {
			return nil, err
		}
	}
	d := &dialects[o.Dialect]
	items, err := lex(d, spelling)
	if err != nil {
		return nil, err
	}
	f := &Format{source: format, dialect: o.Dialect}
	f.setElements(d, items)
	c := compiler{f: f}
	f.top = *c.group(f.elements)
	f.setSources()
	f.warnings = append(f.warnings, f.clock.warnings(f.elements)...)
	if slices.ContainsFunc(f.elements, func(e element) bool { return e.set.has('\n') }) {
		f.warnings = append(f.warnings, "the format writes several lines for each request: give each of them as a format of its own")
	}
	return f, nil
}

// setElements turns items into elements and numbers the directives.
func (f *Format) setElements(d *dialect, items []item) {
	for _, it := range items {
		dir := len(f.dirs)
		if it.row == nil {
			f.elements = append(f.elements, newLiteral(it.lit, dir-1))
			continue
		}
		f.dirs = append(f.dirs, it)
		f.elements = append(f.elements, newElement(d, it, dir))
	}
	if len(f.dirs) > 0 && len(f.elements) > 0 && f.elements[0].dir < 0 {
		f.elements[0].dir = 0
	}
}

// String returns the format as it was given to Compile.
func (f *Format) String() string { return f.source }

// Dialect returns whose directives the format is written in.
func (f *Format) Dialect() Dialect { return f.dialect }

// Directives returns every directive but %%, in order, as written.
func (f *Format) Directives() []string {
	names := make([]string, len(f.dirs))
	for i, d := range f.dirs {
		names[i] = d.source
	}
	return names
}

// Meaning says for people what directive i logs.
func (f *Format) Meaning(i int) string {
	return strings.ReplaceAll(f.dirs[i].row.meaning, "{}", f.dirs[i].arg)
}

// Provides returns the fields that records of this format carry.
func (f *Format) Provides() Field { return f.provides }

// TellsEnd says whether the end of a request can be told: by a time of its end, or
// by the time of its begin and a duration.
func (f *Format) TellsEnd() bool {
	return f.end.kind != clockNone || f.clock.kind != clockNone && f.provides&Duration != 0
}

// Warnings returns what is doubtful about the format, for people: fields that
// cannot always be told apart, times that lack a part.
func (f *Format) Warnings() []string { return f.warnings }

// Ambiguous says whether there can be lines that this format alone cannot tell
// how to read; Warnings then names the fields. Records of no other format are
// ever flagged.
func (f *Format) Ambiguous() bool { return f.searched }

// setSources picks the directive for each field: one without a condition before
// all others, then the lowest rank, then the first.
func (f *Format) setSources() {
	f.sources = map[Field]int{}
	best := map[Field]int{}
	for i, d := range f.dirs {
		field := d.row.field
		if field == 0 || field == Time {
			continue
		}
		rank := 2 * d.row.rank
		if field == Status && !d.final {
			rank += 2 // %>s comes before %s: it is what the client got
		}
		if d.cond {
			rank += 1000 // more than all other ranks
		}
		if _, ok := best[field]; !ok || rank < best[field] {
			best[field], f.sources[field] = rank, i
		}
	}
	for field := range f.sources {
		f.provides |= field
	}
	if f.clock = planClock(f.elements); f.clock.kind != clockNone {
		f.provides |= Time
	}
	if f.end = planEnd(f.elements); f.end.kind == clockNone && f.clock.atEnd {
		f.end = f.clock
	}
}

// group is a part of a format of which both ends are known when it is read:
// steps are taken from the left, then from the right, and mid takes what
// remains: nothing, one value, or several that have to be searched for.
type group struct {
	left, right, mid []step
	lone             bool // mid is one value
	search           bool // mid is more than one
}

// compiler cuts elements into groups.
type compiler struct {
	f *Format
}

// group compiles elements whose two ends are known.
func (c *compiler) group(els []element) *group {
	g := &group{}
	for len(els) > 0 {
		st, rest, ok := c.peelLeft(els)
		if !ok {
			break
		}
		g.left = append(g.left, st)
		els = rest
	}
	for len(els) > 1 || len(els) == 1 && els[0].closedRight() {
		st, rest, ok := c.peelRight(els)
		if !ok {
			break
		}
		g.right = append(g.right, st)
		els = rest
	}
	for i := range els {
		g.mid = append(g.mid, newStep(&els[i]))
	}
	g.lone, g.search = len(els) == 1, len(els) > 1
	if g.search {
		c.f.searched = true
		c.f.warnings = append(c.f.warnings, ambiguity(c.f, els))
	}
	return g
}

// peelLeft makes a step of the elements at the left whose end is certain, and
// takes the literal after them along.
func (c *compiler) peelLeft(els []element) (st step, rest []element, ok bool) {
	e := &els[0]
	follow := firstOf(els[1:])
	switch {
	case e.value == literal:
		st = newStep(e)
		st.op = opLiteral
		st.setLiteral(e.lit, describe(e.lit))
		return st, els[1:], true
	case e.closedLeft(), e.endsBefore(els[1:], follow):
		st = newStep(e)
		st.choose(follow)
		return c.withLiteral(st, els[1:])
	}
	i, k, found := cutForward(els)
	if !found {
		return st, els, false
	}
	lit := &els[i]
	if i == 1 && k == 0 {
		st = newStep(e)
		st.op, st.quick = opText, e.value == text && lit.lit[k] == '"'
	} else {
		inner := append([]element{}, els[:i]...)
		if k > 0 {
			inner = append(inner, newLiteral(lit.lit[:k], lit.dir))
		}
		st = newStep(lit)
		st.op, st.keep = opGroup, false
		st.group = c.group(inner)
		st.guess = c.guess(inner)
		for j := range inner {
			st.pair = st.pair || inner[j].value == userText
		}
	}
	st.cut, st.skip = lit.lit[k], 1
	st.wantCut = describeCut(els[:i+1], c.f.elements, k)
	if k+1 < len(lit.lit) {
		st.setLiteral(lit.lit[k+1:], describe(lit.lit[k+1:]))
	}
	return st, els[i+1:], true
}

// withLiteral adds the literal that follows, if there is one, to a step.
func (c *compiler) withLiteral(st step, rest []element) (step, []element, bool) {
	if len(rest) > 0 && rest[0].value == literal {
		st.setLiteral(rest[0].lit, describe(rest[0].lit))
		rest = rest[1:]
	}
	return st, rest, true
}

// peelRight is peelLeft from the other end. Its steps carry no literals.
func (c *compiler) peelRight(els []element) (st step, rest []element, ok bool) {
	n := len(els) - 1
	e := &els[n]
	st = newStep(e)
	if before := lastOf(els[:n]); e.closedRight() || !e.value.free() && !e.set.meets(before) && !(e.value.isWord() && looksEscaped(els[:n], before)) {
		return st, els[:n], true
	}
	i, k, found := cutBackward(els)
	if !found {
		return st, els, false
	}
	lit := &els[i]
	inner := []element{}
	if k+1 < len(lit.lit) {
		inner = append(inner, newLiteral(lit.lit[k+1:], lit.dir))
	}
	inner = append(inner, els[i+1:]...)
	st = newStep(lit)
	st.op, st.keep = opGroup, false
	st.group = c.group(inner)
	st.cut = lit.lit[k]
	st.wantCut = describe(lit.lit)
	rest = append([]element{}, els[:i]...)
	return st, append(rest, newLiteral(lit.lit[:k+1], lit.dir)), true
}

// looksEscaped says whether a quotation mark at the end of the elements may have a
// backslash before it that belongs to the format.
func looksEscaped(els []element, last byteSet) bool {
	if !last.has('"') {
		return false
	}
	lit := els[len(els)-1].lit
	return len(lit) < 2 || lit[len(lit)-2] == '\\'
}

// cutForward finds the first literal that holds a byte which no value in front
// of it can hold: the first such byte in a line is the literal's.
func cutForward(els []element) (i, k int, ok bool) {
	var held byteSet
	backslash := false
	for i := range els {
		if els[i].value != literal {
			held.union(els[i].set)
			continue
		}
		for k := 0; i > 0 && k < len(els[i].lit); k++ {
			c := els[i].lit[k]
			backslash = backslash || c == '\\'
			// A literal backslash near a quotation mark makes it look escaped.
			if !held.has(c) && (c != '"' || !backslash) {
				return i, k, true
			}
		}
		backslash = backslash || strings.Contains(els[i].lit, `\`)
	}
	return 0, 0, false
}

// cutBackward is cutForward from the right end. A quotation mark does not count,
// because from the right an escaped one cannot be told at once.
func cutBackward(els []element) (i, k int, ok bool) {
	var held byteSet
	for i := len(els) - 1; i >= 0; i-- {
		if els[i].value != literal {
			held.union(els[i].set)
			continue
		}
		for k := len(els[i].lit) - 1; k >= 0 && i < len(els)-1; k-- {
			if c := els[i].lit[k]; !held.has(c) && c != '"' {
				return i, k, true
			}
		}
	}
	return 0, 0, false
}

// guess returns the guess for a group, nil if it is not a text and fixed shapes.
func (c *compiler) guess(els []element) *guess {
	if !els[0].value.free() || !els[0].dash {
		return nil
	}
	gs := &guess{length: 1, group: &group{}}
	for _, e := range els[1:] {
		n := e.length()
		if n < 0 {
			return nil
		}
		gs.length += n
	}
	st := newStep(&els[0])
	st.op = opDash
	st, els, _ = c.withLiteral(st, els[1:])
	gs.group.left = []step{st}
	for len(els) > 0 {
		st, els, _ = c.peelLeft(els)
		gs.group.left = append(gs.group.left, st)
	}
	return gs
}

// describe names a literal for people.
func describe(lit string) string {
	switch lit {
	case " ":
		return "a space"
	case "\t":
		return "a tab"
	}
	var b strings.Builder
	for i := range len(lit) {
		b.WriteString(visible(lit[i]))
	}
	return "'" + b.String() + "'"
}

// describeCut names the literal at which a part ends: a closing quotation mark
// if one opened it.
func describeCut(els, all []element, k int) string {
	lit := els[len(els)-1].lit
	if lit[k] != '"' || len(els) != 2 {
		return describe(lit)
	}
	for i := range all {
		if all[i].value != literal && all[i].dir == els[0].dir && i > 0 {
			if before := all[i-1].lit; strings.HasSuffix(before, `"`) {
				return `closing "`
			}
		}
	}
	return `"`
}

// ambiguity words the warning about elements that have to be searched for.
func ambiguity(f *Format, els []element) string {
	var names []string
	for i := range els {
		if els[i].value != literal && !els[i].closedLeft() {
			names = append(names, f.dirs[els[i].dir].source)
		}
	}
	if i := slices.IndexFunc(els, func(e element) bool { return e.value.raw() }); i >= 0 {
		return fmt.Sprintf("%s can hold quotation marks that are not escaped, and then its end cannot always be told: such lines are flagged as ambiguous", f.dirs[els[i].dir].source)
	}
	if len(names) < 2 {
		return fmt.Sprintf("the end of %s cannot always be told: put it in quotation marks", names[0])
	}
	return fmt.Sprintf("%s and %s cannot always be told apart: put them in quotation marks; lines with more than one reading are flagged as ambiguous", names[0], names[1])
}
