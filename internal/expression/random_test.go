package expression

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr/parser"
)

// whole returns a test of the same expression that the library's machine
// evaluates alone.
func whole(t testing.TB, s *Set, text string) test {
	t.Helper()
	tree, err := parser.ParseWithConfig(text, settings())
	if err != nil {
		t.Fatal(err)
	}
	slots := make(map[string]slot)
	for i, f := range s.slots {
		slots[f.name] = slot{f, i}
	}
	return machineTest(tree.Node, slots)
}

// An author writes random expressions and lines that have to do with them.
type author struct{ *rand.Rand }

func (a author) one(words ...string) string { return words[a.IntN(len(words))] }

func (a author) quoted(words ...string) string {
	w := a.one(words...)
	if a.IntN(4) == 0 && !strings.Contains(w, "`") {
		return "`" + w + "`"
	}
	return strconv.Quote(w)
}

// The texts that lines have, and more.
var (
	paths     = []string{"", "/", "/api/v1", "/api/", "/img/a.png", "/img/A.PNG", "/blog/tags/x", "/rss", "/ä", `/a\b`, "/a b"}
	hosts     = []string{"192.0.2.1", "192.0.2.255", "10.0.0.1", "2001:db8::1", "::ffff:10.1.1.1", "host.example", "1.2.3", "01.2.3.4", "1.2.3.4.5", ":", "::1%eth0"}
	words     = []string{"", "a", "curl/8.5", "Mozilla/5.0 (X11)", "-", "bot", "é"}
	whatHosts = []string{"10.0.0.0/8", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::/0", "192.0.2.1/32"}
)

func (a author) textField() (field string, values []string) {
	switch a.IntN(6) {
	case 0, 1:
		return "path", paths
	case 2:
		return "host", hosts
	case 3:
		return `directive("%{X-Tenant}i")`, words
	case 4:
		return "method", []string{"GET", "POST", "bad", ""}
	default:
		return a.one("agent", "referer", "user", "vhost", "query"), words
	}
}

func (a author) notDash(values []string) []string {
	var all []string
	for _, v := range values {
		if v != "-" {
			all = append(all, v)
		}
	}
	return all
}

func (a author) number() (field, value string) {
	switch a.IntN(3) {
	case 0:
		return "status", a.one("0", "200", "404", "500", "503", "199.5")
	case 1:
		return "bytes", a.one("0", "1", "1234", "1e3", "9007199254740993")
	default:
		return "duration_ms", a.one("0", "1.5", "2", "1000")
	}
}

// leaf writes an expression without "and", "or" and "not".
func (a author) leaf() string {
	field, values := a.textField()
	switch a.IntN(10) {
	case 0:
		return fmt.Sprintf("%s %s %s", field, a.one("==", "!="), a.quoted(a.notDash(values)...))
	case 1:
		return fmt.Sprintf("%s %s %s", a.quoted(a.notDash(values)...), a.one("==", "!="), field)
	case 2:
		return fmt.Sprintf("%s %s %s", field, a.one("startsWith", "endsWith", "contains", "not contains"), a.quoted(values...))
	case 3:
		return fmt.Sprintf("%s %s [%s, %s]", field, a.one("in", "not in"), a.quoted(a.notDash(values)...), a.quoted(a.notDash(values)...))
	case 4:
		return fmt.Sprintf("%s matches %s", field, a.quoted(`\.(png|jpg)$`, "^/api", "(?i)png", "^$", "[0-9]+", "."))
	case 5:
		return fmt.Sprintf("cidr(host, %s, %s)", a.quoted(whatHosts...), a.quoted(whatHosts...))
	case 6:
		return a.one("true", "false", "status in 400..499", "bytes in 0..1", "status in [200, 404]", "bytes in [1, 0]", "200 <= status < 404", "path == referer", "status in []", "user in []")
	case 7:
		return a.one(`lower(path) endsWith ".png"`, `len(agent) > 3`, `(status >= 500 ? bytes : status) > 200`, `any(["/a", "/b"], path startsWith #)`, `cidr(lower(host), "10.0.0.0/8")`, `bytes + status > 200`, `directive("%{X-Tenant}i") + user == "a"`)
	default:
		number, value := a.number()
		if a.IntN(3) == 0 {
			number, value = value, number
		}
		return fmt.Sprintf("%s %s %s", number, a.one("==", "!=", "<", "<=", ">", ">="), value)
	}
}

func (a author) expression(depth int) string {
	if depth == 0 || a.IntN(3) == 0 {
		return a.leaf()
	}
	switch a.IntN(3) {
	case 0:
		return fmt.Sprintf("%s (%s)", a.one("not", "!"), a.expression(depth-1))
	default:
		return fmt.Sprintf("(%s) %s (%s)", a.expression(depth-1), a.one("and", "or", "&&", "||"), a.expression(depth-1))
	}
}

// logged is a text as httpd writes it.
func logged(text string) string {
	if text == "" {
		return "-"
	}
	return strings.Trim(strconv.Quote(text), `"`)
}

func (a author) line() string {
	request := fmt.Sprintf("%s %s%s HTTP/1.1", a.one("GET", "POST"), logged(a.one(paths...)), a.one("", "?", "?a", "?curl/8.5"))
	if a.IntN(10) == 0 {
		request = a.one("-", "x", `\x16\x03`, "GET /", " ")
	}
	user := a.one("-", "a", `""`)
	return fmt.Sprintf(`%s %s %s [10/Jan/2026:10:00:00 +0000] "%s" %s %s "%s" "%s" %s "%s"`,
		a.one("a", "-"), a.one("192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:10.1.1.1", "host.example", "1.2.3", "01.2.3.4", "-"), user, request,
		a.one("200", "404", "500", "503", "-"), a.one("-", "0", "1", "1234", "9007199254740993"),
		logged(a.one(words...)), logged(a.one(words...)), a.one("0", "1500", "2000", "-3", "1000000"), logged(a.one(words...)))
}

// TestRandom holds what is compiled here to what the library's machine makes of
// the same expression, on the same lines.
func TestRandom(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	a := author{rand.New(rand.NewPCG(seed, 0))}
	trues := 0
	for range 3000 {
		var s Set
		text := a.expression(3)
		e := compiled(t, &s, text)
		machine := whole(t, &s, text)
		r, other := newReader(t, &s, allFields), newReader(t, &s, allFields)
		for range 5 {
			line := a.line()
			got := e.True(r.take(t, line))
			other.line = s.NewLine() // remembers nothing of the line before
			if want := machine(other.take(t, line)); got != want {
				t.Fatalf("%s is %v of %s, and %v by the machine", text, got, line, want)
			}
			if got {
				trues++
			}
		}
	}
	if trues < 1500 || trues > 13500 {
		t.Errorf("%d of 15000 were true: the lines have little to do with the expressions", trues)
	}
}

// TestNothingIsAllocated is for the common shapes.
func TestNothingIsAllocated(t *testing.T) {
	line := `www.example 192.0.2.7 frank [10/Jan/2026:10:00:00 +0000] "GET /api/v1?a=1 HTTP/1.1" 503 120 "-" "say \"hi\"" 1500 "t"`
	for _, text := range []string{
		`path startsWith "/api/"`, `status >= 500`, `vhost in ["www.example", "b"]`, `agent contains "hi"`, `user == "frank"`, `not (bytes < 100) and duration_ms > 1.0`,
		`status in 500..599`, `path matches "^/api/v[0-9]+$"`, `cidr(host, "10.0.0.0/8", "192.0.2.0/24")`, `directive("%{X-Tenant}i") != "x" or false`,
	} {
		var s Set
		e := compiled(t, &s, text)
		r := newReader(t, &s, allFields)
		one := []byte(line)
		n := testing.AllocsPerRun(100, func() {
			if r.parser.Parse(one, &r.record) != nil {
				t.Fatal("the line does not parse")
			}
			r.line.Take(r.format, &r.record)
			if !e.True(r.line) {
				t.Fatalf("%s is false", text)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations a line", text, n)
		}
	}
}

// FuzzCompile looks for an expression that passes the check and fails.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{`path startsWith "/a" and not (status in 1..2)`, `any(split(path, "/"), # == "a")`, `trim(agent, "a") + user == "b"`, "len(path) * 2 / 0 > 1 ? true : false", `indexOf(path, "")>-1`} {
		f.Add(text)
	}
	a := author{rand.New(rand.NewPCG(1, 2))}
	var lines []string
	for range 10 {
		lines = append(lines, a.line())
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s Set
		e, mistakes := s.Compile(text)
		for _, m := range mistakes {
			if m.Column < 1 || m.Column > len(text)+1 || m.Reason == "" {
				t.Errorf("%q: mistake %+v", text, m)
			}
		}
		if (e == nil) != (len(mistakes) > 0) {
			t.Errorf("%q: %v with mistakes %v", text, e, mistakes)
		}
		if e == nil {
			return
		}
		r := newReader(t, &s, allFields)
		machine := whole(t, &s, text)
		for _, line := range lines {
			if l := r.take(t, line); e.True(l) != machine(l) {
				t.Errorf("%q is %v of %s, and not by the machine", text, e.True(l), line)
			}
		}
	})
}

