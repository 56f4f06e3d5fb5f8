package retention

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// compilePattern compiles the pattern of a section. carbon's patterns are
// Python's, go-carbon's are Go's. What only Python knows, and what the two read
// differently, is refused; the rest means the same in both, because the names
// of series are plain ASCII without white space.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, errors.New("it is empty; right would be .* for every series")
	}
	if strings.Contains(pattern, "%") {
		return nil, errors.New("carbon's reader of configurations gives % a meaning of its own, go-carbon's does not; right would be a dot in its place")
	}
	if err := refuse(pattern); err != nil {
		return nil, err
	}
	compiled, err := regexp.Compile(pattern)
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		return nil, fmt.Errorf("%s: %q, in Go's regular expressions, which go-carbon and logfeed read patterns with", wrong.Code, wrong.Expr)
	}
	return compiled, err
}

// refuse looks for what Go's package would pass over or give a poor reason for.
func refuse(pattern string) error {
	first := 0 // index of the first character of the class at hand; 0 is none
	for i := 0; i < len(pattern); i++ {
		rest := pattern[i:]
		switch {
		case rest[0] == '\\':
			if first == 0 && len(rest) > 1 && '1' <= rest[1] && rest[1] <= '9' {
				return fmt.Errorf("column %d: %s refers back to a group, which Go's regular expressions cannot; right would be to write out what it may be", i+1, rest[:2])
			}
			i++
		case first > 0:
			if strings.HasPrefix(rest, "[:") {
				return fmt.Errorf("column %d: Python does not know classes such as [:alpha:]; right would be a-zA-Z", i+1)
			}
			if rest[0] == ']' && i > first { // as the first character it stands for itself
				first = 0
			}
		case rest[0] == '[':
			first = i + 1
			if strings.HasPrefix(rest, "[^") {
				first++
				i++
			}
		case strings.HasPrefix(rest, "{,"):
			return fmt.Errorf("column %d: {, counts from 0 in Python and stands for itself in Go; right would be {0,", i+1)
		default:
			if looks := lookaround(rest); looks != "" {
				return fmt.Errorf("column %d: %s looks ahead or behind, which Go's regular expressions cannot; right would be a section of its own, before this one, for the series to be left out", i+1, looks)
			}
		}
	}
	return nil
}

func lookaround(text string) string {
	for _, opening := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.HasPrefix(text, opening) {
			return opening
		}
	}
	return ""
}
