package apachelog

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRealLog(t *testing.T) {
	p := compile(t, "combined").NewParser(ParserOptions{Need: Time | Status | Bytes})
	var accepted, bytes, first, last int64
	var classes [10]int
	line := 0
	for rec, err := range p.Records(slices.Values(realLines(t))) {
		line++
		if err != nil {
			if got, want := err.Error(), `column 183: expected closing " for %{User-Agent}i`; line != 8899 || got != want || rec != nil {
				t.Errorf("line %d: %v, %v", line, rec, err)
			}
			continue
		}
		accepted++
		bytes += rec.Bytes
		classes[rec.Status/100]++
		if first == 0 || rec.Time < first {
			first = rec.Time
		}
		last = max(last, rec.Time)
	}
	if accepted != 9999 || bytes != 2747282505 || classes != [10]int{2: 9170, 3: 609, 4: 217, 5: 3} {
		t.Errorf("accepted %d, bytes %d, classes %v", accepted, bytes, classes)
	}
	if from, to := time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC(); from.Format(time.DateTime) != "2015-05-17 10:05:00" || to.Format(time.DateTime) != "2015-05-20 21:05:59" {
		t.Errorf("from %v to %v", from, to)
	}
}

// TestNeedChangesNothingElse parses with all sorts of needs: what is accepted does
// not depend on them, and what was not asked for is not there.
func TestNeedChangesNothingElse(t *testing.T) {
	f := compile(t, "combinedio")
	lines := [][]byte{
		[]byte(`127.0.0.1 - x [23/Nov/2026:03:37:15 +0000] "GET / HTTP/1.1" 200 6 "-" "-" 67 283`),
		[]byte(`127.0.0.1 - x [31/Feb/2026:03:37:15 +0000] "GET / HTTP/1.1" 200 6 "-" "-" 67 283`),
		[]byte(`127.0.0.1 - x [23/Nov/2026:03:37:15 +0000] "GET / HTTP/1.1" 200 6 "-" "-" 67 99999999999999999999`),
		[]byte(`127.0.0.1 - x [23/Nov/2026:03:37:15 +0000] "GET / HTTP/1.1" 2 6 "-" "-" 67 283`),
	}
	for need := range Field(Duration << 1) {
		p := f.NewParser(ParserOptions{Need: need, Text: []int{2}})
		for i, line := range lines {
			var rec Record
			if err := p.Parse(line, &rec); (err == nil) != (i == 0) {
				t.Fatalf("need %b, line %d: %v", need, i, err)
			}
			if i > 0 {
				continue
			}
			if (rec.Time != 0) != (need&Time != 0) || (rec.Status != 0) != (need&Status != 0) || (rec.Bytes == 283) != (need&Bytes != 0) || (rec.BytesIn != 0) != (need&BytesIn != 0) {
				t.Fatalf("need %b: %+v", need, rec)
			}
			if string(rec.Raw(2)) != "x" || rec.Raw(0) != nil || rec.Raw(99) != nil || rec.AppendText(nil, 0) != nil {
				t.Fatalf("need %b: texts %q %q", need, rec.Raw(2), rec.Raw(0))
			}
		}
	}
}

// TestRecordBetweenParsers moves one record from parser to parser.
func TestRecordBetweenParsers(t *testing.T) {
	a := compile(t, "%s %U %{usec}t").NewParser(ParserOptions{Need: Status | Time, Text: []int{1}})
	b := compile(t, "%m %O").NewParser(ParserOptions{Need: Bytes})
	var rec Record
	if err := a.Parse([]byte("200 /x 1795403237016805"), &rec); err != nil || rec.Status != 200 || string(rec.Raw(1)) != "/x" {
		t.Fatal(err, rec)
	}
	if err := b.Parse([]byte("GET 5"), &rec); err != nil || rec.Status != 0 || rec.Time != 0 || rec.Nanos != 0 || rec.Bytes != 5 || rec.Raw(1) != nil {
		t.Fatal(err, rec)
	}
}

// TestParsersSideBySide shares one format; the race detector watches.
func TestParsersSideBySide(t *testing.T) {
	f := compile(t, `[%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %{%z}t] %t %a`)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { // ends after its lines
			p := f.NewParser(ParserOptions{Need: Time})
			var rec Record
			for range 100 {
				if err := p.Parse([]byte("[23/Nov/2026:03:37:15.052 +0000] [23/Nov/2026:03:37:15 +0000] ::1"), &rec); err != nil || rec.Time != 1795405035 || rec.Nanos != 52e6 {
					t.Error(err, rec)
				}
			}
		})
	}
	wg.Wait()
}

