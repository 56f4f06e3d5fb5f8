//go:build realtest

package realtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
)

// lookEvery is how often logfeed looks at its logs when nothing tells it to.
// Twice as long after the last line it has read everything.
const lookEvery = time.Second

// A feed is one logfeed that follows logs, with a state directory, and can be
// killed and started again.
type feed struct {
	t       *testing.T
	dir     string // of its state and its own log
	command []string
	process *child.Process
}

// feedOptions describe a feed.
type feedOptions struct {
	dir     string // made if it is missing
	carbon  string // HOST:PORT
	prefix  string
	logs    string   // path or glob
	wrapper []string // put before the command; it becomes logfeed
}

// newFeed prepares a logfeed, and ends it with the test.
func newFeed(t *testing.T, o feedOptions) *feed {
	t.Helper()
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	command := append(append([]string(nil), o.wrapper...), os.Getenv("LOGFEED_BINARY"),
		"--from-start", "--spread", "0s", "--state-dir", filepath.Join(o.dir, "state"), "--carbon", o.carbon,
		"--prefix", o.prefix, "--format", "combined", "--log-format", "json", o.logs)
	f := &feed{t: t, dir: o.dir, command: command}
	t.Cleanup(func() {
		if f.process == nil {
			return
		}
		f.process.Kill()
		if t.Failed() {
			t.Logf("the end of the log of logfeed %s:\n%s", o.prefix, f.process.LogTail(30))
		}
	})
	return f
}

// start starts logfeed, anew if it was killed.
func (f *feed) start() {
	f.t.Helper()
	var err error
	if f.process, err = child.Start(f.logPath(), f.command[0], f.command[1:]...); err != nil {
		f.t.Fatal(err)
	}
}

// kill ends logfeed as kill -9 does.
func (f *feed) kill() {
	f.t.Helper()
	f.alive()
	if err := f.process.Kill(); err != nil {
		f.t.Fatal(err)
	}
}

// alive fails the test if logfeed has ended by itself.
func (f *feed) alive() {
	f.t.Helper()
	select {
	case <-f.process.Done():
		f.t.Fatalf("logfeed has ended by itself: %v", f.process.Err())
	default:
	}
}

// counters are what logfeed says in the end about all lines of all its runs.
type counters struct {
	Lines    int   `json:"lines"`
	Rejected int   `json:"rejected"`
	Late     int   `json:"late"`
	Oversize int   `json:"oversize"`
	Gaps     int   `json:"gaps"`
	GapBytes int64 `json:"gap_bytes"`
}

// stop ends logfeed as an operator does, and returns its counters.
func (f *feed) stop() counters {
	f.t.Helper()
	f.alive()
	if err := f.process.Stop(syscall.SIGTERM, 15*time.Second); err != nil {
		f.t.Fatalf("stop logfeed: %v", err)
	}
	records := f.records("stopped")
	if len(records) == 0 {
		f.t.Fatal("logfeed has not said what it has counted")
	}
	var c counters
	if err := json.Unmarshal([]byte(records[len(records)-1]), &c); err != nil {
		f.t.Fatal(err)
	}
	return c
}

// stopWhole ends logfeed, which must have counted every line that was written
// and nothing else.
func (f *feed) stopWhole(written int) {
	f.t.Helper()
	if got, want := f.stop(), (counters{Lines: written}); got != want {
		f.t.Errorf("logfeed has counted %+v, want %+v", got, want)
	}
}

// records returns the records of logfeed's log, of all its runs, that hold the
// given message.
func (f *feed) records(message string) []string {
	f.t.Helper()
	log, err := os.ReadFile(f.logPath())
	if err != nil {
		f.t.Fatal(err)
	}
	quoted, err := json.Marshal(message)
	if err != nil {
		f.t.Fatal(err)
	}
	var records []string
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, `"msg":`+string(quoted)) {
			records = append(records, line)
		}
	}
	return records
}

// awaitCheckpoints waits until logfeed has saved its state n more times. What
// was read before is then in a checkpoint.
func (f *feed) awaitCheckpoints(n int) {
	f.t.Helper()
	last := f.saved()
	for limit := time.Now().Add(time.Minute); n > 0; time.Sleep(20 * time.Millisecond) {
		f.alive()
		if time.Now().After(limit) {
			f.t.Fatal("logfeed did not save its state within a minute")
		}
		if now := f.saved(); now != last {
			last = now
			n--
		}
	}
}

// saved returns when the checkpoint was made, in Unix nanoseconds.
func (f *feed) saved() int64 {
	info, err := os.Stat(filepath.Join(f.dir, "state", "checkpoint"))
	if err != nil {
		return 0
	}
	return info.ModTime().UnixNano()
}

func (f *feed) logPath() string { return filepath.Join(f.dir, "logfeed.log") }
