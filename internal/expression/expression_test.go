package expression

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
)

const allFields = `%v %h %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D "%{X-Tenant}i"`

// compiled returns an expression without mistakes.
func compiled(t testing.TB, s *Set, text string) *Expression {
	t.Helper()
	e, mistakes := s.Compile(text)
	for _, m := range mistakes {
		t.Fatalf("%s: column %d: %v", text, m.Column, m)
	}
	return e
}

// A reader reads lines of one format for the expressions of a set.
type reader struct {
	format *apachelog.Format
	parser *apachelog.Parser
	record apachelog.Record
	line   *Line
}

func newReader(t testing.TB, s *Set, format string) *reader {
	t.Helper()
	f, err := apachelog.Compile(format)
	if err != nil {
		t.Fatal(err)
	}
	p := f.NewParser(apachelog.ParserOptions{Need: apachelog.Time | s.Needs(), Zone: time.UTC, Text: s.Texts(f)})
	return &reader{format: f, parser: p, line: s.NewLine()}
}

func (r *reader) take(t testing.TB, text string) *Line {
	t.Helper()
	if err := r.parser.Parse([]byte(text), &r.record); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	r.line.Take(r.format, &r.record)
	return r.line
}

// TestTruth has one line for each kind of value, and what is true and false of it.
func TestTruth(t *testing.T) {
	const when = "[10/Jan/2026:10:00:00 +0000]"
	for _, c := range []struct {
		line        string
		true, false []string
	}{
		{`www.example 192.0.2.7 - ` + when + ` "GET /api/v1?a=1&b=%20 HTTP/1.1" 503 120 "-" "curl/8.5" 1500 "-"`,
			[]string{
				`path == "/api/v1"`, `path startsWith "/api/"`, `path endsWith "1"`, `path contains "pi/v"`, `path matches "^/api/v[0-9]$"`,
				`query == "a=1&b=%20"`, `method == "GET"`, `"GET" == method`, `method in ["HEAD", "GET"]`, `method != "POST"`,
				`status >= 500`, `status in [500, 503]`, `status in 500..599`, `500 <= status < 600`, `not (status < 500)`, `600 > status`,
				`bytes == 120`, `bytes in 1..120`, `duration_ms == 1.5`, `duration_ms > 1`, `duration_ms < 2`,
				`vhost in ["www.example"]`, `user == ""`, `referer == ""`, `directive("%{X-Tenant}i") == ""`, `directive("%h") == "192.0.2.7"`,
				`cidr(host, "192.0.2.0/24")`, `cidr(host, "10.0.0.0/8", "192.0.2.0/29")`, `agent startsWith "curl/" and not (status == 200)`,
				`status == 200 or method == "GET"`, `status == 200 ? false : true`, `lower(method) == "get"`, `len(path) == 7`, `bytes / 2 == 60`,
				`any(["/a", "/api"], path startsWith #)`, `path not contains "x"`, `"v1" in split(path, "/")`, `bytes * 1000 > duration_ms`, `cidr(trim(host), "192.0.2.7/32")`,
			},
			[]string{
				`path == "/api/v1?a=1&b=%20"`, `path startsWith "api"`, `path matches "^v1$"`, `method in ["get"]`, `status > 503`, `status in [500, 502]`, `status in 500..502`,
				`duration_ms >= 2`, `cidr(host, "10.0.0.0/8")`, `vhost in []`, `not true`, `user == "x" or false`, `bytes > 1e6`, `path == referer`,
			}},
		{`www.example 2001:db8::7 "" ` + when + ` "GET http://x/a b HTTP/1.1" 200 - "-" "say \"hi\"\xc3\xa4" -5 "a\\b"`,
			[]string{
				`path == "http://x/a b"`, `query == ""`, `bytes == 0`, `duration_ms == 0`, `user == ""`, "agent == `say \"hi\"ä`", `agent == "say \"hi\"ä"`, `agent contains "\"hi"`,
				`cidr(host, "2001:db8::/32")`, `directive("%{x-tenant}i") == "a\\b"`, "directive(\"%{X-Tenant}i\") matches `a\\\\b`",
			}, []string{`cidr(host, "192.0.2.0/24")`, `cidr(host, "2001:db9::/32")`}},
		{`- host.example frank ` + when + ` "\x16\x03\x01" - 5 "" "-" 0 ""`,
			[]string{`method == "bad"`, `path == ""`, `status == 0`, `vhost == ""`, `user == "frank"`}, []string{`cidr(host, "0.0.0.0/0", "::/0")`, `status in 1..599`}},
		{`a ::ffff:192.0.2.7 - ` + when + ` "GET /old" 200 0 "-" "-" 0 "-"`,
			[]string{`path == "/old"`, `method == "GET"`, `cidr(host, "192.0.2.0/24")`}, nil},
		{`a 192.0.2.256 - ` + when + ` "-" 408 0 "-" "-" 0 "-"`,
			[]string{`path == ""`, `method == ""`}, []string{`cidr(host, "0.0.0.0/0")`}},
	} {
		for want, texts := range map[bool][]string{true: c.true, false: c.false} {
			for _, text := range texts {
				var s Set
				e := compiled(t, &s, text)
				if got := e.True(newReader(t, &s, allFields).take(t, c.line)); got != want {
					t.Errorf("%s is %v of %s", text, got, c.line)
				}
			}
		}
	}
}

