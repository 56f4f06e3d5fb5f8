package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// reader parses lines by formats, as the program does.
type reader struct {
	t       *testing.T
	formats []*apachelog.Format
	parsers []*apachelog.Parser
}

func newReader(t *testing.T, formats ...string) *reader {
	t.Helper()
	r := &reader{t: t}
	for _, text := range formats {
		o := apachelog.CompileOptions{Dialect: apachelog.NicknameDialect(text)}
		if known, ok := apachelog.Nickname(text); ok {
			text = known
		}
		f, err := apachelog.CompileWith(text, o)
		if err != nil {
			t.Fatal(err)
		}
		var all []int
		for i := range f.Directives() {
			all = append(all, i)
		}
		r.formats = append(r.formats, f)
		r.parsers = append(r.parsers, f.NewParser(apachelog.ParserOptions{Text: all}))
	}
	return r
}

func (r *reader) line(number int, text string) Line {
	l := Line{Path: "access.log", Number: int64(number), Text: []byte(text)}
	for i, p := range r.parsers {
		var rec apachelog.Record
		err := p.Parse(l.Text, &rec)
		if err == nil {
			l.Format, l.Record, l.Err = r.formats[i], &rec, nil
			return l
		}
		at := *err.(*apachelog.LineError)
		l.Err = &at
	}
	return l
}

func (r *reader) report(text string) *Report {
	report := New(Options{Formats: r.formats})
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		report.Add(r.line(i+1, line))
	}
	return report
}

func print(t *testing.T, r *Report, f Findings) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Print(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	commonLine = `192.0.2.1 - - [10/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 51`
	agents     = ` "-" "curl/8"`
)

