package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/expression"
	"github.com/logfeed/logfeed/internal/retention"
)

// mistakes collects everything that is wrong with the command line, so that
// one run shows all of it.
type mistakes struct{ all []mistake }

// A mistake is one wrong flag or argument.
type mistake struct {
	where  string // "--interval", "/etc/logfeed/flags:3: interval", "FILE"
	err    error
	text   string // what was given, shown with a caret when column is set
	column int    // 1-based byte in text; 0 is none
}

func (m *mistakes) add(where string, err error) {
	m.all = append(m.all, mistake{where: where, err: err})
}

func (m *mistakes) addf(where, format string, args ...any) {
	m.add(where, fmt.Errorf(format, args...))
}

// has tells whether something is wrong with a flag's value, wherever it comes
// from.
func (m *mistakes) has(flag string) bool {
	return slices.ContainsFunc(m.all, func(one mistake) bool { return strings.HasSuffix(one.where, flag) })
}

// addIn is add for an error that may know its column in text.
func (m *mistakes) addIn(where, text string, err error) {
	wrong := mistake{where: where, err: err}
	var at *apachelog.FormatError
	if errors.As(err, &at) {
		wrong.text, wrong.column = text, at.Column
	}
	var of *expression.Mistake
	if errors.As(err, &of) {
		wrong.text, wrong.column = text, of.Column
	}
	var in *retention.ListError
	if errors.As(err, &in) {
		wrong.text, wrong.column = text, in.Column
	}
	m.all = append(m.all, wrong)
}

// forgive takes back every mistake of one kind.
func (m *mistakes) forgive(kind error) {
	m.all = slices.DeleteFunc(m.all, func(one mistake) bool { return errors.Is(one.err, kind) })
}

// print writes every mistake, each with the text and a caret under the place
// where one is known.
func (m *mistakes) print(w io.Writer) {
	for _, one := range m.all {
		fmt.Fprintf(w, "logfeed: %s: %v\n", one.where, one.err)
		if one.column > 0 {
			fmt.Fprintf(w, "    %s\n    %s^\n", one.text, blank(one.text, one.column-1))
		}
	}
	fmt.Fprintln(w, "Nothing was sent. logfeed --help lists the flags.")
}

// blank returns white space as wide as the first n bytes of text are shown: a
// tab stays a tab, and a character of several bytes takes one place.
func blank(text string, n int) string {
	var b strings.Builder
	for _, r := range text[:min(n, len(text))] {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}
