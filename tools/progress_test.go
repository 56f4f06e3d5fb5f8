package tools

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// drawn is how logfeed draws its line, with what it shows.
var drawn = regexp.MustCompile("\r\x1b\\[\\?7l([^\x1b\r\n]*)\x1b\\[J\x1b\\[\\?7h\r")

// A terminal is a pseudo-terminal with a program on it.
type terminal struct {
	t    *testing.T
	pty  io.ReadWriteCloser
	size func(columns int)
	cmd  *exec.Cmd

	mu   sync.Mutex
	text bytes.Buffer
	done chan struct{} // closed when all is read
}

func onTerminal(t *testing.T, columns int, cmd *exec.Cmd) *terminal {
	t.Helper()
	size := func(columns int) *pty.Winsize { return &pty.Winsize{Rows: 24, Cols: uint16(columns)} }
	master, err := pty.StartWithSize(cmd, size(columns))
	if err != nil {
		t.Fatal(err)
	}
	m := &terminal{t: t, pty: master, cmd: cmd, done: make(chan struct{})}
	m.size = func(columns int) {
		if err := pty.Setsize(master, size(columns)); err != nil {
			t.Fatal(err)
		}
	}
	// Ends with the program, which closes the other side.
	go func() {
		defer close(m.done)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			m.mu.Lock()
			m.text.Write(buf[:n])
			m.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-m.done
		master.Close()
		if t.Failed() {
			t.Logf("the terminal got %q", m.got())
		}
	})
	return m
}

func (m *terminal) got() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.String()
}

// lines returns what was drawn from the given byte on.
func (m *terminal) lines(from int) (all []string) {
	for _, one := range drawn.FindAllStringSubmatch(m.got()[from:], -1) {
		all = append(all, one[1])
	}
	return all
}

func (m *terminal) until(what string, done func() bool) {
	m.t.Helper()
	for end := time.Now().Add(arrival); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Fatalf("waited too long for %s", what)
		}
	}
}

// freeAddress returns an address on which nobody listens, and a function that
// starts a Carbon there, which takes everything and gives receipts.
func freeAddress(t *testing.T) (address string, listen func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	return address, func() {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		// Ends when the listener is closed; the connections are logfeed's.
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				// Ends with the connection.
				go func() {
					io.Copy(io.Discard, c)
					c.Close()
				}()
			}
		}()
	}
}

// TestProgressOnATerminal backfills on a terminal while Carbon is away, changes
// the width on the way, and lets Carbon come back. The line always fits, log
// records stay whole, and at the end only they and the summary are left.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	address, listen := freeAddress(t)
	m := onTerminal(t, 150, exec.Command(binary(t, "LOGFEED_BINARY"), "--from-start", "--once",
		"--prefix", prefix, "--carbon", address, "../testdata/apache_logs"))

	want := "100 %  1/1 files  2.4 MB of 2.4 MB  0 points/s  -:-- left  1 rejected  0 sent  409 waiting"
	m.until("the whole line", func() bool { l := m.lines(0); return len(l) > 0 && l[len(l)-1] == want })
	for _, columns := range []int{len(want) + 1, len(want), 80, 40, 20, 7, 2, 1, 120} {
		from := len(m.got())
		m.size(columns)
		// The first one may have been under way.
		m.until(fmt.Sprintf("%d columns", columns), func() bool { return len(m.lines(from)) > 3 })
		for _, line := range m.lines(from)[1:] {
			if len(line) >= columns || !strings.HasPrefix(line, "100 %"[:min(5, columns-1)]) {
				t.Errorf("in %d columns %q", columns, line)
			}
		}
		if last := m.lines(from)[2]; (last == want) != (columns > len(want)) {
			t.Errorf("in %d columns %q", columns, last)
		}
	}
	listen()
	m.until("the end", func() bool {
		select {
		case <-m.done:
			return true
		default:
			return false
		}
	})
	if err := m.cmd.Wait(); err != nil {
		t.Errorf("logfeed: %v", err)
	}

	// Without the drawings and what erases them, only whole lines are left.
	text := strings.ReplaceAll(drawn.ReplaceAllString(m.got(), ""), "\r\x1b[J", "")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.ContainsAny(text, "\x1b\r") {
		t.Errorf("more than text is left: %q", text)
	}
	records, summary, found := strings.Cut(text, "Backfill complete in ")
	if !found || !strings.Contains(summary, "409 in 6 series, sent to "+address) {
		t.Errorf("the summary: %q", summary)
	}
	for line := range strings.Lines(records) {
		if !strings.HasPrefix(line, "time=") || strings.Contains(line[1:], "time=") {
			t.Errorf("a torn record: %q", line)
		}
	}
	// The last thing before the last record is that the line goes away.
	if i := strings.LastIndex(m.got(), "\r\x1b[J"); !strings.Contains(m.got()[i:], "backfill complete") || drawn.MatchString(m.got()[i:]) {
		t.Errorf("after the line was erased: %q", m.got()[max(0, i):])
	}
}

// TestFollowerOnATerminal shows its progress until it has caught up, and
// nothing but its log from then on.
func TestFollowerOnATerminal(t *testing.T) {
	t.Parallel()
	address, listen := freeAddress(t)
	listen()
	m := onTerminal(t, 100, exec.Command(binary(t, "LOGFEED_BINARY"), "--from-start",
		"--prefix", prefix, "--carbon", address, "../testdata/apache_logs"))
	m.until("the end of the backlog", func() bool { return strings.Contains(m.got(), "caught up with the logs") })
	from := strings.Index(m.got(), "caught up with the logs")
	time.Sleep(time.Second) // four times as long as from one drawing to the next
	if lines := m.lines(from); len(lines) > 0 {
		t.Errorf("after the backlog %q", lines)
	}
	if err := m.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-m.done
	if err := m.cmd.Wait(); err != nil {
		t.Errorf("logfeed: %v", err)
	}
	if got := m.got(); strings.Contains(got, "complete in") {
		t.Error("a follower has no summary")
	}
}