// TestPreference reads what two directives have from the better one.
func TestPreference(t *testing.T) {
	for _, c := range []struct{ format, line, expression string }{
		{`%t %m %U%q "%r" %>s`, `[10/Jan/2026:10:00:00 +0000] PUT /own?mine=1 "GET /a?b HTTP/1.1" 200`, `method == "PUT" and path == "/own" and query == "mine=1"`},
		{`%t %V %a %s %O %{ms}T`, `[10/Jan/2026:10:00:00 +0000] used.example 192.0.2.1 404 7 12`, `vhost == "used.example" and host == "192.0.2.1" and status == 404 and bytes == 7 and duration_ms == 12`},
		{`%t %{c}a`, `[10/Jan/2026:10:00:00 +0000] 192.0.2.1`, `host == "192.0.2.1"`},
	} {
		var s Set
		e := compiled(t, &s, c.expression)
		r := newReader(t, &s, c.format)
		if lacks := e.Lacks(r.format, false); lacks != nil || !e.True(r.take(t, c.line)) {
			t.Errorf("%s is false of %s: %v", c.expression, c.line, lacks)
		}
	}
}

// TestKnownVhost takes the vhost of the log where the format has none.
func TestKnownVhost(t *testing.T) {
	var s Set
	e := compiled(t, &s, `vhost == "a.example"`)
	r := newReader(t, &s, `%t %>s`)
	l := r.take(t, "[10/Jan/2026:10:00:00 +0000] 200")
	for _, vhost := range []string{"b.example", "a.example"} {
		l.Of(vhost)
		l.Take(r.format, &r.record)
		if e.True(l) != (vhost == "a.example") {
			t.Errorf("the vhost %s is not taken", vhost)
		}
	}
	if e.Lacks(r.format, true) != nil || e.Lacks(r.format, false) == nil {
		t.Error("a vhost that is known is lacking, or one that is not known is not")
	}
}

