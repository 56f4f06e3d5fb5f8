package apachelog

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// httpdFormats reads the table of formats out of the README beside the lines.
func httpdFormats(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/httpd/README.md")
	if err != nil {
		t.Fatal(err)
	}
	formats := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| (\\w+) \\| `(.*)` \\|$").FindAllStringSubmatch(string(text), -1) {
		formats[m[1]] = m[2]
	}
	return formats
}

// allOf returns the indexes of all directives.
func allOf(f *Format) []int {
	var all []int
	for i := range f.Directives() {
		all = append(all, i)
	}
	return all
}

// TestHTTPDLines holds the parser to what a real server logged for each directive
// alone: a line comes out right, or is flagged; of formats without a warning none
// is flagged and none rejected.
func TestHTTPDLines(t *testing.T) {
	ambiguous := map[string]bool{"cond": true} // two unquoted texts side by side
	for name, format := range httpdFormats(t) {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/httpd", name+".log"))
			if err != nil {
				t.Fatal(err)
			}
			f := compile(t, format)
			if f.Ambiguous() != ambiguous[name] {
				t.Fatalf("warnings %q", f.Warnings())
			}
			p := f.NewParser(ParserOptions{Need: f.Provides() &^ Time, Text: allOf(f)})
			var rec Record
			var exact, flagged, wrong int
			for n, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
				values := bytes.SplitN(line, []byte("\t"), len(f.Directives())+3)
				tail := values[len(values)-1]
				values = values[1 : len(values)-2]
				if err := p.Parse(tail, &rec); err != nil {
					t.Errorf("line %d rejected: %v\n%.300s", n+1, err, tail)
					continue
				}
				same := true
				for i, v := range values {
					if !bytes.Equal(v, rec.Raw(i)) {
						same = false
						if !rec.Ambiguous {
							t.Errorf("line %d, %s: %.200q, want %.200q\n%.300s", n+1, f.Directives()[i], rec.Raw(i), v, tail)
						}
					}
				}
				switch {
				case same && !rec.Ambiguous:
					exact++
				case rec.Ambiguous:
					flagged++
					if !same {
						wrong++
					}
				}
			}
			t.Logf("exact %d, flagged %d, of which wrong %d", exact, flagged, wrong)
			if !ambiguous[name] && flagged > 0 {
				t.Errorf("%d lines flagged", flagged)
			}
		})
	}
}
