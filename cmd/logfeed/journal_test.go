package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestJournal runs the program with its standard error on what the environment
// calls the journal, and on something else.
func TestJournal(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "access.log")
	write(t, log, "junk\n")
	for _, c := range []struct {
		name   string
		off    int // by how much the inode is wrong
		args   []string
		prefix string
	}{
		{name: "the journal", prefix: "<4>time="},
		{name: "redirected since", off: 1, prefix: "time="},
		{name: "json", args: []string{"--log-format", "json"}, prefix: "{"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stderr, err := os.Create(filepath.Join(dir, "stderr"))
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			info, err := stderr.Stat()
			if err != nil {
				t.Fatal(err)
			}
			sys := info.Sys().(*syscall.Stat_t)
			cmd := exec.Command("logfeed", append(c.args, "--from-start", "--once", "--dry-run", log)...)
			cmd.Env = append(os.Environ(), fmt.Sprintf("JOURNAL_STREAM=%d:%d", sys.Dev, int(sys.Ino)+c.off))
			cmd.Stderr = stderr
			if err := cmd.Run(); err != nil {
				t.Error(err)
			}
			said, err := os.ReadFile(stderr.Name())
			if err != nil {
				t.Fatal(err)
			}
			rejected := lineWith(string(said), "line rejected")
			if !strings.HasPrefix(rejected, c.prefix) {
				t.Errorf("it says %q, want it to begin with %q", rejected, c.prefix)
			}
			if c.prefix == "{" && json.Unmarshal([]byte(rejected), new(map[string]any)) != nil {
				t.Errorf("%q is not JSON", rejected)
			}
		})
	}
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

func TestJournalPriorities(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newJournalHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})).With("carbon", "c").WithGroup("g")
	log.Error("e", "k", 1)
	log.Warn("w")
	log.Info("i")
	log.Debug("d")
	want := []string{"<3>time=", "<4>time=", "<6>time=", "<7>time="}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(want) || !strings.HasSuffix(lines[0], "msg=e carbon=c g.k=1") {
		t.Fatalf("%q", lines)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("%q, want it to begin with %q", line, want[i])
		}
	}
	if newJournalHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}).Enabled(t.Context(), slog.LevelInfo) {
		t.Error("the level is not kept")
	}
}
