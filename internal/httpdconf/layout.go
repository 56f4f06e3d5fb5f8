package httpdconf

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// layout is what the start of an httpd brings along that is not written in its
// configuration. Distributions differ, and the path tells them apart.
type layout struct {
	root     string            // the ServerRoot that is built in or given by -d
	modules  []string          // that are built in
	defines  []string          // of -D
	env      map[string]string // the environment of httpd
	before   string            // directives of -C
	after    string            // directives of -c
	source   string            // the file that before and after come from
	warnings []Warning
}

// debianModules is where Debian and Ubuntu have their modules, and so tells
// their httpd.
const debianModules = "/usr/lib/apache2/modules/"

// debianStatic are the modules that are built into Debian's httpd.
func debianStatic() []string {
	return []string{"watchdog_module", "logio_module", "version_module", "unixd_module"}
}

// envLimit bounds a file of variables; the usual ones have about 2 KB.
const envLimit = 1 << 20

// layoutOf guesses the layout to which the configuration file belongs.
func layoutOf(fsys fs.FS, file string) *layout {
	dir, base := path.Dir(path.Clean(file)), path.Base(file)
	l := &layout{
		root: dir, env: map[string]string{},
		// A configuration that names logs has mod_log_config, built in or loaded
		// before it is asked for.
		modules: []string{"core_module", "so_module", "http_module", "log_config_module"},
	}
	has := func(name string) bool {
		_, err := fs.Stat(fsys, fsName(name))
		return err == nil
	}
	switch {
	case base == "apache2.conf": // Debian and Ubuntu; /etc/apache2-NAME is one of several instances
		l.modules = append(l.modules, debianStatic()...)
		_, name, _ := strings.Cut(path.Base(dir), "apache2")
		l.env["SUFFIX"] = name
		l.variables(fsys, path.Join(dir, "envvars"), "SUFFIX")
		l.arguments(l.env["APACHE_ARGUMENTS"])
	case dir == "/etc/httpd/conf": // RHEL, Fedora and their kin; conf/NAME.conf is one of several instances
		l.root = "/etc/httpd"
		if name := strings.TrimSuffix(base, ".conf"); name != "httpd" {
			l.env["HTTPD_INSTANCE"] = name
		}
		l.defines = []string{"FOREGROUND"}
		l.variables(fsys, "/etc/sysconfig/httpd")
		l.arguments(l.env["OPTIONS"])
	case path.Base(dir) == "conf": // as httpd installs itself
		l.root = path.Dir(dir)
		l.variables(fsys, path.Join(l.root, "bin/envvars"))
	case dir == "/etc/apache2" && has("/etc/sysconfig/apache2"):
		l.suse(fsys)
	case dir == "/etc/apache2": // Alpine and Gentoo
		l.root = "/var/www"
		l.variables(fsys, "/etc/conf.d/apache2")
		l.arguments(l.env["APACHE2_OPTS"] + " " + l.env["HTTPD_OPTS"])
	}
	return l
}

// suse is the layout of SUSE, whose start script makes directives out of
// /etc/sysconfig/apache2.
func (l *layout) suse(fsys fs.FS) {
	l.root = "/srv/www"
	l.defines = []string{"SYSCONFIG", "SYSTEMD", "FOREGROUND"}
	l.variables(fsys, "/etc/sysconfig/apache2")
	for flag := range strings.FieldsSeq(l.env["APACHE_SERVER_FLAGS"]) {
		l.defines = append(l.defines, strings.TrimPrefix(flag, "-D"))
	}
	for name := range strings.FieldsSeq(l.env["APACHE_MODULES"]) {
		l.modules = append(l.modules, strings.TrimSuffix(name, "_module")+"_module")
	}
	const made = "/etc/apache2/sysconfig.d/"
	l.source = "/etc/sysconfig/apache2"
	l.before = "IncludeOptional " + made + "loadmodule.conf\nIncludeOptional " + made + "global.conf\n"
	l.after = "IncludeOptional " + made + "include.conf\n"
	if log := l.env["APACHE_ACCESS_LOG"]; log != "" {
		if _, err := fs.Stat(fsys, fsName(made+"global.conf")); err != nil {
			// It is made at the first start.
			l.before += accessLogs(log)
		}
	}
}

