// Package tools holds the development tools of logfeed. What is here in its
// own right is the round trip as a test: a real log through the real logfeed
// into a real go-carbon, and back.
package tools

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

const (
	prefix = "apache.test"
	// liveMinutes is how many of the log's last minutes are appended live.
	liveMinutes = 5
	// arrival bounds every wait for points. They need a few seconds, or, after
	// a break, as long as logfeed backs off.
	arrival = time.Minute
)

// A trip is one log on its way.
type trip struct {
	t       *testing.T
	log     []byte // all of it, stamped into the last minutes
	path    string // the file that logfeed follows
	carbon  *gocarbon.Server
	logfeed *child.Process
}

// newTrip starts a go-carbon and stamps the real log, of which the file holds
// nothing yet.
func newTrip(t *testing.T, o gocarbon.Options) *trip {
	t.Helper()
	log, err := roundtrip.StampFile("../testdata/apache_logs", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	o.Binary, o.Dir, o.Prefix = binary(t, "GO_CARBON_BINARY"), filepath.Join(dir, "go-carbon"), prefix
	carbon, err := gocarbon.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { carbon.Kill() })
	return &trip{t: t, log: log, path: filepath.Join(dir, "access.log"), carbon: carbon}
}

// binary returns the path of a program that the Makefile has built.
func binary(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: `make test` builds the program and says here where it is", variable)
	}
	return path
}

// write writes the file that logfeed is to find.
func (r *trip) write(log []byte) {
	r.t.Helper()
	if err := os.WriteFile(r.path, log, 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// append appends to the file in random pieces that end within a line.
func (r *trip) append(log []byte) {
	r.t.Helper()
	seed := rand.Uint64()
	r.t.Logf("append with seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	if err := roundtrip.Append(r.t.Context(), r.path, log, 50, 5*time.Millisecond, random); err != nil {
		r.t.Fatal(err)
	}
}

// start starts logfeed on the file, with more flags.
func (r *trip) start(flags ...string) {
	r.t.Helper()
	args := []string{"--from-start", "--spread", "0s", "--carbon", r.carbon.Addr(), "--prefix", prefix, "--format", "combined", "--log-format", "json"}
	args = append(append(args, flags...), r.path)
	var err error
	r.logfeed, err = child.Start(filepath.Join(filepath.Dir(r.path), "logfeed.log"), binary(r.t, "LOGFEED_BINARY"), args...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		r.logfeed.Kill()
		if r.t.Failed() {
			r.t.Logf("the end of logfeed's log:\n%s", r.logfeed.LogTail(50))
		}
	})
}

// awaitPoints waits until go-carbon has exactly the points of the log.
func (r *trip) awaitPoints(log []byte) roundtrip.Points {
	r.t.Helper()
	count, err := roundtrip.CountLog(log)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), arrival)
	defer cancel()
	points, differences, err := roundtrip.Await(ctx, r.carbon, prefix, count.Points(prefix))
	if err != nil {
		r.t.Fatal(err)
	}
	for i, d := range differences {
		if i == 10 {
			r.t.Errorf("and %d more", len(differences)-i)
			break
		}
		r.t.Error(d)
	}
	if len(differences) > 0 {
		r.t.FailNow()
	}
	return points
}

// awaitCached waits until go-carbon holds at least n points in its memory.
func (r *trip) awaitCached(n int) {
	r.t.Helper()
	r.await(func(ctx context.Context) (bool, error) {
		cached, err := r.carbon.CachedPoints(ctx)
		return cached >= n, err
	})
}

// awaitSeries waits until go-carbon has written the first whisper file.
func (r *trip) awaitSeries() {
	r.t.Helper()
	r.await(func(ctx context.Context) (bool, error) {
		series, err := r.carbon.Series(ctx, prefix)
		return len(series) > 0, err
	})
}

