//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/apache2"
	"github.com/logfeed/logfeed/tools/internal/logrotate"
	"github.com/logfeed/logfeed/tools/internal/ports"
)

// benchmark is where Debian's package apache2-utils puts ab.
const benchmark = "/usr/bin/ab"

var modules = []string{"mpm_event", "authz_core", "alias", "setenvif"}

// A site is a web server with virtual hosts. Three of them have logs of their own,
// the others share one. Each log is in another format.
type site struct {
	t       *testing.T
	dir     string
	address string
	server  *apache2.Server
	logs    string    // the directory of the logs
	before  time.Time // what is older was in the logs before the server began
}

// The logs, each by the format that it is in.
const (
	commonLog   = "common.log"
	combinedLog = "combined.log"
	vhostsLog   = "vhosts.log"
	timedLog    = "timed.log"
)

// hosts are the virtual hosts, by the log that they are in.
var hosts = map[string][]string{
	commonLog:   {"intra.example"},
	combinedLog: {"shop.example"},
	vhostsLog:   {"www.example", "blog.example", "docs.example"},
	timedLog:    {"api.example"},
}

// timedFormat has durations, bytes in both directions, and conditions.
const timedFormat = `%v %a %t \"%r\" %>s %I %O %D %{ms}T \"%!200,304{User-Agent}i\" \"%400,404,503{Referer}i\"`

// config has the formats that httpd's own documentation has and Debian's for logs
// of several hosts, and timedFormat.
const config = `Listen %[1]s
DocumentRoot "%[2]s"
<Directory "%[2]s">
	Require all granted
</Directory>
KeepAlive On
Redirect 301 /old http://www.example/new
Redirect 410 /gone
Redirect 503 /down
SetEnvIf Request_URI "^/health" quiet
LogFormat "%%h %%l %%u %%t \"%%r\" %%>s %%b" common
LogFormat "%%h %%l %%u %%t \"%%r\" %%>s %%b \"%%{Referer}i\" \"%%{User-Agent}i\"" combined
LogFormat "%%v:%%p %%h %%l %%u %%t \"%%r\" %%>s %%O \"%%{Referer}i\" \"%%{User-Agent}i\"" vhost_combined
LogFormat "%[3]s" timed
CustomLog logs/vhosts.log vhost_combined
<VirtualHost *>
	ServerName www.example
</VirtualHost>
<VirtualHost *>
	ServerName blog.example
</VirtualHost>
<VirtualHost *>
	ServerName docs.example
</VirtualHost>
<VirtualHost *>
	ServerName intra.example
	CustomLog logs/common.log common
</VirtualHost>
<VirtualHost *>
	ServerName shop.example
	CustomLog logs/combined.log combined
</VirtualHost>
<VirtualHost *>
	ServerName api.example
	CustomLog logs/timed.log timed env=!quiet
</VirtualHost>
`

// documents are what there is to ask for, with its size. /health is not logged
// everywhere.
var documents = map[string]int{"index.html": 5120, "small": 17, "large.bin": 200_000, "health": 2}

// paths are asked for one after the other; some of them are not there.
var paths = []string{"/index.html", "/small", "/old", "/large.bin", "/missing", "/down", "/gone", "/health", "/index.html?q=%22x%22"}

// startSite writes the logs of the time before, and starts the server.
func startSite(t *testing.T) *site {
	t.Helper()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, dir: openDir(t), address: fmt.Sprintf("127.0.0.1:%d", port)}
	s.logs = filepath.Join(s.dir, "logs")
	documentRoot := filepath.Join(s.dir, "htdocs")
	for _, dir := range []string{s.logs, documentRoot} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, size := range documents {
		s.write(filepath.Join(documentRoot, name), strings.Repeat("x", size), 0o644)
	}
	for name := range hosts {
		s.write(filepath.Join(s.logs, name), "", 0o640)
		s.administer(filepath.Join(s.logs, name))
	}
	s.before = time.Now().Truncate(time.Minute)
	s.writeHistory()
	s.server, err = apache2.Start(t.Context(), apache2.Options{Dir: s.dir, Modules: modules, Config: fmt.Sprintf(config, s.address, documentRoot, timedFormat)}, s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.server.Stop() })
	return s
}

// openDir is t.TempDir for several users: that one only its owner can enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (s *site) write(path, text string, mode os.FileMode) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		s.t.Fatal(err)
	}
}

// administer gives a log to the group adm, as Debian has it. Nobody else may read
// it.
func (s *site) administer(log string) {
	s.t.Helper()
	if said, err := exec.Command("chown", "root:adm", log).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, said)
	}
}

// load has ab ask every virtual host for everything, until the function that it
// returns is called.
func (s *site) load() (stop func()) {
	end := make(chan struct{})
	var wait sync.WaitGroup
	for _, names := range hosts {
		for _, host := range names {
			// Ends with stop.
			wait.Go(func() {
				for i := 0; ; i++ {
					s.ask(host, paths[i%len(paths)], i%2 == 0)
					select {
					case <-end:
						return
					case <-time.After(250 * time.Millisecond):
					}
				}
			})
		}
	}
	return sync.OnceFunc(func() { close(end); wait.Wait() })
}

// ask makes a hundred requests.
func (s *site) ask(host, path string, alive bool) {
	args := []string{"-q", "-r", "-n", "100", "-c", "4", "-s", "60", "-H", "Host: " + host, "-H", "Referer: http://www.example/"}
	if alive {
		args = append(args, "-k")
	}
	if said, err := exec.Command(benchmark, append(args, "http://"+s.address+path)...).CombinedOutput(); err != nil {
		s.t.Errorf("ab %s%s: %v:\n%s", host, path, err, said)
	}
}

// rotate runs logrotate as Debian's apache2 asks for it, and waits until the old
// processes of the server have let go of the logs that the next rotation will
// compress.
func (s *site) rotate() {
	s.t.Helper()
	stanza := logrotate.Stanza{Logs: filepath.Join(s.logs, "*.log"), Directives: logrotate.Apache(), Postrotate: s.server.Reload()}
	if err := logrotate.Rotate(s.t.Context(), s.dir, stanza); err != nil {
		s.t.Fatal(err)
	}
	until(s.t, "the old processes of the server", func() bool {
		for name := range hosts {
			if s.writes(filepath.Join(s.logs, name+".1")) {
				return false
			}
		}
		return true
	})
}

// writes tells whether a process of the server has a file open.
func (s *site) writes(path string) bool {
	open, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range open {
		if file, err := os.Readlink(link); err != nil || file != path {
			continue
		}
		program, err := os.Readlink(filepath.Join(link, "../../exe"))
		if err == nil && program == apache2.Program {
			return true
		}
	}
	return false
}

// patience bounds every wait; the machine may be slow.
const patience = 3 * time.Minute

// until waits for something that comes to pass.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("it took longer than %s: %s", patience, what)
		}
	}
}
