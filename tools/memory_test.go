//go:build !race

package tools

import (
	"strconv"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/oldlogs"
)

const (
	// memory is how much a backfill of twenty series may take, however long
	// the time that it is about.
	memory = 64 << 20
	// noise is by how much two runs over the same logs differ at most.
	noise = 0.15
)

// TestMemoryOfASpan is not for the race detector, which takes several times the
// memory. It compares what a backfill of a year takes with that of a
// month, with the same number of lines in every day, and sees that as many
// workers as there are by default stay below the bound as well.
func TestMemoryOfASpan(t *testing.T) {
	t.Parallel()
	month, year := busy(t, 30), busy(t, 365)
	m := peak(t, month, "30 days", 2)
	y := peak(t, year, "365 days", 2)
	if float64(y) > (1+noise)*float64(m) {
		t.Errorf("a year takes %d bytes, a month %d", y, m)
	}
	peak(t, year, "365 days", 8)
}

func busy(t *testing.T, days int) oldlogs.Year {
	t.Helper()
	logs, err := oldlogs.Busy(t.TempDir(), days, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

// peak backfills and returns what logfeed took at most.
func peak(t *testing.T, logs oldlogs.Year, span string, workers int) int64 {
	t.Helper()
	_, r := backfill(t, logs, "--retentions", oldlogs.Retentions, "--format", oldlogs.BusyFormat, "--by", "vhost", "--workers", strconv.Itoa(workers))
	t.Logf("| %s | %d | %d | %d | %.0f MiB |", span, r.Lines, r.Points, workers, float64(r.Peak)/(1<<20))
	if r.Series != oldlogs.BusySeries {
		t.Errorf("%d series, want %d", r.Series, oldlogs.BusySeries)
	}
	if r.Peak == 0 || r.Peak > memory {
		t.Errorf("%s with %d workers take %d bytes", span, workers, r.Peak)
	}
	return r.Peak
}
