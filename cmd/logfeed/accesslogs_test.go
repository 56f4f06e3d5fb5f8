package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/logfeed/logfeed/internal/httpdconf"
)

// TestAccessLogs finds the log that a path belongs to, and puts formats in the
// order in which a line is tried by them.
func TestAccessLogs(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "httpd.conf")
	write(t, conf, `ServerName main.example
CustomLog logs/a.log "%h %u %t %b"
CustomLog logs/a.log "%h %u %{Referer}i %{User-Agent}i %t %b"
CustomLog logs/a.log "%v:%p %h %u %t %b"
CustomLog logs/a-2.log "%t two"
CustomLog "logs/odd[1].log" "%t odd"
CustomLog "|/usr/bin/rotatelogs logs/r.%Y-%m.log 86400" "%t rotated"
<VirtualHost *:80>
ServerName v.example
CustomLog logs/v.log "%h %u %t %b"
</VirtualHost>
`)
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(dir, "logs")); err != nil {
		t.Fatal(err)
	}
	read, err := httpdconf.Read(root(), conf, httpdconf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	logs := configured(assess(read, nil, false))
	const three = "%v:%p %h %u %t %b, %h %u %t %b, %h %u %{Referer}i %{User-Agent}i %t %b"
	for path, want := range map[string]string{
		"logs/a.log":              "main.example: " + three,
		"real/a.log":              "main.example: " + three,
		"logs/a.log.1":            "main.example: " + three,
		"real/a.log-20260110.gz":  "main.example: " + three,
		"logs/a.log.zst":          "main.example: " + three,
		"logs/a-2.log":            "main.example: %t two",
		"logs/a-2.log.3.gz":       "main.example: %t two",
		"logs/odd[1].log":         "main.example: %t odd",
		"logs/r.2026-01.log":      "main.example: %t rotated",
		"real/r.2026-01.log.gz":   "main.example: %t rotated",
		"logs/v.log":              "v.example: %h %u %t %b",
		"elsewhere/v.log":         ": all",
		"logs/r.January-2026.log": ": all",
	} {
		l := logs.of(filepath.Join(dir, path))
		var formats []string
		for _, f := range l.formats {
			formats = append(formats, f.String())
		}
		got := l.vhost + ": " + strings.Join(formats, ", ")
		if l == logs.rest {
			got = ": all"
		}
		if got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if n := len(logs.rest.formats); n != 6 {
		t.Errorf("a log that is not known is tried by %d formats, want 6", n)
	}
	for files, want := range map[string]int{"logs/v.log": 1, "logs/*.log": 6, "logs/a*": 5, "real/a.log.1 logs/v.log": 3, "other.log": 6, "": 6} {
		var all []string
		for file := range strings.FieldsSeq(files) {
			all = append(all, filepath.Join(dir, file))
		}
		if got := len(logs.formatsFor(all)); got != want {
			t.Errorf("%d formats for %q, want %d", got, files, want)
		}
	}
	patterns := logs.patterns()
	if !slices.Contains(patterns, filepath.Join(dir, `logs/odd\[1].log`)) {
		t.Errorf("a name with a bracket is not followed as such: %q", patterns)
	}
}
