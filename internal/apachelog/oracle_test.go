package apachelog

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

// grammars are the value grammars of httpd as regular expressions, written
// independently of the parser. Where a grammar has limits (dates, sizes), the
// expression stays within them.
var grammars = func() map[value]string {
	const esc = `(?:[ !#-\[\]-~]|\\["\\bnrtv]|\\x[0-9a-f]{2})`
	const item = `(?:[!#-+\--\[\]-~]|\\["\\bnrtv]|\\x[0-9a-f]{2})+` // no comma
	const word = `(?:[!#-\[\]-~]|\\["\\bnrtv]|\\x[0-9a-f]{2})`
	return map[value]string{
		text:      esc + `*`,
		userText:  `(?:""|` + esc + `+)`,
		pathText:  esc + `*`,
		queryText: `(?:\?` + esc + `*)?`,
		token:     word + `+`,
		anyWord:   word + `*`,
		list:      item + `(?:(?:, | : )` + item + `)*`,
		rawText:   `[^\n\r]*`,
		rawPath:   `[^\n\r]*`,
		rawQuery:  `(?:\?[^\n\r]*)?`,
		decimal:   `[+-]?[0-9]{1,9}(?:\.[0-9]{1,9})?`,
		number:    `[0-9]{1,18}`,
		signed:    `-?[0-9]{1,9}`,
		status:    `[0-9]{3}`,
		address:   `[0-9A-Fa-f:.]+(?:%[0-9A-Za-z._-]+)?`,
		hexNumber: `[0-9a-f]+`,
		logID:     `[A-Za-z0-9+/@_-]+`,
		connState: `[-X+]`,
		clfTime: `\[(?:0[1-9]|1[0-9]|2[0-8])/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/[0-9]{4}` +
			`:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] [+-](?:[01][0-9]|2[0-3])[0-5][0-9]\]`,
	}
}()

// timeGrammars are those of the time directives that random formats use.
var timeGrammars = map[string]string{
	"sec":               `[0-9]{1,15}`,
	"usec":              `[0-9]{1,15}`,
	"msec_frac":         `[0-9]{3}`,
	"usec_frac":         `[0-9]{6}`,
	"%d/%b/%Y:%H:%M:%S": `(?:0[1-9]|1[0-9]|2[0-8])/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/[0-9]{4}:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]`,
	"%z":                `[+-](?:[01][0-9]|2[0-3])[0-5][0-9]`,
	"%A, %-d":           `(?:Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday), (?:[1-9]|1[0-9]|2[0-8])`,
	"%-d%-m%Y":          `[0-9]{6,8}`,
	"%e %B":             `(?: [1-9]|1[0-9]|2[0-8]) (?:January|February|March|April|May|June|July|August|September|October|November|December)`,
}

// grammarOf returns the regular expression of an element's values.
func grammarOf(e *element, arg string) string {
	g := grammars[e.value]
	switch e.value {
	case literal, constant:
		g = regexp.QuoteMeta(e.lit)
	case formatTime:
		g = timeGrammars[arg]
	}
	if e.dash {
		g = `(?:-|` + g + `)`
	}
	return g
}

// oracle is a slow, obvious parser: a regular expression of a format.
type oracle struct {
	line   *regexp.Regexp
	values []*regexp.Regexp
}

func newOracle(f *Format) *oracle {
	o := &oracle{}
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for i := range f.elements {
		e := &f.elements[i]
		if e.value == literal {
			b.WriteString(regexp.QuoteMeta(e.lit))
			continue
		}
		g := grammarOf(e, f.dirs[e.dir].arg)
		b.WriteString(`(` + g + `)`)
		o.values = append(o.values, regexp.MustCompile(`(?s)^`+g+`$`))
	}
	b.WriteString(`$`)
	o.line = regexp.MustCompile(b.String())
	return o
}

// clear says whether compiling found no place where two values meet uncertainly.
func isClear(f *Format) bool {
	return !f.Ambiguous()
}

