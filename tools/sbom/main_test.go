package main

import (
	"debug/buildinfo"
	"runtime/debug"
	"strings"
	"testing"
)

// TestCheck has a bill that lacks the library, and one that has another version
// of it.
func TestCheck(t *testing.T) {
	info := &buildinfo.BuildInfo{GoVersion: "go1.26.0", Deps: []*debug.Module{{Path: "example.org/a", Version: "v1.0.0"}}}
	std := map[string]any{"name": "std", "version": "go1.26.0"}
	for _, c := range []struct {
		components []any
		wrong      string
	}{
		{[]any{std, map[string]any{"name": "example.org/a", "version": "v1.0.0"}}, ""},
		{[]any{std}, "example.org/a v1.0.0 is in the binary"},
		{[]any{std, map[string]any{"name": "example.org/a", "version": "v1.0.1"}}, "example.org/a v1.0.0 is in the binary"},
		{[]any{map[string]any{"name": "example.org/a", "version": "v1.0.0"}}, "std go1.26.0 is in the binary"},
	} {
		b := bill{Format: "CycloneDX", SpecVersion: "1.6", Components: c.components}
		switch err := b.check(info); {
		case c.wrong == "" && err != nil:
			t.Error(err)
		case c.wrong != "" && (err == nil || !strings.HasPrefix(err.Error(), c.wrong)):
			t.Errorf("%v: %v", c.components, err)
		}
	}
	if err := new(bill).check(info); err == nil {
		t.Error("an empty file is a bill")
	}
}

func TestChartLibrary(t *testing.T) {
	one, err := chartLibrary([]byte("/*! https://github.com/leeoniya/uPlot (v1.6.32) */\nvar uPlot="))
	if err != nil || one.(map[string]any)["purl"] != "pkg:npm/uplot@1.6.32" {
		t.Errorf("%v, %v", one, err)
	}
	if _, err := chartLibrary([]byte("var uPlot=")); err == nil {
		t.Error("a library without a version is taken")
	}
}
