// Package apache2 runs a real Apache httpd, the one of Debian's package
// apache2, on loopback with a ServerRoot of its own, and asks it what it thinks
// of a configuration. The server that the system runs is left alone.
package apache2

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Where Debian's package puts things.
const (
	Program = "/usr/sbin/apache2"
	Modules = "/usr/lib/apache2/modules"
)

// User is who serves requests when the server is started by root. Debian has
// this user before any web server is installed.
const User = "www-data"

// Options describe a server. Dir must be set.
type Options struct {
	// Dir is the ServerRoot. It receives everything that belongs to the
	// server, and the server's user must be able to read it.
	Dir string
	// Modules are loaded before anything else: "ssl", "mpm_event". Those that
	// Debian builds in are not to be named.
	Modules []string
	// Config is the rest of the configuration.
	Config string
	// Env is added to the environment, such as "TZ=Asia/Kolkata".
	Env []string
}

// Missing says what has to be installed before a server can run, and is not.
func Missing(modules ...string) []string {
	var wrong []string
	if _, err := os.Stat(Program); err != nil {
		return []string{Program + " is missing: apt-get install apache2"}
	}
	for _, name := range modules {
		if _, err := os.Stat(modulePath(name)); err != nil {
			wrong = append(wrong, modulePath(name)+" is missing: apt-get install apache2-bin")
		}
	}
	return wrong
}

func modulePath(name string) string { return filepath.Join(Modules, "mod_"+name+".so") }

func (o *Options) path(elem ...string) string {
	return filepath.Join(append([]string{o.Dir}, elem...)...)
}

// write makes the directories and the configuration file.
func (o *Options) write() error {
	if o.Dir == "" {
		return errors.New("a server needs a directory")
	}
	for _, dir := range []string{"conf", "logs", "run"} {
		if err := os.MkdirAll(o.path(dir), 0o755); err != nil {
			return fmt.Errorf("make the ServerRoot: %w", err)
		}
	}
	if err := os.WriteFile(o.configPath(), []byte(o.text()), 0o644); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

func (o *Options) configPath() string { return o.path("conf", "httpd.conf") }
func (o *Options) pidPath() string    { return o.path("run", "httpd.pid") }

func (o *Options) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ServerRoot %q\nPidFile %q\nDefaultRuntimeDir %q\nErrorLog %q\nServerName main.example\n",
		o.Dir, o.pidPath(), o.path("run"), o.path("logs", "error.log"))
	if os.Geteuid() == 0 {
		fmt.Fprintf(&b, "<IfModule unixd_module>\nUser %s\nGroup %s\n</IfModule>\n", User, User)
	}
	for _, name := range o.Modules {
		fmt.Fprintf(&b, "LoadModule %s_module %q\n", name, modulePath(name))
	}
	b.WriteString(o.Config)
	return b.String()
}

// Quote writes a word so that httpd.conf reads it as it is.
func Quote(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}
