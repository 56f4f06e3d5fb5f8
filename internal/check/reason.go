package check

import (
	"cmp"
	"slices"
)

const (
	// maxReasons bounds what is kept. A format has a few reasons a directive,
	// so only very many formats reach it.
	maxReasons = 200
	// moreLines is how many further lines of a reason are named.
	moreLines = 5
)

// reason is why lines were rejected, with the first of them.
type reason struct {
	directive, expected string

	count   int64
	path    string
	number  int64
	column  int
	found   string
	excerpt piece
	more    []int64 // further lines of the same file
}

// reasons groups rejected lines by what was expected of which directive.
type reasons struct {
	all   []*reason
	other int64 // lines beyond maxReasons
}

func (r *reasons) add(l Line) {
	i := slices.IndexFunc(r.all, func(one *reason) bool {
		return one.directive == l.Err.Directive && one.expected == l.Err.Expected
	})
	switch {
	case i >= 0:
		one := r.all[i]
		one.count++
		if len(one.more) < moreLines && l.Path == one.path {
			one.more = append(one.more, l.Number)
		}
	case len(r.all) == maxReasons:
		r.other++
	default:
		r.all = append(r.all, &reason{
			directive: l.Err.Directive, expected: l.Err.Expected, count: 1,
			path: l.Path, number: l.Number, column: l.Err.Column,
			found: foundAt(l), excerpt: pieceAround(l.Text, l.Err.Column),
		})
	}
}

// sorted returns the reasons, those with the most lines first.
func (r *reasons) sorted() []*reason {
	return slices.SortedStableFunc(slices.Values(r.all), func(a, b *reason) int { return cmp.Compare(b.count, a.count) })
}
