// Package gocarbon runs a real go-carbon on loopback ports, with its whisper
// files in a directory of ours, and reads the series back over HTTP. It lets
// the demo and the tests meet the very server that logfeed is made for.
package gocarbon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/ports"
)

// Options describe a go-carbon. The zero value of each field but the first
// three is a default.
type Options struct {
	// Binary is the path of the go-carbon program.
	Binary string
	// Dir receives everything that belongs to this go-carbon: configuration,
	// whisper files, log. It is made if it is missing.
	Dir string
	// Prefix is the first part of the series to be kept, such as
	// "apache.demo". Of series outside of it go-carbon keeps no file.
	Prefix string
	// Schemas and Aggregation are the texts of storage-schemas.conf and
	// storage-aggregation.conf. Empty is one archive of 60s:1d below the
	// prefix, and counts that add up.
	Schemas     string
	Aggregation string
	// UDP opens a UDP receiver too, on a port of its own.
	UDP bool
	// MemoryOnly keeps every point that comes in go-carbon's memory, where Kill
	// loses it: no whisper file is made or changed. A go-carbon with much to do
	// is in this state for minutes.
	MemoryOnly bool
	// TagDB is the URL that go-carbon tells of every series with tags, as it
	// would tell Graphite's web application. Empty is without tags.
	TagDB string
	// Creates bounds the new series a second: points of others are dropped as
	// they arrive. 0 is without limit. go-carbon keeps a core busy with it.
	Creates int
}

// A Server is one go-carbon that can be started, stopped and killed again and
// again. It keeps its ports and its whisper files all the time. It is for one
// goroutine.
type Server struct {
	options Options
	tcp     int
	udp     int
	http    int
	process *child.Process
}

const (
	// startPatience bounds the wait for a go-carbon to answer: it takes some
	// 50 ms, and much longer on a machine that is busy compiling.
	startPatience = 30 * time.Second
	// stopPatience bounds the wait for the orderly end: go-carbon itself gives
	// its listeners 5 s.
	stopPatience = 15 * time.Second
	// probeEvery is how often a starting go-carbon is asked whether it answers.
	probeEvery = 10 * time.Millisecond
	// portAttempts is how often other ports are tried when somebody who does
	// not ask for them as we do takes one of ours before go-carbon listens.
	portAttempts = 5
)

// Start starts a go-carbon with the given options on free loopback ports and
// returns when it answers. Whoever calls Start must call Stop or Kill in the
// end; the process outlives us otherwise.
func Start(ctx context.Context, o Options) (*Server, error) {
	dir, err := filepath.Abs(o.Dir) // the configuration is read in whatever directory
	if err != nil {
		return nil, fmt.Errorf("directory of go-carbon: %w", err)
	}
	o.Dir = dir

	for attempt := 1; ; attempt++ {
		s := &Server{options: o}
		for _, port := range []*int{&s.tcp, &s.udp, &s.http} {
			if *port, err = ports.Free(); err != nil {
				return nil, err
			}
		}
		err := s.Start(ctx)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errPortTaken) || attempt == portAttempts {
			return nil, err
		}
	}
}

// Start starts a stopped or killed go-carbon anew, on the same ports and the
// same whisper files, and returns when it answers.
func (s *Server) Start(ctx context.Context) error {
	if err := s.writeConfig(); err != nil {
		return err
	}
	process, err := child.Start(s.LogPath(), s.options.Binary, "-config", s.path(configFile))
	if err != nil {
		return err
	}
	s.process = process
	if err := s.awaitReady(ctx); err != nil {
		return errors.Join(err, process.Kill())
	}
	return nil
}

var errPortTaken = errors.New("a port of go-carbon is taken")

// awaitReady asks over HTTP until go-carbon answers. Its HTTP server starts
// after the receivers, so points can be sent by then.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		_, err := s.CachedPoints(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.process.Done():
			tail := s.process.LogTail(10)
			if strings.Contains(tail, syscall.EADDRINUSE.Error()) {
				return fmt.Errorf("%w:\n%s", errPortTaken, tail)
			}
			return fmt.Errorf("go-carbon ended at its start (%v):\n%s", s.process.Err(), tail)
		case <-ctx.Done():
			return fmt.Errorf("go-carbon does not answer: %w; the end of its log:\n%s", err, s.process.LogTail(10))
		case <-ticker.C:
		}
	}
}

// Stop ends go-carbon as an operator does who loses nothing: it writes what it
// still holds in memory to a dump, which the next Start restores.
func (s *Server) Stop() error {
	if err := s.process.Stop(syscall.SIGUSR2, stopPatience); err != nil {
		return fmt.Errorf("stop go-carbon: %w; the end of its log:\n%s", err, s.process.LogTail(10))
	}
	return nil
}

// Kill ends go-carbon as kill -9 does: what it holds in memory is lost, its
// whisper files stay.
func (s *Server) Kill() error { return s.process.Kill() }

// SetMemoryOnly changes Options.MemoryOnly from the next Start on.
func (s *Server) SetMemoryOnly(on bool) { s.options.MemoryOnly = on }

// PID returns the process id of the go-carbon started last.
func (s *Server) PID() int { return s.process.PID() }

// Peak returns how much memory, in bytes, the go-carbon started last has had
// resident at most.
func (s *Server) Peak() (bytes int64, ok bool) { return s.process.Peak() }

// Addr returns HOST:PORT of the plaintext receiver over TCP.
func (s *Server) Addr() string { return loopback(s.tcp) }

// UDPAddr returns HOST:PORT of the plaintext receiver over UDP, which is open
// if Options.UDP is set.
func (s *Server) UDPAddr() string { return loopback(s.udp) }

// URL returns the address of the HTTP server that reads series back, without
// a slash at its end.
func (s *Server) URL() string { return "http://" + loopback(s.http) }

// LogPath returns the path of go-carbon's log, to which every start appends.
func (s *Server) LogPath() string { return s.path("go-carbon.log") }

// WhisperDir returns the directory of the whisper files.
func (s *Server) WhisperDir() string { return s.path("whisper") }

func (s *Server) path(name string) string { return filepath.Join(s.options.Dir, name) }

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// writeFile writes one file of the configuration.
func (s *Server) writeFile(name, text string) error {
	if err := os.WriteFile(s.path(name), []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the configuration of go-carbon: %w", err)
	}
	return nil
}