// accessLogs makes directives out of SUSE's list "FILE FORMAT, FILE FORMAT".
func accessLogs(list string) string {
	var b strings.Builder
	for one := range strings.SplitSeq(list, ",") {
		if words := strings.Fields(one); len(words) > 1 {
			fmt.Fprintf(&b, "CustomLog %s\n", strings.Join(words, " "))
		}
	}
	return b.String()
}

// arguments takes -D NAME out of a command line for httpd.
func (l *layout) arguments(line string) {
	words := strings.Fields(line)
	for i, word := range words {
		name, ok := strings.CutPrefix(word, "-D")
		if ok && name == "" && i+1 < len(words) {
			name = words[i+1]
		}
		if ok && name != "" {
			l.defines = append(l.defines, name)
		}
	}
}

// variables reads a shell script that sets variables, or systemd's form of one,
// without executing it. What only a shell could work out stays unset. Variables
// in keep stay what they are.
func (l *layout) variables(fsys fs.FS, file string, keep ...string) {
	text, err := readFile(fsys, file, envLimit)
	if err != nil {
		return // many systems have none
	}
	in := lines{rest: text}
	for {
		line, ok := in.next()
		if !ok {
			return
		}
		name, value, weak, ok := assignment(line)
		if _, set := l.env[name]; !ok || set && (weak || slices.Contains(keep, name)) {
			continue
		}
		value, ok = shellWord(value, func(name string) string { return l.env[name] })
		if !ok {
			l.warnings = append(l.warnings, Warning{Place{File: file, Line: in.number},
				fmt.Sprintf("the value of %s comes out of a command and is not known here: set %s in logfeed's environment", name, name)})
			continue
		}
		l.env[name] = value
	}
}

// assignment takes NAME=VALUE out of a line of a shell script, also behind
// "export". It is weak in the form ": ${NAME:=VALUE}", which keeps what is set.
func assignment(line string) (name, value string, weak, ok bool) {
	line = strings.TrimSpace(strings.TrimPrefix(line, "export "))
	inner, weak := strings.CutPrefix(line, ": ${")
	if weak {
		line = strings.TrimSuffix(inner, "}")
	}
	if name, value, ok = strings.Cut(line, "="); weak {
		name = strings.TrimSuffix(name, ":")
	}
	return name, value, weak, ok && isVariable(name)
}

func isVariable(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// shellWord is what a shell makes of the first word of s, with variables and
// quotation marks. It is not ok if a command would have to be run for it.
func shellWord(s string, lookup func(name string) string) (word string, ok bool) {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote == '\'' && c != '\'':
			b.WriteByte(c)
		case c == quote && quote != 0:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == '`', strings.HasPrefix(s[i:], "$("):
			return "", false
		case c == '$':
			value, n, ok := variable(s[i+1:], lookup)
			if !ok {
				return "", false
			}
			b.WriteString(value)
			i += n
		case quote == 0 && (isSpace(c) || c == ';' || c == '#' && b.Len() == 0):
			return b.String(), true
		default:
			b.WriteByte(c)
		}
		if b.Len() > envLimit {
			return "", false
		}
	}
	return b.String(), true
}

// variable reads what stands behind a "$" and returns its value and how many
// bytes it took.
func variable(s string, lookup func(name string) string) (value string, n int, ok bool) {
	if inner, braced := strings.CutPrefix(s, "{"); braced {
		end := strings.IndexByte(inner, '}')
		if end < 0 {
			return "", 0, false
		}
		name, other, _ := strings.Cut(inner[:end], ":")
		if value = lookup(name); value == "" && len(other) > 1 && (other[0] == '-' || other[0] == '=') {
			value = other[1:]
		}
		return value, end + 2, isVariable(name) && !strings.ContainsAny(other, "$`")
	}
	for n < len(s) && isVariable(s[:n+1]) {
		n++
	}
	if n == 0 {
		return "$", 0, true
	}
	return lookup(s[:n]), n, true
}
