package apache2

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
)

const (
	// startPatience bounds the wait for the server to listen; it takes a tenth
	// of a second on a machine that has nothing else to do.
	startPatience = 60 * time.Second
	// stopPatience bounds the wait for the last requests to end.
	stopPatience = 60 * time.Second
	probeEvery   = 10 * time.Millisecond
)

// A Server is one running httpd.
type Server struct {
	o       Options
	process *child.Process
}

// Start starts a server and returns when all of the given addresses accept
// connections. Whoever calls Start must call Stop in the end.
func Start(ctx context.Context, o Options, addresses ...string) (*Server, error) {
	if err := o.write(); err != nil {
		return nil, err
	}
	// env becomes the program, so that the process id is the server's.
	args := append(append([]string{"-u", "LANG"}, o.Env...), Program, "-d", o.Dir, "-f", o.configPath(), "-DFOREGROUND")
	process, err := child.Start(o.path("output.log"), "env", args...)
	if err != nil {
		return nil, err
	}
	s := &Server{o, process}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for _, address := range addresses {
		if err := s.await(ctx, address); err != nil {
			return nil, errors.Join(err, process.Kill())
		}
	}
	return s, nil
}

// await waits until the server accepts a connection.
func (s *Server) await(ctx context.Context, address string) error {
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.process.Done():
			return fmt.Errorf("apache2 ended at its start: %v\n%s%s", s.process.Err(), s.process.LogTail(10), s.Errors(10))
		case <-ctx.Done():
			return fmt.Errorf("apache2 does not listen on %s: %w\n%s", address, err, s.Errors(10))
		case <-time.After(probeEvery):
		}
	}
}

// Stop lets the requests that are under way end, stops the server and returns
// when every line of its logs is written.
func (s *Server) Stop() error {
	return s.process.Stop(syscall.SIGWINCH, stopPatience)
}

// Reload returns the shell command by which an administrator has the server
// restart gracefully: new processes open the logs by their names, the old ones
// end with the last of their requests.
func (s *Server) Reload() string {
	return fmt.Sprintf("%s -d %s -f %s -k graceful", Program, s.o.Dir, s.o.configPath())
}

// Log returns the path of a file below logs/.
func (s *Server) Log(name string) string { return s.o.path("logs", name) }

// Errors returns the last n lines of the error log, for messages about a server
// that did not do what it should.
func (s *Server) Errors(n int) string {
	text, err := os.ReadFile(s.o.path("logs", "error.log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}

// Check is apache2 -t: it returns what httpd says of the configuration, and
// whether it accepts it. An error means that httpd could not be asked.
func Check(ctx context.Context, o Options) (says string, accepted bool, err error) {
	if err := o.write(); err != nil {
		return "", false, err
	}
	cmd := exec.CommandContext(ctx, Program, "-t", "-d", o.Dir, "-f", o.configPath())
	cmd.Env = append(os.Environ(), o.Env...)
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || !exit.Exited()) {
		return "", false, fmt.Errorf("apache2 -t: %w\n%s", err, output)
	}
	return string(output), err == nil, nil
}

// Line returns the number of the line of Options.Config that a message of Check
// names, 1 for the first; 0 if it names none of it.
func (o *Options) Line(says string) int {
	_, rest, ok := strings.Cut(says, "Syntax error on line ")
	if !ok || !strings.Contains(rest, filepath.Base(o.configPath())) {
		return 0
	}
	n := 0
	if _, err := fmt.Sscan(rest, &n); err != nil {
		return 0
	}
	return max(0, n-strings.Count(strings.TrimSuffix(o.text(), o.Config), "\n"))
}
