package check

import (
	"bytes"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// page is text for a screen of a known width.
type page struct {
	bytes.Buffer
	width int
	color bool
}

// A style is the parameter of an SGR control sequence (ECMA-48).
type style string

const (
	plain  style = ""
	bold   style = "1"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

func (p *page) styled(s style, text string) string {
	if s == plain || !p.color {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// heading begins a part of the page.
func (p *page) heading(text string) {
	if p.Len() > 0 {
		p.WriteByte('\n')
	}
	p.line(bold, text)
}

// line writes one line, cut off where the screen ends.
func (p *page) line(s style, text string) {
	p.WriteString(p.styled(s, cut(text, p.width)) + "\n")
}

// prose writes text broken into lines, the first one indented by first, the
// others by rest.
func (p *page) prose(s style, first, rest, text string) {
	line := first
	for word := range strings.FieldsSeq(text) {
		empty := line == first || line == rest
		if !empty && length(line)+1+length(word) > p.width {
			p.WriteString(p.styled(s, line) + "\n")
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line += word
	}
	p.WriteString(p.styled(s, line) + "\n")
}

// table writes rows in columns, indented. What is wider than the screen is cut
// off, so the column that may be wide comes last.
func (p *page) table(rows [][]string) {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		// Nothing in a cell is a tab or a newline, so neither write can fail.
		_, _ = w.Write([]byte("  " + strings.Join(row, "\t") + "\n"))
	}
	_ = w.Flush()
	for line := range strings.Lines(b.String()) {
		p.line(plain, strings.TrimRight(line, " \n"))
	}
}

func length(s string) int { return utf8.RuneCountInString(s) }

// cut shortens a text to a number of characters.
func cut(text string, width int) string {
	if length(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}
