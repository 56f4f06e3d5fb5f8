package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/httpdconf"
	"github.com/logfeed/logfeed/internal/tail"
)

// An accessLog is a log, or several of which a pattern tells: by which formats its
// lines are read, and whose they are.
type accessLog struct {
	path    string // absolute, as the configuration has it
	glob    bool
	real    string              // path with the links in its directory resolved
	formats []*apachelog.Format // in the order in which a line is tried by them
	vhost   string              // ServerName, if all that write to it have the same one
}

// accessLogs are all logs that are known. Its methods are for one goroutine.
type accessLogs struct {
	all   []*accessLog
	rest  *accessLog            // what a log is taken for that is none of them
	found map[string]*accessLog // by path, what of has answered
}

// vhostKnown says whether it is known of every log in a format whose lines are
// in it.
func (s *accessLogs) vhostKnown(f *apachelog.Format) bool {
	return len(s.all) > 0 && !slices.ContainsFunc(s.all, func(l *accessLog) bool { return l.vhost == "" && slices.Contains(l.formats, f) })
}

// commandLine gives every log the formats of the command line.
func commandLine(formats []*apachelog.Format) *accessLogs {
	return &accessLogs{rest: &accessLog{formats: formats}, found: make(map[string]*accessLog)}
}

// configured gives each log the formats that Apache's configuration gives it,
// and to others all of them. Of formats of which one file is to be read, those
// come first that ask for the most, and those last whose lines may have more
// than one reading.
func configured(logs []assessment) *accessLogs {
	s := &accessLogs{rest: &accessLog{}, found: make(map[string]*accessLog)}
	byPath := make(map[string]*accessLog)
	names := make(map[*accessLog]map[string]bool)
	for _, l := range logs {
		if l.format == nil || l.Path == "" {
			continue
		}
		one := byPath[l.Path]
		if one == nil {
			one = &accessLog{path: l.Path, glob: l.Glob, real: resolved(l.Path)}
			byPath[l.Path], names[one] = one, make(map[string]bool)
			s.all = append(s.all, one)
		}
		one.formats = addFormat(one.formats, l.format)
		s.rest.formats = addFormat(s.rest.formats, l.format)
		for _, server := range l.Servers {
			names[one][server.Name] = true
		}
	}
	shared := make(map[string][]*apachelog.Format)
	for _, one := range append(s.all, s.rest) {
		one.formats = share(shared, one.formats)
	}
	for one, servers := range names {
		for name := range servers {
			if len(servers) == 1 {
				one.vhost = name
			}
		}
	}
	return s
}

// share returns a list that is equal to formats, and the same for all such.
func share(shared map[string][]*apachelog.Format, formats []*apachelog.Format) []*apachelog.Format {
	var key strings.Builder
	for _, f := range formats {
		key.WriteString(f.String())
		key.WriteByte(0) // no format holds it
	}
	if shared[key.String()] == nil {
		shared[key.String()] = formats
	}
	return shared[key.String()]
}

func addFormat(formats []*apachelog.Format, f *apachelog.Format) []*apachelog.Format {
	if slices.Contains(formats, f) {
		return formats
	}
	formats = append(slices.Clip(formats), f)
	slices.SortStableFunc(formats, func(a, b *apachelog.Format) int {
		if a.Ambiguous() != b.Ambiguous() {
			if a.Ambiguous() {
				return 1
			}
			return -1
		}
		return cmp.Compare(len(b.Directives()), len(a.Directives()))
	})
	return formats
}

// resolved follows the links in the directory of a path; some distributions
// have one at the ServerRoot's logs.
func resolved(path string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return path
	}
	return filepath.Join(dir, filepath.Base(path))
}

// foundLimit bounds what of remembers: rotatelogs makes new names for ever.
const foundLimit = 10_000

// of returns what is known about the log at a path, or about the log that a
// path belongs to as a rotation.
func (s *accessLogs) of(path string) *accessLog {
	if one, ok := s.found[path]; ok {
		return one
	}
	if len(s.found) >= foundLimit {
		clear(s.found) // better searched twice than kept for ever
	}
	one := s.search(path)
	s.found[path] = one
	return one
}

func (s *accessLogs) search(path string) *accessLog {
	real := resolved(path)
	matches := []func(*accessLog) bool{
		func(one *accessLog) bool { return !one.glob && (one.path == path || one.real == real) },
		func(one *accessLog) bool {
			return one.glob && (matchesGlob(one.path, path) || matchesGlob(one.real, real))
		},
		func(one *accessLog) bool { return !one.glob && tail.IsRotation(real, one.real) },
	}
	for _, match := range matches {
		if i := slices.IndexFunc(s.all, match); i >= 0 {
			return s.all[i]
		}
	}
	return s.rest
}

// matchesGlob says whether a pattern leads to a path, compressed or not.
func matchesGlob(pattern, path string) bool {
	for _, name := range []string{path, tail.Unpacked(path)} {
		if ok, err := doublestar.PathMatch(pattern, name); ok && err == nil {
			return true
		}
	}
	return false
}

// patterns are what to follow, in the configuration's order.
func (s *accessLogs) patterns() []string {
	var all []string
	for _, one := range s.all {
		p := one.path
		if _, err := os.Lstat(p); err != nil && !one.glob {
			p = escapeGlob.Replace(p) // a name that stands there is taken as it is
		}
		all = append(all, p)
	}
	return all
}

// escapeGlob makes a pattern that leads to a path alone.
var escapeGlob = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `{`, `\{`)

// formatsFor returns the formats of all logs that files, as the command line
// has them, may lead to, in the order of trying; of all logs if there are no files.
func (s *accessLogs) formatsFor(files []string) []*apachelog.Format {
	if len(files) == 0 || len(s.all) == 0 {
		return s.rest.formats
	}
	var formats []*apachelog.Format
	add := func(one *accessLog) {
		for _, f := range one.formats {
			formats = addFormat(formats, f)
		}
	}
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			return s.rest.formats
		}
		found := s.of(path) != s.rest
		if found {
			add(s.of(path))
		}
		for _, one := range s.all {
			// Whether two patterns meet is not easily told; in one directory they may.
			if matchesGlob(path, one.path) && !one.glob || one.glob && strings.ContainsAny(file, "*?[{") && filepath.Dir(path) == filepath.Dir(one.path) {
				add(one)
				found = true
			}
		}
		if !found {
			return s.rest.formats
		}
	}
	return formats
}

// doubled returns a server whose requests are written to several logs that are
// followed, with their paths, and how many such servers there are.
func doubled(logs []assessment) (server *httpdconf.Server, paths []string, servers int) {
	written := make(map[*httpdconf.Server][]string)
	var order []*httpdconf.Server
	for _, l := range logs {
		if l.skipped != "" || l.Env != "" || l.Expr != "" {
			continue
		}
		for _, s := range l.Servers {
			if len(written[s]) == 0 {
				order = append(order, s)
			}
			if !slices.Contains(written[s], l.Path) {
				written[s] = append(written[s], l.Path)
			}
		}
	}
	for _, s := range order {
		if len(written[s]) < 2 {
			continue
		}
		if servers++; servers == 1 {
			server, paths = s, written[s]
		}
	}
	return server, paths, servers
}
