package httpdconf

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the lists of logs anew")

// tree is a file below testdata: a file system, the file to begin with, what
// httpd says of it with -D DUMP_CONFIG, and the list of logs.
type tree struct {
	fs         fstest.MapFS
	path       string
	dump, logs string
}

func readTree(t *testing.T, name string) tree {
	t.Helper()
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	x := tree{fs: fstest.MapFS{}}
	for line := range strings.Lines(string(a.Comment)) {
		if path, ok := strings.CutPrefix(line, "read "); ok {
			x.path = strings.TrimSpace(path)
		}
	}
	for _, f := range a.Files {
		switch f.Name {
		case "DUMP":
			x.dump = string(f.Data)
		case "LOGS":
			x.logs = string(f.Data)
		default:
			x.fs[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return x
}

// TestTrees reads the trees below testdata and compares with what httpd itself
// makes of them, where it was asked, and with the list of logs.
func TestTrees(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d trees: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			x := readTree(t, name)
			c, err := Read(x.fs, x.path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			logs := listed(c)
			if x.dump != "" {
				x.compareDump(t, logs)
			}
			if *update {
				writeLogs(t, name, logs)
			} else if logs != x.logs {
				t.Errorf("the list of logs is:\n%s\nand not:\n%s", logs, x.logs)
			}
		})
	}
}

// compareDump holds our expansion to httpd's, and the logs that are read out of
// httpd's to those of the tree.
func (x tree) compareDump(t *testing.T, logs string) {
	t.Helper()
	var b bytes.Buffer
	if err := Dump(&b, x.fs, x.path, Options{}); err != nil {
		t.Fatal(err)
	}
	if ours := b.String(); sameSpelling(ours) != sameSpelling(x.dump) {
		t.Errorf("the expanded configuration is:\n%s\nand httpd says:\n%s", ours, x.dump)
	}
	x.fs[fsName("/dump/dump")] = &fstest.MapFile{Data: []byte("ServerRoot: \"" + x.root(t) + "\"\n" + x.dump)}
	c, err := Read(x.fs, "/dump/dump", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if from := listed(c); withoutWarnings(from) != withoutWarnings(logs) {
		t.Errorf("the list of logs out of the dump is:\n%s\nand out of the tree:\n%s", from, logs)
	}
}

func (x tree) root(t *testing.T) string {
	t.Helper()
	c, err := Read(x.fs, x.path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c.ServerRoot
}

// sameSpelling writes the names of directives in lower case: httpd writes them
// as it knows them.
func sameSpelling(dump string) string {
	var b strings.Builder
	for line := range strings.Lines(dump) {
		text := strings.TrimLeft(line, " ")
		if !strings.HasPrefix(text, "#") {
			name, args, _ := strings.Cut(text, " ")
			line = line[:len(line)-len(text)] + strings.ToLower(name) + " " + args
		}
		b.WriteString(line)
	}
	return b.String()
}

// withoutWarnings leaves out what only the tree tells: the places of variables
// and conditions.
func withoutWarnings(list string) string {
	var b strings.Builder
	for line := range strings.Lines(list) {
		if !strings.HasPrefix(line, "warning") && !strings.Contains(line, "the variable ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// listed writes a Config for comparison.
func listed(c *Config) string {
	var b strings.Builder
	fmt.Fprintf(&b, "root %s\n", c.ServerRoot)
	for _, w := range c.Warnings {
		fmt.Fprintf(&b, "warning %s: %s\n", w.Place, w.Text)
	}
	for _, l := range c.Logs {
		kind := "file"
		switch {
		case l.Path == "":
			kind = "pipe"
		case l.Glob:
			kind = "glob"
		}
		fmt.Fprintf(&b, "%s %s\n", kind, l.Path)
		line := func(name string, value any) {
			if text := fmt.Sprint(value); text != "" && text != "false" {
				fmt.Fprintf(&b, "  %s %s\n", name, text)
			}
		}
		line("pipe", l.Pipe)
		line("format", fmt.Sprintf("%q", l.Format))
		line("name", l.Name)
		line("defined", l.FormatPlace)
		line("undefined", l.Undefined)
		line("old", l.Old)
		line(l.Directive, l.Place)
		line("env", l.Env)
		line("expr", l.Expr)
		line("buffers", l.Buffers)
		for _, s := range l.Servers {
			line("server", serverText(s))
		}
		for _, w := range l.Warnings {
			line("warning:", w)
		}
	}
	return b.String()
}

func serverText(s *Server) string {
	if s.Main {
		return strings.TrimSpace("main " + s.Name)
	}
	return strings.TrimSpace(s.Name + " " + fmt.Sprint(s.Addresses) + " " + s.Place.String())
}

func writeLogs(t *testing.T, name, logs string) {
	t.Helper()
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n := len(a.Files)
	if n > 0 && a.Files[n-1].Name == "LOGS" {
		n--
	}
	a.Files = append(a.Files[:n], txtar.File{Name: "LOGS", Data: []byte(logs)})
	if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}
