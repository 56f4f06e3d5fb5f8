package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/tail"
)

// TestProgressRecords lets a backlog last for an hour without a terminal.
func TestProgressRecords(t *testing.T) {
	for name, c := range map[string]struct {
		config config
		mode   string
		want   int
	}{
		"a backfill":            {config{once: true}, "auto", 120},
		"a follower":            {config{}, "auto", 12},
		"never":                 {config{once: true}, "never", 0},
		"a pipe that is read":   {config{once: true, files: []string{"-"}}, "auto", 120},
		"a pipe that is a log":  {config{files: []string{"-"}}, "auto", 0},
		"a line is no record":   {config{once: true}, "always", 0},
		"a line for a follower": {config{}, "always", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				follower, err := tail.New(tail.Options{Patterns: []string{"/none"}})
				if err != nil {
					t.Fatal(err)
				}
				var said, screen bytes.Buffer
				p := &pipeline{follower: follower, sink: printed{point.NewWriter(io.Discard)}, log: slog.New(slog.NewTextHandler(&said, nil))}
				p.gauge.read(7, 2)
				stop := p.showProgress(&c.config, newView(c.mode, io.Discard, &screen))
				time.Sleep(time.Hour + time.Second)
				stop()
				stop()
				if n := strings.Count(said.String(), "msg=progress lines=7 lines_per_second=0 bytes_per_second=0 rejected=2 sent=0 waiting=0\n"); n != c.want {
					t.Errorf("%d records, want %d: %.300s", n, c.want, said.String())
				}
				if drawn := screen.Len() > 0; drawn != (c.mode == "always") {
					t.Errorf("the screen got %.100q", screen.String())
				}
				if !strings.HasSuffix(screen.String(), "\x1b[J") && c.mode == "always" {
					t.Error("the line is not taken away")
				}
			})
		})
	}
}

// TestViewOfAFile is that of a service whose standard error is no terminal.
func TestViewOfAFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v := newView("auto", f, f); v.screen != nil || v.people != nil || !v.records {
		t.Errorf("auto: %+v", v)
	}
	if v := newView("always", f, f); v.screen == nil || v.people == nil || v.records || v.points != io.Writer(f) {
		t.Errorf("always: %+v", v)
	}
}
