// Package graphiteweb runs Debian's graphite-web behind gunicorn on a loopback
// port, over the whisper files and the memory of one carbon-cache.
package graphiteweb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/ports"
	"github.com/logfeed/logfeed/tools/internal/render"
)

// Where Debian's packages graphite-web and gunicorn put things.
const (
	Program = "/usr/bin/gunicorn"
	Site    = "/usr/lib/python3/dist-packages/graphite/wsgi.py"
)

const (
	// startPatience bounds the wait for an answer: Python takes about a second.
	startPatience = 60 * time.Second
	stopPatience  = 60 * time.Second
	probeEvery    = 50 * time.Millisecond
)

// A Server is one graphite-web. Whoever calls Start must call Stop in the end.
type Server struct {
	port    int
	process *child.Process
}

// Start starts a graphite-web that keeps everything of its own in dir, and
// returns when it answers.
func Start(ctx context.Context, dir string, carbon *carboncache.Server) (*Server, error) {
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "log"), 0o755); err != nil {
		return nil, fmt.Errorf("directory of graphite-web: %w", err)
	}
	settings := fmt.Appendf(nil, settings, dir, carbon.WhisperDir(), carbon.WhisperDir(), filepath.Join(dir, "log"), filepath.Join(dir, "index"), carbon.QueryAddr())
	if err := os.WriteFile(filepath.Join(dir, module+".py"), settings, 0o644); err != nil {
		return nil, fmt.Errorf("settings of graphite-web: %w", err)
	}
	s := &Server{port: port}
	// env becomes the program, so that the process id is the server's.
	if s.process, err = child.Start(filepath.Join(dir, "graphite-web.log"), "env", "PYTHONPATH="+dir, "GRAPHITE_SETTINGS_MODULE="+module,
		Program, "--bind", "127.0.0.1:"+strconv.Itoa(port), "--workers", "2", "graphite.wsgi"); err != nil {
		return nil, err
	}
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.process.Kill())
	}
	return s, nil
}

// module is the Python module of the settings.
const module = "logfeed_settings"

// settings has places and nothing that is remembered from one answer to the
// next. The render API asks no database.
const settings = `SECRET_KEY = 'of a test on loopback'
TIME_ZONE = 'UTC'
STORAGE_DIR = %q
WHISPER_DIR = %q
STANDARD_DIRS = [%q]
LOG_DIR = %q
INDEX_FILE = %q
CARBONLINK_HOSTS = [%q]
DATABASES = {'default': {'NAME': ':memory:', 'ENGINE': 'django.db.backends.sqlite3'}}
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}
FIND_CACHE_DURATION = 0
`

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		now := time.Now().Unix()
		_, err := s.Render(ctx, now-60, now, "constantLine(1)")
		if err == nil {
			return nil
		}
		select {
		case <-s.process.Done():
			return fmt.Errorf("graphite-web ended at its start (%v):\n%s", s.process.Err(), s.process.LogTail(20))
		case <-ctx.Done():
			return fmt.Errorf("graphite-web does not answer: %w; the end of its log:\n%s", err, s.process.LogTail(20))
		case <-time.After(probeEvery):
		}
	}
}

// Render is render.Points of this server.
func (s *Server) Render(ctx context.Context, first, last int64, targets ...string) (map[string]map[int64]float64, error) {
	return render.Points(ctx, s.url(), first, last, targets...)
}

// Picture is render.Picture of this server.
func (s *Server) Picture(ctx context.Context, first, last int64, settings url.Values, targets ...string) ([]byte, error) {
	return render.Picture(ctx, s.url(), first, last, settings, targets...)
}

func (s *Server) url() string { return "http://127.0.0.1:" + strconv.Itoa(s.port) }

// Stop ends graphite-web with its workers.
func (s *Server) Stop() error { return s.process.Stop(syscall.SIGTERM, stopPatience) }
