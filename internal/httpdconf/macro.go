package httpdconf

import (
	"fmt"
	"strconv"
	"strings"
)

// macroLine is httpd's limit of a line in a macro.
const macroLine = 8192

// macro is what <Macro> defines.
type macro struct {
	name   string
	where  string // it is defined, as httpd says it
	params []string
	lines  []string
}

// defineMacro reads <Macro name $param ...> up to </Macro>.
func defineMacro(r *reader, in *input, d directive) error {
	end := strings.LastIndexByte(d.args, '>')
	if end < 0 {
		return in.wrong("<Macro> directive missing closing '>'")
	}
	words := wordsOf(d.args[:end])
	if len(words) == 0 || words[0] == "" {
		return in.wrong("<Macro macro definition: name not found")
	}
	source, number := in.at()
	m := &macro{name: fold(words[0]), params: words[1:], where: "defined on line " + strconv.Itoa(number) + ` of "` + source + `"`}
	for i, p := range m.params {
		if p == "" {
			return in.wrong("macro '%s': empty argument #%d name", m.name, i+1)
		}
		for j := range i {
			if m.params[j] == p {
				return in.wrong("argument name conflict in macro '%s': argument '%s': #%d and #%d, change argument names!", m.name, p, j+1, i+1)
			}
		}
	}
	for nesting := 1; ; {
		line, ok, err := r.next(in)
		if err != nil {
			return err
		}
		if !ok {
			return &Error{Place: d.place, Err: in.wrong("macro '%s': expected token not found: </Macro>", m.name).Err}
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		switch first, _ := cutWord(line); fold(first) {
		case "<macro":
			nesting++
		case "</macro>":
			nesting--
		}
		if nesting == 0 {
			break
		}
		m.lines = append(m.lines, line)
	}
	r.macros[m.name] = m
	return nil
}

// useMacro puts the lines of a macro in the place of Use.
func useMacro(r *reader, in *input, d directive) error {
	words := wordsOf(d.args)
	if len(words) == 0 || words[0] == "" {
		return in.wrong("no macro name specified with Use")
	}
	m := r.macros[fold(words[0])]
	if m == nil {
		return in.wrong("macro '%s' undefined", fold(words[0]))
	}
	for _, used := range in.macros {
		if used.name == m.name {
			return in.wrong("recursive use of macro '%s' is invalid", m.name)
		}
	}
	values := words[1:]
	if len(values) != len(m.params) {
		return in.wrong("macro '%s' used with %d arguments instead of %d", m.name, len(values), len(m.params))
	}
	source, number := in.at()
	x := &expansion{name: m.name, where: fmt.Sprintf(`macro '%s' (%s) used on line %d of "%s"`, m.name, m.where, number, source)}
	for _, line := range m.lines {
		filled := m.fill(line, values)
		if len(filled) >= macroLine {
			return in.wrong("macro '%s': cannot substitute, buffer size too small", m.name)
		}
		if err := r.spend(in, len(filled)+1); err != nil {
			return err
		}
		x.lines = append(x.lines, strings.Trim(filled, space))
	}
	in.macros = append(in.macros, x)
	return nil
}

// fill replaces the parameters in a line, the leftmost first, of several there
// the longest. A value for a parameter with @ is put in quotation marks.
// What is too long for httpd may be cut.
func (m *macro) fill(line string, values []string) string {
	var b strings.Builder
	for {
		if b.Len() >= macroLine {
			return b.String()
		}
		at, which := -1, 0
		for i, p := range m.params {
			found := strings.Index(line, p)
			if found >= 0 && (at < 0 || found < at || found == at && len(p) > len(m.params[which])) {
				at, which = found, i
			}
		}
		if at < 0 {
			b.WriteString(line)
			return b.String()
		}
		b.WriteString(line[:at])
		value := values[which]
		if m.params[which][0] == '@' {
			value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
		}
		b.WriteString(value)
		line = line[at+len(m.params[which]):]
	}
}

func undefMacro(r *reader, in *input, d directive) error {
	name := fold(d.args)
	if word, rest := cutWord(d.args); rest == "" {
		name = fold(word)
	}
	if r.macros[name] == nil {
		return in.wrong("cannot remove undefined macro '%s'", name)
	}
	delete(r.macros, name)
	return nil
}
