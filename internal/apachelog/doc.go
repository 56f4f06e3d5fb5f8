// Package apachelog reads access log lines by the LogFormat string that
// Apache's httpd wrote them with.
//
// Compile turns a format into steps once; a Parser, one per goroutine, applies
// them to lines. A format is cut at the bytes that no value of the part in front
// of them can hold: a quotation mark or a control byte always (httpd escapes
// both), a space after a directive whose values hold none. Inside such a part,
// everything that has a fixed shape is taken from the left and from the right,
// and the one text that may hold anything is what remains between. So a user
// named `x [01/Jan/2020` or a referer that looks like the rest of a line moves
// no other field.
//
// Where two texts meet with nothing between them that tells where one ends, all
// ways to read the line are searched, within a bound. One way is as good as
// certain; more than one, or the bound reached, sets Record.Ambiguous. A line is
// right, or flagged, or rejected with the directive, the column and what was
// expected there.
//
// There are three ways through the same steps. The plain one looks at each value
// by its grammar; the usual one has shorter ways to read what is common; the quick
// one, for lines in a Block, reads common lines only and leaves all others to the
// usual one. Tests hold the three to each other and to regular expressions.
package apachelog
