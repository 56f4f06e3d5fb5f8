package tools

import (
	"strings"
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

// TestMemoryOfASpan compares what a backfill of a year takes with that of a
// month, with the same number of lines in every day.
func TestMemoryOfASpan(t *testing.T) {
	t.Parallel()
	if strings.HasSuffix(binary(t, "LOGFEED_BINARY"), "-race") {
		t.Skip("the race detector takes several times the memory")
	}
	peak := make(map[int]int64)
	for _, days := range []int{30, 365} {
		logs, err := oldlogs.Busy(t.TempDir(), days, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		_, result := backfill(t, logs, "--retentions", oldlogs.Retentions, "--format", oldlogs.BusyFormat, "--by", "vhost")
		if result.Series != oldlogs.BusySeries {
			t.Errorf("%d series, want %d", result.Series, oldlogs.BusySeries)
		}
		peak[days] = result.Peak
		t.Logf("| %d days | %d | %d | %.0f MiB |", days, result.Lines, result.Points, float64(result.Peak)/(1<<20))
	}
	if peak[30] == 0 || peak[365] > memory || float64(peak[365]) > (1+noise)*float64(peak[30]) {
		t.Errorf("a year takes %d bytes, a month %d", peak[365], peak[30])
	}
}
