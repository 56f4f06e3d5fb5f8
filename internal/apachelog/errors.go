package apachelog

import "strconv"

// FormatError says why a LogFormat string does not compile.
type FormatError struct {
	Column    int    // 1-based byte of the string as it was given to Compile
	Directive string // the directive as far as it could be read; empty if there is none
	Err       error  // the reason, in the words httpd itself uses
}

func (e *FormatError) Error() string {
	return "column " + strconv.Itoa(e.Column) + ": " + e.Err.Error()
}

func (e *FormatError) Unwrap() error { return e.Err }

// refusal is a reason in httpd's own words.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	refusedEmpty   refusal = "LogFormat takes 1-2 arguments, a log format string (see docs) and an optional format name"
	refusedRanOff  refusal = "Ran off end of LogFormat parsing args to some directive"
	refusedUnknown refusal = "Unrecognized LogFormat directive %" // and the letter
)

// LineError says why a line does not match the format. The one that Parse
// returns belongs to the Parser and holds until its next call.
type LineError struct {
	Directive string // the directive whose value, or whose end, was expected; empty if the format has none
	Column    int    // 1-based byte of the line; one past the end where the line stops short
	Expected  string // what would have been right there, in words for people
}

func (e *LineError) Error() string {
	s := "column " + strconv.Itoa(e.Column) + ": expected " + e.Expected
	if e.Directive != "" {
		s += " for " + e.Directive
	}
	return s
}
