package apachelog

import "strings"

// element is an item with the grammar of its values worked out.
type element struct {
	value value
	lit   string // literal and constant: the bytes themselves
	dir   int    // index of the directive; of a literal: the one in front of it, else the one after it, else -1
	dash  bool   // a value may also be "-"
	shape *timeShape
	atEnd bool // a time: of the end of the request

	set   byteSet // bytes that values hold
	first byteSet // bytes that values begin with
	last  byteSet // bytes that values end with
}

// newElement works out the grammar of a directive.
func newElement(d *dialect, it item, dir int) element {
	e := element{value: it.value, dir: dir, dash: it.row.dash || it.cond, atEnd: d.atEnd}
	switch e.value {
	case constant:
		e.lit = it.arg
	case formatTime:
		e.setTime(d, it.arg)
	}
	e.setBytes()
	return e
}

func newLiteral(s string, dir int) element {
	e := element{value: literal, lit: s, dir: dir}
	e.setBytes()
	return e
}

// setTime reads the argument of a time directive.
func (e *element) setTime(d *dialect, arg string) {
	for _, at := range []string{"begin", "end"} {
		rest, ok := strings.CutPrefix(arg, at)
		if ok && (rest == "" || rest[0] == ':') {
			arg = strings.TrimPrefix(rest, ":")
			e.atEnd = at == "end"
			break
		}
	}
	if arg == "" || arg == "utc:" && d.rows != nil {
		e.value = clfTime
		return
	}
	e.shape = d.shape(arg)
}

func (e *element) setBytes() {
	switch e.value {
	case literal, constant:
		for i := range len(e.lit) {
			e.set.add(e.lit[i])
		}
		e.first, e.last = setOf(e.lit[:1]), setOf(e.lit[len(e.lit)-1:])
	case text, userText, pathText, queryText:
		e.set = setText
	case rawText, rawPath, rawQuery:
		e.set = setRaw
	case list:
		e.set, e.first, e.last = setText, setToken, setToken
	case token, anyWord:
		e.set = setToken
	case number, status:
		e.set = setDigits
	case signed:
		e.set = setSigned
	case decimal:
		e.set = setDecimal
	case address:
		e.set = setIP
	case hexNumber:
		e.set = setHex
	case logID:
		e.set = setID
	case connState:
		e.set = setFlags
	case clfTime:
		e.set, e.first, e.last = setCLF, setOf("["), setOf("]")
	case formatTime:
		e.set, e.first, e.last = e.shape.set, e.shape.first, e.shape.last
	}
	none := byteSet{}
	if e.first == none {
		e.first, e.last = e.set, e.set
	}
	if e.value == userText {
		// An empty user is two bare quotation marks.
		e.first.add('"')
		e.last.add('"')
	}
	if e.dash {
		e.set.add('-')
	}
}

// mayBeEmpty says whether a value can have no bytes at all.
func (e *element) mayBeEmpty() bool {
	switch e.value {
	case text, pathText, queryText, anyWord:
		return true
	}
	return e.value.raw()
}

// dashClear says whether "-" in place of the value shows at the given edge.
func (e *element) dashClear(edge *byteSet) bool { return !e.dash || !edge.has('-') }

// closedLeft says whether the end of a value follows from its beginning,
// whatever comes after it.
func (e *element) closedLeft() bool {
	switch e.value {
	case literal, status, connState, clfTime:
		return true
	case constant:
		return e.dashClear(&e.first)
	case formatTime:
		return e.shape.closed && e.dashClear(&e.first)
	}
	return false
}

// endsBefore says whether the end of a value shows by what comes next, of which
// follow holds the first bytes.
func (e *element) endsBefore(next []element, follow byteSet) bool {
	if e.value == list {
		// A list goes on behind a colon between spaces, which what comes next could
		// begin with, if it is a text. No word is a colon alone.
		colon := len(next) > 0 && strings.HasPrefix(next[0].lit, " :") || len(next) > 1 && next[0].lit == " " && next[1].value.free()
		return !setWord.meets(follow) && !colon
	}
	return !e.value.free() && !e.set.meets(follow)
}

// closedRight says whether the beginning of a value follows from its end.
func (e *element) closedRight() bool {
	switch e.value {
	case literal, status, connState, clfTime:
		return true
	case constant:
		return e.dashClear(&e.last)
	case formatTime:
		return e.shape.fixed > 0 && e.dashClear(&e.last)
	}
	return false
}

// length returns how many bytes every value takes, -1 if they differ.
func (e *element) length() int {
	switch {
	case e.value == literal:
		return len(e.lit)
	case e.value == connState:
		return 1
	case e.dash:
	case e.value == constant:
		return len(e.lit)
	case e.value == clfTime:
		return clfLength
	case e.value == formatTime && e.shape.fixed > 0:
		return e.shape.fixed
	}
	return -1
}

// firstOf returns the bytes that can stand at the beginning of what the elements
// log together.
func firstOf(els []element) (s byteSet) {
	for i := range els {
		s.union(els[i].first)
		if els[i].dash {
			s.add('-')
		}
		if !els[i].mayBeEmpty() {
			break
		}
	}
	return s
}

// lastOf is firstOf for the end.
func lastOf(els []element) (s byteSet) {
	for i := len(els) - 1; i >= 0; i-- {
		s.union(els[i].last)
		if els[i].dash {
			s.add('-')
		}
		if !els[i].mayBeEmpty() {
			break
		}
	}
	return s
}
