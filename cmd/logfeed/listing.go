package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/logfeed/logfeed/internal/httpdconf"
)

// listing writes what a configuration says about logs, for people or as one JSON
// object a line. It is errFound if the configuration holds a mistake.
func listing(w io.Writer, conf *httpdconf.Config, exclude []string, asJSON bool) error {
	logs := assess(conf, exclude, false)
	write := listForPeople
	if asJSON {
		write = listForPrograms
	}
	if err := write(w, conf, logs); err != nil {
		return fmt.Errorf("write the list of logs: %w", err)
	}
	for _, l := range logs {
		if l.mistake {
			return errFound
		}
	}
	return nil
}

// runListing lists the logs of the config's configuration of httpd.
func runListing(_ context.Context, c *config, _ io.Reader, stdout io.Writer, _ *slog.Logger) error {
	return listing(stdout, c.apache, c.exclude, c.checkJSON)
}

// listForPeople writes one paragraph a log.
func listForPeople(w io.Writer, conf *httpdconf.Config, logs []assessment) error {
	var b strings.Builder
	followed := 0
	for _, l := range logs {
		l.paragraph(&b, conf)
		if l.skipped == "" {
			followed++
		}
	}
	fmt.Fprintf(&b, "%s: %d of %d logs can be followed.\n", conf.Path, followed, len(logs))
	if _, text := doubleWarning(logs); text != "" {
		fmt.Fprintf(&b, "Careful: %s.\n", text)
	}
	for _, n := range conf.Warnings {
		fmt.Fprintf(&b, "%s: %s\n", n.Place, n.Text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (l *assessment) paragraph(b *strings.Builder, conf *httpdconf.Config) {
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(b, "  %-9s %s\n", what, text)
		}
	}
	fmt.Fprintln(b, l.target())
	if l.Path != "" && l.Pipe != "" {
		line("pipe", l.Pipe)
	}
	if l.Undefined {
		line("format", l.Name+"  (not defined)")
	} else {
		line("format", strings.TrimSpace(l.Name+"  "+l.Format))
	}
	if l.Name != "" && l.FormatPlace.File != "" {
		line("", "defined at "+l.FormatPlace.String())
	}
	line("written", "by "+l.Directive+" at "+l.Place.String())
	line("for", l.writers(conf))
	if l.Env != "" {
		line("only", "env="+l.Env)
	}
	if l.Expr != "" {
		line("only", "expr="+l.Expr)
	}
	for _, n := range l.notes {
		line("note", n)
	}
	if l.skipped != "" {
		line("NOT READ", l.skipped)
	}
	b.WriteByte('\n')
}

// target is where the lines go.
func (l *assessment) target() string {
	switch {
	case l.Path == "":
		return "| " + l.Pipe
	case l.Glob:
		return l.Path + " (files that a program writes)"
	}
	return l.Path
}

// manyServers is how many servers of a log are listed; the rest is counted.
const manyServers = 20

// writers names the servers that write to a log.
func (l *assessment) writers(conf *httpdconf.Config) string {
	var names []string
	main := false
	for _, s := range l.Servers {
		if s.Main {
			main = true
			continue
		}
		names = append(names, serverName(s))
	}
	more := ""
	if n := len(names) - manyServers; n > 0 {
		names, more = names[:manyServers], fmt.Sprintf(" and %d more", n)
	}
	list := strings.Join(names, ", ") + more
	switch {
	case !main:
		return list
	case len(conf.Servers) == 1:
		return "the main server"
	case len(names) == 0:
		return "the main server; every virtual host has logs of its own"
	case sameName(l.Directive, "GlobalLog"):
		return "the main server and every virtual host: " + list
	}
	return "the main server and the virtual hosts without logs of their own: " + list
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// serverName shows a server with its addresses.
func serverName(s *httpdconf.Server) string {
	if s.Main {
		return "the main server"
	}
	name := s.Name
	if name == "" {
		name = "one without ServerName at " + s.Place.String()
	}
	return name + " (" + strings.Join(s.Addresses, " ") + ")"
}

// listedLog is a log as programs are told of it. Its names are promised.
type listedLog struct {
	Path     string         `json:"path,omitempty"`
	Glob     bool           `json:"glob,omitempty"`
	Pipe     string         `json:"pipe,omitempty"`
	Format   string         `json:"format"`
	Name     string         `json:"name,omitempty"`
	FormatAt string         `json:"format_at,omitempty"`
	By       string         `json:"by"`
	At       string         `json:"at"`
	Servers  []listedServer `json:"servers"`
	Env      string         `json:"env,omitempty"`
	Expr     string         `json:"expr,omitempty"`
	Followed bool           `json:"followed"`
	Why      string         `json:"why,omitempty"` // it is not
	Mistake  bool           `json:"mistake,omitempty"`
	Notes    []string       `json:"notes,omitempty"`
}

type listedServer struct {
	Main      bool     `json:"main,omitempty"`
	Name      string   `json:"name,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	At        string   `json:"at,omitempty"`
}

func listForPrograms(w io.Writer, _ *httpdconf.Config, logs []assessment) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, l := range logs {
		out := listedLog{
			Path: l.Path, Glob: l.Glob, Pipe: l.Pipe, Format: l.Format, Name: l.Name, FormatAt: l.FormatPlace.String(),
			By: l.Directive, At: l.Place.String(), Env: l.Env, Expr: l.Expr,
			Followed: l.skipped == "", Why: l.skipped, Mistake: l.mistake, Notes: l.notes,
		}
		for _, s := range l.Servers {
			out.Servers = append(out.Servers, listedServer{s.Main, s.Name, s.Addresses, s.Place.String()})
		}
		if err := enc.Encode(out); err != nil {
			return err
		}
	}
	return nil
}

// doubleWarning says that requests are counted more than once, if they are.
func doubleWarning(logs []assessment) (servers int, text string) {
	server, paths, servers := doubled(logs)
	if servers == 0 {
		return 0, ""
	}
	text = fmt.Sprintf("%s writes each request to %s, and every line counts: leave out all but one with --exclude", serverName(server), strings.Join(paths, " and "))
	if servers > 1 {
		text += fmt.Sprintf("; so do %d more servers", servers-1)
	}
	return servers, text
}

// told bounds how many records about one configuration are logged.
const told = 10

// report logs what is to be known about a configuration that is followed.
func report(log *slog.Logger, conf *httpdconf.Config, logs []assessment) {
	n := 0
	tell := func(text string, attrs ...any) {
		if n++; n <= told {
			log.Warn(text, attrs...)
		}
	}
	for _, l := range logs {
		switch {
		case l.skipped == "":
			for _, w := range l.Warnings {
				tell("httpd's configuration: "+w, "log", l.Path, "at", l.Place)
			}
		case l.Path != "/dev/null" && !strings.HasPrefix(l.skipped, "--exclude"):
			tell("a log of httpd's configuration is not followed: "+l.skipped, "log", l.target(), "at", l.Place)
		}
	}
	for _, w := range conf.Warnings {
		tell("httpd's configuration: "+w.Text, "at", w.Place)
	}
	if _, text := doubleWarning(logs); text != "" {
		tell("requests are counted more than once: " + text)
	}
	if n > told {
		log.Warn("there is more of this kind, see --httpd-conf with --check", "more", n-told)
	}
}
