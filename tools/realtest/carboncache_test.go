//go:build realtest

package realtest

import (
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/httpd"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// startCarbonCache starts a carbon-cache, and ends it with the test.
func startCarbonCache(t *testing.T, o carboncache.Options) *carboncache.Server {
	t.Helper()
	o.Prefix = "apache"
	carbon, err := carboncache.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		carbon.Kill()
		if t.Failed() {
			t.Logf("the end of carbon-cache's log:\n%s", carbon.LogTail(20))
		}
	})
	if err := carbon.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return carbon
}

// seriesPerSite is what the logs of one server come to: bytes, requests, and
// four classes of answers.
const seriesPerSite = 6

// firsts is how far the log of each server reaches back at the start.
const firsts = 10 * time.Minute

// TestCreates meets the limit of stock carbon-cache, which makes some fifty
// new series a minute and drops the points of all others. Whatever it has
// dropped is there in the end, the first points included, because totals go
// again about 2 minutes after they were delivered, and after 15 once more. On
// the way it is killed.
func TestCreates(t *testing.T) {
	t.Parallel()
	sites, patience := 10, 4*time.Minute
	if soak() {
		sites, patience = 50, 20*time.Minute
	}
	creates, err := carboncache.Creates()
	if err != nil {
		t.Fatal(err)
	}
	if creates >= sites*seriesPerSite {
		t.Fatalf("%s allows %d new series a minute, so %d would prove nothing", carboncache.StockSettings, creates, sites*seriesPerSite)
	}

	carbon := startCarbonCache(t, carboncache.Options{Dir: filepath.Join(t.TempDir(), "carbon")})
	begin := time.Now()
	var servers []*httpd.Server
	var feeds []*feed
	first := make(roundtrip.Points)
	for i := range sites {
		dir := t.TempDir()
		log := filepath.Join(dir, "access.log")
		server := startServer(t, httpd.Options{Logs: []string{log}, Rate: 10, Seed: uint64(i)})
		// All of it ended before now, so that none of it changes any more, and
		// only repetition can bring what was dropped.
		if err := server.Burst(400, firsts+time.Minute, 2*time.Minute); err != nil {
			t.Fatal(err)
		}
		maps.Copy(first, old(pointsOf(t, server.Log(), site(i)), begin))
		f := newFeed(t, feedOptions{dir: filepath.Join(dir, "logfeed"), carbon: carbon.Addr(), prefix: site(i), logs: log})
		f.start()
		servers, feeds = append(servers, server), append(feeds, f)
	}
	if len(first) != sites*seriesPerSite {
		t.Fatalf("the servers have written %d series, want %d: the classes of answers have changed", len(first), sites*seriesPerSite)
	}

	t.Run("dropped", func(t *testing.T) { seeDropped(t, carbon, first, creates) })
	awaitFirst(t, carbon, first, patience)
	t.Logf("all first points there after %s", time.Since(begin).Round(time.Second))

	for range 3 {
		killUnderLoad(t, carbon, servers)
	}
	want := make(roundtrip.Points)
	for i, server := range servers {
		maps.Copy(want, stopServer(t, server, site(i)))
	}
	awaitReplay(t, carbon, want)
	for i, f := range feeds {
		f.stopWhole(servers[i].Lines())
	}
	files := awaitFiles(t, carbon.Files, want, 30*time.Second)
	checkRollup(t, files)
	t.Logf("%d points of %d series are right", numberOf(want), len(want))
}

// killUnderLoad kills carbon-cache when all logfeeds have something to send.
// Each looks once a second, and carbon-cache empties its memory once a second,
// so after most of one some points are not sent, some are lost with it, and
// some are in its files.
func killUnderLoad(t *testing.T, carbon *carboncache.Server, servers []*httpd.Server) {
	t.Helper()
	want := make(roundtrip.Points)
	for i, server := range servers {
		if err := server.Burst(200, firsts, 2*time.Minute); err != nil {
			t.Fatal(err)
		}
		maps.Copy(want, old(pointsOf(t, server.Log(), site(i)), time.Now()))
	}
	time.Sleep(lookEvery * 7 / 10)
	if err := carbon.Kill(); err != nil {
		t.Fatal(err)
	}
	missing := roundtrip.Compare(want, old(finest(filesOf(t, carbon)), time.Now()))
	t.Logf("carbon-cache killed: %d of %d points are not in its files, or outdated", len(missing), numberOf(want))
	if err := carbon.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(lookEvery) // for the connections to be there again
}

