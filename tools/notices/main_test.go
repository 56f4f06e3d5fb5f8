package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A module's own licence comes, and those of what it has taken in; not those of
// test data, nor code that is named like one.
func TestNotice(t *testing.T) {
	dir := t.TempDir()
	for path, text := range map[string]string{
		"LICENSE": "the first\n", "internal/other/COPYING.md": "the second", "NOTICE": "a notice\n",
		"testdata/LICENSE": "no", "license.go": "no", "licenses/README": "no",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := (module{"example.org/some v1.2.3", dir}).notice(&out); err != nil {
		t.Fatal(err)
	}
	want := "==== example.org/some v1.2.3, LICENSE\n\nthe first\n\n" +
		"==== example.org/some v1.2.3, NOTICE\n\na notice\n\n" +
		"==== example.org/some v1.2.3, internal/other/COPYING.md\n\nthe second\n\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if err := (module{"example.org/none v1.0.0", t.TempDir()}).notice(&out); err == nil {
		t.Error("a module without a licence is passed over")
	}
}
