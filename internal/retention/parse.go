package retention

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ListError says why a list of archives cannot be read, or why whisper would
// refuse it, and what would be right.
type ListError struct {
	Column int // 1-based byte of the text as it was given to Parse
	Reason string
}

func (e *ListError) Error() string { return "column " + strconv.Itoa(e.Column) + ": " + e.Reason }

// definition is one archive with its place in the text.
type definition struct {
	Archive
	text   string
	column int
}

func (d definition) wrong(format string, args ...any) *ListError {
	return &ListError{Column: d.column, Reason: fmt.Sprintf(format, args...)}
}

// Parse reads a list of archives as carbon does: STEP:SPAN, or STEP:POINTS
// where the second number has no unit, separated by commas, in any order. A
// number without a unit in front of the colon is seconds. Units are s, m, h,
// d, w and y (365 days), or any longer beginning of seconds, minutes, hours,
// days, weeks and years, as whisper reads them. A span that is not a whole
// number of steps is cut down to one. The error is a *ListError.
func Parse(s string) (List, error) {
	var all []definition
	column := 1
	for part := range strings.SplitSeq(s, ",") {
		text := strings.TrimLeft(part, blanks)
		d := definition{text: strings.TrimRight(text, blanks), column: column + len(part) - len(text)}
		if err := d.read(); err != nil {
			return nil, err
		}
		all = append(all, d)
		column += len(part) + len(",")
	}
	slices.SortStableFunc(all, func(a, b definition) int { return int(a.Step - b.Step) })
	for i := range all[1:] {
		if err := checkNeighbours(all[i], all[i+1]); err != nil {
			return nil, err
		}
	}
	list := make(List, len(all))
	for i, d := range all {
		list[i] = d.Archive
	}
	return list, nil
}

const blanks = " \t\r\n\v\f"

// Doubts tells, in sentences for people, what carbon and go-carbon read
// differently in a list that Parse takes, and which of its archives are too
// short to be summed for.
func Doubts(s string) []string {
	var doubts []string
	for part := range strings.SplitSeq(s, ",") {
		part = strings.Trim(part, blanks)
		step, span, _ := strings.Cut(part, ":")
		if strings.Trim(step, digits) != "" && span != "" && strings.Trim(span, digits) == "" {
			doubts = append(doubts, fmt.Sprintf("%s is %s points for carbon, and so for logfeed, but %s seconds for go-carbon; give both numbers a unit, or none", part, span, span))
		}
	}
	if list, err := Parse(s); err == nil {
		doubts = append(doubts, list.short()...)
	}
	return doubts
}

const digits = "0123456789"

// read fills in the archive from the text.
func (d *definition) read() error {
	step, span, ok := strings.Cut(d.text, ":")
	if !ok {
		return d.wrong("%q is no archive; right would be STEP:SPAN, such as 60s:1d, or SECONDS:POINTS, such as 60:1440", d.text)
	}
	var err error
	if d.Step, _, err = quantity(step, d.column); err != nil {
		return err
	}
	if d.Step == 0 {
		return d.wrong("a step of 0 seconds; right would be 60s:1d")
	}
	spanColumn := d.column + len(step) + len(":")
	n, unit, err := quantity(span, spanColumn)
	if err != nil {
		return err
	}
	points := n
	if unit {
		points = n / d.Step
	}
	if points == 0 {
		return &ListError{spanColumn, fmt.Sprintf("an archive without room for one point; right would be at least %s", spell(d.Step))}
	}
	if points > math.MaxUint32/d.Step {
		return &ListError{spanColumn, fmt.Sprintf("%q is too long: whisper has 32 bits for it, which is 136 years", span)}
	}
	d.Span = points * d.Step
	return nil
}

// quantity reads a number with or without a unit, in seconds if it has one.
func quantity(text string, column int) (n int64, unit bool, err error) {
	number := text[:len(text)-len(strings.TrimLeft(text, digits))]
	word := text[len(number):]
	if number == "" {
		return 0, false, &ListError{column, fmt.Sprintf("%q begins with no number; right would be 60s, 5m, 1h, 30d or 3y", text)}
	}
	parsed, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, false, &ListError{column, fmt.Sprintf("%q is too large: whisper has 32 bits for it", number)}
	}
	if word == "" {
		return int64(parsed), false, nil
	}
	seconds, ok := unitSeconds(word)
	if !ok {
		return 0, false, &ListError{column + len(number), fmt.Sprintf("unknown unit %q; known are s, m, h, d, w and y", word)}
	}
	if n = int64(parsed) * seconds; n > math.MaxUint32 {
		return 0, false, &ListError{column, fmt.Sprintf("%q is too long: whisper has 32 bits for it, which is 136 years", text)}
	}
	return n, true, nil
}

// unitSeconds takes what whisper takes: any beginning of a unit's name.
func unitSeconds(word string) (seconds int64, ok bool) {
	for _, u := range []struct {
		name    string
		seconds int64
	}{{"seconds", 1}, {"minutes", 60}, {"hours", 3600}, {"days", 86400}, {"weeks", 7 * 86400}, {"years", 365 * 86400}} {
		if strings.HasPrefix(u.name, word) {
			return u.seconds, true
		}
	}
	return 0, false
}

// checkNeighbours holds whisper's rules for an archive and the next coarser
// one. Their place is that of the coarser one, except where only the finer one
// can be mended.
func checkNeighbours(fine, coarse definition) error {
	ratio := coarse.Step / fine.Step
	switch {
	case coarse.Step == fine.Step:
		return coarse.wrong("two archives with the same step, %s and %s; whisper wants each step once", fine.text, coarse.text)
	case coarse.Step%fine.Step != 0:
		return coarse.wrong("its step is no whole multiple of the one of %s, so whisper cannot make its points of finer ones; right would be a step of %s", fine.text, spell((ratio+1)*fine.Step))
	case coarse.Span <= fine.Span:
		return coarse.wrong("it reaches back no further than %s, but whisper wants coarser archives to; right would be more than %s", fine.text, spell(fine.Span))
	case fine.Span/fine.Step < ratio:
		return fine.wrong("it has %d points, but %d make one of %s; right would be at least %s", fine.Span/fine.Step, ratio, coarse.text, Archive{fine.Step, coarse.Step})
	}
	return nil
}
