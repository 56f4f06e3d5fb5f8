package apachelog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestFormats reads testdata/*.txtar. A file holds one format, in the section
// "format", and a section for each line: its title, the line, and what is wanted
// of it, one thing a line:
//
//	%u x [01/Jan/2020          the value as it stands in the log (#2 for the directive of that index)
//	text %u "x"                the value as httpd meant it, quoted as in Go
//	status 200                 bytes, bytes_in, duration (as Go writes them) likewise
//	time 2026-11-23T03:37:15Z
//	end 2026-11-23T03:37:16Z   the time of a Parser that is to tell the end
//	absent status              the line has "-" for it
//	ambiguous
//	rejected 17 %t: 28 bytes   column, directive and what was expected; nothing else is wanted then
//
// In place of a format there may be a nickname. The section "dialect" says whose
// format it is, "warnings" holds what compiling warns of, and "zone" the zone for
// times without one.
func TestFormats(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			newStory(t, readSections(t, file)).run(t)
		})
	}
}

// section is one part of a txtar file.
type section struct {
	name string
	body []byte
}

// readSections reads a txtar file: sections that begin with "-- name --".
func readSections(t *testing.T, file string) (sections []section) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		title := strings.TrimSuffix(string(line), "\n")
		if name, ok := strings.CutPrefix(title, "-- "); ok && strings.HasSuffix(name, " --") {
			sections = append(sections, section{name: strings.TrimSuffix(name, " --")})
		} else if n := len(sections); n > 0 {
			sections[n-1].body = append(sections[n-1].body, line...)
		}
	}
	return sections
}

// story is one txtar file.
type story struct {
	format   *Format
	zone     *time.Location
	warnings string
	lines    []section
}

func newStory(t *testing.T, sections []section) *story {
	t.Helper()
	s := &story{zone: time.UTC}
	var format, dialect string
	for _, f := range sections {
		body := strings.TrimSuffix(string(f.body), "\n")
		switch f.name {
		case "format":
			format = body
		case "dialect":
			dialect = body
		case "warnings":
			s.warnings = body
		case "zone":
			zone, err := time.LoadLocation(body)
			if err != nil {
				t.Fatal(err)
			}
			s.zone = zone
		default:
			s.lines = append(s.lines, f)
		}
	}
	if format == "" || len(s.lines) == 0 {
		t.Fatal("no format or no lines")
	}
	if dialect == "" {
		s.format = compile(t, format)
		return s
	}
	d, err := ParseDialect(dialect)
	if err != nil {
		t.Fatal(err)
	}
	if s.format, err = CompileWith(format, CompileOptions{Dialect: d}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *story) run(t *testing.T) {
	if got := strings.Join(s.format.Warnings(), "\n"); got != s.warnings {
		t.Errorf("warnings:\n%s\nwant:\n%s", got, s.warnings)
	}
	all := ParserOptions{Need: s.format.Provides(), Text: allOf(s.format), Zone: s.zone}
	fast, plain := s.format.newParser(all, false), s.format.newParser(all, true)
	atEnd := all
	atEnd.AtEnd = true
	end := s.format.NewParser(atEnd)
	for _, f := range s.lines {
		line, wants, _ := bytes.Cut(f.body, []byte("\n"))
		var rec Record
		err := fast.Parse(line, &rec)
		for want := range strings.Lines(string(wants)) {
			want = strings.TrimSuffix(want, "\n")
			if unix, ok := strings.CutPrefix(want, "end "); ok {
				var rec Record
				if got, ok := checkWant(s.format, &rec, end.Parse(line, &rec), "time "+unix); !ok || !s.format.TellsEnd() {
					t.Errorf("%s: want the end %s, got %s (the format tells the end: %t)\n%.300s", f.name, unix, got, s.format.TellsEnd(), line)
				}
				continue
			}
			if got, ok := checkWant(s.format, &rec, err, want); !ok {
				t.Errorf("%s: want %s, got %s\n%.300s", f.name, want, got, line)
			}
		}
		if err == nil && rec.Ambiguous && !bytes.Contains(wants, []byte("ambiguous\n")) {
			t.Errorf("%s: flagged as ambiguous\n%.300s", f.name, line)
		}
		checkAgreement(t, s.format, fast, plain, line)
	}
}

// checkWant checks one thing that a section wants.
func checkWant(f *Format, rec *Record, err error, want string) (got string, ok bool) {
	key, value, _ := strings.Cut(want, " ")
	if bad := (*LineError)(nil); errors.As(err, &bad) {
		got = fmt.Sprintf("rejected %d %s: %s", bad.Column, bad.Directive, bad.Expected)
		return got, got == want
	}
	switch key {
	case "status":
		got = strconv.Itoa(rec.Status)
	case "bytes":
		got = strconv.FormatInt(rec.Bytes, 10)
	case "bytes_in":
		got = strconv.FormatInt(rec.BytesIn, 10)
	case "duration":
		got = time.Duration(rec.Duration).String()
	case "time":
		got = time.Unix(rec.Time, int64(rec.Nanos)).UTC().Format(time.RFC3339Nano)
	case "ambiguous":
		return fmt.Sprint(rec.Ambiguous), rec.Ambiguous
	case "absent":
		bits := map[string]Field{"time": Time, "status": Status, "bytes": Bytes, "bytes_in": BytesIn, "duration": Duration}
		return fmt.Sprint(rec.Absent), rec.Absent&bits[value] != 0
	case "text":
		name, quoted, _ := strings.Cut(value, " ")
		got = strconv.Quote(string(rec.AppendText(nil, indexOf(f, name))))
		value = quoted
	default:
		got = string(rec.Raw(indexOf(f, key)))
	}
	return got, got == value
}

// indexOf finds a directive by its source or by # and its index.
func indexOf(f *Format, name string) int {
	for i, d := range f.Directives() {
		if d == name || "#"+strconv.Itoa(i) == name {
			return i
		}
	}
	return len(f.Directives())
}

// checkAgreement holds the fast way to the plain one, and an accepted line to
// what it was made of.
func checkAgreement(t *testing.T, f *Format, fast, plain *Parser, line []byte) {
	t.Helper()
	line = line[:len(line):len(line)]
	var a, b Record
	errA, errB := fast.Parse(line, &a), plain.Parse(line, &b)
	if fmt.Sprint(errA) != fmt.Sprint(errB) {
		t.Fatalf("format %q, line %q:\nfast way: %v\nplain way: %v", f, line, errA, errB)
	}
	checkBlock(t, f, fast, line, errA, &a)
	if errA != nil {
		bad := errA.(*LineError)
		if bad.Column < 1 || bad.Column > len(line)+1 || bad.Expected == "" {
			t.Fatalf("format %q, line %q: error %v", f, line, errA)
		}
		return
	}
	a.owner, b.owner = nil, nil
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Fatalf("format %q, line %q:\nfast way: %v\nplain way: %v", f, line, a, b)
	}
	var built []byte
	for i := range f.elements {
		if e := &f.elements[i]; e.value == literal {
			built = append(built, e.lit...)
		} else {
			built = append(built, a.Raw(e.dir)...)
		}
	}
	if !bytes.Equal(built, line) {
		t.Fatalf("format %q: line %q\nis not made of its values: %q", f, line, built)
	}
}
