package httpdconf

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A directive is one line of the expanded configuration: of a section its
// beginning, with a name that starts with "<", or its end, with "</".
type directive struct {
	name  string
	args  string // as they stand, the ">" of a section's beginning included
	place Place
	vague []string // variables in it that nobody has defined

	source string // the name that httpd has for the file, or for the macro in use
	number int    // of the line there
}

// A taker takes the expanded configuration, directive by directive. An error
// ends the reading.
type taker interface {
	take(d directive) error
	setRoot(root string)
	warn(w Warning)
}

const (
	// maxDepth is httpd's own limit of Includes inside each other, and of
	// directories below one that is included.
	maxDepth = 128
	// maxBytes bounds everything that is read and expanded: macros that use
	// each other can make very much out of very little. The largest real
	// configurations have a few MB.
	maxBytes = 64 << 20
)

// reader expands a configuration: it executes what httpd executes while it
// reads, and hands the rest on.
type reader struct {
	fsys    fs.FS
	out     taker
	root    string // ServerRoot so far
	env     func(name string) (string, bool)
	defines []string          // of Define and -D; case counts
	vars    map[string]string // values of Define, by folded name
	modules map[string]bool   // identifiers and names of source files
	macros  map[string]*macro // by folded name
	budget  int               // bytes that may still be read
	depth   int               // of Includes
}

// read expands the configuration that begins with the text of file.
func read(fsys fs.FS, file, text string, o Options, out taker) error {
	l := layoutOf(fsys, file)
	r := &reader{
		fsys: fsys, out: out, root: l.root, defines: l.defines,
		vars: map[string]string{}, modules: map[string]bool{}, macros: map[string]*macro{}, budget: maxBytes,
	}
	if o.limit > 0 {
		r.budget = o.limit
	}
	r.env = func(name string) (string, bool) {
		if v, ok := l.env[name]; ok {
			return v, true
		}
		if o.Getenv != nil {
			return o.Getenv(name)
		}
		return "", false
	}
	for _, m := range l.modules {
		r.addModule(m)
	}
	for _, w := range l.warnings {
		out.warn(w)
	}
	for _, part := range []*input{
		{lines: lines{rest: l.before}, file: l.source, made: true},
		{lines: lines{rest: text}, file: file},
		{lines: lines{rest: l.after}, file: l.source, made: true},
	} {
		if err := r.body(part, ""); err != nil {
			return err
		}
	}
	out.setRoot(r.root)
	return nil
}

// readFile reads a regular file of at most limit bytes.
func readFile(fsys fs.FS, name string, limit int) (string, error) {
	info, err := fs.Stat(fsys, fsName(name))
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		// Anything else may block for ever.
		return "", errors.New("not a regular file")
	}
	if info.Size() > int64(limit) {
		return "", errTooLarge
	}
	text, err := fs.ReadFile(fsys, fsName(name))
	if err == nil && len(text) > limit {
		return "", errTooLarge
	}
	return string(text), err
}

var errTooLarge = fmt.Errorf("the configuration has more than %d MiB when it is expanded: do macros use each other?", maxBytes>>20)

// fsName is the name that an fs.FS has for an absolute path.
func fsName(p string) string {
	if p = strings.TrimPrefix(path.Clean("/"+p), "/"); p == "" {
		return "."
	}
	return p
}

// input is where lines come from: a file, or for a while the macro that it
// uses.
type input struct {
	lines
	file   string
	made   bool         // the lines stand in no file
	macros []*expansion // the one in use last
}

// expansion is a macro that is being used.
type expansion struct {
	name   string
	where  string // what httpd calls the place of its lines
	lines  []string
	number int // of the last one read
}

func (in *input) next() (string, bool) {
	for len(in.macros) > 0 {
		m := in.macros[len(in.macros)-1]
		if len(m.lines) == 0 {
			in.macros = in.macros[:len(in.macros)-1]
			continue
		}
		line := m.lines[0]
		m.lines = m.lines[1:]
		m.number++
		return line, true
	}
	return in.lines.next()
}

// at returns where the last line stands in httpd's terms.
func (in *input) at() (source string, number int) {
	if n := len(in.macros); n > 0 {
		return in.macros[n-1].where, in.macros[n-1].number
	}
	return in.file, in.number
}

func (in *input) place() Place {
	p := Place{File: in.file}
	if !in.made {
		p.Line = in.number
	}
	if len(in.macros) > 0 {
		p.Macro = in.macros[0].name
	}
	return p
}

