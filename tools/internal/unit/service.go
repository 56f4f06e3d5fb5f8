package unit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
)

// A Service is a unit that has been started. Its methods may be called from any
// goroutine.
type Service struct {
	unit    unit
	log     string // of the program
	command []string
	restart time.Duration
	notify  *net.UnixConn
	stop    chan struct{}
	over    sync.WaitGroup // the supervision
	told    sync.WaitGroup // everything that the service says

	mu      sync.Mutex
	process *child.Process
	ready   int   // how often it was
	failure error // why it is not started again
}

// Start starts the service of a unit file; instance is what its name has behind
// the @. In dir are its log and the socket by which it says how it goes. Whoever
// calls Start must call Stop in the end.
func Start(path, instance, dir string) (*Service, error) {
	s := &Service{log: filepath.Join(dir, "service.log"), stop: make(chan struct{})}
	var err error
	if s.unit, err = read(path, instance); err != nil {
		return nil, err
	}
	if s.restart, err = s.unit.seconds("RestartSec"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("directory of a service: %w", err)
	}
	socket := filepath.Join(dir, "notify")
	if s.command, err = s.unit.command(nil, "NOTIFY_SOCKET="+socket); err != nil {
		return nil, err
	}
	if s.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"}); err != nil {
		return nil, fmt.Errorf("socket of a service: %w", err)
	}
	if err := errors.Join(os.Chmod(socket, 0o666), s.begin()); err != nil {
		return nil, errors.Join(err, s.notify.Close())
	}
	s.told.Go(s.listen)    // ends when the socket is closed
	s.over.Go(s.supervise) // ends with Stop, or when the service is not to be started again
	return s, nil
}

// Run runs the command line of a unit once, with more arguments, and returns when
// it has ended.
func Run(ctx context.Context, path, instance string, more ...string) error {
	u, err := read(path, instance)
	if err != nil {
		return err
	}
	command, err := u.command(more)
	if err != nil {
		return err
	}
	said, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w:\n%s", strings.Join(command, " "), err, said)
	}
	return nil
}

func (s *Service) begin() error {
	process, err := child.Start(s.log, s.command[0], s.command[1:]...)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.process = process
	s.mu.Unlock()
	return nil
}

// supervise starts the service again when it ends, as Restart=always asks for.
func (s *Service) supervise() {
	for {
		process := s.running()
		select {
		case <-s.stop:
			return
		case <-process.Done():
		}
		var exit *exec.ExitError
		if errors.As(process.Err(), &exit) && slices.Contains(s.unit["RestartPreventExitStatus"], strconv.Itoa(exit.ExitCode())) {
			s.fail(fmt.Errorf("the service has ended, and is not to be started again: %w:\n%s", exit, process.LogTail(10)))
			return
		}
		select {
		case <-s.stop:
			return
		case <-time.After(s.restart):
		}
		if err := s.begin(); err != nil {
			s.fail(err)
			return
		}
	}
}

// listen counts how often the service says that it is ready.
func (s *Service) listen() {
	message := make([]byte, 4096)
	for {
		n, err := s.notify.Read(message)
		if err != nil {
			return
		}
		if slices.Contains(strings.Split(string(message[:n]), "\n"), "READY=1") {
			s.mu.Lock()
			s.ready++
			s.mu.Unlock()
		}
	}
}

func (s *Service) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
}

func (s *Service) running() *child.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

// AwaitReady waits until the service has been ready n times since Start.
func (s *Service) AwaitReady(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		ready, failure := s.ready, s.failure
		s.mu.Unlock()
		switch {
		case failure != nil:
			return failure
		case ready >= n:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the service has been ready %d times, want %d: %w; the end of its log:\n%s", ready, n, ctx.Err(), s.LogTail(20))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the process as kill -9 does; it is started again.
func (s *Service) Kill() error { return s.running().Kill() }

// Stop stops the service as systemctl does, and returns how it ended. Stopping
// it again does nothing.
func (s *Service) Stop() error {
	select {
	case <-s.stop:
		return nil
	default:
		close(s.stop)
	}
	s.over.Wait()
	patience, err := s.unit.seconds("TimeoutStopSec")
	if err == nil {
		err = s.running().Stop(syscall.SIGTERM, patience)
	}
	err = errors.Join(err, s.notify.Close())
	s.told.Wait()
	return err
}

// LogTail returns the last n lines of the log of all its processes.
func (s *Service) LogTail(n int) string { return s.running().LogTail(n) }
