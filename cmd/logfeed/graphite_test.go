package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/retention"
)

// TestDeployedStanzas holds deploy/graphite to what is printed for the default
// flags, with the prefixes of all hosts in place of one.
func TestDeployedStanzas(t *testing.T) {
	var files []string
	for _, name := range []string{"storage-schemas.conf", "storage-aggregation.conf"} {
		text, err := os.ReadFile(filepath.Join("../../deploy/graphite", name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, string(text))
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"--print-graphite-config", "--prefix", "apache"}, nil, &stdout, &stderr)
	if want := files[0] + "\n" + files[1]; code != 0 || stderr.Len() > 0 || stdout.String() != want {
		t.Errorf("exit code %d, %q, printed\n%s\nbut deploy/graphite has\n%s", code, stderr.String(), stdout.String(), want)
	}
}

func TestUsualRetentions(t *testing.T) {
	for interval, want := range map[time.Duration]string{
		10 * time.Second:   "10s:1d,5m:30d,1h:3y",
		time.Minute:        "60s:1d,5m:30d,1h:3y",
		90 * time.Second:   "90s:1d,6m:30d,1h:3y",
		5 * time.Minute:    "5m:30d,1h:3y",
		10 * time.Minute:   "10m:30d,1h:3y",
		30 * time.Minute:   "30m:3y",
		24 * time.Hour:     "1d:3y",
		1499 * time.Second: "1499s:2591771s,4497s:94607886s",
	} {
		if got := usualRetentions(interval).String(); got != want {
			t.Errorf("for %s: %s, want %s", interval, got, want)
		}
	}
	for interval := time.Second; interval <= day; interval += time.Second {
		list := usualRetentions(interval)
		read, err := retention.Parse(list.String())
		if err != nil || !slices.Equal(read, list) || !slices.Equal(list.Fed(), list) || list[0].Step != int64(interval/time.Second) {
			t.Fatalf("for %s: %s, which reads as %s (%v), %s of it fed", interval, list, read, err, list.Fed())
		}
	}
}
