package main

import (
	"bytes"
	"log/slog"
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
