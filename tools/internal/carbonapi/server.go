// Package carbonapi runs a real carbonapi on a loopback port before several
// go-carbons, and reads series through it as a dashboard does.
package carbonapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/ports"
	"github.com/logfeed/logfeed/tools/internal/render"
)

// Options describe a carbonapi. All of them must be set.
type Options struct {
	Binary string
	Dir    string   // receives configuration and log; it is made if it is missing
	Stores []string // addresses of the HTTP servers of go-carbons
}

// A Server is one carbonapi. Whoever calls Start must call Kill in the end.
type Server struct {
	port    int
	process *child.Process
}

// startPatience bounds the wait for an answer: it takes about a second.
const startPatience = 30 * time.Second

// Start starts a carbonapi and returns when it answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("directory of carbonapi: %w", err)
	}
	path := filepath.Join(o.Dir, "carbonapi.yaml")
	var stores strings.Builder
	for _, s := range o.Stores {
		fmt.Fprintf(&stores, "          - %q\n", s)
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, config, port, stores.String()), 0o644); err != nil {
		return nil, fmt.Errorf("configuration of carbonapi: %w", err)
	}
	s := &Server{port: port}
	if s.process, err = child.Start(filepath.Join(o.Dir, "carbonapi.log"), o.Binary, "-config", path); err != nil {
		return nil, err
	}
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.process.Kill())
	}
	return s, nil
}

// Every store is asked for everything, and nothing is remembered: a reader who
// asks again and again would see old answers.
const config = `listen: "127.0.0.1:%d"
notFoundStatusCode: 200
cache:
  type: "null"
backendCache:
  type: "null"
graphite:
  host: ""
upstreams:
  tldCacheDisabled: true
  timeouts:
    find: "10s"
    render: "10s"
    connect: "1s"
  backendsv2:
    backends:
      - groupName: "stores"
        protocol: "carbonapi_v3_pb"
        lbMethod: "broadcast"
        servers:
%slogger:
  - logger: ""
    file: "stderr"
    level: "warn"
    encoding: "console"
`

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		_, err := s.Render(ctx, time.Now().Unix()-60, time.Now().Unix(), "carbon.none")
		if err == nil {
			return nil
		}
		select {
		case <-s.process.Done():
			return fmt.Errorf("carbonapi ended at its start (%v):\n%s", s.process.Err(), s.process.LogTail(10))
		case <-ctx.Done():
			return fmt.Errorf("carbonapi does not answer: %w; the end of its log:\n%s", err, s.process.LogTail(10))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// URL returns the address, without a slash at its end.
func (s *Server) URL() string { return "http://127.0.0.1:" + strconv.Itoa(s.port) }

// Kill ends carbonapi.
func (s *Server) Kill() error { return s.process.Kill() }

// Render reads the points of the targets from the step that begins at first to
// the one that begins at last, in Unix seconds, as series, time and value. A
// step without a point is not in it.
func (s *Server) Render(ctx context.Context, first, last int64, targets ...string) (map[string]map[int64]float64, error) {
	return render.Points(ctx, s.URL(), first, last, targets...)
}
