package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

const manualPage = "../../deploy/manual/logfeed.1"

// TestManualPage holds the manual page and the flags together.
func TestManualPage(t *testing.T) {
	source, err := os.ReadFile(manualPage + ".in")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(source), "{{flags}}\n", manualFlags(), 1)
	made(t, manualPage, `.\" Made of logfeed.1.in and the flags by make manual.`+"\n"+text)
}

// made compares a file with what is to be in it, or writes it: make manual.
func made(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if is, err := os.ReadFile(path); err != nil || string(is) != text {
		t.Errorf("%s is not what the flags make of it; make manual writes it (%v)", path, err)
	}
}

// manualFlags writes every flag as an item of a list in mdoc(7).
func manualFlags() string {
	var b strings.Builder
	everyFlag(func(f *pflag.Flag) {
		b.WriteString(".It ")
		if f.Shorthand != "" {
			fmt.Fprintf(&b, "Fl %s , ", f.Shorthand)
		}
		fmt.Fprintf(&b, `Fl \-%s`, f.Name)
		if takesValue(f) {
			fmt.Fprintf(&b, " Ar %s", strings.ReplaceAll(f.Value.Type(), "|", `\*(Ba`))
		}
		b.WriteString("\n")
		// roff wants every sentence to begin a line.
		for sentence := range strings.SplitAfterSeq(explanation(f), ". ") {
			for _, line := range wrapped(sentence, usageColumns) {
				b.WriteString(roff(line) + "\n")
			}
		}
	})
	return b.String()
}

// roff writes a line of text so that roff takes it as it stands.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "--", `\-\-`).Replace(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	return line
}

func everyFlag(each func(*pflag.Flag)) { newFlagSet(defaults(), &mistakes{}).VisitAll(each) }

// TestManualPageIsClean asks mandoc, where there is one.
func TestManualPageIsClean(t *testing.T) {
	mandoc := tool(t, "mandoc")
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

// tool finds a program that only the development needs, or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}