// TestNoAllocations parses good, bad and ambiguous lines.
func TestNoAllocations(t *testing.T) {
	const clf = "[23/Nov/2026:03:37:15 +0000]"
	for _, c := range []struct{ format, line string }{
		{"combined", `127.0.0.1 - "" ` + clf + ` "GET / HTTP/1.1" 200 6 "-" "x\"y"`},
		{"combined", `127.0.0.1 - - ` + clf + ` "GET / HTTP/1.1" 200 6 "-" "x`},
		{"combined", `127.0.0.1 - - [31/Feb/2026:03:37:15 +0000] "GET / HTTP/1.1" 200 6 "-" "x"`},
		{"referer", `http://e/ -> /z -> /x -> /y`},
		{"referer", `http://e/ - /y`},
		{`%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %a %X %{%A %B %e}t`, `23/Nov/2026:03:37:15.052 ::1 + Monday November 23`},
		{`%{%d/%b/%Y:%H:%M:%S}t`, `31/Feb/2026:03:37:15`},
	} {
		f := compile(t, c.format)
		p := f.NewParser(ParserOptions{Need: f.Provides(), Text: allOf(f)})
		var rec Record
		text := make([]byte, 0, 100)
		line := []byte(c.line)
		other := bytes.Replace(line, []byte(":15"), []byte(":16"), 1)
		if n := testing.AllocsPerRun(100, func() {
			if p.Parse(line, &rec) == nil {
				text = rec.AppendText(text[:0], 0)
			}
			_ = p.Parse(other, &rec)
		}); n != 0 {
			t.Errorf("%s, %s: %v allocations", c.format, c.line, n)
		}
	}
}

// TestHostileLines holds the time for lines made to be slow.
func TestHostileLines(t *testing.T) {
	for _, c := range []struct{ format, line string }{
		{`%{a}i %{b}i %{c}i %{d}i "%r"`, strings.Repeat("a ", 1<<20)},
		{`%{a}i %{b}i %{c}i %{d}i X%{e}i "%r"`, strings.Repeat("a ", 4000) + `"x"`},
		{`%{a}i%{b}i%{c}i%{d}iX%{e}i "%r"`, strings.Repeat("a", 1<<20) + ` "x"`},
		{`%{a}i%{b}i%{c}i%{d}i`, strings.Repeat("a", 1<<20)},
		{`%U%q%f %h`, strings.Repeat("/?", 1<<19)},
		{"combined", `h - ` + strings.Repeat(`\"`, 1<<20)},
		{"combined", `h - ` + strings.Repeat(`"`, 1<<20)},
		{"combined", strings.Repeat(`\`, 1<<21)},
		{"combined", strings.Repeat(`\"`, 1<<20)},
		{"vhost_combined", strings.Repeat(`:`, 1<<21)},
		{`%{a}i"%r"`, strings.Repeat(`\`, 1<<21) + `"`},
		{`%u "%r" %u "%r"`, strings.Repeat(`""`, 1<<20)},
	} {
		p := compile(t, c.format).NewParser(ParserOptions{})
		var rec Record
		began := time.Now()
		_ = p.Parse([]byte(c.line), &rec)
		// A line of 2 MiB takes some milliseconds; the bound leaves room for a slow
		// machine and the race detector, not for squares.
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s: %v for %.20q…", c.format, took, c.line)
		}
	}
}

// TestBudget reads a line that has one reading, of a format that could have many.
// Short of certainty it is flagged.
func TestBudget(t *testing.T) {
	p := compile(t, "%{a}i x %{b}i").NewParser(ParserOptions{Text: []int{0}})
	for n, ambiguous := range map[int]bool{10: false, searchBudget: true} {
		var rec Record
		if err := p.Parse([]byte("a x "+strings.Repeat("b ", n)), &rec); err != nil || rec.Ambiguous != ambiguous || string(rec.Raw(0)) != "a" {
			t.Errorf("%d words: %v, %v", n, err, rec.Ambiguous)
		}
	}
}
