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

// A site is a log, or several of which a pattern tells: by which formats its
// lines are read, and whose they are.
type site struct {
	path    string // absolute, as the configuration has it
	glob    bool
	real    string              // path with the links in its directory resolved
	formats []*apachelog.Format // in the order in which a line is tried by them
	vhost   string              // ServerName, if all that write to it have the same one
}

// sites are all logs that are known. Its methods are for one goroutine.
type sites struct {
	all   []*site
	rest  *site            // what a log is taken for that is none of them
	found map[string]*site // by path, what of has answered
}

// commandLine gives every log the formats of the command line.
func commandLine(formats []*apachelog.Format) *sites {
	return &sites{rest: &site{formats: formats}, found: make(map[string]*site)}
}

// configured gives each log the formats that Apache's configuration gives it,
// and to others all of them. Of formats of which one file is to be read, those
// come first that ask for the most, and those last whose lines may have more
// than one reading.
func configured(logs []assessment) *sites {
	s := &sites{rest: &site{}, found: make(map[string]*site)}
	byPath := make(map[string]*site)
	names := make(map[*site]map[string]bool)
	for _, l := range logs {
		if l.format == nil || l.Path == "" {
			continue
		}
		one := byPath[l.Path]
		if one == nil {
			one = &site{path: l.Path, glob: l.Glob, real: resolved(l.Path)}
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

// of returns what is known about the log at a path, or about the log that a
// path belongs to as a rotation.
func (s *sites) of(path string) *site {
	if one, ok := s.found[path]; ok {
		return one
	}
	one := s.search(path)
	s.found[path] = one
	return one
}

func (s *sites) search(path string) *site {
	real := resolved(path)
	matches := []func(*site) bool{
		func(one *site) bool { return !one.glob && (one.path == path || one.real == real) },
		func(one *site) bool { return one.glob && (matchesGlob(one.path, path) || matchesGlob(one.real, real)) },
		func(one *site) bool { return !one.glob && tail.IsRotation(real, one.real) },
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
func (s *sites) patterns() []string {
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
func (s *sites) formatsFor(files []string) []*apachelog.Format {
	if len(files) == 0 || len(s.all) == 0 {
		return s.rest.formats
	}
	var formats []*apachelog.Format
	add := func(one *site) {
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
			if !one.glob && matchesGlob(path, one.path) {
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
