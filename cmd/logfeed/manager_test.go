package main

import (
	"context"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/tail"
)

// A notifySocket receives what a service tells its manager.
type notifySocket struct {
	*net.UnixConn
	path string
}

func notifications(t *testing.T) notifySocket {
	t.Helper()
	// The path of a socket may have about a hundred bytes.
	dir, err := os.MkdirTemp("", "notify")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return notifySocket{conn, path}
}

// next returns the next message.
func (n notifySocket) next(t *testing.T) string {
	t.Helper()
	n.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, 4096)
	got, err := n.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:got])
}

// await passes over messages until one matches, and says how many of those
// passed over were pings of the watchdog.
func (n notifySocket) await(t *testing.T, pattern string) (message string, pings int) {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		switch message := n.next(t); {
		case wanted.MatchString(message):
			return message, pings
		case message == "WATCHDOG=1":
			pings++
		}
	}
	t.Fatalf("no message matches %s", pattern)
	return "", 0
}

// managed runs logfeed as systemd does, with a watchdog that bites after 400 ms.
func managed(t *testing.T, socket notifySocket, args ...string) *program {
	t.Helper()
	cmd := exec.Command("logfeed", args...)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket.path, "WATCHDOG_USEC=400000")
	return launch(t, cmd)
}

// TestManager follows what logfeed tells systemd, from a start at which Carbon
// is away, and the buffer too small for the backlog, to a stop.
func TestManager(t *testing.T) {
	t.Parallel()
	server, socket, state := listen(t), notifications(t), filepath.Join(t.TempDir(), "state")
	server.Refuse()
	logfeed := managed(t, socket, "--carbon", server.Addr(), "--buffer", "4KiB", "--state-dir", state, "--from-start", realLog)

	// Ready comes before the backlog is read, which cannot end here, and after
	// the first checkpoint.
	first := socket.next(t)
	if !strings.HasPrefix(first, "READY=1\nSTATUS=1 file, ") || strings.Contains(first, " 0 B behind") {
		t.Errorf("the first message is %q", first)
	}
	if _, err := os.Stat(filepath.Join(state, "checkpoint")); err != nil {
		t.Error(err)
	}

	// A reader that waits at the bound is alive, however long.
	socket.await(t, `carbon .* not connected, [1-9][0-9,]* points waiting$`)
	for range 8 {
		socket.await(t, `^WATCHDOG=1$`)
	}

	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	socket.await(t, `^STATUS=1 file, 0 B behind; carbon .* connected, 0 points waiting$`)

	// A reload is over when it is done, and counts on the clock of systemd.
	if err := logfeed.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	reloading, _ := socket.await(t, `^RELOADING=1`)
	if begun, err := strconv.ParseInt(strings.TrimPrefix(reloading, "RELOADING=1\nMONOTONIC_USEC="), 10, 64); err != nil || begun <= 0 {
		t.Errorf("the reload begins with %q", reloading)
	}
	socket.await(t, `^READY=1\n`)

	if code := logfeed.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	socket.await(t, `^STOPPING=1$`)
}

// TestStatusTellsTheLag: what is still to be read is told in bytes, and in the
// time of the log as soon as that is known.
func TestStatusTellsTheLag(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "access.log"), time.Now()
	write(t, path, combined(now.Add(-3*time.Hour), 200, 5120))
	c, _, wrong := parseArgs([]string{"--from-start", path})
	if len(wrong.all) > 0 {
		t.Fatal(wrong.all)
	}
	p, err := newPipeline(c, now, nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.sink = printed{point.NewWriter(io.Discard)}
	for _, err := range p.follower.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		break // the first tick: nothing has been read
	}
	for _, c := range []struct {
		tick tail.Tick
		want string
	}{
		{tail.Tick{Now: now, Low: math.MinInt64, Behind: true}, "STATUS=1 file, 90 B behind"},
		{tail.Tick{Now: now, Low: now.Add(-3 * time.Hour).Unix(), Behind: true}, "STATUS=1 file, 90 B behind (3h0m0s of log time)"},
	} {
		if err := p.tick(t.Context(), c.tick); err != nil {
			t.Fatal(err)
		}
		if said := p.status(); said != c.want {
			t.Errorf("at %+v it says %q, want %q", c.tick, said, c.want)
		}
	}
}

// TestReloadEndsWithAScan: systemd is told that a reload is over when the files
// were looked for after the signal.
func TestReloadEndsWithAScan(t *testing.T) {
	socket := notifications(t)
	t.Setenv("NOTIFY_SOCKET", socket.path)
	p, scan := idle(t)
	scan()
	p.ready()
	if first := socket.next(t); !strings.HasPrefix(first, "READY=1\n") {
		t.Fatalf("the first message is %q", first)
	}
	p.reload()
	if second := socket.next(t); !strings.HasPrefix(second, "RELOADING=1\n") {
		t.Fatalf("the second message is %q", second)
	}
	p.ready()
	p.manager.tell("STATUS=nothing has looked for files")
	scan()
	p.ready()
	for _, want := range []string{"STATUS=nothing", "READY=1\n"} {
		if said := socket.next(t); !strings.HasPrefix(said, want) {
			t.Errorf("said %q, want %q", said, want)
		}
	}
}