// BenchmarkTest shows what an expression costs a line that is parsed already.
func BenchmarkTest(b *testing.B) {
	line := `www.example 192.0.2.7 frank [10/Jan/2026:10:00:00 +0000] "GET /images/2026/photo-of-a-tree.png?size=big HTTP/1.1" 200 5120 "https://www.example/" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" 1500 "t"`
	for _, c := range []struct{ name, text string }{
		{"status", `status >= 500`},
		{"prefix", `path startsWith "/api/"`},
		{"suffix", `path endsWith ".gif"`},
		{"in", `vhost in ["a.example", "b.example", "c.example"]`},
		{"contains", `agent contains "bot"`},
		{"cidr", `cidr(host, "10.0.0.0/8")`},
		{"three", `path startsWith "/api/" or status >= 500 or vhost == "a.example"`},
		{"pattern", `path matches "\\.(gif|jpg|ico)$"`},
		{"machine", `lower(path) startsWith "/api/"`},
	} {
		b.Run(c.name, func(b *testing.B) {
			var s Set
			e := compiled(b, &s, c.text)
			r := newReader(b, &s, allFields)
			r.take(b, line)
			b.ReportAllocs()
			for b.Loop() {
				r.line.Take(r.format, &r.record)
				e.True(r.line)
			}
		})
	}
}
