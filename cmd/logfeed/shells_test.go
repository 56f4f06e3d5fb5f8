//go:build shells

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestManualPageIsClean asks mandoc.
func TestManualPageIsClean(t *testing.T) {
	const mandoc = "mandoc"
	if said, err := exec.Command(mandoc, "-T", "lint", "-W", "warning,stop", manualPage).CombinedOutput(); err != nil {
		t.Errorf("mandoc: %v\n%s", err, said)
	}
	page, err := exec.Command(mandoc, "-T", "ascii", "-O", "width=1000", manualPage).Output()
	if err != nil {
		t.Fatal(err)
	}
	// What stands on the page is what --help says.
	shown := unpadded(strings.ReplaceAll(string(page), "\b_", ""))
	everyFlag(func(f *pflag.Flag) {
		if !strings.Contains(shown, unpadded(explanation(f))) {
			t.Errorf("the page does not say of --%s: %s", f.Name, explanation(f))
		}
	})
}

// unpadded has one blank between two words.
func unpadded(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestShellsComplete asks the shells themselves.
func TestShellsComplete(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "access.log"), "")
	for _, shell := range []struct {
		name   string
		file   string
		script string // prints what $LINE is completed to
	}{
		{"bash", "logfeed.bash", `source "$0"
			IFS=' ' read -r -a COMP_WORDS <<<"${LINE//=/ = }"
			[[ $LINE != *' ' && $LINE != *= ]] || COMP_WORDS+=('')
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			_logfeed
			printf '%s\n' "${COMPREPLY[@]}"`},
		{"fish", "logfeed.fish", `source $argv[1]; complete -C "$LINE" | string replace -r '\t.*' ''; true`},
		{"zsh", "_logfeed", ""}, // completes on a terminal only
	} {
		t.Run(shell.name, func(t *testing.T) {
			file, err := filepath.Abs(filepath.Join(completions, shell.file))
			if err != nil {
				t.Fatal(err)
			}
			if said, err := exec.Command(shell.name, "-n", file).CombinedOutput(); err != nil || len(said) > 0 {
				t.Fatalf("%s -n: %v %s", shell.name, err, said)
			}
			if shell.script == "" {
				return
			}
			for line, want := range map[string]string{
				"logfeed --log-f":                   "--log-format",
				"logfeed --log-format ":             "json text",
				"logfeed --once --dialect tom":      "tomcat tomcat9",
				"logfeed -f debian_v":               "debian_vhost_combined",
				"logfeed --flags-file acc":          "access.log",
				"logfeed --from-start --once acces": "access.log",
			} {
				cmd := exec.Command(shell.name, "-c", shell.script, file)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "LINE="+line, "HOME="+dir, "TERM=dumb")
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%s: %v", shell.name, err)
				}
				got := strings.Fields(string(out))
				slices.Sort(got)
				if strings.Join(got, " ") != want {
					t.Errorf("%q is completed to %q, want %q", line, got, want)
				}
			}
		})
	}
}
