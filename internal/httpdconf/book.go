package httpdconf

import (
	"fmt"
	"slices"
	"strings"
)

// clf is the format that a TransferLog has when no LogFormat sets another.
const clf = `%h %l %u %t "%r" %>s %b`

// book takes down what an expanded configuration says about logs. Names are
// resolved at its end, because httpd does so when it opens its logs.
type book struct {
	path     string
	root     string
	main     *host
	hosts    []*host // the virtual ones
	open     []string
	now      *host
	buffered bool
	warnings []Warning
}

// host is a server with the directives that stand in it.
type host struct {
	Server
	formats  map[string]named // by folded name
	standard *named           // of a LogFormat without a name
	logs     []*entry
}

// named is a LogFormat.
type named struct {
	format string
	place  Place
}

// entry is one CustomLog, GlobalLog or TransferLog.
type entry struct {
	directive directive
	target    string
	format    string // or its name; "" for TransferLog
	env, expr string
	global    bool
}

func newBook(path string) *book {
	b := &book{path: path, main: newHost(Server{Main: true})}
	b.now = b.main
	return b
}

func newHost(s Server) *host {
	return &host{Server: s, formats: map[string]named{"clf": {format: clf}}}
}

func (b *book) setRoot(root string) { b.root = root }

// warningLimit bounds how many warnings are kept; many are alike.
const warningLimit = 1000

func (b *book) warn(w Warning) {
	if len(b.warnings) < warningLimit {
		b.warnings = append(b.warnings, w)
	}
}

// take notes a directive of the expanded configuration.
func (b *book) take(d directive) error {
	switch {
	case strings.HasPrefix(d.name, "</"):
		b.closeSection()
		return nil
	case strings.HasPrefix(d.name, "<"):
		return b.openSection(d)
	}
	words := wordsOf(d.args)
	switch fold(d.name) {
	case "logformat":
		return b.logFormat(d, words)
	case "customlog", "globallog":
		return b.customLog(d, words)
	case "transferlog":
		return b.transferLog(d, words)
	case "bufferedlogs":
		return b.bufferedLogs(d, words)
	case "servername":
		if len(words) == 1 && b.inServer(d) == nil {
			b.now.Name = hostName(words[0])
		}
	}
	return nil
}

// hostName takes the scheme and the port off a ServerName.
func hostName(name string) string {
	if _, after, ok := strings.Cut(name, "://"); ok {
		name = after
	}
	name, _, _ = strings.Cut(name, ":")
	return name
}

func (b *book) openSection(d directive) error {
	section := fold(d.name)
	if section == "<virtualhost" {
		end := strings.LastIndexByte(d.args, '>')
		switch {
		case len(b.open) > 0:
			return d.wrong("<VirtualHost> cannot stand in %s>", b.open[len(b.open)-1])
		case end < 0:
			return d.wrong("<VirtualHost> directive missing closing '>'")
		case strings.Trim(d.args[:end], space) == "":
			return d.wrong("<VirtualHost> directive requires additional arguments")
		}
		b.now = newHost(Server{Addresses: wordsOf(d.args[:end]), Place: d.place})
		b.hosts = append(b.hosts, b.now)
	}
	b.open = append(b.open, d.name)
	return nil
}

func (b *book) closeSection() {
	if b.open = b.open[:max(0, len(b.open)-1)]; len(b.open) == 0 {
		b.now = b.main
	}
}

// inServer says whether a directive stands in a server itself.
func (b *book) inServer(d directive) error {
	if n := len(b.open); n > 1 || n == 1 && b.now == b.main {
		return d.wrong("%s not allowed in %s> context", d.name, b.open[n-1])
	}
	return nil
}

func (d directive) wrong(format string, args ...any) *Error {
	return &Error{Place: d.place, Err: fmt.Errorf(format, args...)}
}

func (b *book) logFormat(d directive, words []string) error {
	if err := b.inServer(d); err != nil {
		return err
	}
	switch {
	case len(words) == 0 || len(words) > 2 || words[0] == "":
		e := d.wrong("LogFormat takes 1-2 arguments, a log format string (see docs) and an optional format name")
		e.Want = `LogFormat "%h %l %u %t \"%r\" %>s %b" common, with a backslash before each quotation mark inside`
		return e
	case len(words) == 2:
		b.now.formats[fold(words[1])] = named{words[0], d.place}
	default:
		b.now.standard = &named{words[0], d.place}
	}
	return nil
}

func (b *book) customLog(d directive, words []string) error {
	if err := b.inServer(d); err != nil {
		return err
	}
	e := &entry{directive: d, global: sameName(d.name, "GlobalLog")}
	switch {
	case e.global && b.now != b.main:
		return d.wrong("GlobalLog cannot occur within <VirtualHost> section")
	case len(words) < 2 || len(words) > 3 || words[0] == "" || words[1] == "":
		e := d.wrong("%s takes two or three arguments, a file name, a custom log format string or format name, and an optional \"env=\" or \"expr=\" clause (see docs)", d.name)
		e.Want = d.name + " logs/access.log combined"
		return e
	case len(words) == 3:
		if err := e.clause(words[2]); err != nil {
			return err
		}
	}
	e.target, e.format = words[0], words[1]
	b.now.logs = append(b.now.logs, e)
	return nil
}

func (e *entry) clause(text string) error {
	name, value, _ := strings.Cut(text, "=")
	switch {
	case sameName(name, "env") && strings.TrimPrefix(value, "!") != "":
		e.env = value
	case sameName(name, "env"):
		return e.directive.wrong("missing environment variable name")
	case sameName(name, "expr") && value != "":
		e.expr = value
	case sameName(name, "expr"):
		return e.directive.wrong("missing condition")
	default:
		err := e.directive.wrong("error in condition clause")
		err.Want = "env=NAME, env=!NAME or \"expr=EXPRESSION\""
		return err
	}
	return nil
}

func (b *book) transferLog(d directive, words []string) error {
	if err := b.inServer(d); err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return d.wrong("TransferLog takes one argument, the filename of the access log")
	}
	b.now.logs = append(b.now.logs, &entry{directive: d, target: words[0]})
	return nil
}

func (b *book) bufferedLogs(d directive, words []string) error {
	if len(words) != 1 || !slices.Contains([]string{"on", "off"}, fold(words[0])) {
		return d.wrong("BufferedLogs must be On or Off")
	}
	b.buffered = sameName(words[0], "on")
	return nil
}
