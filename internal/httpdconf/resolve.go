package httpdconf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// config resolves names and inheritance.
func (b *book) config() *Config {
	c := &Config{Path: b.path, ServerRoot: b.root, Servers: []*Server{&b.main.Server}, Warnings: b.warnings}
	for _, h := range b.hosts {
		c.Servers = append(c.Servers, &h.Server)
	}
	for _, h := range append([]*host{b.main}, b.hosts...) {
		for _, e := range h.logs {
			c.Logs = append(c.Logs, b.logsOf(h, e)...)
		}
	}
	return c
}

// logsOf returns the logs of one directive, one for each format in which the
// servers that write to it write.
func (b *book) logsOf(owner *host, e *entry) []Log {
	var logs []Log
	add := func(s *host, l Log) {
		i := slices.IndexFunc(logs, func(o Log) bool { return o.Format == l.Format && o.Undefined == l.Undefined && o.Old == l.Old })
		if i < 0 {
			i, logs = len(logs), append(logs, l)
		}
		if !slices.Contains(logs[i].Servers, &s.Server) {
			logs[i].Servers = append(logs[i].Servers, &s.Server)
		}
	}
	for _, s := range b.writers(owner, e) {
		for _, l := range b.inFormats(b.resolver(owner, s, e), s, e) {
			add(s, l)
		}
	}
	for i := range logs {
		b.describe(&logs[i], e)
	}
	return logs
}

// writers returns the servers that write to a directive's log: the one that it
// stands in, and for the main server's those that inherit it.
func (b *book) writers(owner *host, e *entry) []*host {
	writers := []*host{owner}
	if owner != b.main {
		return writers
	}
	for _, h := range b.hosts {
		if e.global || len(h.logs) == 0 {
			writers = append(writers, h)
		}
	}
	return writers
}

// resolver returns the server whose names count for a log that s writes to. A log
// of the main server is opened once, but its name is looked up again for every
// virtual host that inherits it, the first one in the configuration last; what is
// found last counts for all.
func (b *book) resolver(owner, s *host, e *entry) *host {
	if owner != b.main || e.format == "" {
		return s
	}
	for _, h := range b.hosts {
		if len(h.logs) == 0 && b.defines(h, e.format) {
			return h
		}
	}
	return b.main
}

func (b *book) defines(h *host, name string) bool {
	_, own := h.formats[fold(name)]
	_, inherited := b.main.formats[fold(name)]
	return own || inherited
}

// inFormats returns the log as server s writes it, with the names of the server
// names. It is more than one where it depends on httpd's patch level.
func (b *book) inFormats(names, s *host, e *entry) []Log {
	word := e.format
	var place Place
	if word == "" {
		standard := s.standard
		if standard == nil {
			standard = b.main.standard
		}
		if standard == nil {
			return []Log{{Format: clf, Name: "CLF"}}
		}
		word, place = standard.format, standard.place
	}
	own, inOwn := names.formats[fold(word)]
	base, inMain := b.main.formats[fold(word)]
	switch {
	case inOwn && inMain && own.format != base.format:
		note := fmt.Sprintf("%s is defined here and in the main server: before httpd 2.4.63 the main server's counts, since then the other; lines are read by either", word)
		return []Log{
			{Name: word, Format: own.format, FormatPlace: own.place, Warnings: []string{note}},
			{Name: word, Format: base.format, FormatPlace: base.place, Old: true, Warnings: []string{note}},
		}
	case inOwn:
		return []Log{{Name: word, Format: own.format, FormatPlace: own.place}}
	case inMain:
		return []Log{{Name: word, Format: base.format, FormatPlace: base.place}}
	case strings.Contains(word, "%"):
		if place == (Place{}) {
			place = e.directive.place
		}
		return []Log{{Format: word, FormatPlace: place}}
	}
	return []Log{{Name: word, Format: word, Undefined: true, Warnings: []string{b.undefined(names, word)}}}
}

// undefined words the mistake of a name that nothing defines.
func (b *book) undefined(h *host, word string) string {
	known := maps.Clone(b.main.formats)
	maps.Copy(known, h.formats)
	text := fmt.Sprintf("no LogFormat defines %q, so httpd writes this word on every line", word)
	for _, other := range b.hosts {
		if n, ok := other.formats[fold(word)]; ok && other != h {
			return text + fmt.Sprintf("; the definition at %s counts only inside its <VirtualHost>", n.place)
		}
	}
	return text + "; defined here are " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}

// describe fills in what a log has of its directive.
func (b *book) describe(l *Log, e *entry) {
	l.Directive, l.Place = e.directive.name, e.directive.place
	l.Env, l.Expr, l.Buffers = e.env, e.expr, b.buffered
	for _, name := range e.directive.vague {
		l.Warnings = append(l.Warnings, fmt.Sprintf("the variable %s is not defined here: set it in logfeed's environment to what httpd has", name))
	}
	command, isPipe := strings.CutPrefix(e.target, "|")
	if !isPipe {
		l.Path = below(b.root, e.target)
		return
	}
	l.Pipe = command
	if target, glob, ok := pipeTarget(command); ok {
		l.Path, l.Glob = below(b.root, target), glob
	}
}
