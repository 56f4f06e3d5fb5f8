//go:build realtest

package realtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tmux is one terminal, which breaks its lines anew when its width changes.
type tmux struct {
	t      *testing.T
	server string
}

func (m tmux) do(args ...string) string {
	m.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-L", m.server, "-f", "/dev/null"}, args...)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %s: %v: %s", args[0], err, out)
	}
	return string(out)
}

// rows returns what the terminal shows and what was scrolled away, without
// empty rows.
func (m tmux) rows() (all []string) {
	for row := range strings.Lines(m.do("capture-pane", "-p", "-S", "-")) {
		if row = strings.TrimRight(row, " \n"); row != "" {
			all = append(all, row)
		}
	}
	return all
}

// TestProgressInATerminal makes a real terminal narrower and wider while a
// backfill waits for a Carbon that is away: there is one line at its foot at
// all times, and nothing is left of those before it.
func TestProgressInATerminal(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	m := tmux{t, fmt.Sprintf("logfeed-%d", time.Now().UnixNano())}
	// The log is kept away from the screen: only the line is to be seen, below a
	// full screen, as in use. At the top of an empty one the terminal scrolls the
	// beginning of a line away when it breaks it, where nothing can be erased.
	m.do("new-session", "-d", "-x", "120", "-y", "20", "sh", "-c", `seq 30; exec "$0" "$@"`, os.Getenv("LOGFEED_BINARY"), "--from-start", "--once", "--log-level", "error",
		"--prefix", "apache.test", "--carbon", address, "../../testdata/apache_logs")
	t.Cleanup(func() { m.do("kill-server") })

	line := func(rows []string) bool { return len(rows) == 31 && strings.HasPrefix(rows[30], "100 %") }
	patience := func(what string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !line(m.rows()); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s the terminal shows\n%s", what, strings.Join(m.rows(), "\n"))
			}
		}
	}
	patience("at first")
	for _, columns := range []int{100, 97, 60, 59, 30, 12, 120, 20, 8, 80} {
		m.do("resize-window", "-x", strconv.Itoa(columns), "-y", "20")
		time.Sleep(time.Second) // the terminal breaks its lines, and some are drawn
		patience(fmt.Sprintf("in %d columns", columns))
	}
}
