package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/httpdconf"
)

// An assessment is one log of Apache's configuration and what can be made of
// it.
type assessment struct {
	httpdconf.Log
	format  *apachelog.Format // by which its lines are read; nil if they are not
	skipped string            // why the log is not followed in this format; "" if it is
	mistake bool              // the configuration is hardly meant so
	notes   []string          // what else there is to know
}

// assess judges the logs of a configuration. With explain, for --check, formats
// are kept by which lines can be read but not followed.
func assess(conf *httpdconf.Config, exclude []string, explain bool) []assessment {
	known := make(map[string]*apachelog.Format) // one for each string, so that equal ones are the same
	var all []assessment
	for _, l := range conf.Logs {
		a := assessment{Log: l}
		f, err := known[l.Format], error(nil)
		if f == nil {
			if f, err = apachelog.CompileWith(l.Format, apachelog.CompileOptions{Unquoted: true}); err == nil {
				known[l.Format] = f
			}
		}
		a.judge(f, err, exclude, explain)
		all = append(all, a)
	}
	return all
}

func (a *assessment) judge(f *apachelog.Format, err error, exclude []string, explain bool) {
	switch {
	case a.Undefined:
		a.skipped, a.mistake = "its lines say nothing but "+a.Format, true
	case err != nil:
		a.skipped, a.mistake = fmt.Sprintf("its format cannot be read: %v", err), true
	case manyLines(a.Format):
		a.skipped = "each request is several lines in this format"
	case f.Provides()&apachelog.Time == 0:
		a.format, a.skipped = f, "its format has no time, so its lines belong to no bucket"
	default:
		a.format = f
	}
	switch {
	case a.Path == "":
		a.skipped = "it goes to a program, and where that writes is not known"
	case strings.HasPrefix(a.Path, "/dev/") || strings.HasPrefix(a.Path, "/proc/"):
		a.skipped = "it is not a regular file"
	case excluded(a.Path, exclude):
		a.skipped, a.mistake = "--exclude leaves it out", false
	}
	if a.skipped != "" && !explain {
		a.format = nil
	}
	a.remark()
}

// remark notes what is doubtful about a log.
func (a *assessment) remark() {
	note := func(text string) { a.notes = append(a.notes, text) }
	if a.Env != "" || a.Expr != "" {
		note("only some requests are written: its counts are those of a part")
	}
	if a.Buffers {
		note("BufferedLogs is on: lines come late and out of order")
	}
	if a.format != nil {
		for _, w := range a.format.Warnings() {
			note(w)
		}
		if a.format.Provides()&apachelog.Status == 0 {
			note("no status in its format")
		}
	}
	for _, w := range a.Warnings {
		note(w)
	}
}

// manyLines says whether a format holds a line end. Two backslashes are one
// that stands for itself.
func manyLines(format string) bool {
	return strings.Contains(strings.ReplaceAll(format, `\\`, ""), `\n`) || strings.Contains(format, "\n")
}

// excluded is how tail leaves out files, for a log that may not exist yet.
func excluded(path string, globs []string) bool {
	for _, g := range globs {
		for _, name := range []string{path, filepath.Base(path)} {
			if ok, err := doublestar.PathMatch(g, name); ok && err == nil {
				return true
			}
		}
	}
	return false
}
