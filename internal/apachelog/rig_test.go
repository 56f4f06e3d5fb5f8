package apachelog

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestRigLines holds the parser to lines that `make httpd-test` has caught: values
// and instants of the request's begin and end.
func TestRigLines(t *testing.T) {
	files, err := filepath.Glob("testdata/httpd/rig/*.log")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r *rigFormat
		flagged := 0
		for n, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			if head, ok := strings.CutPrefix(line, "#\t"); ok {
				r = newRigFormat(t, head)
				continue
			}
			ambiguous, wrong := r.check(line)
			if wrong != "" {
				t.Errorf("%s, line %d, %s: %s", file, n+1, r.f, wrong)
			}
			if ambiguous {
				flagged++
			}
		}
		t.Logf("%s: %d flagged", file, flagged)
	}
}

// rigFormat reads the lines of one format.
type rigFormat struct {
	f *Format
	p *Parser
}

// newRigFormat makes one out of the line in front of its lines: zone and format.
func newRigFormat(t *testing.T, head string) *rigFormat {
	t.Helper()
	name, format, _ := strings.Cut(head, "\t")
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := CompileWith(format, CompileOptions{Unquoted: true})
	if err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return &rigFormat{f, f.NewParser(ParserOptions{Need: f.Provides(), Text: allOf(f), Zone: zone})}
}

// check reads a line and says what is wrong with it, if anything.
func (r *rigFormat) check(line string) (ambiguous bool, wrong string) {
	columns := strings.SplitN(line, "\t", len(r.f.Directives())+5)
	values, tail := columns[3:len(columns)-2], columns[len(columns)-1]
	var rec Record
	err := r.p.Parse([]byte(tail), &rec)
	switch {
	case err != nil && (r.f.Ambiguous() || err.(*LineError).Expected == "a time"):
		return false, ""
	case err != nil:
		return false, err.Error()
	case rec.Ambiguous && !r.f.Ambiguous():
		return true, "flagged"
	case rec.Ambiguous:
		return true, ""
	}
	for i, want := range values {
		if got := string(rec.Raw(i)); got != want {
			return false, fmt.Sprintf("%s is %q, want %q", r.f.Directives()[i], got, want)
		}
	}
	if r.f.Provides()&Time == 0 || rec.Absent&Time != 0 || strings.Contains(strings.Join(r.f.Warnings(), ""), "taken to be") {
		return false, ""
	}
	for _, text := range columns[1:3] {
		at, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return false, err.Error()
		}
		got := rec.Time*1e6 + int64(rec.Nanos)/1e3
		if got == at || got == at-at%1e3 || got == at-at%1e6 {
			return false, ""
		}
	}
	return false, fmt.Sprintf("time %d.%09d, want that of %s or %s", rec.Time, rec.Nanos, columns[1], columns[2])
}

// TestSemantics reads what a real httpd wrote for formats that try its rules:
// escapes, arguments, conditions, times, quoting. The formats stand in its own
// configuration.
func TestSemantics(t *testing.T) {
	conf, err := os.ReadFile("testdata/httpd/sem/sem.conf")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^CustomLog logs/(sem-\w+\.log) (.*)$`)
	tried := 0
	for _, m := range line.FindAllStringSubmatch(string(conf), -1) {
		data, err := os.ReadFile("testdata/httpd/sem/" + m[1])
		if err != nil {
			continue // that is about something else than the format
		}
		tried++
		f := compileWord(t, m[2])
		p := f.NewParser(ParserOptions{Text: allOf(f)})
		// Some formats write several lines for one request; there are two requests.
		half := strings.Count(string(data), "\n") / 2
		lines := strings.SplitAfter(string(data), "\n")
		for i := 0; i < 2*half; i += half {
			text := strings.TrimSuffix(strings.Join(lines[i:i+half], ""), "\n")
			var rec Record
			if err := p.Parse([]byte(text), &rec); err != nil {
				t.Errorf("%s: %v\n%s", m[2], err, text)
			}
		}
	}
	if tried < 7 {
		t.Errorf("only %d logs", tried)
	}
}

// compileWord compiles a word of httpd.conf.
func compileWord(t *testing.T, word string) *Format {
	t.Helper()
	o := CompileOptions{}
	switch {
	case strings.HasPrefix(word, "'"), strings.Contains(word, `"`) && strings.Contains(word[1:len(word)-1], `\"`) && word[0] == '"':
		// Compile undoes the quoting.
	case word[0] == '"':
		word, o.Unquoted = strings.ReplaceAll(strings.Trim(word, `"`), `\\`, `\`), true
	default:
		o.Unquoted = true // without quotation marks \" is two bytes
	}
	f, err := CompileWith(word, o)
	if err != nil {
		t.Fatalf("%s: %v", word, err)
	}
	return f
}

// TestOddCombined reads the lines of combined for the odd requests of the first
// rig, and puts each together again.
func TestOddCombined(t *testing.T) {
	data, err := os.ReadFile("testdata/httpd/odd-combined.log")
	if err != nil {
		t.Fatal(err)
	}
	f := compile(t, "combined")
	all := ParserOptions{Need: f.Provides(), Text: allOf(f)}
	fast, plain := f.newParser(all, false), f.newParser(all, true)
	n := 0
	for line := range strings.Lines(string(data)) {
		var rec Record
		if err := fast.Parse([]byte(strings.TrimSuffix(line, "\n")), &rec); err != nil || rec.Ambiguous {
			t.Errorf("%v: %.200s", err, line)
		}
		checkAgreement(t, f, fast, plain, []byte(strings.TrimSuffix(line, "\n")))
		n++
	}
	if n < 90 {
		t.Errorf("only %d lines", n)
	}
}
