package apachelog

import "testing"

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		format, line string
		time         int
		columns      []int // 0: not asked for
	}{
		{`%h %t "%r"`, `::1 [23/Nov/2026:03:07:17 +0000] ""`, 1, []int{1, 5, 35}},
		{`%s %{%H:%M:%S}t %{%Y-%m-%d}t`, `200 03:07:17 2026-11-23`, 1, []int{1, 5, 0}},
		{`%h "%r"`, `::1 "-"`, -1, []int{1, 6}},
	} {
		f, err := Compile(c.format)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.TimeDirective(); got != c.time {
			t.Errorf("%s: the time is directive %d, want %d", c.format, got, c.time)
		}
		var text []int
		for i, column := range c.columns {
			if column > 0 {
				text = append(text, i)
			}
		}
		var rec Record
		if err := f.NewParser(ParserOptions{Text: text}).Parse([]byte(c.line), &rec); err != nil {
			t.Fatal(err)
		}
		for i, column := range c.columns {
			if got := rec.Column(i); got != column {
				t.Errorf("%s: directive %d stands at column %d, want %d", c.format, i, got, column)
			}
		}
		if rec.Column(len(c.columns)) != 0 {
			t.Error("a directive that does not exist has a column")
		}
	}
}
