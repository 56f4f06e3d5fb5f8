package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/rollup"
)

const completions = "../../deploy/completions"

// TestCompletions holds the completions of three shells and the flags together.
func TestCompletions(t *testing.T) {
	made(t, filepath.Join(completions, "logfeed.bash"), bashCompletion())
	made(t, filepath.Join(completions, "_logfeed"), zshCompletion())
	made(t, filepath.Join(completions, "logfeed.fish"), fishCompletion())
}

// words returns what a flag's value may be, if that is a few words; files says
// whether it names a file or a directory.
func words(f *pflag.Flag) (choices []string, files bool) {
	switch kind := f.Value.Type(); {
	case f.Name == "format":
		return apachelog.Nicknames(), false
	case f.Name == "dialect":
		return apachelog.Dialects(), false
	case f.Name == "metrics":
		return rollup.Metrics(), false
	case f.Name == "log-level":
		return []string{"debug", "info", "warn", "error"}, false
	case takesValue(f) && kind == strings.ToLower(kind):
		return strings.Split(kind, "|"), false
	default:
		return nil, slices.ContainsFunc(strings.Split(kind, "|"), func(k string) bool {
			return slices.Contains([]string{"PATH", "FILE", "DIR", "GLOB"}, k) && f.Name != "prefix"
		})
	}
}

// brief is the first thing that is said of a flag.
func brief(f *pflag.Flag) string {
	return regexp.MustCompile(`(; |: |\. | \().*`).ReplaceAllString(f.Usage, "")
}

const madeOfFlags = "# Made of the flags by make manual.\n"

func bashCompletion() string {
	var names, files, plain []string
	var choices strings.Builder
	everyFlag(func(f *pflag.Flag) {
		spelled := []string{"--" + f.Name}
		names = append(names, "--"+f.Name)
		if f.Shorthand != "" {
			spelled = append(spelled, "-"+f.Shorthand)
		}
		switch some, path := words(f); {
		case !takesValue(f):
		case len(some) > 0:
			fmt.Fprintf(&choices, "\t%s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$word\") ;;\n", strings.Join(spelled, "|"), strings.Join(some, " "))
		case path:
			files = append(files, spelled...)
		default:
			plain = append(plain, spelled...)
		}
	})
	return madeOfFlags + `
_logfeed() {
	local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]}
	# bash takes the = of --flag=value for a word of its own.
	if [[ $word == = ]]; then
		word=
	elif [[ $flag == = ]]; then
		flag=${COMP_WORDS[COMP_CWORD-2]}
	fi
	case $flag in
` + choices.String() + `	` + strings.Join(plain, "|") + `) ;;
	` + strings.Join(files, "|") + `) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	*)
		if [[ $word == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '` + strings.Join(names, " ") + `' -- "$word")
		else
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
		fi
		;;
	esac
}
complete -F _logfeed logfeed
`
}

func zshCompletion() string {
	var b strings.Builder
	b.WriteString("#compdef logfeed\n" + madeOfFlags + "\n_arguments -s -S \\\n")
	quote := strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`)
	everyFlag(func(f *pflag.Flag) {
		value := ""
		if takesValue(f) {
			value = ":" + quote.Replace(f.Value.Type()) + ":"
			if some, path := words(f); len(some) > 0 {
				value += "(" + strings.Join(some, " ") + ")"
			} else if path {
				value += "_files"
			}
		}
		spec := func(name, equal string) string {
			return fmt.Sprintf("  '*%s%s[%s]%s' \\\n", name, equal, quote.Replace(brief(f)), value)
		}
		if f.Shorthand != "" {
			b.WriteString(spec("-"+f.Shorthand, ""))
		}
		if takesValue(f) {
			b.WriteString(spec("--"+f.Name, "="))
		} else {
			b.WriteString(spec("--"+f.Name, ""))
		}
	})
	b.WriteString("  '*:file:_files'\n")
	return b.String()
}

func fishCompletion() string {
	var b strings.Builder
	b.WriteString(madeOfFlags + "\n")
	quote := strings.NewReplacer(`\`, `\\`, "'", `\'`)
	everyFlag(func(f *pflag.Flag) {
		fmt.Fprintf(&b, "complete -c logfeed -l %s", f.Name)
		if f.Shorthand != "" {
			fmt.Fprintf(&b, " -s %s", f.Shorthand)
		}
		switch some, path := words(f); {
		case !takesValue(f):
		case len(some) > 0:
			fmt.Fprintf(&b, " -x -a '%s'", strings.Join(some, " "))
		case path:
			b.WriteString(" -r -F")
		default:
			b.WriteString(" -x")
		}
		fmt.Fprintf(&b, " -d '%s'\n", quote.Replace(brief(f)))
	})
	return b.String()
}
