package apachelog

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestCompileAsHTTPD holds Compile to what a real httpd says of LogFormat lines.
func TestCompileAsHTTPD(t *testing.T) {
	data, err := os.ReadFile("testdata/httpd/cfgtest.txt")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for line := range strings.Lines(string(data)) {
		verdict, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		conf, says, _ := strings.Cut(rest, "   => ")
		conf = strings.TrimSuffix(conf, " n")
		word, ok := strings.CutPrefix(strings.TrimSpace(conf), "LogFormat ")
		if !ok || strings.Contains(word, `" b c`) {
			continue // other directives, and counts of words
		}
		tried++
		format := strings.Trim(strings.TrimSpace(word), `"`)
		if strings.HasPrefix(format, "'") {
			format = strings.Trim(format, "'")
		}
		_, err := Compile(format)
		if format == "%c" || format == "%{x}x" { // that httpd had no mod_ssl
			if err != nil {
				t.Errorf("%s: %v", format, err)
			}
			continue
		}
		var bad *FormatError
		switch {
		case verdict == "OK" && err != nil:
			t.Errorf("%s: %v, httpd accepts it", word, err)
		case verdict == "FAIL" && !errors.As(err, &bad):
			t.Errorf("%s is accepted, httpd says: %s", word, says)
		case verdict == "FAIL" && strings.TrimSpace(bad.Err.Error()) != says:
			t.Errorf("%s: %q, httpd says %q", word, bad.Err, says)
		}
	}
	if tried < 30 {
		t.Errorf("only %d lines tried", tried)
	}
}

