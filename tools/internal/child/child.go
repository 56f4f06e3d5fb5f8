// Package child runs one program beside ours and ends it by its process id.
// The demo and the tests use it for go-carbon and for logfeed.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Process is a running program. Its methods are safe for concurrent use.
type Process struct {
	cmd     *exec.Cmd
	logPath string
	done    chan struct{}

	mu     sync.Mutex
	result error
}

// Start starts the program with the given arguments and appends its standard
// output and standard error to the file logPath. The program gets a session of
// its own, so that a Ctrl-C at the terminal reaches only us, and we can end
// our programs in the right order.
//
// The program outlives us unless Stop or Kill is called.
func Start(logPath, program string, args ...string) (*Process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", filepath.Base(program), err)
	}
	defer log.Close()

	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}

	p := &Process{cmd: cmd, logPath: logPath, done: make(chan struct{})}
	// Ends when the program does.
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.result = err
		p.mu.Unlock()
		close(p.done)
	}()
	return p, nil
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells how the program ended: nil for exit code 0, an *exec.ExitError
// otherwise. It is nil while the program runs.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result
}

// Wait waits until the program has ended by itself and returns Err, or the
// error of ctx if that is done before.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.Err()
	case <-ctx.Done():
		return fmt.Errorf("%s (process %d) still runs: %w", p.name(), p.PID(), ctx.Err())
	}
}

// Stop sends sig and waits until the program has ended. A program that takes
// longer than patience is killed, which is an error. Stopping a program that
// has ended already does nothing. The result is Err, except that an end by sig
// itself is what was asked for.
func (p *Process) Stop(sig syscall.Signal, patience time.Duration) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s to %s (process %d): %w", sig, p.name(), p.PID(), err)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		return errors.Join(
			fmt.Errorf("%s (process %d) did not end within %s of %s: killed", p.name(), p.PID(), patience, sig),
			p.Kill())
	}
	if p.endedBy(sig) {
		return nil
	}
	return p.Err()
}

// Kill ends the program at once, as kill -9 does, and waits until it is gone.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s (process %d): %w", p.name(), p.PID(), err)
	}
	<-p.done
	return nil
}

// LogTail returns the last n lines of the program's output, for messages
// about a program that did not do what it should.
func (p *Process) LogTail(n int) string {
	log, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	lines := bytes.SplitAfter(log, []byte("\n"))
	if len(lines[len(lines)-1]) == 0 { // after the last newline
		lines = lines[:len(lines)-1]
	}
	return string(bytes.Join(lines[max(0, len(lines)-n):], nil))
}

func (p *Process) name() string { return filepath.Base(p.cmd.Path) }

// endedBy tells whether the program has been ended by the signal itself,
// without handling it.
func (p *Process) endedBy(sig syscall.Signal) bool {
	var exit *exec.ExitError
	if !errors.As(p.Err(), &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == sig
}

// Peak returns how much memory, in bytes, the program has had resident at
// most so far. What rusage says after its end will not do: it counts the
// memory of the process that has started the program too. Of a program that
// has ended it is not known.
func (p *Process) Peak() (bytes int64, ok bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10, true
		}
	}
	return 0, false
}

// CPU returns how much time of the processors the program has taken, and those
// that it has waited for, once it has ended.
func (p *Process) CPU() time.Duration {
	<-p.done
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}
