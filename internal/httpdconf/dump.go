package httpdconf

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Dump writes the expanded configuration as apache2 -t -D DUMP_CONFIG does, so
// that the two can be compared: each directive on a line, with its place above
// it. Only names that httpd knows are written here as they were, not as httpd
// spells them. An error is an *Error, or one of writing.
func Dump(w io.Writer, fsys fs.FS, path string, o Options) error {
	text, err := readFile(fsys, path, maxBytes)
	if err != nil {
		return &Error{Place: Place{File: path}, Err: err}
	}
	d := &dumper{w: bufio.NewWriter(w)}
	if err := read(fsys, path, text, o, d); err != nil {
		return err
	}
	return d.w.Flush()
}

// dumper writes directives as they come.
type dumper struct {
	w      *bufio.Writer
	source string
	filled []bool // whether each open section has something in it
}

func (d *dumper) setRoot(string) {}
func (d *dumper) warn(Warning)   {}

func (d *dumper) take(x directive) error {
	if strings.HasPrefix(x.name, "</") {
		last := len(d.filled) - 1
		filled := d.filled[last]
		if d.filled = d.filled[:last]; filled { // mod_info leaves out the end of an empty section
			d.line(x, x.name+">")
		}
		return nil
	}
	if n := len(d.filled); n > 0 {
		d.filled[n-1] = true
	}
	d.line(x, x.name+" "+x.args)
	if x.name[0] == '<' {
		d.filled = append(d.filled, false)
	}
	return nil
}

func (d *dumper) line(x directive, text string) {
	indent := strings.Repeat("  ", len(d.filled))
	if d.source != x.source {
		d.source = x.source
		fmt.Fprintf(d.w, "# In file: %s\n", x.source)
	}
	if x.number > 0 {
		fmt.Fprintf(d.w, "%s#%4d:\n", indent, x.number)
	}
	fmt.Fprintf(d.w, "%s%s\n", indent, text)
}

var (
	dumpFile  = regexp.MustCompile(`^# In file: (.*)$`)
	dumpLine  = regexp.MustCompile(`^ *# *([0-9]+):$`)
	dumpMacro = regexp.MustCompile(`^.*macro '([^']*)' \(.* used on line ([0-9]+) of "([^"]*)"+$`)
	dumpRoot  = regexp.MustCompile(`^ServerRoot: "(.*)"$`)
)

// isDump says whether text is what -D DUMP_CONFIG prints, perhaps among other
// things that httpd says.
func isDump(text string) bool {
	return strings.HasPrefix(text, "# In file: ") || strings.Contains(text, "\n# In file: ")
}

// dump is an expanded configuration that is being read. Its indentation tells
// where a section ends that has nothing in it.
type dump struct {
	b    *book
	at   Place
	root string
	open []directive
}

// readDump reads what mod_info writes. The ServerRoot is not in it; -D
// DUMP_RUN_CFG adds it, and without that the path of the first file tells.
func readDump(file, text string, b *book) error {
	d := &dump{b: b}
	for line := range strings.Lines(text) {
		if err := d.line(strings.TrimRight(line, space)); err != nil {
			return err
		}
	}
	if d.root == "" {
		d.root = path.Dir(file)
	}
	b.setRoot(d.root)
	return d.closeTo(0)
}

func (d *dump) line(line string) error {
	if m := dumpFile.FindStringSubmatch(line); m != nil {
		d.at = placeOf(m[1])
		if d.root == "" && path.IsAbs(d.at.File) {
			d.root = rootOf(d.at.File)
		}
		return nil
	}
	if m := dumpLine.FindStringSubmatch(line); m != nil {
		if d.at.Macro == "" {
			d.at.Line, _ = strconv.Atoi(m[1]) // too long a number is not a line
		}
		return nil
	}
	if m := dumpRoot.FindStringSubmatch(line); m != nil {
		d.root = m[1]
		return nil
	}
	text := strings.TrimLeft(line, " ")
	if d.at.File == "" || text == "" || text[0] == '#' {
		return nil
	}
	return d.directive(text, (len(line)-len(text))/2)
}

// directive takes one that stands below level sections.
func (d *dump) directive(text string, level int) error {
	name, args, _ := strings.Cut(text, " ")
	x := directive{name: name, args: strings.Trim(args, space), place: d.at}
	if strings.HasPrefix(name, "</") {
		if level >= len(d.open) {
			return &Error{Place: d.at, Err: fmt.Errorf("%s without matching section in a dump", name), Want: "the output of apache2ctl -t -D DUMP_CONFIG as it is, indentation included"}
		}
		return d.closeTo(level)
	}
	if err := d.closeTo(level); err != nil {
		return err
	}
	if name[0] == '<' {
		d.open = append(d.open, x)
	}
	return d.b.take(x)
}

func (d *dump) closeTo(level int) error {
	for len(d.open) > level {
		last := len(d.open) - 1
		if err := d.b.take(d.open[last].end()); err != nil {
			return err
		}
		d.open = d.open[:last]
	}
	return nil
}

// placeOf reads what follows "In file:", which for lines of a macro says where
// it was used.
func placeOf(text string) Place {
	m := dumpMacro.FindStringSubmatch(text)
	if m == nil {
		return Place{File: text}
	}
	line, _ := strconv.Atoi(m[2]) // too long a number is not a line
	return Place{File: m[3], Line: line, Macro: m[1]}
}

// rootOf guesses the ServerRoot from the path of the first file of a dump.
func rootOf(file string) string {
	dir := path.Dir(file)
	if base := path.Base(dir); base == "conf" || base == "conf.d" || strings.HasSuffix(base, "-enabled") {
		return path.Dir(dir)
	}
	return dir
}