// TestStuckReader: pings come as long as the reader goes round or waits for
// room, and stop when it does neither.
func TestStuckReader(t *testing.T) {
	socket := notifications(t)
	t.Setenv("NOTIFY_SOCKET", socket.path)
	t.Setenv("WATCHDOG_USEC", "40000")
	p, _ := idle(t)
	sink := p.sink.(*busySink)
	stop := p.manager.watch(p)
	defer stop()

	// Every look at the reader is followed by another STATUS.
	looks := func(n int) (pings int) {
		for range n {
			_, pinged := socket.await(t, `^STATUS=`)
			pings += pinged
		}
		return pings
	}
	// What was told before waits in the socket.
	passOver := func() (pings int) {
		p.manager.tell("X_HERE=1")
		_, pings = socket.await(t, `^X_HERE=1$`)
		return pings
	}
	p.wentOn.Add(1)
	if pings := passOver() + looks(3); pings != 1 {
		t.Errorf("one round of the reader makes %d pings", pings)
	}
	if pings := looks(20); pings != 0 {
		t.Errorf("a stuck reader makes %d pings", pings)
	}
	sink.full <- true
	passOver()
	if pings := looks(20); pings < 15 {
		t.Errorf("a reader that waits for room makes %d pings at 20 looks", pings)
	}
	sink.full <- false
	passOver()
	if pings := looks(20); pings != 0 {
		t.Errorf("a stuck reader makes %d pings", pings)
	}
}

// idle returns a pipeline that is run by nobody, with a manager, and a function
// that has its follower look for files.
func idle(t *testing.T) (p *pipeline, scan func()) {
	t.Helper()
	c, _, wrong := parseArgs([]string{filepath.Join(t.TempDir(), "*.log")})
	if len(wrong.all) > 0 {
		t.Fatal(wrong.all)
	}
	follower, err := tail.New(tail.Options{Patterns: c.files, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	p = &pipeline{config: c, follower: follower, manager: findManager(c, slog.New(slog.DiscardHandler)), sink: &busySink{full: make(chan bool)}, log: slog.New(slog.DiscardHandler)}
	if p.manager == nil {
		t.Fatal("there is no manager")
	}
	batches := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	// Ends with the test.
	go func() {
		for range follower.Batches(ctx) {
			select {
			case <-batches:
			case <-ctx.Done():
			}
		}
	}()
	return p, func() {
		before := follower.Stats().Scans
		follower.Rescan()
		until(t, "a scan", func() bool {
			select {
			case batches <- struct{}{}:
			default:
			}
			return follower.Stats().Scans > before
		})
	}
}

// A busySink has another state at every look. Nothing is written to it.
type busySink struct {
	outlet
	full chan bool // what it is from now on; taken by a look
	is   bool
	n    int
}

func (s *busySink) Write(context.Context, []point.Point) error { panic("nobody writes here") }

func (s *busySink) Full() bool {
	select {
	case s.is = <-s.full:
	default:
	}
	return s.is
}

func (s *busySink) Stats() []carbon.Stats {
	s.n++
	return []carbon.Stats{{Waiting: s.n}}
}

// TestPipedLogHasNoManager: Apache's piped loggers inherit its environment, and
// are not to tell systemd that Apache is ready, or stops.
func TestPipedLogHasNoManager(t *testing.T) {
	t.Parallel()
	socket := notifications(t)
	logfeed := managed(t, socket, "--dry-run", "-") // at its end at once
	if code := logfeed.exit(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	last, err := net.DialUnix("unixgram", nil, socket.LocalAddr().(*net.UnixAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close()
	if _, err := last.Write([]byte("nothing before")); err != nil {
		t.Fatal(err)
	}
	if said := socket.next(t); said != "nothing before" {
		t.Errorf("it tells a manager that is not its own %q", said)
	}
}

// TestCrashIsNoWrongUsage: exit code 2 keeps systemd from starting logfeed
// again, so a panic and the watchdog's SIGABRT must end it in another way.
func TestCrashIsNoWrongUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, crash := range map[string]func(*program) error{
		"logfeed":             func(p *program) error { return p.cmd.Process.Signal(syscall.SIGABRT) },
		"logfeed-that-panics": func(p *program) error { return p.cmd.Process.Signal(syscall.SIGUSR1) },
	} {
		logfeed := launch(t, exec.Command(name, "--dry-run", filepath.Join(dir, "access.log")))
		until(t, "its start", func() bool { return strings.Contains(logfeed.stderr.String(), "caught up") })
		if err := crash(logfeed); err != nil {
			t.Fatal(err)
		}
		logfeed.exit(t)
		if status := logfeed.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGABRT {
			t.Errorf("%s ended with %s", name, logfeed.cmd.ProcessState)
		}
		if !strings.Contains(logfeed.stderr.String(), "goroutine 1 ") {
			t.Errorf("%s left no stack", name)
		}
	}
}

// panicking is logfeed with a goroutine that panics at SIGUSR1.
func panicking() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	// Ends the program.
	go func() {
		<-signals
		panic("asked for by a test")
	}()
	main()
}
