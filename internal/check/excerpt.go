package check

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// around is how many bytes of a line are kept on each side of a place in it:
// more than any screen is wide. A line can have four million.
const around = 500

// Excerpt returns the part of a line around a column, 1-based, that can be shown
// within width characters, with an ellipsis where something is cut off.
func Excerpt(line []byte, column, width int) string {
	shown, _ := pieceAround(line, column).show(width)
	return shown
}

// Visible writes text so that a terminal takes nothing of it for a command.
func Visible(text string) string { return visible([]byte(text)) }

// piece is a part of a line around a place in it.
type piece struct {
	text          []byte
	at            int  // index in text of the place; len(text) is the end
	before, after bool // the line goes on there
}

// pieceAround copies the part of a line around a column, 1-based.
func pieceAround(line []byte, column int) piece {
	at := min(max(column-1, 0), len(line))
	from, to := max(0, at-around), min(len(line), at+around)
	return piece{text: bytes.Clone(line[from:to]), at: at - from, before: from > 0, after: to < len(line)}
}

// show returns the piece within width characters and how many of them stand in
// front of the place. What is cut off is marked by an ellipsis.
func (p piece) show(width int) (shown string, caret int) {
	front, back := p.text[:p.at], p.text[p.at:]
	left := lastOf(front, width*3/5) // what led to the place tells more than what follows
	right := firstOf(back, width-len(visible(left)))
	left = lastOf(front, width-len(visible(right))) // room that is not needed on the right

	before, after := visible(left), visible(right)
	if len(left) < len(front) || p.before {
		before = "…" + visible(left[min(1, len(left)):])
	}
	if len(right) < len(back) || p.after {
		after = visible(right[:max(len(right)-1, min(1, len(right)))]) + "…"
	}
	return before + after, utf8.RuneCountInString(before)
}

// firstOf returns as many bytes from the beginning as can be shown in a width.
func firstOf(b []byte, width int) []byte {
	for i, c := range b {
		if width -= len(visibleByte(c)); width < 0 {
			return b[:i]
		}
	}
	return b
}

// lastOf is firstOf from the end.
func lastOf(b []byte, width int) []byte {
	for i := len(b) - 1; i >= 0; i-- {
		if width -= len(visibleByte(b[i])); width < 0 {
			return b[i+1:]
		}
	}
	return b
}

// visible writes bytes so that each takes a known place on a screen: what is
// not printable ASCII in the way that httpd writes it to its logs.
func visible(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteString(visibleByte(c))
	}
	return s.String()
}

func visibleByte(c byte) string {
	switch {
	case c >= ' ' && c < 0x7f:
		return string(rune(c))
	case c == '\t':
		return `\t`
	case c == '\n':
		return `\n`
	case c == '\r':
		return `\r`
	}
	return fmt.Sprintf(`\x%02x`, c)
}
