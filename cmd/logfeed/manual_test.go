package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestManual holds the README's table of flags and --help together: the same
// flags with the same defaults.
func TestManual(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	told := make(map[string]string) // flag -> default
	row := regexp.MustCompile("(?m)^\\| (`-.*?) \\| ([^|]*)\\|")
	name := regexp.MustCompile("`--([a-z-]+)")
	for _, m := range row.FindAllStringSubmatch(string(readme), -1) {
		for _, n := range name.FindAllStringSubmatch(m[1], -1) {
			told[n[1]] = strings.Trim(strings.ReplaceAll(m[2], "`", ""), " ")
		}
	}
	flags := newFlagSet(defaults(), &mistakes{})
	var known []string
	flags.VisitAll(func(f *pflag.Flag) {
		known = append(known, f.Name)
		said, ok := told[f.Name]
		switch {
		case !ok:
			t.Errorf("the README's table lacks --%s", f.Name)
		case said == "off" && f.NoOptDefVal == "true" && f.DefValue == "":
		case said != f.DefValue:
			t.Errorf("--%s has the default %q, the README says %q", f.Name, f.DefValue, said)
		}
	})
	for n := range told {
		if !slices.Contains(known, n) {
			t.Errorf("the README tells of --%s, which does not exist", n)
		}
	}
}

func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, nil, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
		t.Errorf("exit code %d, said %q", code, stderr.String())
	}
	for _, want := range []string{"-f, --format NAME|STRING", "(default combined)", "debian_combined", "$STATE_DIRECTORY"} {
		if !strings.Contains(strings.Join(strings.Fields(stdout.String()), " "), want) {
			t.Errorf("--help lacks %q:\n%s", want, stdout.String())
		}
	}
	stdout.Reset()
	if code := run(t.Context(), []string{"--version"}, nil, &stdout, &stderr); code != 0 || stdout.String() != "logfeed dev\n" {
		t.Errorf("--version: exit code %d, %q", code, stdout.String())
	}
}
