package check

import (
	"bytes"
	"fmt"
	"strings"
)

// around is how many bytes of a line are kept on each side of a place in it:
// more than any screen is wide. A line can have four million.
const around = 500

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
	const context = 3 // of 5 parts of the width stand in front of the place
	from, used := p.at, 0
	for from > 0 && used+len(visibleByte(p.text[from-1])) <= width*context/5 {
		from--
		used += len(visibleByte(p.text[from]))
	}
	to := p.at
	for to < len(p.text) && used+len(visibleByte(p.text[to])) < width {
		used += len(visibleByte(p.text[to]))
		to++
	}
	// What the right side does not need the left side gets.
	for from > 0 && used+len(visibleByte(p.text[from-1])) < width-1 {
		from--
		used += len(visibleByte(p.text[from]))
	}
	before := visible(p.text[from:p.at])
	if from > 0 || p.before {
		before = "…" + dropFirst(before)
	}
	after := visible(p.text[p.at:to])
	if to < len(p.text) || p.after {
		after += "…"
	}
	return before + after, len([]rune(before))
}

// dropFirst makes room for an ellipsis.
func dropFirst(s string) string {
	if s == "" {
		return s
	}
	return s[1:]
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
