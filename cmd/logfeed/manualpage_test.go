package main

import (
	"fmt"
	"os"
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
