package tail

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSameContent gives a run the same content several times, in every order.
func TestSameContent(t *testing.T) {
	text := lines("a", 1000, 50)
	rest := lines("a", 1050, 50)
	for _, c := range []struct {
		name  string
		files map[string]string // what each holds, packed by the ending of its name
		want  string
		cut   string // a packed file that is cut off
	}{
		{name: "packed", files: map[string]string{"a.log.1": text, "a.log.1.gz": text}, want: text},
		{name: "copied", files: map[string]string{"a.log.1": text, "a.log.2": text}, want: text},
		{name: "packed twice", files: map[string]string{"a.log.1.gz": text, "a.log.1.zst": text}, want: text},
		{name: "packed in every way", files: map[string]string{
			"a.log.1": text, "a.log.1.gz": text, "a.log.1.zst": text, "a.log.1.bz2": text, "a.log.1.xz": text,
		}, want: text},
		{name: "packed and gone on", files: map[string]string{"a.log": text + rest, "a.log.1.gz": text}, want: text + rest},
		{name: "unpacked in part", files: map[string]string{"a.log.1": text, "a.log.1.gz": text + rest}, want: text + rest},
		{name: "a longer copy", files: map[string]string{"a.log.1": text, "a.log.2": text + rest}, want: text + rest},
		{name: "damaged", files: map[string]string{"a.log.1.gz": text + rest, "a.log.1.zst": text + rest}, cut: "a.log.1.gz", want: text + rest},
		{name: "short", files: map[string]string{"a.log.1": "1 one line\n", "a.log.1.gz": "1 one line\n"}, want: "1 one line\n"},
		{name: "the same beginning", files: map[string]string{
			"a.log.1": text + lines("b", 1050, 9), "a.log.2": text + rest, "a.log.3.gz": text + lines("c", 1050, 9),
		}, want: text + lines("b", 1050, 9) + text + rest + text + lines("c", 1050, 9)},
		{name: "sites with the same few lines", files: map[string]string{"v1/a.log": lines("a", 1, 20), "v2/a.log": lines("a", 1, 20)}, want: lines("a", 1, 20) + lines("a", 1, 20)},
		{name: "copied elsewhere", files: map[string]string{"a.log.1": text, "v1/a.log.1": text}, want: text},
		{name: "other names", files: map[string]string{"a.log": text, "b.log": text}, want: text + text},
	} {
		names := make([]string, 0, len(c.files))
		for name := range c.files {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, order := range orders(names) {
			for _, block := range []int{256, 1 << 20} {
				t.Run(fmt.Sprint(c.name, order, block), func(t *testing.T) {
					d := newDir(t)
					d.must(errors.Join(os.Mkdir(d.at("v1"), 0o755), os.Mkdir(d.at("v2"), 0o755)))
					var patterns []string
					for _, name := range order {
						content := c.files[name]
						if Unpacked(name) != name {
							content = string(pack(t, name, []byte(content)))
						}
						if name == c.cut {
							content = content[:len(content)*2/3]
						}
						d.write(name, content)
						patterns = append(patterns, d.at(name))
					}
					count := clocks{}
					r := once(t, Options{Patterns: patterns, NoWatch: true, BlockSize: block, TimeOf: timeOf, Clock: count.of})
					got := strings.Join(slices.Sorted(slices.Values(r.lines)), "\n")
					want := strings.Split(strings.TrimSuffix(c.want, "\n"), "\n")
					if slices.Sort(want); got != strings.Join(want, "\n") {
						t.Errorf("%s\n%s", difference(r.lines, want), r.report())
					}
					if s := r.f.Stats(); s.Gaps != 0 {
						t.Errorf("%d gaps", s.Gaps)
					}
				})
			}
		}
	}
}

// orders returns the names forwards, backwards and turned by one.
func orders(names []string) [][]string {
	back, turned := slices.Clone(names), slices.Clone(names)
	slices.Reverse(back)
	turned = append(turned[1:], turned[0])
	return [][]string{names, back, turned}
}