func (in *input) wrong(format string, args ...any) *Error {
	return &Error{Place: in.place(), Err: fmt.Errorf(format, args...)}
}

// next takes a line out of in and out of the budget.
func (r *reader) next(in *input) (string, bool, error) {
	line, ok := in.next()
	return line, ok, r.spend(in, len(line)+1)
}

func (r *reader) spend(in *input, n int) error {
	if r.budget -= n; r.budget < 0 {
		return &Error{Place: in.place(), Err: errTooLarge}
	}
	return nil
}

// file reads one file.
func (r *reader) file(name string) error {
	text, err := readFile(r.fsys, name, r.budget)
	if err != nil {
		return fmt.Errorf("could not open configuration file %s: %w", name, err)
	}
	return r.body(&input{lines: lines{rest: text}, file: name}, "")
}

// body reads lines up to the end of the section end, or of the file. Sections
// that begin in a body end in it.
func (r *reader) body(in *input, end string) error {
	var open []directive
	for {
		line, ok, err := r.next(in)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if end != "" && len(open) == 0 && sameName(line, "</"+end+">") {
			return nil
		}
		if err := r.statement(in, line, &open); err != nil {
			return err
		}
	}
	for _, d := range slices.Backward(open) {
		if end == "" {
			return &Error{Place: d.place, Err: fmt.Errorf("%s> was not closed", d.name)}
		}
		// httpd takes the end of the file for the end of what is open here.
		if err := r.out.take(d.end()); err != nil {
			return err
		}
	}
	return nil
}

// statement executes a line or hands it on. open are the sections that are not
// closed yet.
func (r *reader) statement(in *input, line string, open *[]directive) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	line, unknown := expand(line, r.budget, r.lookup)
	if err := r.spend(in, len(line)); err != nil {
		return err
	}
	name, args := cutWord(line)
	if name == "" {
		return nil
	}
	if !strings.HasPrefix(name, "</") {
		if name = strings.TrimSuffix(name, ">"); name == "" {
			return in.wrong("Invalid command '>'")
		}
		if strings.HasPrefix(name, "<") && args == "" {
			args = ">"
		}
	}
	d := directive{name: name, args: args, place: in.place(), vague: unknown}
	d.source, d.number = in.at()
	if done, err := r.execute(in, d); done || err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(name, "</"):
		return r.closeSection(in, d, open)
	case name[0] == '<' && len(name) > 1:
		*open = append(*open, d)
	}
	return r.out.take(d)
}

func (r *reader) closeSection(in *input, d directive, open *[]directive) error {
	name, ended := strings.CutSuffix(d.name[2:], ">")
	if len(*open) == 0 {
		return in.wrong("%s without matching <%s section", d.name, d.name[2:])
	}
	if !ended {
		return in.wrong("%s> directive missing closing '>'", d.name)
	}
	last := (*open)[len(*open)-1]
	if !sameName(name, last.name[1:]) {
		return in.wrong("Expected </%s> but saw %s", last.name[1:], d.name)
	}
	*open = (*open)[:len(*open)-1]
	return r.out.take(last.end())
}

// end returns the end of a section.
func (d directive) end() directive {
	d.name, d.args, d.vague, d.number = "</"+d.name[1:], ">", nil, 0
	return d
}

// skip passes over a section whose condition is not met.
func (r *reader) skip(in *input, section string) error {
	open := []string{section}
	for {
		line, ok, err := r.next(in)
		if err != nil {
			return err
		}
		if !ok {
			return in.wrong("Expected </%s> before end of configuration", open[len(open)-1])
		}
		name, args := cutWord(line)
		last := len(open) - 1
		switch {
		case strings.HasPrefix(name, "</"):
			if len(name) == 2 || !sameName(name[2:len(name)-1], open[last]) {
				return in.wrong("Expected </%s> but saw %s", open[last], name)
			}
			if open = open[:last]; len(open) == 0 {
				return nil
			}
		case strings.HasPrefix(name, "<"):
			if args == "" {
				name = strings.TrimSuffix(name, ">")
			}
			open = append(open, name[1:])
		}
	}
}

// lookup is how ${NAME} is read.
func (r *reader) lookup(name string) (string, bool) {
	if v, ok := r.vars[fold(name)]; ok {
		return v, true
	}
	return r.env(name)
}

func (r *reader) warn(in *input, format string, args ...any) {
	r.out.warn(Warning{in.place(), fmt.Sprintf(format, args...)})
}

// absolute returns a path that may be relative to the ServerRoot so far.
func (r *reader) absolute(name string) string { return below(r.root, name) }

func below(root, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join("/", root, name)
}
