// Command sbom completes and checks the bill of materials that cyclonedx-gomod
// has made of a binary of logfeed: it adds what is embedded and no Go module, and
// fails if a module that Go finds in the binary is not named.
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
)

// A bill is a CycloneDX document, of which only the components matter here.
type bill struct {
	Schema       string          `json:"$schema"`
	Format       string          `json:"bomFormat"`
	SpecVersion  string          `json:"specVersion"`
	Version      int             `json:"version"`
	Metadata     json.RawMessage `json:"metadata"`
	Components   []any           `json:"components"`
	Dependencies json.RawMessage `json:"dependencies"`
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: sbom BINARY BILL UPLOT.JS")
		os.Exit(2)
	}
	if err := complete(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// complete adds the chart library to the bill at path, and checks it.
func complete(binary, path, charts string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var b bill
	if err := json.Unmarshal(text, &b); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	library, err := os.ReadFile(charts)
	if err != nil {
		return err
	}
	one, err := chartLibrary(library)
	if err != nil {
		return fmt.Errorf("%s: %w", charts, err)
	}
	b.Components = append(b.Components, one)
	if err := b.check(info); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	out, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(out, '\n'), 0o644)
}

// chartLibrary is uPlot, of the version that its first line names.
func chartLibrary(text []byte) (any, error) {
	var version string
	if _, err := fmt.Sscanf(string(text[:min(len(text), 100)]), "/*! https://github.com/leeoniya/uPlot (v%s */", &version); err != nil {
		return nil, errors.New("its first line does not name the version of uPlot")
	}
	version = version[:len(version)-1] // the bracket
	purl := "pkg:npm/uplot@" + version
	return map[string]any{
		"bom-ref": purl, "type": "library", "name": "uplot", "version": version, "purl": purl,
		"licenses":           []any{map[string]any{"license": map[string]any{"id": "MIT"}}},
		"externalReferences": []any{map[string]any{"type": "vcs", "url": "https://github.com/leeoniya/uPlot"}},
	}, nil
}

// check holds the bill to what Go says of the binary.
func (b *bill) check(info *buildinfo.BuildInfo) error {
	if b.Format != "CycloneDX" || b.SpecVersion == "" {
		return errors.New("it is no bill of CycloneDX")
	}
	var named []string
	for _, c := range b.Components {
		if one, ok := c.(map[string]any); ok {
			named = append(named, fmt.Sprint(one["name"], " ", one["version"]))
		}
	}
	want := []string{"std " + info.GoVersion}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		want = append(want, m.Path+" "+m.Version)
	}
	var missing []error
	for _, module := range want {
		if !slices.Contains(named, module) {
			missing = append(missing, fmt.Errorf("%s is in the binary and not in the bill", module))
		}
	}
	return errors.Join(missing...)
}
