package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// usageColumns is how wide --help is.
const usageColumns = 80

// usage prints what --help says. The manual page and the completions of shells
// are made of the same flags.
func usage(w io.Writer, flags *flagSet) {
	fmt.Fprint(w, `logfeed follows Apache access logs and feeds their totals to Graphite's Carbon.

  logfeed [flags] FILE...                      follow, sum, send; runs until stopped
  logfeed --from-start [flags] FILE...         the same, but first everything already in the files
  logfeed --from-start --once [flags] FILE...  one-shot backfill: everything in the files, then exit
  program | logfeed [flags] -                  standard input, as an Apache piped log
  logfeed --httpd-conf PATH [flags]            follow every log that Apache's configuration names
  logfeed --check [flags] FILE...              explain how the lines parse; sends nothing
  logfeed --check --httpd-conf PATH            list the logs that Apache's configuration names

FILE is a path or a glob ('/var/log/apache2/*access.log', ** too); plain, .gz,
.bz2, .xz and .zst files are told apart by their content.

Flags:
`)
	flags.VisitAll(func(f *pflag.Flag) {
		fmt.Fprintf(w, "  %s\n", spelling(f))
		for _, line := range wrapped(explanation(f), usageColumns-8) {
			fmt.Fprintf(w, "        %s\n", line)
		}
	})
	fmt.Fprint(w, `
Durations are written 60s, 30m, 1h30m or 2d.
Exit code: 0 done, 1 could not finish (--check: something is wrong), 2 wrong usage.
`)
}

// spelling is how a flag is written: -f, --format NAME|STRING.
func spelling(f *pflag.Flag) string {
	text := "--" + f.Name
	if f.Shorthand != "" {
		text = "-" + f.Shorthand + ", " + text
	}
	if takesValue(f) {
		text += " " + f.Value.Type()
	}
	return text
}

// explanation says what a flag means, and its default.
func explanation(f *pflag.Flag) string {
	if f.DefValue == "" {
		return f.Usage
	}
	return f.Usage + " (default " + f.DefValue + ")"
}

// takesValue tells a flag with a value from a switch.
func takesValue(f *pflag.Flag) bool { return f.NoOptDefVal == "" }

// wrapped breaks a text between words into lines of at most so many bytes, or
// of one word that is longer.
func wrapped(text string, columns int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > columns {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
