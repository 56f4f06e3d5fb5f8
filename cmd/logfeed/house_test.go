package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/logfeed/logfeed"

// rooms says which packages of this module each package may import. A package
// imports only the owner of a type that it consumes.
var rooms = map[string][]string{
	"cmd/logfeed":                {"internal/apachelog", "internal/carbon", "internal/check", "internal/checkpoint", "internal/claim", "internal/expression", "internal/httpdconf", "internal/point", "internal/progress", "internal/retention", "internal/rollup", "internal/status", "internal/tail"},
	"internal/apachelog":         {},
	"internal/carbon":            {"internal/point", "internal/retention"},
	"internal/carbon/carbontest": {},
	"internal/check":             {"internal/apachelog"},
	"internal/checkpoint":        {},
	"internal/claim":             {},
	"internal/expression":        {"internal/apachelog"},
	"internal/httpdconf":         {},
	"internal/point":             {},
	"internal/point/pointtest":   {"internal/point"},
	"internal/progress":          {},
	"internal/retention":         {},
	"internal/rollup":            {"internal/apachelog", "internal/point", "internal/retention"},
	"internal/status":            {"internal/point"},
	"internal/tail":              {},
}

// keys are standard packages that open a door which only some rooms have.
var keys = map[string][]string{
	"net":       {"internal/carbon", "internal/carbon/carbontest", "internal/claim", "internal/status", "cmd/logfeed"}, // cmd asks for its own host name only
	"net/http":  {"internal/status"},
	"os/signal": {"cmd/logfeed"},
	"flag":      {},
	"os/user":   {"internal/tail"},                                                                                                                             // to say whose permission is lacking
	"os":        {"internal/tail", "internal/checkpoint", "internal/claim", "internal/status", "internal/carbon", "internal/carbon/carbontest", "cmd/logfeed"}, // carbon writes the file of --carbon file://
}

// quiet packages read no clock and start no goroutine.
var quiet = []string{"internal/apachelog", "internal/check", "internal/expression", "internal/retention", "internal/rollup", "internal/point"}

func TestHouseRules(t *testing.T) {
	for file, imports := range sources(t) {
		room := filepath.ToSlash(filepath.Dir(file))
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s: a new room; say in this test what it may import, and in ARCHITECTURE.md why it is there", file)
		}
		for _, path := range imports {
			if inner, ok := strings.CutPrefix(path, module+"/"); ok && !slices.Contains(allowed, inner) {
				t.Errorf("%s imports %s, which %s may not", file, inner, room)
			}
			if holders, locked := keys[path]; locked && !slices.Contains(holders, room) {
				t.Errorf("%s imports %s, which belongs to %v", file, path, holders)
			}
		}
	}
}

func TestQuietPackages(t *testing.T) {
	root := repository(t)
	for file := range sources(t) {
		if !slices.Contains(quiet, filepath.ToSlash(filepath.Dir(file))) {
			continue
		}
		words := identifiers(t, filepath.Join(root, file))
		for _, word := range []string{"time.Now", "time.Since", "time.After", "time.Sleep", "go", "init"} {
			if slices.Contains(words, word) {
				t.Errorf("%s uses %s", file, word)
			}
		}
	}
}

func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// sources returns the imports of every Go file of the module but its tests.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	root := repository(t)
	all := make(map[string][]string)
	for _, top := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			all[name] = []string{}
			for _, i := range parsed.Imports {
				unquoted, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					return err
				}
				all[name] = append(all[name], unquoted)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(all) == 0 {
		t.Fatal("no Go files found")
	}
	return all
}

// identifiers returns the selectors (pkg.Name), the names of functions, and
// "go" for every go statement of a file.
func identifiers(t *testing.T, path string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			words = append(words, "go")
		case *ast.FuncDecl:
			words = append(words, n.Name.Name)
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				words = append(words, x.Name+"."+n.Sel.Name)
			}
		}
		return true
	})
	return words
}
