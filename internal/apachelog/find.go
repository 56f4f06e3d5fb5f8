package apachelog

import "strings"

// Find returns the index, as in Format.Directives, of the first directive that
// asks for the same as the given one: the same letter and argument, in any
// case, whatever its modifiers. ok is false if there is none, or if directive
// is not a single directive.
func (f *Format) Find(directive string) (i int, ok bool) {
	one, err := CompileWith(directive, CompileOptions{Dialect: f.Dialect(), Unquoted: true})
	if err != nil || len(one.dirs) != 1 || len(one.elements) != 1 {
		return 0, false
	}
	want := one.dirs[0]
	for i, d := range f.dirs {
		if d.row.name == want.row.name && strings.EqualFold(d.arg, want.arg) {
			return i, true
		}
	}
	return 0, false
}
