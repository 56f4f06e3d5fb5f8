package httpdconf

import (
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// isCondition says whether a section, in lower case, is one that httpd decides
// on while it reads.
func isCondition(section string) bool {
	switch section {
	case "<ifmodule", "<ifdefine", "<ifversion", "<iffile", "<ifdirective", "<ifsection":
		return true
	}
	return false
}

// condition says whether the condition of a section is met.
func (r *reader) condition(in *input, section string, d directive) (bool, error) {
	if section == "<ifversion" {
		return r.ifVersion(in, d)
	}
	end := strings.LastIndexByte(d.args, '>')
	if end < 0 {
		return false, in.wrong("%s> directive missing closing '>'", d.name)
	}
	arg, not := strings.CutPrefix(d.args[:end], "!")
	word, _ := cutWord(arg)
	if word == "" {
		return false, in.wrong("%s> directive requires additional arguments", d.name)
	}
	return r.test(in, section, word) != not, nil
}

func (r *reader) test(in *input, section, word string) bool {
	switch section {
	case "<ifmodule":
		return r.modules[word]
	case "<ifdefine":
		return slices.Contains(r.defines, word)
	case "<iffile":
		_, err := fs.Stat(r.fsys, fsName(r.absolute(word)))
		return err == nil
	}
	// Which directives there are depends on all modules that httpd has.
	if !knownDirective(section, word) {
		r.warn(in, "whether httpd knows %s cannot be told here: taken for yes", word)
	}
	return true
}

// knownDirective says whether every httpd that writes logs has a directive.
func knownDirective(section, word string) bool {
	if section == "<ifsection" {
		return slices.Contains([]string{"virtualhost", "directory", "location", "files", "if", "ifmodule", "ifdefine"}, fold(word))
	}
	return slices.Contains([]string{"customlog", "logformat", "transferlog", "globallog", "bufferedlogs", "include", "includeoptional", "define", "servername"}, fold(word))
}

// version is one of httpd's: major, minor, patch.
type version [3]int

// The patch level of httpd is not written in its configuration. What is the
// same for the oldest and for any later 2.4 is certain.
var (
	oldest = version{2, 4, 1}
	newest = version{2, 4, math.MaxInt}
)

// ifVersion evaluates <IfVersion [!]operator version>.
func (r *reader) ifVersion(in *input, d directive) (bool, error) {
	end := strings.LastIndexByte(d.args, '>')
	words := wordsOf(d.args[:max(end, 0)])
	if end < 0 || len(words) == 0 || len(words) > 2 {
		return false, in.wrong("%s> directive missing closing '>'", d.name)
	}
	operator, operand := "=", words[len(words)-1]
	if len(words) == 2 {
		operator = words[0]
	} else if rest := strings.TrimLeft(operand, "!<>=~"); rest != operand {
		return false, &Error{Place: d.place, Err: errVersion, Want: "<IfVersion >= 2.4>"}
	}
	old, err := versionMatches(oldest, operator, operand)
	if err != nil {
		return false, &Error{Place: d.place, Err: err, Want: "<IfVersion >= 2.4>"}
	}
	met, _ := versionMatches(newest, operator, operand)
	if old != met {
		r.warn(in, "<IfVersion %s %s> depends on httpd's patch level: taken for the newest 2.4", operator, operand)
	}
	return met, nil
}

func versionMatches(v version, operator, operand string) (bool, error) {
	if word, not := strings.CutPrefix(operator, "!"); not {
		if word == "" {
			word = "="
		}
		met, err := versionMatches(v, word, operand)
		return !met, err
	}
	pattern, isRegexp := operand, operator == "~"
	if inner, ok := strings.CutPrefix(operand, "/"); ok && (operator == "=" || operator == "==") {
		if pattern, ok = strings.CutSuffix(inner, "/"); !ok {
			return false, refusal("Missing delimiting / of regular expression.")
		}
		isRegexp = true
	}
	if isRegexp {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return false, refusal("Unable to compile regular expression")
		}
		patch := v[2]
		if patch == math.MaxInt {
			patch = 99 // what a pattern for "any" takes
		}
		return re.MatchString(fmt.Sprintf("%d.%d.%d", v[0], v[1], patch)), nil
	}
	order, err := v.compare(operand)
	if err != nil {
		return false, err
	}
	switch operator {
	case "=", "==":
		return order == 0, nil
	case ">":
		return order > 0, nil
	case ">=":
		return order >= 0, nil
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	}
	return false, fmt.Errorf("unrecognized operator '%s'", operator)
}

// compare is negative if v is older than the version in text.
func (v version) compare(text string) (int, error) {
	var other version
	parts := strings.Split(text, ".")
	if len(parts) > len(other) {
		return 0, errVersion
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return 0, errVersion
		}
		other[i] = int(n)
	}
	return slices.Compare(v[:], other[:]), nil
}

const errVersion refusal = "Version appears to be invalid. It must have the format major[.minor[.patch]] where major, minor and patch are numbers."
