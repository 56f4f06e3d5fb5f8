package point

import (
	"slices"
	"strings"
)

// Series are written as Graphite writes them, NAME or NAME;TAG=VALUE;…, the tags
// in the order of their names. A prefix is written in the same way.

// Name returns the name of a series without its tags. A series' ending is the
// end of its name.
func Name(series string) string {
	name, _, _ := strings.Cut(series, ";")
	return name
}

// Join puts an ending behind the name of a prefix, whose tags stay.
func Join(prefix, ending string) string {
	name := Name(prefix)
	return name + "." + ending + prefix[len(name):]
}

// AddTag adds a tag, whose value is clean already, to a prefix that does not
// have it.
func AddTag(prefix, tag, value string) string {
	parts := append(strings.Split(prefix, ";"), tag+"="+value)
	slices.SortFunc(parts[1:], func(a, b string) int { return strings.Compare(tagOf(a), tagOf(b)) })
	return strings.Join(parts, ";")
}

// tagOf returns the part by which carbon and go-carbon sort tags (format in
// carbon's util.py, byKey in go-carbon's tags.go): the sign counts, so "a-b" is
// before "a".
func tagOf(pair string) string { return pair[:strings.IndexByte(pair, '=')+1] }

// AppendTagValue appends what Component makes of value, but leaves dots and
// colons as they are: they part nothing in the value of a tag. What Graphite
// forbids there (a semicolon, a tilde at the beginning, nothing at all) is not
// among what is left.
func AppendTagValue(dst, value []byte) []byte {
	return appendComponent(dst, value, func(c byte) bool { return allowed(c) || c == '.' || c == ':' })
}

// TagValue is AppendTagValue for a string.
func TagValue(value string) string { return string(AppendTagValue(nil, []byte(value))) }
