// Package httpdconf reads an Apache httpd configuration, as httpd 2.4 reads it,
// into the list of access logs that the server writes: where each one goes, in
// which format, for which virtual hosts. It runs no program: what httpd finds
// out at its start (variables, modules, the built-in ServerRoot) is taken from
// the files that the distributions keep beside it.
//
// The order of reading and the rules of words, sections, names and inheritance
// are those of httpd's server/config.c, server/util.c, mod_macro.c and
// mod_log_config.c.
package httpdconf

import (
	"fmt"
	"io/fs"
	"strconv"
)

// Config is what a configuration says about access logs.
type Config struct {
	Path       string // of the file that was read
	ServerRoot string // what relative paths start from
	Servers    []*Server
	Logs       []Log     // in the order in which the configuration names them
	Warnings   []Warning // what could not be known for certain
}

// A Server is the main server or a virtual host.
type Server struct {
	Main      bool
	Name      string   // of ServerName, without scheme and port; "" if it has none
	Addresses []string // of <VirtualHost>
	Place     Place    // of <VirtualHost>
}

// A Log is one way in which lines are written: one CustomLog, GlobalLog or
// TransferLog in one format. A directive whose servers write different formats
// gives several.
type Log struct {
	Directive string // CustomLog, GlobalLog or TransferLog
	Place     Place  // of the directive

	// Path is the file, or with Glob the pattern that the files match which a
	// program writes. It is empty for a pipe whose target is unknown.
	Path string
	Glob bool
	Pipe string // the command line behind the "|", if there is one

	Format      string // as LogFormat has it, after httpd.conf's own unquoting
	Name        string // of the format; "" if the directive holds the format itself
	FormatPlace Place  // where the format is defined; none if it is built in
	Undefined   bool   // Name is not defined, so httpd writes it as it stands on every line
	Old         bool   // so only before httpd 2.4.63; there is another Log for httpd since then

	Servers []*Server // that write to it
	Env     string    // env= clause: only some lines are written
	Expr    string    // expr= clause, likewise
	Buffers bool      // BufferedLogs is on: lines come late and out of order

	Warnings []string // for people
}

// A Warning is something doubtful about the configuration.
type Warning struct {
	Place Place
	Text  string
}

// A Place is a line of a file. Lines that are continued have the number of the
// last one, as in httpd's own messages.
type Place struct {
	File  string
	Line  int
	Macro string // the macro that brought the line, which is then that of its use
}

func (p Place) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
	}
	if p.Macro != "" {
		s += " (macro " + p.Macro + ")"
	}
	return s
}

// Error says what is wrong with a configuration, and where.
type Error struct {
	Place Place
	Err   error  // what is wrong, in httpd's words where it has some
	Want  string // what would be right; "" if that is plain
}

func (e *Error) Error() string {
	s := e.Err.Error()
	if where := e.Place.String(); where != "" {
		s = where + ": " + s
	}
	if e.Want != "" {
		s += "; right would be " + e.Want
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// refusal is a reason in httpd's own words.
type refusal string

func (r refusal) Error() string { return string(r) }

// Options say what a file system does not tell. The zero value is the default.
type Options struct {
	// Getenv looks up a variable of httpd's environment that the files beside
	// the configuration do not set; nil knows none.
	Getenv func(name string) (value string, ok bool)

	limit int // of bytes, for tests; 0 is maxBytes
}

// Read reads the configuration that begins at path, an absolute one, in a file
// system whose root is "/". What apache2 -t -D DUMP_CONFIG prints is read as
// well. An error is an *Error: a configuration that httpd would refuse for what
// is read here, or one that cannot be read.
func Read(fsys fs.FS, path string, o Options) (*Config, error) {
	text, err := readFile(fsys, path, maxBytes)
	if err != nil {
		return nil, &Error{Place: Place{File: path}, Err: fmt.Errorf("could not open configuration file: %w", err)}
	}
	b := newBook(path)
	if isDump(text) {
		err = readDump(path, text, b)
	} else {
		err = read(fsys, path, text, o, b)
	}
	if err != nil {
		return nil, err
	}
	return b.config(), nil
}
