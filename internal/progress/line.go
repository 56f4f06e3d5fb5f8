package progress

import "strings"

// A Line is what is told in one line, from left to right.
type Line []Field

// A Field is one part of a line, in ASCII: as many columns as bytes.
type Field struct {
	Text string
	// Rank says what goes first where there is no room for all: the highest.
	Rank int
}

const between = "  "

// Fit returns as much of the line as fits into so many columns. Whole fields
// are left out; only one that is alone is cut.
func (l Line) Fit(columns int) string {
	kept := make(Line, 0, len(l))
	width := -len(between)
	for _, f := range l {
		if f.Text != "" {
			kept = append(kept, f)
			width += len(between) + len(f.Text)
		}
	}
	for width > columns && len(kept) > 1 {
		last := 0
		for i, f := range kept {
			if f.Rank >= kept[last].Rank {
				last = i
			}
		}
		width -= len(between) + len(kept[last].Text)
		kept = append(kept[:last], kept[last+1:]...)
	}
	words := make([]string, len(kept))
	for i, f := range kept {
		words[i] = f.Text
	}
	text := strings.Join(words, between)
	return text[:max(0, min(len(text), columns))]
}
