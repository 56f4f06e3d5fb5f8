package check

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// AnswerOptions say what besides the promised members an answer holds.
type AnswerOptions struct {
	Path   bool // the file that the line is from
	Format bool // the format that the line matched
}

// Answers writes one JSON object a line of a log. It is for one goroutine.
type Answers struct {
	o        AnswerOptions
	enc      *json.Encoder
	rejected int64

	directives map[*apachelog.Format][]string
	fields     [][2]string // reused by every line
}

// NewAnswers returns a writer of answers to w, which is written to for every
// line: give it a buffer.
func NewAnswers(w io.Writer, o AnswerOptions) *Answers {
	enc := json.NewEncoder(w)
	// What stands in a log is for programs here, not for a browser.
	enc.SetEscapeHTML(false)
	return &Answers{
		o: o, enc: enc, directives: make(map[*apachelog.Format][]string),
		// A format without directives has no fields, which is not the same as none.
		fields: [][2]string{},
	}
}

// answer is what is written; the order of its members is promised.
type answer struct {
	Path       string       `json:"path,omitempty"`
	Line       int64        `json:"line"`
	OK         bool         `json:"ok"`
	Ambiguous  *bool        `json:"ambiguous,omitempty"`
	Format     string       `json:"format,omitempty"`
	Fields     [][2]string  `json:"fields,omitzero"`
	Error      *answerError `json:"error,omitempty"`
	Escaped    bool         `json:"escaped,omitempty"`
	Unfinished bool         `json:"unfinished,omitempty"`
}

type answerError struct {
	Directive string `json:"directive"`
	Column    int    `json:"column"`
	Expected  string `json:"expected"`
}

// Rejected returns how many lines were rejected so far.
func (a *Answers) Rejected() int64 { return a.rejected }

// Add answers for one line.
func (a *Answers) Add(l Line) error {
	out := answer{Line: l.Number, OK: l.Err == nil, Unfinished: l.Unfinished}
	if a.o.Path {
		out.Path, out.Escaped = carried([]byte(l.Path))
	}
	if l.Err != nil {
		a.rejected++
		out.Error = &answerError{l.Err.Directive, l.Err.Column, l.Err.Expected}
	}
	if l.Format != nil {
		out.Ambiguous = &l.Record.Ambiguous
		out.Fields = a.fieldsOf(l, &out.Escaped)
		if a.o.Format {
			out.Format = l.Format.String()
		}
	}
	if err := a.enc.Encode(&out); err != nil {
		return fmt.Errorf("write an answer: %w", err)
	}
	return nil
}

func (a *Answers) fieldsOf(l Line, escaped *bool) [][2]string {
	names, ok := a.directives[l.Format]
	if !ok {
		names = l.Format.Directives()
		a.directives[l.Format] = names
	}
	a.fields = a.fields[:0]
	for i, d := range names {
		text, changed := carried(l.Record.Raw(i))
		*escaped = *escaped || changed
		a.fields = append(a.fields, [2]string{d, text})
	}
	return a.fields
}

// carried returns bytes as JSON can carry them: those that are not UTF-8 as
// httpd itself writes them, \xhh. changed says that there were any.
func carried(b []byte) (text string, changed bool) {
	if utf8.Valid(b) {
		return string(b), false
	}
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&s, `\x%02x`, b[0])
		} else {
			s.Write(b[:n])
		}
		b = b[n:]
	}
	return s.String(), true
}
