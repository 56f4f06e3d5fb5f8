package child

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start runs a shell script, and kills it at the end of the test at the latest.
func start(t *testing.T, script string) *Process {
	t.Helper()
	p, err := Start(filepath.Join(t.TempDir(), "log"), "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill() })
	return p
}

// awaitLog waits until the program has written text, which tells that it is
// ready for the signal to come.
func awaitLog(t *testing.T, p *Process, text string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !strings.Contains(p.LogTail(10), text) {
		if time.Now().After(deadline) {
			t.Fatalf("the program never wrote %q, but %q", text, p.LogTail(10))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestWait(t *testing.T) {
	p := start(t, "echo one; echo two >&2; echo three; exit 3")
	err := p.Wait(t.Context())
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("Wait: %v, want exit code 3", err)
	}
	if got, want := p.LogTail(2), "two\nthree\n"; got != want {
		t.Errorf("LogTail(2) = %q, want %q", got, want)
	}
	if err := p.Stop(syscall.SIGTERM, time.Second); !errors.As(err, &exit) {
		t.Errorf("Stop after the end: %v, want the exit code again", err)
	}
}

func TestWaitGivesUpWithItsContext(t *testing.T) {
	p := start(t, "exec sleep 60")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v, want the context's error", err)
	}
}

func TestStop(t *testing.T) {
	tests := []struct {
		name, script string
		patience     time.Duration
		wantErr      string
	}{
		{"unhandled signal", "echo ready; exec sleep 60", time.Minute, ""},
		{"handled signal", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done", time.Minute, ""},
		{"failure on the signal", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done", time.Minute, "exit status 7"},
		{"ignored signal", "trap '' TERM; echo ready; while :; do sleep 0.01; done", 20 * time.Millisecond, "did not end within 20ms of terminated: killed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, tt.script)
			awaitLog(t, p, "ready\n")
			err := p.Stop(syscall.SIGTERM, tt.patience)
			switch {
			case tt.wantErr == "" && err != nil:
				t.Errorf("Stop: %v", err)
			case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
				t.Errorf("Stop: %v, want an error with %q", err, tt.wantErr)
			}
			select {
			case <-p.Done():
			default:
				t.Error("the program still runs after Stop")
			}
		})
	}
}

func TestStartNamesTheProgramThatIsMissing(t *testing.T) {
	_, err := Start(filepath.Join(t.TempDir(), "log"), "/no/such/program")
	if err == nil || !strings.Contains(err.Error(), "/no/such/program") {
		t.Errorf("Start: %v, want an error with the program's path", err)
	}
}

func TestPeak(t *testing.T) {
	p := start(t, "echo ready; exec sleep 60")
	awaitLog(t, p, "ready")
	if peak, ok := p.Peak(); !ok || peak < 64<<10 || peak > 1<<30 {
		t.Errorf("a shell has taken %d bytes (%t)", peak, ok)
	}
	p.Kill()
	if peak, ok := p.Peak(); ok {
		t.Errorf("a program that has ended takes %d bytes", peak)
	}
}

func TestCPU(t *testing.T) {
	// A shell that computes, and waits for another one that does.
	const busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"
	p := start(t, "("+busy+"); "+busy)
	if got := p.CPU(); got <= 0 || got > time.Minute {
		t.Errorf("a short loop has taken %s", got)
	}
}
