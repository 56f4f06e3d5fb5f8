package progress

import (
	"strings"
	"testing"
)

// A paper is a terminal of one width as a VT100 is one: it knows the control
// sequences that a Screen uses, and fails at every other.
type paper struct {
	t       *testing.T
	columns int
	rows    []string
	row     int
	column  int
	noWrap  bool
	writes  int
}

func (p *paper) Write(b []byte) (int, error) {
	p.writes++
	for text := string(b); text != ""; {
		switch {
		case p.take(&text, "\r"):
			p.column = 0
		case p.take(&text, "\n"):
			p.row, p.column = p.row+1, 0
		case p.take(&text, "\x1b[J"):
			p.column = min(p.column, p.columns-1) // there is no cell after the last
			p.cell(p.column)
			p.rows = p.rows[:p.row+1]
			p.rows[p.row] = p.rows[p.row][:p.column]
		case p.take(&text, "\x1b[?7l"):
			p.noWrap = true
		case p.take(&text, "\x1b[?7h"):
			p.noWrap = false
		case text[0] < ' ':
			p.t.Fatalf("unknown control sequence %q", text)
		default:
			p.put(text[0])
			text = text[1:]
		}
	}
	return len(b), nil
}

func (p *paper) take(text *string, sequence string) (ok bool) {
	*text, ok = strings.CutPrefix(*text, sequence)
	return ok
}

func (p *paper) put(c byte) {
	if p.column == p.columns {
		if p.noWrap {
			p.column--
		} else {
			p.row, p.column = p.row+1, 0
		}
	}
	p.cell(p.column + 1)
	r := p.rows[p.row]
	p.rows[p.row] = r[:p.column] + string(c) + r[p.column+1:]
	p.column++
}

// cell makes the row at hand n columns long at least.
func (p *paper) cell(n int) {
	for len(p.rows) <= p.row {
		p.rows = append(p.rows, "")
	}
	if short := n - len(p.rows[p.row]); short > 0 {
		p.rows[p.row] += strings.Repeat(" ", short)
	}
}

// narrow breaks the rows anew, as terminals do; the cursor stays with its cell.
func (p *paper) narrow(columns int) {
	var rows []string
	for i, r := range p.rows {
		if i == p.row {
			p.row = len(rows) + p.column/columns
		}
		for len(r) > columns {
			rows, r = append(rows, r[:columns]), r[columns:]
		}
		rows = append(rows, r)
	}
	p.rows, p.columns, p.column = rows, columns, p.column%columns
}

func (p *paper) want(rows ...string) {
	p.t.Helper()
	for i := range p.rows {
		p.rows[i] = strings.TrimRight(p.rows[i], " ")
	}
	if got := strings.TrimRight(strings.Join(p.rows, "\n"), "\n"); got != strings.Join(rows, "\n") {
		p.t.Fatalf("the terminal shows\n%s\nwant\n%s", got, strings.Join(rows, "\n"))
	}
}

func (p *paper) say(s *Screen, text string) {
	p.t.Helper()
	before := p.writes
	if n, err := s.Write([]byte(text)); n != len(text) || err != nil || p.writes != before+1 {
		p.t.Fatalf("%d bytes in %d writes, %v", n, p.writes-before, err)
	}
}

// TestScreen writes, draws and makes the terminal narrower and wider.
func TestScreen(t *testing.T) {
	p := &paper{t: t, columns: 40}
	s := NewScreen(p, func() int { return p.columns })
	out := s.Above(p)
	line := Line{{"37 %", 0}, {"12/31 files", 2}, {"0:12 left", 1}}

	p.say(s, "one\n")
	p.want("one")
	s.Draw(line)
	p.want("one", "37 %  12/31 files  0:12 left")
	p.say(s, "two\n")
	p.want("one", "two", "37 %  12/31 files  0:12 left")
	if _, err := out.Write([]byte("a point\nanother\n")); err != nil {
		t.Fatal(err)
	}
	p.want("one", "two", "a point", "another", "37 %  12/31 files  0:12 left")

	p.narrow(16)
	p.want("one", "two", "a point", "another", "37 %  12/31 file", "s  0:12 left")
	s.Draw(line)
	p.want("one", "two", "a point", "another", "37 %  0:12 left")
	p.narrow(9)
	p.say(s, "three\n")
	p.want("one", "two", "a point", "another", "three", "37 %  0:") // cut until it is drawn again
	s.Draw(line)
	p.want("one", "two", "a point", "another", "three", "37 %")
	p.narrow(3)
	p.narrow(60)
	s.Draw(line)
	p.want("one", "two", "a p", "oin", "t", "ano", "the", "r", "thr", "ee", "37 %  12/31 files  0:12 left")

	s.Clear()
	s.Clear()
	p.say(s, "end\n")
	p.want("one", "two", "a p", "oin", "t", "ano", "the", "r", "thr", "ee", "end")
	if p.noWrap {
		t.Error("wrapping is left off")
	}
}

// TestALineTooLongForTheScreen is what a terminal shows that became narrower
// after its width was asked for.
func TestALineTooLongForTheScreen(t *testing.T) {
	p := &paper{t: t, columns: 10}
	s := NewScreen(p, func() int { return 40 })
	for range 3 {
		s.Draw(Line{{"a line of more than ten columns", 0}})
		p.say(s, "said\n")
	}
	s.Clear()
	p.want("said", "said", "said")
}

func TestScreenWithoutWidth(t *testing.T) {
	p := &paper{t: t, columns: 1}
	s := NewScreen(p, func() int { return p.columns })
	s.Draw(Line{{"37 %", 0}})
	p.want("")
}

// TestLineAsWideAsTheScreen does not fit: the cursor has a column of its own.
func TestLineAsWideAsTheScreen(t *testing.T) {
	p := &paper{t: t, columns: 15}
	s := NewScreen(p, func() int { return p.columns })
	s.Draw(Line{{"37 %", 0}, {"0:12 left", 1}})
	p.want("37 %")
	p.columns++
	s.Draw(Line{{"37 %", 0}, {"0:12 left", 1}})
	p.want("37 %  0:12 left")
}
