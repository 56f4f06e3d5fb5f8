package httpdconf

import (
	"strings"
)

// lines are the lines of one file, joined where they are continued.
type lines struct {
	rest   string
	number int // of the last one read
}

// next returns a line without the white space around it. A backslash at the end
// joins the next line with nothing between, in comments too.
func (l *lines) next() (line string, ok bool) {
	if l.rest == "" {
		return "", false
	}
	var joined strings.Builder
	for l.rest != "" {
		l.number++
		one, rest, ended := strings.Cut(l.rest, "\n")
		l.rest = rest
		if i := strings.IndexByte(one, 0); i >= 0 {
			one, ended = one[:i], false // for httpd a line is a C string
		}
		if ended && strings.HasSuffix(strings.TrimSuffix(one, "\r"), `\`) {
			joined.WriteString(strings.TrimSuffix(strings.TrimSuffix(one, "\r"), `\`))
			continue
		}
		joined.WriteString(one)
		break
	}
	return strings.Trim(joined.String(), space), true
}

// space is what separates words.
const space = " \t\n\v\f\r"

func isSpace(c byte) bool { return strings.IndexByte(space, c) >= 0 }

// cutWord takes the first word of a line, "" if there is none. A quoted word
// ends at the same quotation mark, or with the line; in it a backslash protects
// that mark and the backslash. Elsewhere only two backslashes become one.
func cutWord(line string) (word, rest string) {
	line = strings.TrimLeft(line, space)
	if line == "" {
		return "", ""
	}
	quote := line[0]
	if quote != '"' && quote != '\'' {
		end := strings.IndexAny(line, space)
		if end < 0 {
			end = len(line)
		}
		return unquote(line[:end], 0), strings.TrimLeft(line[end:], space)
	}
	end := 1
	for end < len(line) && line[end] != quote {
		if line[end] == '\\' && end+1 < len(line) && (line[end+1] == quote || line[end+1] == '\\') {
			end++
		}
		end++
	}
	end = min(end, len(line))
	return unquote(line[1:end], quote), strings.TrimLeft(line[min(end+1, len(line)):], space)
}

func unquote(s string, quote byte) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || quote != 0 && s[i+1] == quote) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// wordsOf returns all words of a line. Empty words are words only in quotes.
func wordsOf(line string) []string {
	var words []string
	for line = strings.TrimLeft(line, space); line != ""; {
		var word string
		word, line = cutWord(line)
		words = append(words, word)
	}
	return words
}

// expand replaces every ${NAME} that lookup knows, in one pass. The names that
// it does not know stay as they are and are returned. It stops when the result
// is longer than limit.
func expand(line string, limit int, lookup func(name string) (string, bool)) (expanded string, unknown []string) {
	if !strings.Contains(line, "${") {
		return line, nil
	}
	var b strings.Builder
	for b.Len() <= limit {
		i := strings.Index(line, "${")
		if i < 0 {
			break
		}
		end := strings.IndexByte(line[i:], '}')
		if end < 0 {
			break
		}
		name := line[i+2 : i+end]
		b.WriteString(line[:i])
		if value, ok := lookup(name); ok {
			b.WriteString(value)
		} else {
			b.WriteString(line[i : i+end+1])
			unknown = append(unknown, name)
		}
		line = line[i+end+1:]
	}
	b.WriteString(line)
	return b.String(), unknown
}

// fold is how httpd compares names: without case, in ASCII alone.
func fold(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func sameName(a, b string) bool { return fold(a) == fold(b) }
