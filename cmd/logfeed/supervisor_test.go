package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A supervisor does with logfeed what systemd does with a unit of
// Type=notify: it takes command, environment and rules out of the unit, and
// starts the program again where the unit says so. What needs systemd itself,
// users and the sandbox, is not here.
type supervisor struct {
	t    *testing.T
	unit string
	root string // stands for / before /etc and /var
}

// restartsSooner is by how much the pause before a restart is shorter than in
// the unit, for the sake of the test's time.
const restartsSooner = 10

// supervise prepares the files of the unit logfeed.service as the package
// brings them, with the given LOGFEED_OPTS.
func supervise(t *testing.T, opts string) *supervisor {
	t.Helper()
	s := &supervisor{t: t, unit: "logfeed.service", root: t.TempDir()}
	if kind, restart := s.setting("Type"), s.setting("Restart"); kind != "notify" || restart != "always" {
		t.Fatalf("this supervisor is for Type=notify and Restart=always, not for %s and %s", kind, restart)
	}
	for installed, source := range map[string]string{"etc/default/logfeed": "default", "etc/logfeed/flags": "flags"} {
		text, err := os.ReadFile(filepath.Join("../../deploy/packaging", source))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(s.root, installed)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, strings.Replace(string(text), `LOGFEED_OPTS=""`, `LOGFEED_OPTS="`+opts+`"`, 1))
	}
	if err := os.MkdirAll(s.state(), 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

// state is the directory that StateDirectory= asks for.
func (s *supervisor) state() string {
	return filepath.Join(s.root, "var/lib", s.setting("StateDirectory"))
}

// setting returns the value of a setting that the unit has once.
func (s *supervisor) setting(key string) string {
	s.t.Helper()
	var values []string
	for _, line := range unit(s.t, s.unit) {
		if value, ok := strings.CutPrefix(line, key+"="); ok {
			values = append(values, value)
		}
	}
	if len(values) != 1 {
		s.t.Fatalf("%s has %s= %d times", s.unit, key, len(values))
	}
	return values[0]
}

// seconds returns a setting that is a number of seconds.
func (s *supervisor) seconds(key string) time.Duration {
	s.t.Helper()
	d, err := time.ParseDuration(s.setting(key) + "s")
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// options returns what the environment file gives to LOGFEED_OPTS.
func (s *supervisor) options() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.root, strings.TrimPrefix(s.setting("EnvironmentFile"), "-")))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "LOGFEED_OPTS="); ok {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	s.t.Fatal("the environment file has no LOGFEED_OPTS")
	return ""
}

// A life is one process of the service.
type life struct {
	*program
	socket notifySocket
}

// start begins a life. Each has a socket of its own, so that what the one
// before has said last is not taken for its word.
func (s *supervisor) start() *life {
	s.t.Helper()
	socket := notifications(s.t)
	cmd := exec.Command("logfeed", commandOf(s.t, s.unit, filepath.Join(s.root, "etc/logfeed/flags"), s.options())...)
	cmd.Env = append(os.Environ(),
		"NOTIFY_SOCKET="+socket.path,
		"WATCHDOG_USEC="+strconv.FormatInt(s.seconds("WatchdogSec").Microseconds(), 10),
		"STATE_DIRECTORY="+s.state())
	return &life{launch(s.t, cmd), socket}
}

// again waits for the end of a life, and for the time after which the next one
// is due. It says whether one is.
func (s *supervisor) again(l *life) bool {
	s.t.Helper()
	if strconv.Itoa(l.exit(s.t)) == s.setting("RestartPreventExitStatus") {
		return false
	}
	time.Sleep(s.seconds("RestartSec") / restartsSooner)
	return true
}

// stop ends a life as systemctl stop does, within the time that the unit has for it.
func (s *supervisor) stop(l *life) {
	s.t.Helper()
	begun := time.Now()
	if code := l.terminate(s.t); code != exitDone {
		s.t.Errorf("exit code %d after SIGTERM", code)
	}
	if took := time.Since(begun); took > s.seconds("TimeoutStopSec") {
		s.t.Errorf("stopping took %s, and systemd would have killed it", took)
	}
}

// kill ends a life by kill -9, and says whether it was still there.
func (l *life) kill(t *testing.T) bool {
	t.Helper()
	if err := l.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	l.exit(t)
	status := l.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return status.Signaled() && status.Signal() == syscall.SIGKILL
}
