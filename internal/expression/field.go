package expression

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// A field is something that an expression can name, and where a format has it.
type field struct {
	name   string
	from   []source        // of a text, in the order of preference
	number apachelog.Field // of a number; 0 is a text
	needs  string          // what a format must have of it, for mistakes
}

// A source is one way to read a text off a line.
type source struct {
	directive string
	part      func(text []byte) []byte // nil: all of it
}

// fields is the table of all names. A call of directive is a field as well,
// and so has no row.
var fields = []field{
	{name: "path", from: []source{{"%U", nil}, {"%r", path}}, needs: "%U or %r"},
	{name: "query", from: []source{{"%q", afterMark}, {"%r", query}}, needs: "%q or %r"},
	{name: "method", from: []source{{"%m", nil}, {"%r", method}}, needs: "%m or %r"},
	{name: "status", number: apachelog.Status, needs: "%>s or %s"},
	{name: "bytes", number: apachelog.Bytes, needs: "%O, %B or %b"},
	{name: "duration_ms", number: apachelog.Duration, needs: "%D or %T"},
	{name: vhost, from: []source{{"%v", nil}, {"%V", nil}}, needs: "%v or %V"},
	{name: "host", from: []source{{"%h", nil}, {"%a", nil}, {"%{c}a", nil}, {"%{client}a", nil}}, needs: "%h or %a"},
	{name: "agent", from: []source{{"%{User-Agent}i", nil}}, needs: "%{User-Agent}i"},
	{name: "referer", from: []source{{"%{Referer}i", nil}}, needs: "%{Referer}i"},
	{name: "user", from: []source{{"%u", nil}}, needs: "%u"},
}

// vhost is the field that may be known without the line.
const vhost = "vhost"

// known returns the field of a name.
func known(name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func names() string {
	var all []string
	for _, f := range fields {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

// asked returns the field of one directive.
func asked(directive string) field {
	return field{name: "directive(" + strconv.Quote(directive) + ")", from: []source{{directive, nil}}, needs: directive}
}

// zero is a value of the field's type.
func (f field) zero() any {
	switch f.number {
	case 0:
		return ""
	case apachelog.Status:
		return 0
	case apachelog.Duration:
		return 0.0
	default:
		return int64(0)
	}
}

// whole says whether the field is a whole number.
func (f field) whole() bool { return f.number == apachelog.Status || f.number == apachelog.Bytes }

// A column is where a format has a text.
type column struct {
	index int // of the directive; -1 is none
	part  func(text []byte) []byte
}

func (f field) in(format *apachelog.Format) column {
	for _, s := range f.from {
		if i, ok := format.Find(s.directive); ok {
			return column{i, s.part}
		}
	}
	return column{index: -1}
}

// lacks says whether a format does not have the field.
func (f field) lacks(format *apachelog.Format) bool {
	if f.number != 0 {
		return format.Provides()&f.number == 0
	}
	return f.in(format).index < 0
}

// bad stands for the method of what is no request line, as it does in --by.
var bad = []byte("bad")

// method returns the first word of a request line.
func method(request []byte) []byte {
	if word, _, ok := bytes.Cut(request, []byte(" ")); ok && len(word) > 0 {
		return word
	}
	return bad
}

// target returns what stands between the method and the protocol of a request
// line: spaces are part of it if the client sent some.
func target(request []byte) []byte {
	i := bytes.IndexByte(request, ' ')
	if i < 0 {
		return nil
	}
	rest := request[i+1:]
	if i = bytes.LastIndexByte(rest, ' '); i >= 0 && bytes.HasPrefix(rest[i+1:], []byte("HTTP/")) {
		return rest[:i]
	}
	return rest
}

// path returns the target of a request line up to its query.
func path(request []byte) []byte {
	all := target(request)
	if i := bytes.IndexByte(all, '?'); i >= 0 {
		return all[:i]
	}
	return all
}

// query returns the query of a request line.
func query(request []byte) []byte { return afterMark(target(request)) }

// afterMark returns what follows the first question mark.
func afterMark(text []byte) []byte {
	_, after, _ := bytes.Cut(text, []byte("?"))
	return after
}
