package tools

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/oldlogs"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/stanzas"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// backfill reads old logs into a go-carbon of its own, and returns the whisper
// files when they are quiet.
func backfill(t *testing.T, year oldlogs.Year, flags ...string) (map[string]whisper.File, oldlogs.Result) {
	t.Helper()
	dir := t.TempDir()
	schemas, aggregation, err := stanzas.Print(t.Context(), binary(t, "LOGFEED_BINARY"), "--prefix", prefix, "--retentions", oldlogs.Retentions)
	if err != nil {
		t.Fatal(err)
	}
	carbon, err := gocarbon.Start(t.Context(), gocarbon.Options{
		Binary: binary(t, "GO_CARBON_BINARY"), Dir: filepath.Join(dir, "go-carbon"), Prefix: prefix,
		Schemas: schemas, Aggregation: aggregation,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { carbon.Kill() })
	logfeed, err := oldlogs.Run{
		Binary: binary(t, "LOGFEED_BINARY"), LogPath: filepath.Join(dir, "logfeed.log"),
		Carbon: carbon.Addr(), Prefix: prefix, Flags: flags,
	}.Start(year)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { logfeed.Kill() })
	ctx, cancel := context.WithTimeout(t.Context(), 2*arrival)
	defer cancel()
	result, err := oldlogs.Wait(ctx, logfeed)
	if err != nil {
		t.Fatal(err)
	}
	awaitWritten(ctx, t, carbon)
	files, err := whisper.ReadTree(carbon.WhisperDir())
	if err != nil {
		t.Fatal(err)
	}
	return files, result
}

// awaitWritten waits until go-carbon has written all that it was told.
func awaitWritten(ctx context.Context, t *testing.T, carbon *gocarbon.Server) {
	t.Helper()
	// A point that has left the cache may not be in its file yet.
	for empty := 0; empty < 10; {
		cached, err := carbon.CachedPoints(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if empty++; cached > 0 {
			empty = 0
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// year makes a year of logs in a directory of its own.
func year(t *testing.T, days int) oldlogs.Year {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("logs with seed %d", seed)
	y, err := oldlogs.NewYear(oldlogs.YearOptions{Dir: t.TempDir(), Real: "../testdata/apache_logs", Days: days, Prefix: prefix, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// TestYear backfills a year of logs and reads every archive.
func TestYear(t *testing.T) {
	t.Parallel()
	y := year(t, 365)
	begin := time.Now()
	files, result := backfill(t, y, "--retentions", oldlogs.Retentions)
	if result.Counts != y.Counts {
		t.Errorf("logfeed has counted %+v, want %+v", result.Counts, y.Counts)
	}
	differences := roundtrip.CompareArchives(y.Truth, files, begin.Unix(), time.Now().Unix())
	for i, d := range differences {
		if i == 20 {
			t.Errorf("and %d more", len(differences)-i)
			break
		}
		t.Error(d)
	}
	if extra := len(files) - len(y.Truth); extra != 0 {
		t.Errorf("%d series too many", extra)
	}
	t.Logf("%d lines, %d points, %.1f s", result.Lines, result.Points, result.Seconds)
}

// TestYearWithoutRetentions shows what Graphite makes of the points of old
// logs that are sent a minute at a time.
func TestYearWithoutRetentions(t *testing.T) {
	t.Parallel()
	y := year(t, 365)
	files, _ := backfill(t, y)
	requests := prefix + ".requests.count"
	now := time.Now().Unix()
	newest := int64(0)
	for _, archive := range files[requests].Archives {
		oldest := archive.Step * int64(archive.Slots)
		shown := tally{}
		for bucket, want := range y.Truth.At(archive.Step)[requests] {
			if age := now - bucket; age >= newest && age < oldest {
				shown.add(want, archive.Values[bucket])
			}
		}
		t.Logf("| %s to %s | %d s | %s |", days(newest), days(oldest), archive.Step, shown)
		// go-carbon loses a few where a batch lies across the end of an archive.
		if fine := newest == 0; fine && shown.wrong > 5 || !fine && shown.showed > 0.8*shown.truth {
			t.Errorf("%d of %d cells of %d s are wrong, and they show %.0f of %.0f, of which the docs say otherwise", shown.wrong, shown.cells, archive.Step, shown.showed, shown.truth)
		}
		newest = oldest
	}
}

// A tally compares cells of Graphite with the truth.
type tally struct {
	cells, wrong  int
	truth, showed float64
}

func (s *tally) add(want, got float64) {
	s.cells++
	s.truth += want
	s.showed += got
	if want != got {
		s.wrong++
	}
}

func (s tally) String() string {
	return fmt.Sprintf("%.0f | %.0f (%.0f %%) | %d of %d", s.truth, s.showed, 100*s.showed/s.truth, s.wrong, s.cells)
}

func days(seconds int64) string { return fmt.Sprintf("%d d", seconds/86400) }
