package main

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// TestAges sees one warning, at the first point that is older than a day.
func TestAges(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ago := func(d time.Duration) []point.Point {
		return []point.Point{{Series: "young", Time: now.Unix()}, {Series: "a", Time: now.Add(-d).Unix()}}
	}
	var said bytes.Buffer
	a := ages{log: slog.New(slog.NewTextHandler(&said, nil))}
	a.see(ago(day), now)
	if said.Len() > 0 {
		t.Errorf("of a day: %s", said.String())
	}
	a.see(ago(day+time.Second), now)
	a.see(ago(2*day), now)
	if text := said.String(); strings.Count(text, "older than a day") != 1 || !strings.Contains(text, "first=2027-01-14T07:59:59Z") {
		t.Errorf("said %q", text)
	}
	said.Reset()
	a = ages{log: a.log, off: true}
	a.see(ago(2*day), now)
	if said.Len() > 0 {
		t.Errorf("although off: %s", said.String())
	}
}

// TestOwnDoubt has a schemas file that keeps logfeed's own series otherwise
// than those of the logs, or not at all.
func TestOwnDoubt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "storage-schemas.conf")
	doubt := func(schemas string, args ...string) string {
		write(t, file, schemas)
		c, _, wrong := parseArgs(append(args, "--prefix", "a", "--retentions", file, "x.log"))
		if len(wrong.all) > 0 {
			t.Fatal(wrong.all)
		}
		return c.ownDoubt()
	}
	apart := "[own]\npattern = \\.lag\\.\nretentions = 5m:1y\n[rest]\npattern = .*\nretentions = 60s:1d\n"
	if got := doubt(apart); !strings.Contains(got, "a.logfeed.lag.bytes is 300s by [own]") {
		t.Errorf("it says %q", got)
	}
	if got := doubt(apart, "--once", "--from-start"); got != "" {
		t.Errorf("a backfill has none of these series, and says %q", got)
	}
	if got := doubt("[c]\npattern = \\.count$\nretentions = 60s:1d\n"); !strings.Contains(got, "no section") || !strings.Contains(got, "a.logfeed.lag.bytes") {
		t.Errorf("it says %q", got)
	}
	if got := doubt("[rest]\npattern = .*\nretentions = 60s:1d\n"); got != "" {
		t.Errorf("it says %q", got)
	}
}
