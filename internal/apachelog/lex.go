package apachelog

import (
	"fmt"
	"strings"
)

// item is one piece of a format: a literal, or a directive with what it was
// given.
type item struct {
	lit    string // of a literal: the bytes as they stand in the log
	row    *directive
	value  value  // what the values of row look like, by this writer
	source string // of a directive: as it was written, "%{Referer}i"
	arg    string
	final  bool // asks the final request of an internal redirect
	cond   bool // logs "-" unless the status is, or is not, one of a list
}

// spelled is a format string after the unquoting of the configuration file.
// at holds the byte of the original string that each byte came from.
type spelled struct {
	s  string
	at []int
}

// column returns the 1-based column, in the string as it was given, of byte i.
func (f spelled) column(i int) int {
	if i < len(f.at) {
		return f.at[i] + 1
	}
	if len(f.at) > 0 {
		return f.at[len(f.at)-1] + 2
	}
	return 1
}

// unquote undoes the quoting of httpd.conf if the string holds \", which means
// nothing outside of it. The string may stand in the quotation marks of its
// configuration line or without them. A missing end quote is accepted, as httpd
// does.
func unquote(format string) (spelled, error) {
	in := []byte(format)
	from, to := 0, len(in)
	quote := byte('"')
	if !strings.Contains(format, `\"`) {
		return take(in, 0, to, 0), nil
	}
	switch {
	case in[0] == '"':
		from = 1
		end := closingQuote(in, quote)
		if rest := strings.TrimSpace(format[min(end+1, len(in)):]); rest != "" {
			return spelled{}, &FormatError{Column: end + 2, Err: fmt.Errorf("text after the closing quotation mark: %s", rest)}
		}
		to = end
	case in[0] == '\'' && closingQuote(in, '\'') == len(in)-1:
		quote, from, to = '\'', 1, len(in)-1
	}
	return take(in, from, to, quote), nil
}

// closingQuote returns where the word that begins with a quotation mark ends.
func closingQuote(in []byte, quote byte) int {
	for i := 1; i < len(in); i++ {
		switch {
		case in[i] == '\\' && i+1 < len(in) && (in[i+1] == quote || in[i+1] == '\\'):
			i++
		case in[i] == quote:
			return i
		}
	}
	return len(in)
}

// take copies in[from:to]. If quote is not 0, a backslash before it or before
// another backslash is dropped.
func take(in []byte, from, to int, quote byte) spelled {
	out := make([]byte, 0, to-from)
	at := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		if quote != 0 && in[i] == '\\' && i+1 < to && (in[i+1] == quote || in[i+1] == '\\') {
			i++
		}
		out = append(out, in[i])
		at = append(at, i)
	}
	return spelled{string(out), at}
}

// lex splits a format into items as httpd does, literals merged.
func lex(d *dialect, f spelled) ([]item, error) {
	var items []item
	var lit []byte
	flush := func() {
		if len(lit) > 0 {
			items = append(items, item{lit: string(lit)})
			lit = nil
		}
	}
	for i := 0; i < len(f.s); {
		switch {
		case f.s[i] != '%':
			var c byte
			c, i = literalByte(f.s, i)
			lit = append(lit, c)
		case strings.HasPrefix(f.s[i:], "%%"):
			lit = append(lit, '%')
			i += 2
		default:
			it, next, err := lexDirective(d, f.s, i)
			if err != nil {
				return nil, &FormatError{Column: f.column(i), Directive: it.source, Err: err}
			}
			flush()
			items = append(items, it)
			i = next
		}
	}
	flush()
	return items, nil
}

// literalByte undoes the escapes of literal text: \\ \n \r \t; every other
// backslash stands for itself.
func literalByte(s string, i int) (c byte, next int) {
	if s[i] == '\\' && i+1 < len(s) {
		switch s[i+1] {
		case '\\':
			return '\\', i + 2
		case 'n':
			return '\n', i + 2
		case 'r':
			return '\r', i + 2
		case 't':
			return '\t', i + 2
		}
	}
	return s[i], i + 1
}

// lexDirective reads the directive whose percent sign is s[start]. Modifiers and
// the argument come in any order; of two arguments, and of two of < and >, the
// last wins.
func lexDirective(d *dialect, s string, start int) (it item, next int, err error) {
	var codes, orig, asked bool
	for i := start + 1; i < len(s); {
		switch c := s[i]; {
		case c == '!', c == ',':
			i++
		case c == '<', c == '>':
			asked, orig = true, c == '<'
			i++
		case c >= '0' && c <= '9':
			codes = true
			i++
		case c == '{':
			it.arg, i = lexArg(s, i+1)
		default:
			name, end := directiveName(d, s, i)
			it.source = s[start:end]
			it.row = d.lookup(name, it.arg)
			if it.row == nil {
				return it, 0, refusedUnknown + refusal(logged(s[i]))
			}
			it.value = d.grammar(it.row)
			// Negated or not, a list means that the value may be "-", and without
			// a list there is no condition.
			it.cond = codes
			it.final = !orig
			if !asked {
				it.final = !it.row.orig
			}
			return it, end, nil
		}
	}
	it.source = s[start:]
	return it, 0, refusedRanOff
}

// lexArg reads an argument up to the first closing brace and swallows all that
// follow it directly.
func lexArg(s string, i int) (arg string, next int) {
	n := strings.IndexByte(s[i:], '}')
	if n < 0 {
		return s[i:], len(s)
	}
	arg = s[i : i+n]
	for i += n; i < len(s) && s[i] == '}'; i++ {
	}
	return arg, i
}

// directiveName returns the letter at s[i], or the three bytes of a name that
// starts with ^ if there is such a directive.
func directiveName(d *dialect, s string, i int) (name string, end int) {
	if s[i] == '^' && i+3 <= len(s) && d.lookup(s[i:i+3], "") != nil {
		return s[i : i+3], i + 3
	}
	return s[i : i+1], i + 1
}

// logged writes a byte as httpd's own messages do.
func logged(c byte) string {
	if c == '\\' {
		return `\\`
	}
	return visible(c)
}

// visible writes a byte for people.
func visible(c byte) string {
	if c < 0x20 || c >= 0x7f {
		return fmt.Sprintf(`\x%02x`, c)
	}
	return string(c)
}
