package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFlood reads a million lines that are rejected for every reason, out of
// many logs, and counts the log records about them.
func TestFlood(t *testing.T) {
	t.Parallel()
	const logs, each = 20, 50_000
	dir, now := t.TempDir(), time.Now()
	kinds := []string{
		"junk\n",
		strings.Replace(combined(now, 200, 1), "GET", "GET \x1b[31m", 1) + "x\n",
		strings.Replace(combined(now, 200, 1), " 200 ", " two ", 1),
		strings.Replace(combined(now, 200, 1), "[", "(", 1),
		combined(now.Add(24*time.Hour), 200, 1),
		combined(time.Unix(0, 0), 200, 1),
		combined(now, 200, 1) + combined(now.Add(-24*time.Hour), 200, 1), // late
	}
	want := 0
	for i := range logs {
		var text strings.Builder
		for k := range each {
			kind := kinds[(i+k)%(len(kinds)-1)]
			text.WriteString(kind)
			if kind == kinds[1] {
				text.WriteString(kinds[6])
			}
			want++
		}
		text.WriteString(strings.Repeat("y", 5<<20) + "\n")
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".log")), []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("logfeed", "--from-start", "--once", "--dry-run", "--log-level", "debug", "--prefix", "a", filepath.Join(dir, "*.log"))
	var said spoken
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	records := strings.Count(said.String(), "\n")
	t.Logf("%d lines rejected, %d log records", want, records)
	if records >= 100 || records == 0 {
		t.Errorf("%d log records", records)
	}
	if want < 1_000_000 || !strings.Contains(said.String(), fmt.Sprintf(" rejected=%d ", want)) {
		t.Errorf("of %d rejected lines it says: %s", want, lineWith(said.String(), "backfill complete"))
	}
	for _, class := range []string{"line rejected", "in the future", "before the year 2000", "late lines", "longer than 4 MiB"} {
		if lineWith(said.String(), class) == "" {
			t.Errorf("nothing is said of %q", class)
		}
	}
}
