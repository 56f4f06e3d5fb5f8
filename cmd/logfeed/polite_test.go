package main

import (
	"maps"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestPolite backfills the real log under both limits, is interrupted and
// killed on the way, and goes on: what had been introduced does not wait again,
// and in the end every point is there.
func TestPolite(t *testing.T) {
	t.Parallel()
	carbon := listen(t)
	want := truth(t)
	args := []string{"--from-start", "--once", "--state-dir", filepath.Join(t.TempDir(), "state"),
		"--max-creates", "20", "--max-rate", "100", realLog}

	first := start(t, carbon, args...)
	until(t, "two series", func() bool { return len(firsts(carbon.Lines())) == 2 })
	if err := first.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := first.exit(t); code != 1 {
		t.Errorf("interrupted, exit code %d, want 1", code)
	}
	if text := first.stderr.String(); strings.Contains(text, "are lost") {
		t.Error("it says that points are lost, and has a checkpoint")
	}
	before := carbon.Lines()
	if n := len(firsts(before)); n > 5 {
		t.Fatalf("%d series were introduced before the interruption", n)
	}

	second := start(t, carbon, args...)
	if code := second.exit(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if !maps.Equal(traffic(carbon), want) {
		t.Errorf("carbon holds %d cells, want %d", len(traffic(carbon)), len(want))
	}
	after := carbon.Lines()[len(before):]
	known := 0
	for _, at := range firsts(after) {
		if at.Sub(after[0].At) < 2*time.Second {
			known++
		}
	}
	// All of before but the last, whose receipt may not have come, and one more.
	if n := len(firsts(before)); known < n-1 || known > n+1 {
		t.Errorf("%d series after the start anew at once, want about %d", known, n)
	}
	at := firsts(carbon.Lines())
	for i := 1; i < len(at); i++ {
		if gap := at[i].Sub(at[i-1]); gap < time.Second && i != len(firsts(before)) {
			t.Errorf("series %d comes %s after the one before, want 3 s", i+1, gap)
		}
	}
	inTime(t, carbon.Lines())
}

// TestPoliteFollower has a service catch up under both limits.
func TestPoliteFollower(t *testing.T) {
	t.Parallel()
	carbon := listen(t)
	want := truth(t)
	service := start(t, carbon, "--from-start", "--max-creates", "20", "--max-rate", "100", realLog)
	until(t, "every point", func() bool { return maps.Equal(traffic(carbon), want) })
	if err := service.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := service.exit(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	at := firsts(carbon.Lines())
	for i := 1; i < len(at); i++ {
		if gap := at[i].Sub(at[i-1]); gap < time.Second {
			t.Errorf("series %d comes %s after the one before, want 3 s", i+1, gap)
		}
	}
	inTime(t, carbon.Lines())
}

// inTime sees that points do not come faster than --max-rate has them go. That
// is as long as two seconds, because a busy machine may not take any for a while.
func inTime(t *testing.T, lines []carbontest.Line) {
	t.Helper()
	if most := busiest(lines, 2*time.Second); most > 300 {
		t.Errorf("%d points within two seconds, want 200", most)
	}
}

// firsts returns when each series came for the first time.
func firsts(lines []carbontest.Line) []time.Time {
	seen := make(map[string]bool)
	var at []time.Time
	for _, l := range lines {
		if !seen[l.Series] {
			seen[l.Series] = true
			at = append(at, l.At)
		}
	}
	return at
}

// busiest returns how many lines the fullest stretch of time holds.
func busiest(lines []carbontest.Line, length time.Duration) int {
	most, begin := 0, 0
	for i, l := range lines {
		for l.At.Sub(lines[begin].At) >= length {
			begin++
		}
		most = max(most, i-begin+1)
	}
	return most
}