// await asks go-carbon again and again until the answer is yes.
func (r *trip) await(question func(context.Context) (yes bool, err error)) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), arrival)
	defer cancel()
	for {
		yes, err := question(ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		if yes {
			return
		}
		select {
		case <-r.logfeed.Done():
			r.t.Fatalf("logfeed has ended by itself (%v)", r.logfeed.Err())
		case <-ctx.Done():
			r.t.Fatalf("what was waited for did not come within %s", arrival)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// record returns the record of logfeed's log that has the given message.
func (r *trip) record(message string) map[string]any {
	r.t.Helper()
	for line := range strings.Lines(r.logfeed.LogTail(1000)) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			r.t.Fatalf("record %s of logfeed's log: %v", line, err)
		}
		if record["msg"] == message {
			return record
		}
	}
	r.t.Fatalf("logfeed's log has no record %q", message)
	return nil
}

// stop ends logfeed as an operator does, which must not change a point.
func (r *trip) stop(log []byte) roundtrip.Points {
	r.t.Helper()
	if err := r.logfeed.Stop(syscall.SIGTERM, 10*time.Second); err != nil {
		r.t.Fatalf("stop logfeed: %v", err)
	}
	return r.awaitPoints(log)
}

// checkFigures compares what has come out of go-carbon with what is known of
// the real log, see testdata/README.md.
func checkFigures(t *testing.T, points roundtrip.Points) {
	t.Helper()
	want := map[string]float64{
		"requests.count":   9999,
		"bytes.count":      2747282505,
		"status.2xx.count": 9170,
		"status.3xx.count": 609,
		"status.4xx.count": 217,
		"status.5xx.count": 3,
	}
	got := make(map[string]float64)
	for series, buckets := range points {
		metric := strings.TrimPrefix(series, prefix+".")
		for _, value := range buckets {
			got[metric] += value
		}
		if _, ok := want[metric]; !ok {
			t.Errorf("series %s is in go-carbon, and ought not to be", series)
		}
	}
	for metric, value := range want {
		if got[metric] != value {
			t.Errorf("%s: %.0f in all, want %.0f", metric, got[metric], value)
		}
	}
	for _, metric := range []string{"requests.count", "bytes.count"} {
		if n := len(points[prefix+"."+metric]); n != 84 {
			t.Errorf("%s: %d buckets, want 84", metric, n)
		}
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	r := newTrip(t, gocarbon.Options{})
	backlog, live := roundtrip.Split(r.log, liveMinutes)
	r.write(backlog)
	r.start()
	r.awaitPoints(backlog)
	r.append(live)
	checkFigures(t, r.awaitPoints(r.log))
	checkFigures(t, r.stop(r.log))
}

func TestOnce(t *testing.T) {
	t.Parallel()
	r := newTrip(t, gocarbon.Options{})
	r.write(r.log)
	r.start("--once")
	ctx, cancel := context.WithTimeout(t.Context(), arrival)
	defer cancel()
	if err := r.logfeed.Wait(ctx); err != nil {
		t.Fatalf("logfeed --once: %v", err)
	}
	checkFigures(t, r.awaitPoints(r.log))

	record := r.record("backfill complete")
	if record["rejected"] != 1.0 || record["late"] != 0.0 {
		t.Errorf("the last record is %v, want 1 rejected line and no late one", record)
	}
}

// TestCarbonKilled kills go-carbon when it holds points in its memory that it
// has taken from logfeed, and that are in no file yet. They must come again by
// themselves, and those of the lines written meanwhile too.
func TestCarbonKilled(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		memoryOnly bool
		await      func(r *trip, points int) // of the backlog; go-carbon is killed after it
	}{
		{"at the first point", true, func(r *trip, _ int) { r.awaitCached(1) }},
		{"with everything in memory", true, func(r *trip, points int) { r.awaitCached(points) }},
		{"at the first file", false, func(r *trip, _ int) { r.awaitSeries() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newTrip(t, gocarbon.Options{MemoryOnly: tt.memoryOnly})
			backlog, live := roundtrip.Split(r.log, liveMinutes)
			r.write(backlog)
			r.start()
			tt.await(r, numberOfPoints(t, backlog))
			if err := r.carbon.Kill(); err != nil {
				t.Fatal(err)
			}
			r.append(live)

			r.carbon.SetMemoryOnly(false)
			if err := r.carbon.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			checkFigures(t, r.awaitPoints(r.log))
			checkFigures(t, r.stop(r.log))
		})
	}
}

// numberOfPoints returns how many points a log comes to.
func numberOfPoints(t *testing.T, log []byte) int {
	t.Helper()
	count, err := roundtrip.CountLog(log)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, buckets := range count.Points(prefix) {
		n += len(buckets)
	}
	return n
}
