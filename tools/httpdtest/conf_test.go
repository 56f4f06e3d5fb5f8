//go:build httpdtest

package httpdtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/httpdconf"
	"github.com/logfeed/logfeed/tools/internal/apache2"
)

// confRandom returns the source of random trees, and how many of them there are
// to be.
func confRandom(t *testing.T, usual int) (rnd *rand.Rand, trees int) {
	t.Helper()
	seed := number(t, "HTTPD_SEED", uint64(time.Now().UnixNano()))
	trees = int(number(t, "HTTPD_TREES", uint64(usual)))
	t.Logf("seed %d: HTTPD_SEED=%d HTTPD_TREES=%d shows a failure again", seed, seed, trees)
	return rand.New(rand.NewPCG(seed, 0)), trees
}

// confDump asks httpd for its expanded configuration.
func confDump(t *testing.T, root, path string, env ...string) (dump, says string, accepted bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, apache2.Program, "-d", root, "-f", path,
		"-C", "LoadModule info_module "+apache2.Modules+"/mod_info.so", "-t", "-D", "DUMP_CONFIG")
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || !exit.Exited()) {
		t.Fatalf("apache2: %v\n%s", err, errs.String())
	}
	return out.String(), errs.String(), err == nil
}

// confCompare holds our expansion of a tree to httpd's, and the logs of the one
// to those of the other. It says whether the configuration is accepted.
func confCompare(t *testing.T, root, path string, env ...string) bool {
	t.Helper()
	o := httpdconf.Options{Getenv: func(name string) (string, bool) {
		for _, e := range env {
			if v, ok := strings.CutPrefix(e, name+"="); ok {
				return v, true
			}
		}
		return "", false
	}}
	theirs, says, accepted := confDump(t, root, path, env...)
	files := os.DirFS("/")
	conf, err := httpdconf.Read(files, path, o)
	if accepted != (err == nil) {
		t.Errorf("httpd says %s\nand we say %v", says, err)
		return accepted
	}
	if !accepted {
		return false
	}
	var ours bytes.Buffer
	if err := httpdconf.Dump(&ours, files, path, o); err != nil {
		t.Fatal(err)
	}
	if a, b := confSpelling(ours.String()), confSpelling(theirs); a != b {
		t.Errorf("we read:\n%s\nand httpd:\n%s", a, b)
	}
	dumped := filepath.Join(t.TempDir(), "dump")
	if err := os.WriteFile(dumped, []byte("ServerRoot: \""+conf.ServerRoot+"\"\n"+theirs), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := httpdconf.Read(files, dumped, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*httpdconf.Config{conf, again} {
		for i := range c.Logs {
			c.Logs[i].Warnings = nil // variables are told of only in a tree
			c.Logs[i].Directive = strings.ToLower(c.Logs[i].Directive)
		}
	}
	if !reflect.DeepEqual(conf.Logs, again.Logs) {
		t.Errorf("the logs of the tree are\n%+v\nand those of the dump\n%+v", conf.Logs, again.Logs)
	}
	return true
}

// confSpelling writes names of directives in lower case, because httpd writes
// those that it knows in its own.
func confSpelling(dump string) string {
	var b strings.Builder
	for line := range strings.Lines(dump) {
		text := strings.TrimLeft(line, " ")
		if name, args, ok := strings.Cut(text, " "); ok && !strings.HasPrefix(text, "#") {
			line = line[:len(line)-len(text)] + strings.ToLower(name) + " " + args
		} else if strings.HasPrefix(text, "</") {
			line = strings.ToLower(line)
		}
		b.WriteString(line)
	}
	return b.String()
}

// TestConfStock reads Debian's own configuration, with 20 virtual hosts more.
func TestConfStock(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("cp", "-a", "/etc/apache2/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i := range 20 {
		site := fmt.Sprintf("<VirtualHost *:80>\n\tServerName site%d.example\n", i)
		switch i % 4 {
		case 0:
			site += fmt.Sprintf("\tCustomLog ${APACHE_LOG_DIR}/site%d.log combined\n", i)
		case 1:
			site += fmt.Sprintf("\tTransferLog \"|/usr/bin/rotatelogs ${APACHE_LOG_DIR}/site%d.%%Y 86400\"\n", i)
		case 2:
			site += "\tCustomLog ${APACHE_LOG_DIR}/access.log vhost_combined env=!quiet\n"
		}
		name := filepath.Join(dir, "sites-enabled", fmt.Sprintf("%03d-site.conf", i))
		if err := os.WriteFile(name, []byte(site+"</VirtualHost>\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var env []string
	for _, name := range []string{"RUN_DIR", "LOG_DIR", "LOCK_DIR", "PID_FILE"} {
		env = append(env, "APACHE_"+name+"="+dir)
	}
	env = append(env, "APACHE_RUN_USER=www-data", "APACHE_RUN_GROUP=www-data")
	if err := os.Remove(filepath.Join(dir, "envvars")); err != nil { // it names directories of the system
		t.Fatal(err)
	}
	if !confCompare(t, dir, filepath.Join(dir, "apache2.conf"), env...) {
		t.Error("httpd does not accept it")
	}
}

// TestConfGenerated compares random trees. Where httpd refuses one, so do we.
func TestConfGenerated(t *testing.T) {
	rnd, n := confRandom(t, 200)
	accepted := 0
	for i := range n {
		dir := t.TempDir()
		path, g := newConfTree(t, rnd, dir, 1)
		if confCompare(t, dir, path) {
			accepted++
		}
		if t.Failed() {
			for name, text := range g.files {
				t.Logf("%s:\n%s", name, text)
			}
			t.Fatalf("tree %d", i)
		}
	}
	t.Logf("%d trees, %d of them accepted", n, accepted)
	if accepted < n/4 {
		t.Error("hardly any tree was accepted: the test shows little")
	}
}

// TestConfWritten starts httpd with random trees, asks every virtual host for
// something, and looks which lines stand in which log.
func TestConfWritten(t *testing.T) {
	rnd, n := confRandom(t, 25)
	lines := 0
	for i := 0; i < n; {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		port := freePort(t)
		path, g := newConfTree(t, rnd, dir, port)
		conf, err := httpdconf.Read(os.DirFS("/"), path, httpdconf.Options{})
		if err != nil || len(conf.Logs) == 0 {
			continue // what is refused is the other test's
		}
		i++
		got := confServe(t, dir, path, port, conf)
		want := confExpected(conf)
		if !reflect.DeepEqual(got, want) {
			for name, text := range g.files {
				t.Logf("%s:\n%s", name, text)
			}
			t.Fatalf("httpd wrote\n%q\nand the list of logs says\n%q", got, want)
		}
		for _, text := range got {
			lines += len(text)
		}
	}
	t.Logf("%d trees, %d lines", n, lines)
}

// confAsked returns the servers that a request can reach: the first one of each
// name, and the main one only if there is no other.
func confAsked(conf *httpdconf.Config) []*httpdconf.Server {
	if len(conf.Servers) == 1 {
		return conf.Servers
	}
	var asked []*httpdconf.Server
	for _, s := range conf.Servers[1:] {
		if !slices.ContainsFunc(asked, func(o *httpdconf.Server) bool { return o.Name == s.Name }) {
			asked = append(asked, s)
		}
	}
	return asked
}

// confExpected returns the lines of each log after one request to each server.
// Debian's httpd is newer than 2.4.63.
func confExpected(conf *httpdconf.Config) map[string][]string {
	want := map[string][]string{}
	for _, s := range confAsked(conf) {
		for _, l := range conf.Logs {
			if l.Old || !slices.Contains(l.Servers, s) {
				continue
			}
			line := strings.ReplaceAll(l.Format, "%v", s.Name)
			if l.Name == "CLF" {
				line = "CLF"
			}
			want[l.Path] = append(want[l.Path], line)
		}
	}
	for path := range want {
		slices.Sort(want[path])
	}
	return want
}

// confServe runs httpd for one request to each server and returns its logs.
func confServe(t *testing.T, dir, path string, port int, conf *httpdconf.Config) map[string][]string {
	t.Helper()
	cmd := exec.Command(apache2.Program, "-d", dir, "-f", path, "-DFOREGROUND")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	var says bytes.Buffer
	cmd.Stdout, cmd.Stderr = &says, &says
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	// Ends with the process, which is stopped below.
	go func() { ended <- cmd.Wait() }()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for _, s := range confAsked(conf) {
		if err := confAsk(address, s.Name, ended); err != nil {
			cmd.Process.Kill()
			t.Fatalf("%v\n%s", err, says.String())
		}
	}
	cmd.Process.Signal(syscall.SIGWINCH) // ends when what was asked is answered and logged
	select {
	case <-ended:
	case <-time.After(time.Minute):
		cmd.Process.Kill()
		t.Fatal("apache2 does not stop")
	}
	got := map[string][]string{}
	for _, l := range conf.Logs {
		text, err := os.ReadFile(l.Path)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) == 0 || got[l.Path] != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "127.0.0.1 - - [") {
				line = "CLF"
			}
			got[l.Path] = append(got[l.Path], line)
		}
		slices.Sort(got[l.Path])
	}
	return got
}

// confAsk sends one request, as soon as the server listens.
func confAsk(address, host string, ended chan error) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			select {
			case err := <-ended:
				return fmt.Errorf("apache2 ended: %w", err)
			default:
			}
			if time.Now().After(deadline) {
				return err
			}
			continue
		}
		defer conn.Close()
		conn.SetDeadline(deadline)
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
		_, err = io.ReadAll(conn)
		return err
	}
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
