package apachelog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// addSeeds gives a fuzz target the formats and lines of testdata/*.txtar.
func addSeeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var format string
		for s := range strings.SplitSeq(string(data), "\n-- ") {
			name, body, _ := strings.Cut(s, " --\n")
			line, _, _ := strings.Cut(body, "\n")
			switch name {
			case "format":
				format = line
			case "warnings", "zone", "dialect":
			default:
				f.Add(format, line, byte(len(line)))
			}
		}
	}
	for _, format := range []string{`%{%Ec %-10Y %^b %_d %j}t`, `%{a}}200>i%{b`, `%h\n%%\\\"`, `"\"%h' `, `%^ti%^FB%{end:}t`, `%{%}t%{%%%5}t`, `%U%q%u%u"%u"`, "%{%\x00\xff}t\xff"} {
		f.Add(format, `- "" [23/Nov/2026:03:37:15 +0000] \"\\" -`, byte(0))
	}
}

// FuzzParse compiles any format in any dialect and parses any line by it. Nothing panics or
// reads outside of the line, the fast way agrees with the plain one, and an
// accepted line is made of its literals and values.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, format, line string, choice byte) {
		compiled, err := CompileWith(format, CompileOptions{Dialect: Dialect(int(choice) % len(dialects)), Unquoted: choice >= 128})
		if err != nil {
			if bad := err.(*FormatError); bad.Column < 1 || bad.Column > len(format)+1 || bad.Error() == "" {
				t.Fatalf("%q: %v", format, err)
			}
			return
		}
		all := ParserOptions{Need: compiled.Provides(), Text: allOf(compiled), Zone: time.UTC}
		fast, plain := compiled.newParser(all, false), compiled.newParser(all, true)
		checkAgreement(t, compiled, fast, plain, []byte(line))
		var rec Record
		if fast.Parse([]byte(line), &rec) == nil {
			for i := range compiled.Directives() {
				if len(rec.AppendText(nil, i)) > len(rec.Raw(i)) {
					t.Fatalf("%q, %q: text longer than the value", format, line)
				}
			}
		}
	})
}

// ofApache returns the nicknames of formats that httpd writes.
func ofApache() (names []string) {
	for _, n := range nicknames {
		if n.dialect == Apache {
			names = append(names, n.name)
		}
	}
	return names
}

// FuzzOracle holds lines of well-known formats to a regular expression made from
// the same format.
func FuzzOracle(f *testing.F) {
	var formats []*Format
	var oracles []*oracle
	for _, format := range append(ofApache(), `[%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %{%z}t] %a "%r" %>s %O %D %{ms}T %k %X`, `"%u" %p:%V`, `%u %200t "%r"`) {
		formats = append(formats, compile(f, format))
		oracles = append(oracles, newOracle(formats[len(formats)-1]))
	}
	for i := range formats {
		f.Add(i, `127.0.0.1 - - [23/Nov/2026:03:37:15 +0000] "GET / HTTP/1.1" 200 6 "-" "x\"y\\"`)
		f.Add(i, `main:80 ::1 - "" [23/Nov/2026:03:37:15 +0000] "" 400 - "" "" 1 2`)
		f.Add(i, `[23/Nov/2026:03:37:15.052 -0330] ::1 "\x16" 200 283 -1089 1 0 -`)
		f.Add(i, `"""" 80:::1`)
		f.Add(i, "host:127.0.0.1\tident:-\tuser:-\ttime:[23/Nov/2026:03:37:15 +0000]\treq:-\tstatus:200\tsize:-\treferer:\tua:-\ttaken:-5")
	}
	f.Fuzz(func(t *testing.T, i int, line string) {
		if i < 0 || i >= len(formats) {
			return
		}
		all := ParserOptions{Need: formats[i].Provides(), Text: allOf(formats[i]), Zone: time.UTC}
		checkOracle(t, formats[i], oracles[i], formats[i].newParser(all, false), formats[i].newParser(all, true), []byte(line))
	})
}
