package httpd

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRestart renames a log under a server that is busy, and asks it to
// restart. Both files grow for a while, and together they hold every line
// once.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	log, rotated, reload := filepath.Join(dir, "access.log"), filepath.Join(dir, "access.log.1"), filepath.Join(dir, "reload")
	s, err := Start(Options{Logs: []string{log}, Rate: 2000, Oldest: time.Hour, Linger: 200 * time.Millisecond, Torn: true, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	s.ReloadOn(reload)
	until(t, func() bool { return size(log) > 0 })
	if err := os.Rename(log, rotated); err != nil {
		t.Fatal(err)
	}
	before := size(rotated)
	if err := os.WriteFile(reload, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return size(log) > 0 && size(rotated) > before })
	until(t, func() bool { _, err := os.Stat(reload); return err != nil })
	after := size(rotated)
	until(t, func() bool { return size(log) > 4096 })
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if size(rotated) != after {
		t.Error("the old file grew after the restart was over")
	}
	var lines []string
	for _, path := range []string{rotated, log} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, slices.Collect(strings.Lines(string(text)))...)
	}
	want := slices.Sorted(strings.Lines(string(s.Log())))
	slices.Sort(lines)
	if !slices.Equal(lines, want) || len(want) != s.Lines() {
		t.Errorf("%d lines in the files, %d in the log of the server, %d counted", len(lines), len(want), s.Lines())
	}
}

func TestBurst(t *testing.T) {
	log := filepath.Join(t.TempDir(), "access.log")
	s, err := Start(Options{Logs: []string{log}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Burst(100, time.Minute, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil || !bytes.Equal(text, s.Log()) || bytes.Count(text, []byte("\n")) != 100 {
		t.Errorf("the log holds %d bytes, the server's own %d (%v)", len(text), len(s.Log()), err)
	}
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	return info.Size()
}

func until(t *testing.T, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("it did not come to that within 10 s")
		}
	}
}
