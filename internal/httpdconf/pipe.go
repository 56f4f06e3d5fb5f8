package httpdconf

import (
	"path"
	"slices"
	"strings"
)

// pipeTarget returns what a program at the end of a pipe writes to: a file, or a
// pattern for many. It knows rotatelogs and cronolog.
func pipeTarget(command string) (target string, glob, ok bool) {
	command, isShell := strings.CutPrefix(strings.TrimPrefix(command, "|"), "$")
	if isShell && strings.ContainsAny(command, "|&;<>()$`\n") {
		return "", false, false
	}
	words := commandWords(command)
	if len(words) == 0 {
		return "", false, false
	}
	switch base := strings.TrimSuffix(path.Base(words[0]), ".exe"); base {
	case "rotatelogs", "rotatelogs2":
		return rotatelogs(words[1:])
	case "cronolog":
		return cronolog(words[1:])
	}
	return "", false, false
}

// commandWords splits a command as APR does when no shell is asked: by white
// space, with quotation marks around words and a backslash before a character.
func commandWords(command string) []string {
	var words []string
	for {
		command = strings.TrimLeft(command, space)
		if command == "" {
			return words
		}
		var quote byte
		if command[0] == '"' || command[0] == '\'' {
			quote, command = command[0], command[1:]
		}
		var b strings.Builder
		i := 0
		for ; i < len(command); i++ {
			c := command[i]
			if quote != 0 && c == quote || quote == 0 && isSpace(c) {
				break
			}
			if c == '\\' && i+1 < len(command) && (isSpace(command[i+1]) || strings.IndexByte(`"'\`, command[i+1]) >= 0) {
				i++
			}
			b.WriteByte(command[i])
		}
		words = append(words, b.String())
		command = command[min(i+1, len(command)):]
	}
}

// options passes over a program's options: letters that stand alone, letters
// that take a value. It returns those that are there and the other words.
func options(words []string, alone, valued string) (given map[byte]string, rest []string, ok bool) {
	given = map[byte]string{}
	for len(words) > 0 && strings.HasPrefix(words[0], "-") && words[0] != "-" {
		if words[0] == "--" {
			return given, words[1:], true
		}
		word := words[0][1:]
		words = words[1:]
		for word != "" {
			letter := word[0]
			word = word[1:]
			switch {
			case strings.IndexByte(alone, letter) >= 0:
				given[letter] = ""
			case strings.IndexByte(valued, letter) < 0:
				return nil, nil, false
			default:
				if word == "" {
					if len(words) == 0 {
						return nil, nil, false
					}
					word, words = words[0], words[1:]
				}
				given[letter], word = word, ""
			}
		}
	}
	return given, words, true
}

// rotatelogs [-vlfDtTec] [-L link] [-p prog] [-n num] file seconds|size [offset]
// writes to file.nnnnnnnnnn, to file, file.1, …, to file alone, or to what
// strftime makes of file.
func rotatelogs(words []string) (target string, glob, ok bool) {
	given, rest, ok := options(words, "vlfDtTec", "Lpn")
	if !ok || len(rest) < 2 || len(rest) > 3 || rest[0] == "" {
		return "", false, false
	}
	file := rest[0]
	_, truncated := given['t']
	_, numbered := given['n']
	switch {
	case strings.Contains(file, "%"):
		return strftimeGlob(file), true, true
	case truncated:
		return file, false, true
	case numbered:
		return escapeGlob(file) + "{,.[0-9]*}", true, true
	}
	return escapeGlob(file) + "." + strings.Repeat("[0-9]", 10), true, true
}

// cronolog [options] template writes to what strftime makes of template.
func cronolog(words []string) (target string, glob, ok bool) {
	var short []string
	for i := 0; i < len(words); i++ {
		name, isLong := strings.CutPrefix(words[i], "--")
		if !isLong || name == "" {
			short = append(short, words[i])
			continue
		}
		// All long options but these take a value.
		alone := slices.Contains([]string{"american", "european", "once-only", "help", "version"}, name)
		if !alone && !strings.Contains(name, "=") {
			i++
		}
	}
	_, rest, ok := options(short, "aeohV", "HSPlpdszx")
	if !ok || len(rest) != 1 || rest[0] == "" {
		return "", false, false
	}
	if !strings.Contains(rest[0], "%") {
		return rest[0], false, true
	}
	return strftimeGlob(rest[0]), true, true
}

// strftimeGlob makes a pattern out of a file name for strftime.
func strftimeGlob(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '%' || i+1 == len(name) {
			b.WriteString(escapeGlob(name[i : i+1]))
			continue
		}
		i++
		switch name[i] {
		case '%':
			b.WriteByte('%')
		case 'Y', 'G':
			b.WriteString(strings.Repeat("[0-9]", 4))
		case 'm', 'd', 'H', 'I', 'M', 'S', 'y', 'C', 'U', 'V', 'W', 'g':
			b.WriteString("[0-9][0-9]")
		case 'j':
			b.WriteString("[0-9][0-9][0-9]")
		case 'F':
			b.WriteString("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]")
		case 'D':
			b.WriteString("[0-9][0-9]/[0-9][0-9]/[0-9][0-9]")
		default:
			b.WriteByte('*')
		}
	}
	return b.String()
}

// escapeGlob makes a pattern that matches a name alone.
func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `{`, `\{`, `}`, `\}`, `,`, `\,`).Replace(name)
}