// awaitReplay waits until what was lost is there again. At most one replay
// begins a minute, and a logfeed that is stopped before leaves it to the next
// start.
func awaitReplay(t *testing.T, carbon *carboncache.Server, want roundtrip.Points) {
	t.Helper()
	begin := time.Now()
	want = old(want, begin)
	for limit := begin.Add(3 * time.Minute); ; time.Sleep(lookEvery) {
		missing := roundtrip.Compare(want, old(finest(filesOf(t, carbon)), begin))
		if len(missing) == 0 {
			t.Logf("all replayed after %s", time.Since(begin).Round(time.Second))
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("%d points are still missing, the first: %s", len(missing), missing[0])
		}
	}
}

// old leaves out the buckets that had not ended a minute before begin: those
// of the present go on changing.
func old(points roundtrip.Points, begin time.Time) roundtrip.Points {
	kept := make(roundtrip.Points)
	for series, buckets := range points {
		kept[series] = make(map[int64]float64)
		for bucket, value := range buckets {
			if bucket+120 <= begin.Unix() {
				kept[series][bucket] = value
			}
		}
	}
	return kept
}

// seeDropped waits until carbon-cache has made as many series as it may, and
// sees that others are missing: else the test would pass without a limit.
func seeDropped(t *testing.T, carbon *carboncache.Server, first roundtrip.Points, creates int) {
	limit := time.Now().Add(time.Minute)
	made := 0
	// carbon-cache makes series of its own too, but only after a minute.
	for made < creates && time.Now().Before(limit) {
		time.Sleep(100 * time.Millisecond)
		made = len(filesOf(t, carbon))
	}
	time.Sleep(2 * time.Second) // for it to drop the others, as it does at once
	made = len(filesOf(t, carbon))
	t.Logf("carbon-cache has made %d of %d series", made, len(first))
	if made < creates || made >= len(first) {
		t.Errorf("carbon-cache has made %d of %d series, want about %d", made, len(first), creates)
	}
}

// awaitFirst waits until the first points are all there.
func awaitFirst(t *testing.T, carbon *carboncache.Server, first roundtrip.Points, patience time.Duration) {
	t.Helper()
	limit := time.Now().Add(patience)
	for {
		got := make(roundtrip.Points)
		files := filesOf(t, carbon)
		for series, buckets := range first {
			got[series] = make(map[int64]float64)
			if file, ok := files[series]; ok {
				for bucket := range buckets {
					if value, ok := file.Archives[0].Values[bucket]; ok {
						got[series][bucket] = value
					}
				}
			}
		}
		differences := roundtrip.Compare(first, got)
		if len(differences) == 0 {
			return
		}
		if time.Now().After(limit) {
			t.Errorf("after %s not all first points are there", patience)
			fatalDifferences(t, differences)
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// filesOf reads the whisper files. One that is only being made counts as one
// that is not there yet.
func filesOf(t *testing.T, carbon *carboncache.Server) map[string]whisper.File {
	t.Helper()
	for range 50 {
		files, err := carbon.Files()
		if err == nil {
			return files
		}
		t.Log(err)
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the whisper files cannot be read")
	return nil
}

// checkRollup checks that our stanzas were used, and that each point of the
// coarser archive is the sum of the finer ones.
func checkRollup(t *testing.T, files map[string]whisper.File) {
	t.Helper()
	for series, file := range files {
		if file.Method != "sum" || file.XFilesFactor != 0 || len(file.Archives) != 2 {
			t.Fatalf("%s is summed up by %s with xFilesFactor %v in %d archives, want sum, 0 and 2", series, file.Method, file.XFilesFactor, len(file.Archives))
		}
		fine, coarse := file.Archives[0], file.Archives[1]
		sums := make(map[int64]float64)
		for bucket, value := range fine.Values {
			sums[bucket-bucket%coarse.Step] += value
		}
		if !maps.Equal(sums, coarse.Values) {
			t.Errorf("%s: the points of %d s are %s, want %s", series, coarse.Step, fmt.Sprint(coarse.Values), fmt.Sprint(sums))
		}
	}
}