func TestFormatErrors(t *testing.T) {
	for _, c := range []struct {
		format, directive string
		column            int
	}{
		{`%h %z`, `%z`, 4},
		{`%h %{Foo}>200z x`, `%{Foo}>200z`, 4},
		{`abc%`, `%`, 4},
		{`%{foo`, `%{foo`, 1},
		{`%h \"%r\" %w`, `%w`, 11},          // the column of the string as given
		{`"%h \"%r\" %w \"%u\""`, `%w`, 12}, // with the quotation marks of httpd.conf
		{`"%h \"%r\"" combined`, ``, 12},    // the nickname came along
		{`%h \"%r\" %`, `%`, 11},            // runs off the end
		{`%h é%é`, "%\xc3", 6},              // bytes, not characters
		{``, ``, 1},                         //
		{`%>%`, `%>%`, 1},                   // only %% is a percent sign
		{`%h %\`, `%\`, 4},                  //
		{`%h %F`, `%F`, 4},                  // of trunk only
		{`%^FX`, `%^`, 1},                   //
		{`%{Referer}i %{User-Agent`, `%{User-Agent`, 13},
	} {
		_, err := Compile(c.format)
		var bad *FormatError
		if !errors.As(err, &bad) {
			t.Errorf("%s: no FormatError but %v", c.format, err)
			continue
		}
		if bad.Column != c.column || bad.Directive != c.directive {
			t.Errorf("%s: column %d, directive %q, want %d, %q", c.format, bad.Column, bad.Directive, c.column, c.directive)
		}
	}
}

// TestLiterals holds the two layers of unquoting to the bytes that httpd logged.
func TestLiterals(t *testing.T) {
	for _, c := range []struct{ format, line string }{
		{`"\" %%"`, `" %`},         // in quotation marks, both layers
		{`"\"\\"`, `"\`},           // \\ is \ after the first layer, and stays one before the end
		{`"\"\n\t\r"`, "\"\n\t\r"}, //
		{`"\"\\n"`, "\"\n"},        // \\n is \n after the first layer
		{`"\"\\\\"`, `"\`},         //
		{`"\"\\\\n"`, `"\n`},       // a backslash and an n
		{`"\"\x41\b\v\q"`, `"\x41\b\v\q`},
		{`\"%%\"`, `"%"`},                            // without the outer quotation marks
		{`'a \" b'`, `a \" b`},                       // in single ones the first layer leaves \" alone
		{`"\" ${UNSET}`, `" ${UNSET}`},               // a missing end quote
		{`%% \\ \n \x41 ${A}`, "% \\ \n \\x41 ${A}"}, // bare: one layer
		{`a "b" 'c'`, `a "b" 'c'`},                   //
		{`\`, `\`},                                   //
	} {
		f, err := Compile(c.format)
		if err != nil {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		var rec Record
		if err := f.NewParser(ParserOptions{}).Parse([]byte(c.line), &rec); err != nil {
			t.Errorf("%s: does not read %q: %v", c.format, c.line, err)
		}
		if err := f.NewParser(ParserOptions{}).Parse([]byte(c.line+"."), &rec); err == nil {
			t.Errorf("%s: reads %q with a byte too many", c.format, c.line)
		}
	}
}

func TestModifiers(t *testing.T) {
	for _, c := range []struct {
		format string
		arg    string
		final  bool
		cond   bool
		value  value
	}{
		{`%s`, "", false, false, status},
		{`%>s`, "", true, false, status},
		{`%<>s`, "", true, false, status},
		{`%><s`, "", false, false, status},
		{`%200>s`, "", true, true, status},
		{`%>200s`, "", true, true, status},
		{`%{Foo}200i`, "Foo", true, true, text},
		{`%{Foo}>i`, "Foo", true, false, text},
		{`%{a}}i`, "a", true, false, text},
		{`%{A}{Host}i`, "Host", true, false, text},
		{`%!!200s`, "", false, true, status},
		{`%!s`, "", false, false, status},
		{`%,,,200,,m`, "", true, true, anyWord},
		{`%i`, "", true, false, text},
		{`%{}i`, "", true, false, text},
		{`%{zzz}m`, "zzz", true, false, anyWord},
		{`%{c}a`, "c", true, false, address},
		{`%{MS}T`, "MS", false, false, signed},
		{`%{bogus}T`, "bogus", false, false, constant},
		{`%{bogus}p`, "bogus", true, false, constant},
		{`%{Remote}p`, "Remote", true, false, number},
		{`%{hextid}P`, "hextid", true, false, hexNumber},
		{`%{X}^ti`, "X", true, false, text},
		{`%^FB`, "", true, false, signed},
		{`%{begin}t`, "begin", true, false, clfTime},
		{`%{end:}t`, "end:", true, false, clfTime},
		{`%{beginx}t`, "beginx", true, false, formatTime},
	} {
		f := compile(t, c.format)
		d, e := f.dirs[0], f.elements[0]
		if len(f.dirs) != 1 || d.source != c.format || d.arg != c.arg || d.final != c.final && c.value != constant || d.cond != c.cond || e.value != c.value {
			t.Errorf("%s: source %q, arg %q, final %v, cond %v, value %d", c.format, d.source, d.arg, d.final, d.cond, e.value)
		}
	}
}

// TestEveryDirective compiles each row of the table, and the letters that httpd
// has beside.
func TestEveryDirective(t *testing.T) {
	for _, d := range directives {
		arg := d.arg
		if arg == "*" {
			arg = "%Y"
		}
		format := "%" + d.name
		if arg != "" {
			format = "%{" + arg + "}" + d.name
		}
		f := compile(t, format)
		if f.dirs[0].row.value != d.value {
			t.Errorf("%s: value %d, want %d", format, f.dirs[0].row.value, d.value)
		}
		if d.meaning == "" || strings.Contains(f.Meaning(0), "{}") {
			t.Errorf("%s: meaning %q", format, f.Meaning(0))
		}
	}
}

func TestSources(t *testing.T) {
	for _, c := range []struct {
		format, line string
		want         Record
	}{
		{"%s %>s", "200 404", Record{Status: 404}},
		{"%>s %s", "404 200", Record{Status: 404}},
		{"%>s %<s", "404 200", Record{Status: 404}},
		{"%404>s %s", "- 200", Record{Status: 200}},
		{"%b %B %O", "1 2 3", Record{Bytes: 3}},
		{"%b %B", "1 2", Record{Bytes: 2}},
		{"%B %b", "2 -", Record{Bytes: 2}},
		{"%T %{ms}T %D", "1 1001 1001002", Record{Duration: 1001002e3}},
		{"%T %{ms}T", "1 1001", Record{Duration: 1001e6}},
		{"%T", "-1", Record{Duration: -1e9}},
		{"%I", "7", Record{BytesIn: 7}},
		{"%304D", "-", Record{Absent: Duration}},
	} {
		f := compile(t, c.format)
		var rec Record
		if err := f.NewParser(ParserOptions{Need: f.Provides()}).Parse([]byte(c.line), &rec); err != nil {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		if rec.Status != c.want.Status || rec.Bytes != c.want.Bytes || rec.BytesIn != c.want.BytesIn || rec.Duration != c.want.Duration || rec.Absent != c.want.Absent {
			t.Errorf("%s: %+v", c.format, rec)
		}
	}
	for format, line := range map[string]string{"%T": "9223372037", "%{ms}T": "9223372036855", "%D": "-9223372036854776", "%O": "9223372036854775808"} {
		f := compile(t, format)
		var rec Record
		if err := f.NewParser(ParserOptions{Need: f.Provides()}).Parse([]byte(line), &rec); err == nil {
			t.Errorf("%s: %s is accepted as %+v", format, line, rec)
		}
	}
}

// TestWarnings holds the warnings: which formats are called ambiguous is part of
// what operators see.
func TestWarnings(t *testing.T) {
	for _, n := range nicknames {
		// These have unquoted texts side by side, or a writer that does not escape.
		clear := !slices.Contains([]string{"referer", "deflate", "usertrack", "tomcat_combined", "jetty", "jetty_combined", "traefik"}, n.name)
		if f := compile(t, n.name); isClear(f) != clear {
			t.Errorf("%s: warnings %q", n.name, f.Warnings())
		}
	}
	for _, format := range []string{`%{a}i%{b}i`, `%{a}i %{b}i`, `%h%u`, `%U%q`, `%304{%z}t0%u`, `%r %{x}e "%u"`, `%v:%h `} {
		if isClear(compile(t, format)) {
			t.Errorf("%s: no warning", format)
		}
	}
	for format, want := range map[string]string{
		`%{%d/%b %H:%M}t`:       "it lacks [year]",
		`%{%Y-%m-%d}t`:          "it lacks [hour minute]",
		`%{%Y-%m-%d %I:%M %z}t`: "before noon",
		`%{%Y-%m-%d %H:%M %z}t`: "no seconds",
		`%{%-d%-m%Y %T}t`:       "cannot be read",
		`%{%F %T}t`:             "time zone",
		`%{%F %T %Z}t`:          "time zone",
		`%{%N}t`:                "lacks",
		`%{%s}t %I .\n%{%s}t .`: "several lines",
		`%t %{a%nb}t`:           "several lines",
	} {
		if got := strings.Join(compile(t, format).Warnings(), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s: warnings %q, want %q", format, got, want)
		}
	}
}

func TestNicknames(t *testing.T) {
	for _, name := range Nicknames() {
		if format, ok := Nickname(strings.ToUpper(name)); !ok || compile(t, name).String() != format {
			t.Errorf("%s: %q, %v", name, format, ok)
		}
	}
	if _, ok := Nickname("combine"); ok {
		t.Error("combine is a nickname")
	}
	for wrong, want := range map[string]string{"combine": "combined", "vhost_comon": "vhost_common", "Clf": "CLF", "debian-combined": "debian_combined", "": "s3"} {
		if got := Nearest(wrong); got != want {
			t.Errorf("nearest to %q is %q, want %q", wrong, got, want)
		}
	}
}
