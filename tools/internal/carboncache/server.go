// Package carboncache runs the carbon-cache of Debian's package graphite-carbon
// with its stock configuration, except for places, ports and user, so that the
// tests meet what most people run.
package carboncache

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/ports"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// Where Debian's package puts things. It is not installed with Python's own
// tools, so a carbon-cache elsewhere is another one.
const (
	Program       = "/usr/bin/carbon-cache"
	StockSettings = "/etc/carbon/carbon.conf"
	StockSchemas  = "/etc/carbon/storage-schemas.conf"
)

// Options describe a carbon-cache. Dir and Prefix must be set.
type Options struct {
	// Dir receives everything that belongs to this carbon-cache. It is made
	// if it is missing.
	Dir string
	// Prefix is the first part of the series that our storage stanzas are for.
	Prefix string
	// Schemas stands before the stock storage-schemas.conf, Aggregation is all
	// of storage-aggregation.conf, of which there is no stock one. Empty is
	// 60s:1d,5m:30d below the prefix, and counts that add up.
	Schemas     string
	Aggregation string
	// Interface is the address to listen on; 127.0.0.1 when empty.
	Interface string
	// Pickle opens the receiver that a carbon-relay sends to.
	Pickle bool
	// Creates is how many new series a minute are made, such as "inf"; as many
	// as the stock settings allow when empty.
	Creates string
	// Hold keeps every point in memory: no whisper file is made or changed.
	Hold bool
	// Wrapper is put before the program and its arguments, such as nsenter
	// with its own. It has to become the program, not to start it.
	Wrapper []string
}

// A Server is one carbon-cache that can be killed and started again and again.
// It keeps its ports and its whisper files. It is for one goroutine.
type Server struct {
	o       Options
	line    int // ports
	query   int
	pickle  int // 0 is none
	process *child.Process
}

const (
	// startPatience bounds the wait for carbon-cache to listen: Python takes
	// about a second on a machine that has nothing else to do.
	startPatience = 30 * time.Second
	probeEvery    = 20 * time.Millisecond
)

// New prepares a carbon-cache: it chooses free ports and writes the
// configuration.
func New(o Options) (*Server, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("directory of carbon-cache: %w", err)
	}
	o.Dir = dir
	if o.Interface == "" {
		o.Interface = "127.0.0.1"
	}
	s := &Server{o: o}
	for _, port := range []*int{&s.line, &s.query, &s.pickle} {
		if *port, err = ports.Free(); err != nil {
			return nil, err
		}
	}
	if !o.Pickle {
		s.pickle = 0
	}
	return s, s.writeConfig()
}

// Start starts carbon-cache, anew if it has ended, and returns when it is in
// the state to listen. Whoever calls Start must call Kill in the end.
func (s *Server) Start(ctx context.Context) error {
	// A killed one leaves its file, and its number may be somebody else's now.
	if err := os.Remove(s.path("carbon-cache.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("start carbon-cache: %w", err)
	}
	log, err := os.Stat(s.LogPath())
	begin := int64(0)
	if err == nil {
		begin = log.Size()
	}
	args := append(append([]string(nil), s.o.Wrapper...), Program,
		"--config="+s.path("carbon.conf"), "--instance="+instance, "--nodaemon", "start")
	if s.process, err = child.Start(s.LogPath(), args[0], args[1:]...); err != nil {
		return err
	}
	if err := s.awaitReady(ctx, begin); err != nil {
		return errors.Join(err, s.process.Kill())
	}
	return nil
}

// awaitReady waits until the log says, behind begin, that the receiver
// listens. Asking the port would not do from another network namespace.
func (s *Server) awaitReady(ctx context.Context, begin int64) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		if s.saysListening(begin) {
			return nil
		}
		select {
		case <-s.process.Done():
			return fmt.Errorf("carbon-cache ended at its start (%v):\n%s", s.process.Err(), s.process.LogTail(20))
		case <-ctx.Done():
			return fmt.Errorf("carbon-cache does not listen: %w; the end of its log:\n%s", ctx.Err(), s.process.LogTail(20))
		case <-ticker.C:
		}
	}
}

// Kill ends carbon-cache as kill -9 does: what it holds in memory is lost. One
// that was never started is left alone.
func (s *Server) Kill() error {
	if s.process == nil {
		return nil
	}
	return s.process.Kill()
}

// PID returns the process id of the carbon-cache started last.
func (s *Server) PID() int { return s.process.PID() }

// LogTail returns the end of its log.
func (s *Server) LogTail(lines int) string { return s.process.LogTail(lines) }

// Addr returns HOST:PORT of the plaintext receiver.
func (s *Server) Addr() string { return s.at(s.line) }

// PickleAddr returns HOST:PORT of the receiver for pickles, if there is one.
func (s *Server) PickleAddr() string { return s.at(s.pickle) }

// QueryAddr returns HOST:PORT of the port for questions about its memory.
func (s *Server) QueryAddr() string { return s.at(s.query) }

// LogPath returns the path of its log, to which every start appends.
func (s *Server) LogPath() string { return s.path("carbon-cache.log") }

// Files returns the whisper files below the prefix, by series.
func (s *Server) Files() (map[string]whisper.File, error) {
	files, err := whisper.ReadTree(filepath.Join(s.WhisperDir(), filepath.FromSlash(asPath(s.o.Prefix))))
	if err != nil {
		return nil, err
	}
	named := make(map[string]whisper.File, len(files))
	for name, file := range files {
		named[s.o.Prefix+"."+name] = file
	}
	return named, nil
}

// WhisperDir returns the directory of the whisper files.
func (s *Server) WhisperDir() string { return s.path("whisper") }

func (s *Server) path(name string) string { return filepath.Join(s.o.Dir, name) }

func (s *Server) at(port int) string { return net.JoinHostPort(s.o.Interface, strconv.Itoa(port)) }
