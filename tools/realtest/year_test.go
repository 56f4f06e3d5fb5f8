//go:build realtest

package realtest

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/oldlogs"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/stanzas"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// makeYear makes a year of logs in a directory of its own.
func makeYear(t *testing.T) oldlogs.Year {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("logs with seed %d", seed)
	year, err := oldlogs.NewYear(oldlogs.YearOptions{Dir: t.TempDir(), Real: "../../testdata/apache_logs", Prefix: yearPrefix, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return year
}

// awaitArchives waits until every archive of the whisper files holds the truth.
func awaitArchives(t *testing.T, read func() (map[string]whisper.File, error), truth roundtrip.Points, begin time.Time) {
	t.Helper()
	limit := time.Now().Add(time.Minute)
	for ; ; time.Sleep(200 * time.Millisecond) {
		files, err := read()
		differences := roundtrip.CompareArchives(truth, files, begin.Unix(), time.Now().Unix())
		switch {
		case err == nil && len(differences) == 0 && len(files) == len(truth):
			return
		case time.Now().Before(limit):
			continue
		case err != nil:
			t.Error(err)
		}
		t.Logf("%d series, want %d", len(files), len(truth))
		fatalDifferences(t, differences)
	}
}

// yearPrefix is the first part of the series of a year.
const yearPrefix = "apache.year"

// startYearCarbon starts a carbon-cache with the retentions that it has by
// default.
func startYearCarbon(t *testing.T) *carboncache.Server {
	t.Helper()
	schemas, aggregation := stanzasFor(t)
	return startCarbonCache(t, carboncache.Options{Dir: filepath.Join(t.TempDir(), "carbon"), Schemas: schemas, Aggregation: aggregation})
}

// stanzasFor returns the stanzas that logfeed prints for a year.
func stanzasFor(t *testing.T) (schemas, aggregation string) {
	t.Helper()
	schemas, aggregation, err := stanzas.Print(t.Context(), os.Getenv("LOGFEED_BINARY"), "--prefix", yearPrefix, "--retentions", oldlogs.Retentions)
	if err != nil {
		t.Fatal(err)
	}
	return schemas, aggregation
}

// startYear starts a logfeed that reads all of a year, with more flags.
func startYear(t *testing.T, year oldlogs.Year, dir, carbon string, flags ...string) *child.Process {
	t.Helper()
	logfeed, err := oldlogs.Run{
		Binary: os.Getenv("LOGFEED_BINARY"), LogPath: filepath.Join(dir, "logfeed.log"), Carbon: carbon, Prefix: yearPrefix,
		Flags: append([]string{"--retentions", oldlogs.Retentions}, flags...),
	}.Start(year)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		logfeed.Kill()
		if t.Failed() {
			t.Logf("the end of logfeed's log:\n%s", logfeed.LogTail(20))
		}
	})
	return logfeed
}

// waitYear waits until it has read and delivered all.
func waitYear(t *testing.T, logfeed *child.Process) oldlogs.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	result, err := oldlogs.Wait(ctx, logfeed)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestYear backfills a year of logs into carbon-cache and reads every archive.
func TestYear(t *testing.T) {
	t.Parallel()
	year, carbon := makeYear(t), startYearCarbon(t)
	begin := time.Now()
	result := waitYear(t, startYear(t, year, t.TempDir(), carbon.Addr()))
	if result.Counts != year.Counts {
		t.Errorf("logfeed has counted %+v, want %+v", result.Counts, year.Counts)
	}
	awaitArchives(t, carbon.Files, year.Truth, begin)
}

// TestYearKilled kills logfeed five times on its way through a year. It is
// slowed down, so that it is killed while it reads.
func TestYearKilled(t *testing.T) {
	t.Parallel()
	t.Run("carbon-cache", func(t *testing.T) {
		t.Parallel()
		carbon := startYearCarbon(t)
		killYear(t, carbon.Addr(), carbon.Files)
	})
	t.Run("go-carbon", func(t *testing.T) {
		t.Parallel()
		schemas, aggregation := stanzasFor(t)
		carbon := startGoCarbon(t, filepath.Join(t.TempDir(), "go-carbon"), gocarbon.Options{Schemas: schemas, Aggregation: aggregation})
		killYear(t, carbon.Addr(), func() (map[string]whisper.File, error) { return whisper.ReadTree(carbon.WhisperDir()) })
	})
}

func killYear(t *testing.T, carbon string, read func() (map[string]whisper.File, error)) {
	t.Helper()
	year, dir := makeYear(t), t.TempDir()
	begin := time.Now()
	flags := []string{"--state-dir", filepath.Join(dir, "state"), "--max-rate", "2500", "--buffer", "512KiB"}
	for range 5 {
		logfeed := startYear(t, year, dir, carbon, flags...)
		time.Sleep(time.Second/2 + rand.N(8*time.Second))
		select {
		case <-logfeed.Done():
			t.Fatal("logfeed was done before it was killed five times")
		default:
		}
		if err := logfeed.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	waitYear(t, startYear(t, year, dir, carbon, flags...))
	awaitArchives(t, read, year.Truth, begin)
}
