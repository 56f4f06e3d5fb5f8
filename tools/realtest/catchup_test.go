//go:build realtest

package realtest

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/oldlogs"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// TestCatchUp has a follower go on after days. What it reads then reaches over the
// end of the finest archive, and it goes on live.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	schemas, aggregation := stanzasFor(t)
	carbon := startGoCarbon(t, filepath.Join(t.TempDir(), "go-carbon"), gocarbon.Options{Schemas: schemas, Aggregation: aggregation})
	real, err := os.ReadFile("../../testdata/apache_logs")
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("logs with seed %d", seed)
	begin := time.Now()
	logs, err := oldlogs.Write(oldlogs.Options{
		Dir: t.TempDir(), Real: real, Days: 6, PerHour: 30, Now: begin.Add(-2 * time.Minute),
		Edges: []time.Duration{24 * time.Hour}, Random: rand.New(rand.NewPCG(seed, 0)),
	})
	if err != nil {
		t.Fatal(err)
	}
	// The real log has a line in no format, which would come again and again.
	var lines [][]byte
	for line := range bytes.Lines(logs.Text) {
		if bytes.HasSuffix(line, []byte("\"\n")) {
			lines = append(lines, line)
		}
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "access.log")
	f := newFeed(t, feedOptions{dir: filepath.Join(dir, "logfeed"), carbon: carbon.Addr(), prefix: yearPrefix, logs: log})
	f.command = append(f.command, "--retentions", oldlogs.Retentions)

	stop := len(lines) / 2 // some three days ago
	write(t, log, lines[:stop])
	// A follower that has caught up closes by the clock on the wall, which is
	// days ahead of these lines. A one-shot run leaves them as they would have
	// been then, and the follower goes on from it.
	following := f.command
	f.command = append(slices.Clone(following), "--once")
	f.start()
	waitYear(t, f.process)
	write(t, log, lines[stop:])
	f.command = following
	f.start()

	read := func() (map[string]whisper.File, error) { return whisper.ReadTree(carbon.WhisperDir()) }
	awaitArchives(t, read, pointsOf(t, bytes.Join(lines, nil), yearPrefix), begin)
	f.stopWhole(len(lines))
}

// write appends lines to a log.
func write(t *testing.T, path string, lines [][]byte) {
	t.Helper()
	log, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, err := log.Write(bytes.Join(lines, nil)); err != nil {
		t.Fatal(err)
	}
}