// TestMistakes shows each expression with carets under its mistakes, in order.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, carets, reasons string }{
		{`pth == "/"`, `^`, `unknown field "pth"; known are path, query,`},
		{`pth == "/" and vhst == "a"`, `^              ^`, `"pth"|"vhst"`},
		{`status startsWith "5"`, `       ^`, `startsWith does not go with a number and a text`},
		{`status startsWith "5" or path > 5 or nme == "x"`, `       ^                      ^      ^`, `startsWith|> does not go with a text and a number|"nme"`},
		{`path`, `^`, `this is a text, and what is wanted is true or false`},
		{`status + 1`, `       ^`, `this is a number`},
		{`path matches "a(" and agent matches "["`, `             ^                      ^`, `missing closing )|missing closing ]`},
		{`path matches referer`, `             ^`, `a pattern is a literal`},
		{`cidr(host, "192.0.2.0/33") or cidr(host, "192.0.2.1/24") or cidr(host, "192.0.2.1")`, `           ^                             ^                             ^`,
			`is no network; right would be 192.0.2.0/24 or|right would be 192.0.2.0/24|as a network it is 192.0.2.1/32`},
		{`cidr(status, "192.0.2.0/24")`, `     ^`, `int`},
		{`cidr(host)`, `^`, `cidr takes an address and networks`},
		{`directive(path) == "a"`, `^`, `directive takes one literal`},
		{`now() > 1`, `^`, `unknown function "now"; known are cidr, directive, all`},
		{`filter([1], # > 1) == 1`, `^`, `unknown function "filter"`},
		{`status = 200`, `       ^`, `equality is ==`},
		{`path matches "\.png"`, `               ^`, `in back quotes as it stands`},
		{`path ==`, `      ^`, `the expression ends too early`},
		{``, `^`, `the expression ends too early`},
		{`user == "-" or referer in ["a", "-"]`, `        ^                       ^`, `which is "" here|which is "" here`},
		{`"-" != user`, `^`, `which is "" here`},
		{`user == nil`, `        ^`, `nothing is nil here`},
		{`status in ["200"]`, `       ^`, `in does not go with a number and a list that begins with a text`},
		{`status in [200, "404"]`, `                ^`, `a list has literals of one type`},
		{`duration_ms in 1..5`, `                ^`, `a range has two whole numbers and stands behind status or bytes`},
		{`status in 1..bytes`, `           ^`, `a range has two whole numbers`},
		{`len(1..1000000000) > 1`, `     ^`, `unknown operator ..`},
		{`status % 0 == 1`, `       ^`, `unknown operator %`},
		{`path[0] == "/"`, `    ^`, `this is part of no expression here`},
		{`$env == 1`, `^`, `unknown field "$env"`},
		{`let x = 1; x == 1`, `    ^`, `this is part of no expression here`},
		{`not path`, `^`, `not does not go with a text`},
		{`agent contains "ä" and pth == ""`, `                        ^`, `"pth"`},
		{`lower(status) == "a"`, `      ^`, `int`},
	} {
		var s Set
		_, mistakes := s.Compile(c.text)
		carets := []byte(strings.Repeat(" ", len(c.text)+1))
		for _, m := range mistakes {
			carets[m.Column-1] = '^'
		}
		if got := strings.TrimRight(string(carets), " "); got != c.carets {
			t.Errorf("carets\n%s\n%s\nwant\n%s", c.text, got, c.carets)
		}
		for i, reason := range strings.Split(c.reasons, "|") {
			if i >= len(mistakes) || !strings.Contains(mistakes[i].Reason, reason) {
				if reason != "" {
					t.Errorf("%s: mistakes %v, want %q", c.text, mistakes, reason)
				}
			}
		}
	}
}

func TestLacks(t *testing.T) {
	f, err := apachelog.Compile(`%t %h`)
	if err != nil {
		t.Fatal(err)
	}
	var s Set
	e := compiled(t, &s, `status >= 500 and cidr(host, "::/0") and path == "/" or directive("%{X-Tenant}i") == "a"`)
	var got []string
	for _, m := range e.Lacks(f, true) {
		got = append(got, fmt.Sprintf("%d: %v", m.Column, m))
	}
	want := []string{
		"1: status needs %>s or %s, and the format %t %h has only %t, %h",
		"42: path needs %U or %r, and the format %t %h has only %t, %h",
		`67: directive("%{X-Tenant}i") needs %{X-Tenant}i, and the format %t %h has only %t, %h`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("lacking\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestOnlyWhatIsNamed asks a parser for nothing that no expression names.
func TestOnlyWhatIsNamed(t *testing.T) {
	f, err := apachelog.Compile(allFields)
	if err != nil {
		t.Fatal(err)
	}
	var s Set
	compiled(t, &s, `path startsWith "/api/" and method == "GET"`)
	compiled(t, &s, `path == "/"`)
	for _, i := range s.Texts(f) {
		if d := f.Directives()[i]; d != "%r" {
			t.Errorf("%s is kept", d)
		}
	}
	if n := s.Needs(); n != 0 {
		t.Errorf("numbers %b are decoded", n)
	}
}
