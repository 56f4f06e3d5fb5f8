package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// readFlagsFile sets flags from a file: one "name value" a line, the value
// taken as it stands up to the end of the line, so that a LogFormat needs no
// quoting. Empty lines and lines that begin with # are passed over. What the
// command line has set already stays.
func readFlagsFile(path string, flags *pflag.FlagSet, wrong *mistakes) {
	data, err := os.ReadFile(path)
	if err != nil {
		wrong.add("--flags-file", err)
		return
	}
	onCommandLine := make(map[string]bool)
	flags.Visit(func(f *pflag.Flag) { onCommandLine[f.Name] = true })
	for i, line := range strings.Split(string(data), "\n") {
		name, text, given := splitFlagLine(line)
		if name == "" || onCommandLine[name] {
			continue
		}
		setFromFile(flags, wrong, fmt.Sprintf("%s:%d: ", path, i+1), name, text, given)
	}
}

// splitFlagLine parts one line into a flag's name and its value; given is
// false when there is only a name.
func splitFlagLine(line string) (name, text string, given bool) {
	line = strings.TrimRight(strings.TrimLeft(line, " \t"), "\r")
	if line == "" || line[0] == '#' {
		return "", "", false
	}
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return strings.TrimLeft(line, "-"), "", false
	}
	text = strings.TrimLeft(line[i:], " \t")
	return strings.TrimLeft(line[:i], "-"), text, text != ""
}

func setFromFile(flags *pflag.FlagSet, wrong *mistakes, place, name, text string, given bool) {
	f := flags.Lookup(name)
	switch {
	case f == nil:
		wrong.addf(place+name, "unknown flag")
		return
	case name == "flags-file" || name == "help" || name == "version":
		wrong.addf(place+name, "belongs on the command line only")
		return
	case !given && f.NoOptDefVal == "":
		wrong.addf(place+name, "needs a value after its name")
		return
	case !given:
		text = f.NoOptDefVal
	}
	v := f.Value.(*value)
	v.place = place
	flags.Set(name, text)
	v.place = ""
}