// TestAdvice has logs that another nickname would read better, and logs that
// none would.
func TestAdvice(t *testing.T) {
	common, combined := strings.Repeat(commonLine+"\n", 10), strings.Repeat(commonLine+agents+"\n", 10)
	vhosts := strings.ReplaceAll(combined, "192.0.2.1", "www.example:80 192.0.2.1")
	for _, c := range []struct {
		name    string
		formats []string
		log     string
		want    advice
	}{
		{"right", []string{"combined"}, combined, advice{}},
		{"wrong", []string{"combined"}, common, advice{"common", instead, 10, 10, 0}},
		{"wrong, one line right", []string{"common"}, commonLine + "\n" + vhosts, advice{"vhost_combined", besides, 10, 10, 0}},
		{"mixed", []string{"combined"}, common + combined, advice{"common", besides, 10, 10, 0}},
		{"mixed and cured", []string{"combined", "common"}, common + combined, advice{}},
		{"by chance", []string{"combined"}, vhosts, advice{"vhost_combined", fitter, 10, 10, 0}},
		{"garbage", []string{"combined"}, "neither\nnor\n", advice{}},
		{"users with spaces", []string{"common"}, strings.ReplaceAll(common, "- - [", "- john doe ["), advice{}},
		{"no nickname's", []string{`%t %h`}, "[10/Jan/2026:12:00:00 +0000] ::1\n", advice{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := newReader(t, c.formats...).report(c.log).rivals.best(); got != c.want {
				t.Errorf("advice %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestAdviceOnALongLog changes the format behind the lines that are all tried.
func TestAdviceOnALongLog(t *testing.T) {
	r := newReader(t, "combined")
	report := New(Options{Formats: r.formats})
	right, wrong := r.line(1, commonLine+agents), r.line(2, commonLine)
	for range 3 * tryFirst {
		report.Add(right)
	}
	for range 3 * tryFirst {
		report.Add(wrong)
	}
	if a := report.rivals.best(); a.name != "common" || a.how != besides || a.taken != a.tried || a.tried < tryFirst {
		t.Errorf("advice %+v", a)
	}
	if n, most := report.rivals.tried+report.rivals.retried, int64(2*tryFirst+7*tryFirst/tryEvery+2); n > most {
		t.Errorf("nicknames were tried on %d lines of %d", n, report.lines)
	}
}

// TestAdviceBehindGarbage has rejected lines that no nickname parses in front
// of many that one does.
func TestAdviceBehindGarbage(t *testing.T) {
	r := newReader(t, "combined")
	report := New(Options{Formats: r.formats})
	garbage, common := r.line(1, "garbage"), r.line(2, commonLine)
	for range 2 * tryFirst {
		report.Add(garbage)
	}
	for range 2 * tryFirst {
		report.Add(common)
	}
	if a := report.rivals.best(); a.name != "common" {
		t.Errorf("advice %+v", a)
	}
}

// TestBounds shows a report millions of bytes that are all wrong in different
// ways, and sees that it keeps little of them and accounts for all.
func TestBounds(t *testing.T) {
	r := newReader(t, "combined")
	report := New(Options{Formats: r.formats})
	long := bytes.Repeat([]byte("x"), 64<<10)
	for i := range 3 * maxReasons {
		report.Add(Line{Path: "a", Number: int64(i + 1), Text: long, Err: &apachelog.LineError{
			Directive: fmt.Sprint("%", i), Column: 1 + i*1000, Expected: "something else",
		}})
	}
	if n := len(report.reasons.all); n != maxReasons {
		t.Errorf("%d reasons are kept, want %d", n, maxReasons)
	}
	kept := 0
	for _, why := range report.reasons.all {
		kept += cap(why.excerpt.text)
	}
	if most := 2 * maxReasons * 2 * around; kept > most {
		t.Errorf("%d bytes of lines are kept, want at most %d", kept, most)
	}
	screen := print(t, report, Findings{Files: []File{{Path: "a"}}})
	if want := "and 590 lines for other reasons"; !strings.Contains(screen, want) {
		t.Errorf("lacks %q:\n%s", want, screen)
	}
	for line := range strings.Lines(screen) {
		if n := length(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
}

// TestAmbiguousLines are counted and shown with the values that were taken.
func TestAmbiguousLines(t *testing.T) {
	r := newReader(t, `%{Referer}i -> %U %t`)
	screen := print(t, r.report("http://e/ -> /x [10/Jan/2026:12:00:00 +0000]\nhttp://e/ -> /y -> /z [10/Jan/2026:12:00:00 +0000]\n"), Findings{Files: []File{{Path: "access.log"}}})
	for _, want := range []string{
		"1   50.00 %  is ambiguous: it can be read in more than one way",
		"Ambiguous lines, as they would be read\n  line 2\n",
		"%{Referer}i and %U cannot always be told apart",
	} {
		if !strings.Contains(strings.Join(strings.Fields(screen), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("lacks %q:\n%s", want, screen)
		}
	}
}

// TestSteps has buckets of one length, of several, and lines that are in none.
func TestSteps(t *testing.T) {
	r := newReader(t, "common").report(commonLine + "\n" + commonLine + "\n")
	f := Findings{
		Files: []File{{Path: "access.log"}}, Late: 1, TooOld: 1, Interval: 5 * time.Minute,
		Series: []Series{{"a.requests.count", 1}}, Points: Points{Buckets: 1, First: 1768046400, Last: 1768046700},
	}
	screen := print(t, r, f)
	f.Interval = 0
	screen += print(t, r, f)
	for _, want := range []string{
		"  1    50.00 %  comes later than --lateness allows, and would change no bucket\n",
		"  1    50.00 %  is older than anything that Graphite keeps, and would be left out\n",
		"  1 bucket of 5m, 2026-01-10T12:00:00Z to 2026-01-10T12:10:00Z\n",
		"  the first bucket begins 2026-01-10T12:00:00Z, the last 2026-01-10T12:05:00Z; how long they are\n  goes by their age\n",
	} {
		if !strings.Contains(screen, want) {
			t.Errorf("lacks %q:\n%s", want, screen)
		}
	}
}

// TestAnswers has bytes that JSON cannot carry, and what a line is answered
// with besides its fields.
func TestAnswers(t *testing.T) {
	r := newReader(t, "%h %u", "%t")
	r.parsers, r.formats = r.parsers[:1], r.formats[:1]
	var out bytes.Buffer
	answers := NewAnswers(&out, AnswerOptions{})
	for i, text := range []string{
		"a <b>&\u2028\t\x01", "a \xff\xc3\xa9\xc3", "", "a \\\"", "a",
	} {
		if err := answers.Add(r.line(i+1, text)); err != nil {
			t.Fatal(err)
		}
	}
	l := r.line(6, "a b")
	l.Unfinished = true
	l.Err = &apachelog.LineError{Directive: "%t", Column: 3, Expected: "another time"}
	if err := answers.Add(l); err != nil {
		t.Fatal(err)
	}
	if answers.Rejected() != 3 {
		t.Errorf("%d lines are rejected, want 3", answers.Rejected())
	}
	want := `{"line":1,"ok":true,"ambiguous":false,"fields":[["%h","a"],["%u","<b>&\u2028\t\u0001"]]}
{"line":2,"ok":true,"ambiguous":false,"fields":[["%h","a"],["%u","\\xffé\\xc3"]],"escaped":true}
{"line":3,"ok":false,"error":{"directive":"%h","column":1,"expected":"a word without spaces"}}
{"line":4,"ok":true,"ambiguous":false,"fields":[["%h","a"],["%u","\\\""]]}
{"line":5,"ok":false,"error":{"directive":"%h","column":2,"expected":"a space"}}
{"line":6,"ok":false,"ambiguous":false,"fields":[["%h","a"],["%u","b"]],"error":{"directive":"%t","column":3,"expected":"another time"},"unfinished":true}
`
	if out.String() != want {
		t.Errorf("answers\n%s\nwant\n%s", out.String(), want)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

// TestEveryDirectiveIsAnswered takes all captured formats that nicknames name:
// the fields with what stands between them are the line.
func TestEveryDirectiveIsAnswered(t *testing.T) {
	for _, name := range apachelog.Nicknames() {
		if apachelog.NicknameDialect(name) != apachelog.Apache {
			continue // values of other writers look otherwise
		}
		r := newReader(t, name)
		// A line of the format itself with each directive's likeliest value.
		values := map[byte]string{'t': "[10/Jan/2026:12:00:00 +0000]", 's': "200", 'b': "-", 'O': "5", 'B': "5", 'I': "5", 'p': "80", 'D': "7", 'a': "::1"}
		var line strings.Builder
		var want [][2]string
		rest := r.formats[0].String()
		for _, d := range r.formats[0].Directives() {
			before, after, _ := strings.Cut(rest, d)
			line.WriteString(strings.ReplaceAll(before, "%%", "%"))
			value := values[d[len(d)-1]]
			if value == "" {
				value = "x"
			}
			line.WriteString(value)
			want = append(want, [2]string{d, value})
			rest = after
		}
		line.WriteString(strings.ReplaceAll(rest, "%%", "%"))
		l := r.line(1, line.String())
		if l.Err != nil {
			t.Errorf("%s: %v of %q", name, l.Err, line.String())
			continue
		}
		var out bytes.Buffer
		if err := NewAnswers(&out, AnswerOptions{}).Add(l); err != nil {
			t.Fatal(err)
		}
		var got struct{ Fields [][2]string }
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Fields, want) {
			t.Errorf("%s: fields %v, want %v", name, got.Fields, want)
		}
	}
}
