package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// speaking are the functions whose calls log a warning or an error, and which
// of the arguments is the message.
var speaking = map[string]int{"Warn": 0, "Error": 0, "warn": 0, "tell": 0, "say": 1, "fail": 1}

// troubles are the fields of a struct that hold messages of that kind.
var troubles = []string{"away", "broke"}

// TestMessages holds docs/messages.md and the code together: every warning and
// every error that logfeed logs has its heading there, and no other one has.
func TestMessages(t *testing.T) {
	page, err := os.ReadFile("../../docs/messages.md")
	if err != nil {
		t.Fatal(err)
	}
	told := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?m)^### (.*)$").FindAllStringSubmatch(string(page), -1) {
		told[m[1]] = true
	}
	said := messages(t)
	for message, place := range said {
		if !told[message] {
			t.Errorf("docs/messages.md does not tell what to do about %q (%s)", message, place)
		}
	}
	for message := range told {
		if said[message] == "" {
			t.Errorf("docs/messages.md tells of %q, which nothing logs", message)
		}
	}
	if len(said) < 30 {
		t.Errorf("only %d messages were found: %q", len(said), slices.Sorted(maps.Keys(said)))
	}
}

// messages returns every message of a warning or an error, and where it is
// logged. Of a message that ends in something else, the end is "…".
func messages(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for file := range sources(t) {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(repository(t), file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		constants := stringConstants(parsed)
		ast.Inspect(parsed, func(n ast.Node) bool {
			if pair, ok := n.(*ast.KeyValueExpr); ok && slices.Contains(troubles, nameOf(pair.Key)) {
				if text := messageOf(pair.Value, constants); text != "" {
					all[text] = file
				}
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			at, speaks := speaking[nameOf(call.Fun)]
			if !speaks || at >= len(call.Args) {
				return true
			}
			if text := messageOf(call.Args[at], constants); text != "" {
				all[text] = file
			}
			return true
		})
	}
	return all
}

// nameOf returns the last name of an expression such as s.say.warn.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// messageOf returns the text of an expression, "" if nothing of it is known.
func messageOf(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return ""
		}
		return text
	case *ast.Ident:
		return constants[e.Name]
	case *ast.BinaryExpr:
		begin, end := messageOf(e.X, constants), messageOf(e.Y, constants)
		if begin != "" && end == "" {
			end = "…"
		}
		return begin + end
	}
	return ""
}

// stringConstants returns the constants of a file, those of functions as well.
func stringConstants(file *ast.File) map[string]string {
	all := make(map[string]string)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, value := range spec.Values {
			if lit, ok := value.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					all[spec.Names[i].Name] = text
				}
			}
		}
		return true
	})
	return all
}
