package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logfeed/logfeed/internal/tail"
)

// pathNames shows paths as they were given: relative if all of them were.
type pathNames struct {
	base    string // what they are relative to; "" shows them absolute
	several bool   // more than one file may be meant
}

func newPathNames(patterns []string) pathNames {
	n := pathNames{several: len(patterns) > 1 || strings.ContainsAny(patterns[0], "*?[{")}
	if !slices.ContainsFunc(patterns, filepath.IsAbs) {
		n.base, _ = os.Getwd() // without it paths are shown absolute
	}
	return n
}

func (n pathNames) of(path string) string {
	if rel, err := filepath.Rel(n.base, path); err == nil && n.base != "" && filepath.IsAbs(path) {
		return rel
	}
	return path
}

// troubles says what cannot be read, and why.
func (n pathNames) troubles(o *tail.Outlook) []string {
	var all []string
	for _, f := range o.Files {
		if f.Err != nil {
			all = append(all, n.of(f.Path)+": "+f.Err.Error())
		}
	}
	for _, b := range o.Blanks {
		all = append(all, n.of(b.Pattern)+": "+b.Err.Error())
	}
	return all
}

// unwatched says what cannot be watched, and why.
func (n pathNames) unwatched(o *tail.Outlook) []string {
	var all []string
	if o.Watch != nil {
		all = append(all, o.Watch.Error())
	}
	troubles := n.troubles(o)
	for _, d := range o.Dirs {
		if d.Err == nil {
			continue
		}
		why := d.Err.Error()
		if slices.ContainsFunc(troubles, func(t string) bool { return strings.HasSuffix(t, why) }) {
			why = "for the same reason"
		}
		all = append(all, n.of(d.Path)+": "+why)
	}
	return all
}
