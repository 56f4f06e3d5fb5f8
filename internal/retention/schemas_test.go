package retention

import (
	"strings"
	"testing"
)

const schemas = `# a comment
; another one
[carbon]
pattern = ^carbon\.
retentions = 60:90d

[apache counts]
  Pattern: ^apache\..*\.count$
  RETENTIONS : 60s:1d, 5m:30d,1h:3y
  [early]
pattern=early
retentions=60:1440
priority = 5
[loud]
pattern = loud
retentions = 10s:3h,60s:1440
priority = 20
[packed]
pattern = packed
retentions = 60s:1d
compressed = true
unknown = 100 %
[default]
pattern = .*
retentions = 1m:1w
`

func readSchemas(t *testing.T, text string) Schemas {
	t.Helper()
	s, err := ReadSchemas(strings.NewReader(text), "schemas")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemasFirstMatchCounts(t *testing.T) {
	s := readSchemas(t, schemas)
	for series, want := range map[string]string{
		"carbon.agents.x":           "carbon 60s:90d",
		"apache.web1.bytes.count":   "apache counts 60s:1d,5m:30d,1h:3y",
		"apache.web1.bytes.counted": "default 60s:7d",
		"xapache.web1.bytes.count":  "default 60s:7d",
		"an.early.bird":             "early 60s:1d",
		"early.and.loud":            "early 60s:1d",
	} {
		list, section, ok := s.For(series)
		if got := section + " " + list.String(); !ok || got != want {
			t.Errorf("%s: %s, %v; want %s", series, got, ok, want)
		}
	}
	s = readSchemas(t, "[a]\npattern = ^a\nretentions = 60:1\n")
	if list, section, ok := s.For("b.a"); ok || list != nil || section != "" {
		t.Errorf("without a match: %v %q %v", list, section, ok)
	}
}

func TestSchemasDoubts(t *testing.T) {
	s := readSchemas(t, schemas)
	for series, want := range map[string][]string{
		"carbon.x":   nil,
		"early.only": nil,
		"early.loud": {"carbon takes [early] for early.loud because it comes first, but go-carbon takes [loud] for its priority; logfeed takes [early]"},
		"only.loud":  {"60s:1440 is 1440 points"},
		"packed.x":   {"[packed] has compressed = true"},
	} {
		got := s.Doubts(series)
		if len(got) != len(want) {
			t.Errorf("%s: %q, want %q", series, got, want)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s: %q, want %q", series, got[i], want[i])
			}
		}
	}
}

func TestSchemasErrors(t *testing.T) {
	const rest = "\nretentions = 60:1\n"
	for text, want := range map[string]string{
		"":                                      "schemas has no section",
		"# nothing\n":                           "schemas has no section",
		"pattern = .*\n":                        `schemas:1: "pattern = .*" stands before the first section`,
		"[a\n":                                  "schemas:1: [a is no section",
		"[a] # b\n":                             "schemas:1: [a] # b is no section",
		"[ ]\n":                                 "schemas:1: [ ] is no section",
		"[DEFAULT]\n":                           "schemas:1: carbon gives the keys of [DEFAULT] to every section",
		"\n[a]\npattern = a\n[b]\n":             "schemas:2: [a] has no retentions, so carbon passes over it",
		"[a]\nretentions = 60:1\n":              "schemas:1: [a] has no pattern",
		"[a]\npattern\n":                        `schemas:2: "pattern" is neither a [section] nor a key with a value`,
		"[a]\npattern =\n":                      "schemas:2: pattern : it is empty",
		"[a]\npattern = a\npattern = b\n":       "schemas:3: [a] has pattern twice",
		"[a]\npattern = a" + rest + "[a]\n":     "schemas:4: [a] is in line 1 already",
		"[a]\npattern = a\n  retentions = 60:1": "schemas:3: carbon takes an indented line for more of the value above it",
		"[a]\npattern = '^a'\n":                 "schemas:2: carbon takes the quotation marks for a part of the pattern",
		"[a]\nretentions = \"60:1\"\n":          "schemas:2: carbon takes the quotation marks for a part of the retentions",
		"[a]\n retentions = 60s:1d, 5m:1x\n":    `schemas:2: retentions, column 27: unknown unit "x"`,
		"[a]\nretentions = 180s:7d,300s:30d\n":  "schemas:2: retentions, column 22: its step is no whole multiple",
		"[a]\npriority = high\n":                `schemas:2: priority "high" is no whole number`,
		"[a]\n#" + strings.Repeat("x", 1<<17):   "schemas:2: a line of more than 65536 bytes",
	} {
		_, err := ReadSchemas(strings.NewReader(text), "schemas")
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60q: %v\n want %s", text, err, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		`^(?!carbon\.)`:  "column 2: (?! looks ahead or behind, which Go's regular expressions cannot; right would be a section of its own, before this one, for the series to be left out",
		`a(?=b)`:         "column 2: (?= looks",
		`(?<=a)b`:        "column 1: (?<= looks",
		`(?<!a)b`:        "column 1: (?<! looks",
		`(a)\1`:          `column 4: \1 refers back`,
		`a{,3}`:          "column 2: {, counts from 0 in Python",
		`^[[:alpha:]]+$`: "column 3: Python does not know classes",
		`a%b`:            "carbon's reader of configurations gives % a meaning of its own",
		`a(`:             "missing closing ): ",
		`a\Z`:            `invalid escape sequence: "\\Z", in Go's regular expressions`,
		``:               "it is empty",
	} {
		if _, err := compilePattern(pattern); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v\n want %s", pattern, err, want)
		}
	}
	for pattern, series := range map[string]string{
		`count$`:            "a.count",
		`\(?=`:              "a=",
		`[(?=]x`:            "?x",
		`[]{,]b`:            "{b",
		`[^](?!]b`:          "ab",
		`[\]{,]b`:           ",b",
		`(?i)^APACHE\.`:     "apache.x",
		`^a\.[0-9]{1,3}\.b`: "a.12.b",
		`(?P<host>\w+)\.b$`: "a.b",
	} {
		if compiled, err := compilePattern(pattern); err != nil || !compiled.MatchString(series) {
			t.Errorf("%s does not match %s: %v", pattern, series, err)
		}
	}
}
