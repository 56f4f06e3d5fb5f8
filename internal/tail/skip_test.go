package tail

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSkipped sees that together with the lines everything in a file is
// accounted for, in its order.
func TestSkipped(t *testing.T) {
	huge := strings.Repeat("h", 1025)
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{name: "nothing skipped", text: "a\nb\n", want: []string{"a", "b"}},
		{name: "too long", text: "a\n" + huge + "\nb\n", want: []string{"a", "long to 1028", "b"}},
		{name: "two too long", text: huge + "\n" + huge + huge + "\nb\n", want: []string{"long to 1026", "long to 3077", "b"}},
		{name: "too long at the end", text: "a\n" + huge + "\n", want: []string{"a", "long to 1028"}},
		{name: "unfinished", text: "a\nbcd", want: []string{"a", "rest bcd of 3 to 5"}},
		{name: "NUL before the rest", text: "a\n\x00\x00bcd", want: []string{"a", "rest bcd of 3 to 7"}},
		{name: "only NUL", text: "a\n\x00\x00\x00", want: []string{"a"}},
		{name: "unfinished and too long", text: "a\n" + huge, want: []string{"a", "rest  of 1025 to 1027"}},
	} {
		for _, form := range []string{"plain", ".gz", "stdin"} {
			t.Run(c.name+"/"+form, func(t *testing.T) {
				d := newDir(t)
				o := Options{BlockSize: 64, MaxLine: 1024, NoWatch: true, Once: true, FromStart: true}
				switch form {
				case "plain":
					d.write("a", c.text)
					o.Patterns = []string{d.at("a")}
				case "stdin":
					o.Patterns, o.Stdin = []string{"-"}, strings.NewReader(c.text)
				default:
					d.write("a", string(pack(t, form, []byte(c.text))))
					o.Patterns = []string{d.at("a")}
				}
				var got []string
				o.Skipped = func(s Skip) {
					what := fmt.Sprintf("long to %d", s.End)
					if s.Unfinished {
						what = fmt.Sprintf("rest %s of %d to %d", s.Text, s.Bytes, s.End)
					}
					if s.Source != 1 || s.Path != o.Patterns[0] {
						t.Errorf("%s is said of source %d, %s", what, s.Source, s.Path)
					}
					got = append(got, what)
				}
				f, err := New(o)
				d.must(err)
				for b, err := range f.Batches(t.Context()) {
					d.must(err)
					for line := range b.Lines() {
						got = append(got, string(bytes.Clone(line)))
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		}
	}
}

// TestHalfWrittenLineIsNoRest has a line whose other half comes while the file
// is being read.
func TestHalfWrittenLineIsNoRest(t *testing.T) {
	d := newDir(t)
	d.write("a", "a\nhal")
	o := Options{Patterns: []string{d.at("a")}, NoWatch: true, Once: true, FromStart: true}
	o.Skipped = func(s Skip) { t.Errorf("%q is taken for the rest of a finished file", s.Text) }
	f, err := New(o)
	d.must(err)
	for b, err := range f.Batches(t.Context()) {
		d.must(err)
		if b.Tick == nil {
			d.write("a", "f\n")
		}
	}
	if s := f.Stats(); s.UnfinishedBytes != 3 {
		t.Errorf("%d bytes are counted as unfinished, want 3", s.UnfinishedBytes)
	}
}