// randomFormat makes a format of directives and literals as people write them and
// as they do not.
func randomFormat(r *rand.Rand) string {
	dirs := []string{"%h", "%l", "%u", "%t", "%r", "%>s", "%s", "%b", "%B", "%O", "%I", "%D", "%T", "%{ms}T", "%a", "%A", "%v", "%V", "%p",
		"%{remote}p", "%m", "%U", "%q", "%H", "%f", "%R", "%k", "%X", "%L", "%P", "%{hextid}P", "%{Referer}i", "%{User-Agent}i", "%{X}o", "%{N}n", "%{C}C", "%{E}e",
		"%{V}x", "%{SSL_PROTOCOL}x", "%{bogus}T", "%{-}p", "%^FB", "%{T}^ti", "%200t", "%!200,304{Referer}i", "%404D", "%200s",
		"%{sec}t", "%{usec}t", "%{msec_frac}t", "%{usec_frac}t", "%{%d/%b/%Y:%H:%M:%S}t", "%{%z}t", "%{%A, %-d}t", "%{%e %B}t", "%{%-d%-m%Y}t", "%304{%z}t"}
	literals := []string{" ", " ", " ", `" "`, `"`, `" `, ` "`, `\t`, `\t`, ":", "|", "] ", " [", "-", ",", " -> ", "/", "é", " a ", "0", `\\`, `\\"`, "%%", ";", "=", "  "}
	var b strings.Builder
	for range 1 + r.IntN(7) {
		if r.IntN(4) == 0 { // a quoted value
			b.WriteString(`"` + dirs[r.IntN(len(dirs))] + `" `)
			continue
		}
		if r.IntN(8) > 0 {
			b.WriteString(literals[r.IntN(len(literals))])
		}
		b.WriteString(dirs[r.IntN(len(dirs))])
	}
	if r.IntN(2) == 0 {
		b.WriteString(literals[r.IntN(len(literals))])
	}
	if r.IntN(2) == 0 || strings.Contains(b.String(), `\"`) { // as httpd.conf has it
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(b.String()) + `"`
	}
	return b.String()
}

// randomDialect compiles a format in the dialect of httpd, or in another one with
// columns of its own.
func randomDialect(t *testing.T, r *rand.Rand, format string) *Format {
	t.Helper()
	if r.IntN(3) > 0 || strings.Contains(format, "{%-d%-m%Y}") || strings.Contains(format, "%A, ") {
		return compile(t, format)
	}
	d := Dialect(r.IntN(len(dialects)))
	if d == Tomcat || d == Tomcat9 || d == Jetty {
		// Their times are Java's.
		format = strings.NewReplacer("{%d/%b/%Y:%H:%M:%S}", "{sec}", "{%z}", "{msec_frac}", "{%e %B}", "{usec_frac}").Replace(format)
	}
	if d != Apache {
		format = strings.NewReplacer("{N}n", "{N:"+[]string{"list", "number", "word", "text", "us"}[r.IntN(5)]+"}n").Replace(format)
	}
	f, err := CompileWith(format, CompileOptions{Dialect: d})
	if err != nil {
		t.Fatalf("%s: %q: %v", d, format, err)
	}
	return f
}

