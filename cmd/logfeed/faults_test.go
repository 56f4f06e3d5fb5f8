package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

const realLog = "../../testdata/apache_logs"

// patience bounds every wait for the real program. The longest is for a second
// full replay, of which at most one begins a minute: a connection that breaks
// again after a receipt needs it.
const patience = 3 * time.Minute

// truth returns the points of the real log, summed by a slow regular
// expression and not by logfeed.
func truth(t *testing.T) map[carbontest.Key]string {
	t.Helper()
	data, err := os.ReadFile("testdata/apache_logs.points")
	if err != nil {
		t.Fatal(err)
	}
	cells := make(map[carbontest.Key]string)
	for line := range strings.Lines(string(data)) {
		var key carbontest.Key
		var value string
		if _, err := fmt.Sscan(line, &key.Series, &value, &key.Time); err != nil {
			t.Fatal(err)
		}
		cells[key] = value
	}
	return cells
}

// program is a run of the real logfeed in a process of its own.
type program struct {
	cmd    *exec.Cmd
	stderr spoken
	ended  chan struct{}
}

// spoken is what a running program has said so far.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start runs logfeed with the flags that every test here has, and ends it with
// the test.
func start(t *testing.T, carbon *carbontest.Server, args ...string) *program {
	t.Helper()
	return startReading(t, carbon, nil, args...)
}

// startReading is start with a standard input.
func startReading(t *testing.T, carbon *carbontest.Server, stdin *os.File, args ...string) *program {
	t.Helper()
	cmd := exec.Command("logfeed", append([]string{"--prefix", "apache.web1", "--carbon", carbon.Addr()}, args...)...)
	if stdin != nil {
		cmd.Stdin = stdin
	}
	return launch(t, cmd)
}

// launch runs a command, and ends it with the test.
func launch(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{cmd: cmd, ended: make(chan struct{})}
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Ends with the process.
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("logfeed said:\n%s", p.stderr.String())
		}
	})
	return p
}

// exit waits for the end of the program and returns its exit code.
func (p *program) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatal("logfeed does not end")
		return -1
	}
}

// terminate stops the program as systemd does.
func (p *program) terminate(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	return p.exit(t)
}

func listen(t *testing.T) *carbontest.Server {
	t.Helper()
	s, err := carbontest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// until waits for a condition that other processes bring about.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// traffic is what Carbon holds, without what logfeed tells of itself by the
// clock on the wall.
func traffic(carbon *carbontest.Server) map[carbontest.Key]string {
	cells := carbon.Final()
	maps.DeleteFunc(cells, func(key carbontest.Key, _ string) bool { return isOwn(key.Series) })
	return cells
}

// isOwn tells logfeed's own series from those of the logs.
func isOwn(series string) bool {
	return slices.ContainsFunc(ownTable, func(s ownSeries) bool { return strings.HasSuffix(series, "."+ownRoot+"."+s.ending) })
}

func difference(got, want map[carbontest.Key]string) string {
	if maps.Equal(got, want) {
		return ""
	}
	for key, v := range want {
		if got[key] != v {
			return fmt.Sprintf("%d cells, want %d; %s at %d is %q, want %q", len(got), len(want), key.Series, key.Time, got[key], v)
		}
	}
	return fmt.Sprintf("%d cells, want %d", len(got), len(want))
}

// TestBackfillThroughFaults backfills the real log into a Carbon that goes
// wrong in the middle. The run ends by itself, and the final points are those
// of a run without faults.
func TestBackfillThroughFaults(t *testing.T) {
	for name, fault := range map[string]func(t *testing.T, carbon *carbontest.Server){
		"none": func(*testing.T, *carbontest.Server) {},
		"refuses at first": func(t *testing.T, carbon *carbontest.Server) {
			carbon.Refuse()
			time.AfterFunc(700*time.Millisecond, func() { carbon.Listen() })
		},
		"stalls at first": func(t *testing.T, carbon *carbontest.Server) {
			carbon.Stall(true)
			time.AfterFunc(700*time.Millisecond, func() { carbon.Stall(false) })
		},
		"resets in mid-line": func(t *testing.T, carbon *carbontest.Server) {
			carbon.ResetAfter(1001)
			time.AfterFunc(time.Second, func() { carbon.ResetAfter(0) })
		},
		"is killed and started again": func(t *testing.T, carbon *carbontest.Server) {
			carbon.Stall(true)
			time.AfterFunc(500*time.Millisecond, func() {
				carbon.Stall(false)
				carbon.Kill(time.Hour)
				carbon.Listen()
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			carbon := listen(t)
			fault(t, carbon)
			if code := start(t, carbon, "--from-start", "--once", realLog).exit(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if d := difference(traffic(carbon), truth(t)); d != "" {
				t.Error(d)
			}
			if bad := carbon.Counts().Bad; bad != 0 {
				t.Errorf("%d bad lines", bad)
			}
		})
	}
}

// TestServiceThroughFaults leaves logfeed running after the backlog and lets
// Carbon lose what it has: whatever is lost comes again.
func TestServiceThroughFaults(t *testing.T) {
	for name, fault := range map[string]func(carbon *carbontest.Server){
		"closes while idle and has lost its cache": func(carbon *carbontest.Server) {
			carbon.Refuse()
			carbon.Kill(time.Hour)
			carbon.Listen()
		},
		"is away for a while": func(carbon *carbontest.Server) {
			carbon.Kill(time.Hour)
			time.Sleep(500 * time.Millisecond)
			carbon.Listen()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := truth(t)
			carbon := listen(t)
			logfeed := start(t, carbon, "--from-start", realLog)
			complete := func() bool { return maps.Equal(traffic(carbon), want) }
			until(t, "the backlog", complete)
			fault(carbon)
			until(t, "what was lost", complete)
			if code := logfeed.terminate(t); code != 0 {
				t.Errorf("exit code %d after SIGTERM", code)
			}
			if d := difference(traffic(carbon), want); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestStopWithoutCarbon stops logfeed while nobody takes its points: it tries
// for eight seconds, says how many are lost, and fails.
func TestStopWithoutCarbon(t *testing.T) {
	t.Parallel()
	carbon := listen(t)
	carbon.Refuse()
	logfeed := start(t, carbon, "--from-start", realLog)
	until(t, "the end of the log", func() bool { return strings.Contains(logfeed.stderr.String(), "caught up") })
	before := time.Now()
	if code := logfeed.terminate(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if took := time.Since(before); took > 30*time.Second {
		t.Errorf("stopping took %s", took)
	}
	if !strings.Contains(logfeed.stderr.String(), "409 points could not be delivered") {
		t.Error("the number of lost points is not told")
	}
}
