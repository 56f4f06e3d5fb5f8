package retention

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Schemas are the sections of a storage-schemas.conf, in their order.
type Schemas struct{ sections []section }

type section struct {
	name     string
	line     int
	pattern  *regexp.Regexp
	list     List
	text     string // of the list
	priority int64
	packed   bool // go-carbon keeps these series in compressed files
}

// ReadSchemas reads a storage-schemas.conf. The name stands in errors, which
// begin with NAME:LINE. A file that carbon and go-carbon would read
// differently is refused where the difference could be meant either way, and
// so is a section that carbon would pass over with a line in its log.
//
// The first section whose pattern is found anywhere in a series' name decides.
// Keys are case-insensitive; those other than pattern, retentions, priority
// and compressed are passed over, as are lines that begin with # or ;.
func ReadSchemas(r io.Reader, name string) (Schemas, error) {
	reader := schemaReader{name: name}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		reader.line++
		if err := reader.take(lines.Text()); err != nil {
			return Schemas{}, err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		reader.line++
		return Schemas{}, reader.wrong("a line of more than %d bytes; is this a storage-schemas.conf?", bufio.MaxScanTokenSize)
	} else if err != nil {
		return Schemas{}, fmt.Errorf("read %s: %w", name, err)
	}
	if err := reader.finish(); err != nil {
		return Schemas{}, err
	}
	if len(reader.done) == 0 {
		return Schemas{}, fmt.Errorf("%s has no section; right would be [default], pattern = .*, retentions = 60s:1d", name)
	}
	return Schemas{reader.done}, nil
}

// For returns the archives of a series, named with its tags as Carbon sorts
// them, and the name of the section that gives them. It is false when no section matches. carbon then keeps 60 seconds for
// 7 days (defaultSchema in its storage.py), go-carbon keeps nothing.
func (s Schemas) For(series string) (list List, name string, ok bool) {
	if found := s.first(series); found != nil {
		return found.list, found.name, true
	}
	return nil, "", false
}

// Doubts tells, in sentences for people, what may make of a series something
// else than For says.
func (s Schemas) Doubts(series string) []string {
	found := s.first(series)
	if found == nil {
		return nil
	}
	doubts := Doubts(found.text)
	// go-carbon, and Carbon in its early days, go by priority first.
	top := found
	for i := range s.sections {
		if one := &s.sections[i]; one.priority > top.priority && one.pattern.MatchString(series) {
			top = one
		}
	}
	if top != found {
		doubts = append(doubts, fmt.Sprintf("carbon takes [%s] for %s because it comes first, but go-carbon takes [%s] for its priority; logfeed takes [%s]", found.name, series, top.name, found.name))
	}
	if found.packed {
		doubts = append(doubts, fmt.Sprintf("[%s] has compressed = true: go-carbon discards points that are sent again, so late lines and repetitions are lost", found.name))
	}
	return doubts
}

func (s Schemas) first(series string) *section {
	for i := range s.sections {
		if s.sections[i].pattern.MatchString(series) {
			return &s.sections[i]
		}
	}
	return nil
}

// schemaReader reads the lines of one file.
type schemaReader struct {
	name string
	line int
	done []section

	open   *section        // the section being read, or nil
	seen   map[string]bool // its keys
	indent int             // of its last key
}

func (r *schemaReader) wrong(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", r.name, r.line, fmt.Errorf(format, args...))
}

func (r *schemaReader) take(line string) error {
	text := strings.TrimSpace(line)
	if text == "" || text[0] == '#' || text[0] == ';' {
		return nil
	}
	indent := strings.Index(line, text)
	if len(r.seen) > 0 && indent > r.indent {
		return r.wrong("carbon takes an indented line for more of the value above it, go-carbon for a line of its own; right would be one line for each key, all indented alike")
	}
	if text[0] == '[' {
		return r.begin(text)
	}
	if r.open == nil {
		return r.wrong("%q stands before the first section; right would be [name] on a line of its own", text)
	}
	r.indent = indent
	return r.set(line)
}

// begin starts a section.
func (r *schemaReader) begin(text string) error {
	if err := r.finish(); err != nil {
		return err
	}
	name, ok := strings.CutSuffix(text[1:], "]")
	name = strings.TrimSpace(name)
	switch {
	case !ok || name == "":
		return r.wrong("%s is no section; right would be [name] with nothing behind it", text)
	case name == "DEFAULT":
		return r.wrong("carbon gives the keys of [DEFAULT] to every section; right would be another name, such as [default]")
	}
	for _, s := range r.done {
		if s.name == name {
			return r.wrong("[%s] is in line %d already, and carbon refuses to start with two sections of one name", name, s.line)
		}
	}
	r.open, r.seen = &section{name: name, line: r.line}, make(map[string]bool)
	return nil
}

// finish ends the section that is open.
func (r *schemaReader) finish() error {
	if r.open == nil {
		return nil
	}
	for _, key := range []string{"pattern", "retentions"} {
		if !r.seen[key] {
			return fmt.Errorf("%s:%d: [%s] has no %s, so carbon passes over it", r.name, r.open.line, r.open.name, key)
		}
	}
	r.done = append(r.done, *r.open)
	r.open = nil
	return nil
}

// set reads a line with a key and a value.
func (r *schemaReader) set(line string) error {
	at := strings.IndexAny(line, "=:")
	if at < 0 {
		return r.wrong("%q is neither a [section] nor a key with a value; right would be retentions = 60s:1d", strings.TrimSpace(line))
	}
	key := strings.ToLower(strings.TrimSpace(line[:at]))
	rest := strings.TrimLeft(line[at+1:], blanks)
	column := len(line) - len(rest)
	value := strings.TrimRight(rest, blanks)
	if r.seen[key] {
		return r.wrong("[%s] has %s twice", r.open.name, key)
	}
	r.seen[key] = true
	if (key == "pattern" || key == "retentions") && strings.Trim(value, `"'`) != value {
		return r.wrong("carbon takes the quotation marks for a part of the %s; right would be to leave them out", key)
	}
	return r.setKey(key, value, column)
}

// setKey takes a value that begins behind the given number of bytes.
func (r *schemaReader) setKey(key, value string, column int) (err error) {
	switch key {
	case "pattern":
		if r.open.pattern, err = compilePattern(value); err != nil {
			return r.wrong("pattern %s: %w", value, err)
		}
	case "retentions":
		r.open.text = value
		r.open.list, err = Parse(value)
		var where *ListError
		if errors.As(err, &where) {
			return r.wrong("retentions, %w", &ListError{column + where.Column, where.Reason})
		}
	case "priority":
		if r.open.priority, err = strconv.ParseInt(value, 10, 32); err != nil {
			return r.wrong("priority %q is no whole number", value)
		}
	case "compressed":
		r.open.packed = value == "true"
	}
	return err
}