// randomValue makes a value of an element as httpd may log it for a request that
// began at the given time.
func randomValue(r *rand.Rand, e *element, arg string, at time.Time) string {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	if e.dash && r.IntN(3) == 0 {
		return "-"
	}
	const when = "[23/Nov/2026:03:37:15 +0000]"
	anything := func() string {
		var b strings.Builder
		for range r.IntN(5) {
			b.WriteString(pick(" ", "a", "/x", "-", ":", "80", `\"`, `\\`, `\x16\x03`, `\n`, "[", "] ", when, " - - ", "GET / HTTP/1.1", "200", "?", "|", ",", " -> ", "://e", "é"[:0], `\" 200 5 \"-\" \"`, "X", "+", "=", "%", "0", "a "))
		}
		return b.String()
	}
	word := func() string {
		return pick("a", "-", "::1", "127.0.0.1", "b.example", `G\"T`, "main:80", "x-1", "[::1]", `\\`, "200", `a\\\"b`, "é"[:0]+"q|r", "0", "+", "X")
	}
	switch e.value {
	case constant:
		return e.lit
	case text:
		return anything()
	case userText:
		if r.IntN(4) == 0 {
			return `""`
		}
		return pick("frank", "john doe", "x [01/Jan/2020", `jo\"h`) + anything()
	case pathText:
		return pick("/", "*", "/a b", "/x -> /y", "/?", "") + anything()
	case queryText:
		return pick("", "?", "?a=b") // what follows a question mark does not matter for its end
	case anyWord:
		if r.IntN(4) == 0 {
			return ""
		}
		return word()
	case token:
		return word()
	case list:
		return pick("10.0.0.1:80", "-", "0.004, 0.001", "a, b : c", "-, 5", "::1 : x", "200")
	case rawText:
		return pick("", `"`, `x" 200 5 "-" "y`, `\`, "é", "\t", `" "`, "- ") + anything()
	case rawPath:
		return pick("/", "*", "/a\"b", "") + anything()
	case rawQuery:
		return pick("", "?", "?a=\"b\"")
	case decimal:
		return pick("0", "0.004", "-1", "+15", "1089.5", "200", "12.000")
	case number:
		return pick("0", "5", "200", "80", "123456789012345678")
	case signed:
		return pick("0", "-1", "-15", "1089", "200")
	case status:
		return pick("200", "404", "101")
	case address:
		return pick("127.0.0.1", "::1", "fe80::1%eth0", "2001:db8::80", "198.51.100.9")
	case hexNumber:
		return pick("7f5d3cf9f780", "0")
	case logID:
		return pick("awOt5YpnBmSaTFrrB4V-WQAAAAA", "6+aD5UgjjDw", "-a")
	case connState:
		return pick("X", "+", "-")
	case clfTime:
		return at.Format("[02/Jan/2006:15:04:05 -0700]")
	}
	switch arg {
	case "sec":
		return fmt.Sprint(at.Unix())
	case "usec":
		return fmt.Sprint(at.UnixMicro())
	case "msec_frac":
		return fmt.Sprintf("%03d", at.Nanosecond()/1e6)
	case "usec_frac":
		return fmt.Sprintf("%06d", at.Nanosecond()/1e3)
	case "%d/%b/%Y:%H:%M:%S":
		return at.Format("02/Jan/2006:15:04:05")
	case "%z":
		return at.Format("-0700")
	case "%A, %-d":
		return at.Format("Monday, 2")
	case "%-d%-m%Y":
		return at.Format("212006")
	case "%e %B":
		return at.Format("_2 January")
	}
	panic("no value for " + arg)
}

// mutate changes a few bytes of a line.
func mutate(r *rand.Rand, line []byte) []byte {
	line = bytes.Clone(line)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(line) + 1)
		const bytesToTry = "\"\\ -[]:\t0a\x00\xff/"
		switch c := bytesToTry[r.IntN(len(bytesToTry))]; r.IntN(3) {
		case 0:
			line = append(line[:at], append([]byte{c}, line[at:]...)...)
		case 1:
			if at < len(line) {
				line[at] = c
			}
		case 2:
			if at < len(line) {
				line = append(line[:at], line[at+1:]...)
			}
		}
	}
	return line
}

var seedFlag = flag.Uint64("seed", 0, "seed of TestRandomFormats, to see a failure again")

// TestRandomFormats makes formats and lines of which it knows every value. A line
// comes out right, or flagged, or rejected; of a format called clear it comes out
// right. Changed lines are held to the oracle.
func TestRandomFormats(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	formats, lines := 1500, 25
	if testing.Short() {
		formats = 300
	}
	var clear, exact, flagged, wrong, rejected int
	for range formats {
		f := randomDialect(t, r, randomFormat(r))
		o := newOracle(f)
		zone := time.FixedZone("", (r.IntN(47)-23)*1800)
		all := ParserOptions{Need: f.Provides(), Text: allOf(f), Zone: zone}
		fast, plain := f.newParser(all, false), f.newParser(all, true)
		if isClear(f) {
			clear++
		}
		for range lines {
			at := time.Unix(1_700_000_000+r.Int64N(1e8), r.Int64N(1e9)).In(zone)
			values := make([]string, len(f.dirs))
			var line []byte
			for i := range f.elements {
				e := &f.elements[i]
				if e.value == literal {
					line = append(line, e.lit...)
					continue
				}
				values[e.dir] = randomValue(r, e, f.dirs[e.dir].arg, at)
				line = append(line, values[e.dir]...)
			}
			var rec Record
			err := fast.Parse(line, &rec)
			checkAgreement(t, f, fast, plain, line)
			if err != nil && err.(*LineError).Expected == "a time" {
				continue // every time under a condition that is not met
			}
			if err != nil {
				if rejected++; isClear(f) {
					t.Fatalf("seed %d: format %q rejects %q: %v", seed, f, line, err)
				}
				continue
			}
			same := true
			for i, v := range values {
				same = same && string(rec.Raw(i)) == v
			}
			switch {
			case same && !rec.Ambiguous:
				exact++
				checkTime(t, f, &rec, at, line)
			case !rec.Ambiguous:
				t.Fatalf("seed %d: format %q reads %q wrongly, values %q", seed, f, line, values)
			case isClear(f):
				t.Fatalf("seed %d: format %q is called clear, but flags %q", seed, f, line)
			default:
				if flagged++; !same {
					wrong++
				}
			}
			checkOracle(t, f, o, fast, plain, mutate(r, line))
		}
	}
	t.Logf("%d formats, %d clear; lines: exact %d, flagged %d (wrong %d), rejected %d", formats, clear, exact, flagged, wrong, rejected)
}

// checkTime holds the record's time to the one that the line was made for.
func checkTime(t *testing.T, f *Format, rec *Record, at time.Time, line []byte) {
	t.Helper()
	if f.Provides()&Time == 0 {
		return
	}
	fine := map[part]time.Duration{partMilli: time.Millisecond, partMicro: time.Microsecond}[f.clock.frac]
	if f.clock.base == partEpochMicro {
		fine = time.Microsecond
	}
	if fine == 0 {
		fine = time.Second
	}
	if want := at.Truncate(fine); rec.Time != want.Unix() || rec.Nanos != int32(want.Nanosecond()) {
		t.Fatalf("format %q, line %q: time %d.%09d, want %d.%09d", f, line, rec.Time, rec.Nanos, want.Unix(), want.Nanosecond())
	}
}

// checkOracle holds a parse of any line to the regular expression: what that
// matches of a clear format is accepted with the same values; what is accepted is
// made of values that each match their grammar.
func checkOracle(t *testing.T, f *Format, o *oracle, fast, plain *Parser, line []byte) {
	t.Helper()
	checkAgreement(t, f, fast, plain, line)
	var rec Record
	err := fast.Parse(line, &rec)
	if err != nil && err.(*LineError).Expected == "a time" {
		return // every time under a condition that is not met
	}
	if m := o.line.FindSubmatchIndex(line); m != nil && isClear(f) {
		if err != nil {
			t.Fatalf("format %q rejects %q: %v", f, line, err)
		}
		for i := range f.dirs {
			if want := line[m[2*i+2]:m[2*i+3]]; !bytes.Equal(rec.Raw(i), want) {
				t.Fatalf("format %q, line %q: %s is %q, want %q", f, line, f.dirs[i].source, rec.Raw(i), want)
			}
		}
	}
	if err != nil {
		return
	}
	for i := range f.elements {
		e := &f.elements[i]
		if e.value == literal {
			continue
		}
		raw := rec.Raw(e.dir)
		switch {
		case e.value.escaped():
			if string(raw) != `""` && bareQuote(raw) {
				t.Fatalf("format %q, line %q: %s is %q with a bare quotation mark", f, line, f.dirs[e.dir].source, raw)
			}
			if e.value.isWord() && (len(raw) == 0 && e.value == token || bytes.ContainsAny(raw, " \t\x00")) {
				t.Fatalf("format %q, line %q: %s is %q, which is no word", f, line, f.dirs[e.dir].source, raw)
			}
		case e.value == clfTime, e.value == formatTime, e.value == number, e.value == signed, e.value == decimal, e.value == list:
			// These have values outside of what the expression covers.
		case !o.values[e.dir].Match(raw):
			t.Fatalf("format %q, line %q: %s is %q", f, line, f.dirs[e.dir].source, raw)
		}
	}
}
