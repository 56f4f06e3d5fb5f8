//go:build realtest && cluster

package realtest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carbonapi"
	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/httpd"
	"github.com/logfeed/logfeed/tools/internal/netcut"
	"github.com/logfeed/logfeed/tools/internal/relay"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

const (
	webHosts = 3
	stores   = 3
	// every is --replay-every of the hosts.
	every = 15 * time.Second
	// settled is how long everything may take to be right after the last
	// fault: two rounds, each with its receipt, and much more on a slow machine.
	settled = 5 * time.Minute
)

// A host is a web server in a network namespace of its own, with a logfeed that
// feeds a relay in ours.
type host struct {
	cable  *netcut.Pair
	server *httpd.Server
	feed   *feed
	prefix string
}

// startHosts starts the web servers and their logfeeds. The namespaces have
// numbers from first on.
func startHosts(t *testing.T, relayPort string, first int) []*host {
	t.Helper()
	var hosts []*host
	for i := range webHosts {
		dir := filepath.Join(t.TempDir(), site(i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		cable, err := netcut.Join(t.Context(), dir, first+i)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cable.Close() })
		h := &host{cable: cable, prefix: site(i)}
		h.server = startServer(t, httpd.Options{
			Logs: []string{filepath.Join(dir, "access.log"), filepath.Join(dir, "ssl.log")}, Rate: 200,
			Oldest: 8 * time.Minute, Newest: time.Second, Torn: true, Seed: uint64(i),
		})
		h.feed = newFeed(t, feedOptions{
			dir: filepath.Join(dir, "logfeed"), carbon: net.JoinHostPort(cable.Far.Addr, relayPort),
			prefix: h.prefix, logs: filepath.Join(dir, "*.log"), wrapper: cable.Near.Enter(),
		})
		h.feed.command = slices.Insert(h.feed.command, len(h.feed.command)-1, "--replay-every", fmt.Sprint(every))
		h.feed.start()
		hosts = append(hosts, h)
	}
	return hosts
}

// stopWriting ends the web servers and returns the truth.
func stopWriting(t *testing.T, hosts []*host) roundtrip.Points {
	t.Helper()
	all := make(roundtrip.Points)
	for _, h := range hosts {
		maps.Copy(all, stopServer(t, h.server, h.prefix))
	}
	return all
}

// faults are what happens to a cluster.
type faults struct {
	t     *testing.T
	seed  uint64
	rnd   *rand.Rand
	hosts []*host
	relay *relay.Relay
	// killStore ends one store as kill -9 does, with what it holds in memory,
	// and starts it again.
	killStore func(i int, away time.Duration)
}

// play lets every kind of fault happen, in an order of its own.
func (f *faults) play() {
	f.t.Helper()
	f.t.Logf("seed %d", f.seed)
	f.rnd = rand.New(rand.NewPCG(f.seed, 1))
	kinds := []func(){f.storeDies, f.relayDies, f.hostIsCutOff, f.logfeedDies}
	if soak() {
		kinds = slices.Repeat(kinds, 5)
	}
	f.rnd.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for _, happen := range kinds {
		f.sleep(5*time.Second, 10*time.Second)
		happen()
	}
	f.sleep(5*time.Second, 10*time.Second)
}

func (f *faults) storeDies() {
	i := f.rnd.IntN(stores)
	f.t.Logf("store %d is killed", i)
	f.killStore(i, f.between(2*time.Second, 8*time.Second))
}

func (f *faults) relayDies() {
	f.t.Log("the relay is killed")
	if err := f.relay.Kill(); err != nil {
		f.t.Fatal(err)
	}
	f.sleep(time.Second, 5*time.Second)
	if err := f.relay.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *faults) hostIsCutOff() {
	h := f.hosts[f.rnd.IntN(len(f.hosts))]
	f.t.Logf("%s is cut off", h.prefix)
	if err := h.cable.Cut(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.sleep(15*time.Second, 25*time.Second)
	if err := h.cable.Mend(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *faults) logfeedDies() {
	h := f.hosts[f.rnd.IntN(len(f.hosts))]
	f.t.Logf("the logfeed of %s is killed", h.prefix)
	h.feed.kill()
	f.sleep(time.Second, 5*time.Second)
	h.feed.start()
}

func (f *faults) between(least, most time.Duration) time.Duration {
	return least + time.Duration(f.rnd.Int64N(int64(most-least)))
}

func (f *faults) sleep(least, most time.Duration) { time.Sleep(f.between(least, most)) }

// needs fails the test where a program is missing.
func needs(t *testing.T, programs map[string]string) {
	t.Helper()
	for path, from := range programs {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("%s is missing: %s", path, from)
		}
	}
}

// TestCluster has three web hosts feed three go-carbons through the
// carbon-c-relay of deploy/graphite, two stores a series, kills every part once,
// and reads everything through carbonapi.
func TestCluster(t *testing.T) {
	t.Parallel()
	needs(t, map[string]string{relay.CRelay: "apt-get install carbon-c-relay", os.Getenv("CARBONAPI_BINARY"): "make build/carbonapi, and CARBONAPI_BINARY"})
	dir := t.TempDir()
	var carbons []*gocarbon.Server
	for i := range stores {
		// What a store holds in memory is lost when it is killed the first time.
		carbons = append(carbons, startGoCarbon(t, filepath.Join(dir, fmt.Sprint("store", i)), gocarbon.Options{MemoryOnly: true}))
	}
	r := startRelay(t, func() (*relay.Relay, error) {
		return relay.NewCRelay(filepath.Join(dir, "relay"), relayConfig(t, carbons))
	})
	reader := startAPI(t, dir, carbons)
	hosts := startHosts(t, r.Port(), 0)
	until(t, "points in all stores", func() bool {
		return !slices.ContainsFunc(carbons, func(c *gocarbon.Server) bool { return cached(t, c) == 0 })
	})

	f := &faults{t: t, seed: seed(), hosts: hosts, relay: r, killStore: func(i int, away time.Duration) {
		if err := carbons[i].Kill(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(away)
		carbons[i].SetMemoryOnly(false)
		if err := carbons[i].Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}}
	f.play()
	// Those that still hold everything in memory lose it now, unseen by logfeed.
	for i := range carbons {
		f.killStore(i, time.Second)
	}
	want := stopWriting(t, hosts)
	last := time.Now()
	awaitRead(t, func() (roundtrip.Points, error) { return throughAPI(t.Context(), reader, want) }, want)
	t.Logf("%d points of %d series are right %s after the last fault", numberOf(want), len(want), time.Since(last).Round(time.Second))
	awaitRead(t, func() (roundtrip.Points, error) { return inTwoStores(t.Context(), carbons) }, want)
	for _, h := range hosts {
		h.feed.stopWhole(h.server.Lines())
	}
}

// TestClusterOfPython is the same with the carbon-relay and the carbon-cache of
// Debian's graphite-carbon, read from the whisper files.
func TestClusterOfPython(t *testing.T) {
	t.Parallel()
	needs(t, map[string]string{relay.CarbonRelay: "apt-get install graphite-carbon"})
	dir := t.TempDir()
	var caches []*carboncache.Server
	var destinations []string
	for i := range stores {
		c := startCarbonCache(t, carboncache.Options{Dir: filepath.Join(dir, fmt.Sprint("store", i)), Prefix: "apache", Pickle: true})
		caches = append(caches, c)
		destinations = append(destinations, fmt.Sprintf("%s:%c", c.PickleAddr(), 'a'+i))
	}
	r := startRelay(t, func() (*relay.Relay, error) {
		return relay.NewCarbonRelay(filepath.Join(dir, "relay"), destinations...)
	})
	hosts := startHosts(t, r.Port(), webHosts)
	until(t, "series in all stores", func() bool {
		return !slices.ContainsFunc(caches, func(c *carboncache.Server) bool { return len(filesOf(t, c)) == 0 })
	})
	f := &faults{t: t, seed: seed(), hosts: hosts, relay: r, killStore: func(i int, away time.Duration) {
		if err := caches[i].Kill(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(away)
		if err := caches[i].Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}}
	f.play()
	f.storeDies()
	want := stopWriting(t, hosts)
	last := time.Now()
	awaitRead(t, func() (roundtrip.Points, error) { return twice(wholeFiles(t, caches)) }, want)
	t.Logf("%d points of %d series are right %s after the last fault", numberOf(want), len(want), time.Since(last).Round(time.Second))
	for _, h := range hosts {
		h.feed.stopWhole(h.server.Lines())
	}
}

func seed() uint64 { return uint64(time.Now().UnixNano()) }

// startRelay starts a relay, and ends it with the test.
func startRelay(t *testing.T, prepare func() (*relay.Relay, error)) *relay.Relay {
	t.Helper()
	r, err := prepare()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Kill()
		if t.Failed() {
			t.Logf("the end of the relay's log:\n%s", r.LogTail(20))
		}
	})
	return r
}

// relayConfig is the deployed configuration with the stores of the test.
func relayConfig(t *testing.T, carbons []*gocarbon.Server) string {
	t.Helper()
	deployed, err := os.ReadFile("../../deploy/graphite/carbon-c-relay.conf")
	if err != nil {
		t.Fatal(err)
	}
	config := string(deployed)
	for i, c := range carbons {
		example := fmt.Sprintf("store%d.example:2003", i+1)
		if !strings.Contains(config, example) {
			t.Fatalf("the configuration of the relay names no %s", example)
		}
		config = strings.ReplaceAll(config, example, c.Addr())
	}
	return config
}

func startAPI(t *testing.T, dir string, carbons []*gocarbon.Server) *carbonapi.Server {
	t.Helper()
	var urls []string
	for _, c := range carbons {
		urls = append(urls, c.URL())
	}
	api, err := carbonapi.Start(t.Context(), carbonapi.Options{Binary: os.Getenv("CARBONAPI_BINARY"), Dir: filepath.Join(dir, "carbonapi"), Stores: urls})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Kill() })
	return api
}

func cached(t *testing.T, c *gocarbon.Server) int {
	t.Helper()
	n, err := c.CachedPoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitRead waits until read gives exactly the points wanted.
func awaitRead(t *testing.T, read func() (roundtrip.Points, error), want roundtrip.Points) {
	t.Helper()
	for limit := time.Now().Add(settled); ; time.Sleep(time.Second / 2) {
		got, err := read()
		differences := roundtrip.Compare(want, got)
		switch {
		case err == nil && len(differences) == 0:
			return
		case time.Now().Before(limit):
		case err != nil:
			t.Fatalf("after %s: %v", settled, err)
		default:
			t.Errorf("after %s what is read differs from what was written", settled)
			fatalDifferences(t, differences)
		}
	}
}

// throughAPI reads the series wanted as a dashboard does.
func throughAPI(ctx context.Context, api *carbonapi.Server, want roundtrip.Points) (roundtrip.Points, error) {
	first, last := time.Now().Unix(), int64(0)
	for _, buckets := range want {
		for bucket := range buckets {
			first, last = min(first, bucket), max(last, bucket)
		}
	}
	points, err := api.Render(ctx, first, last, slices.Sorted(maps.Keys(want))...)
	return points, err
}

// inTwoStores reads every store by itself: each series has to be in two of
// them, with the same points.
func inTwoStores(ctx context.Context, carbons []*gocarbon.Server) (roundtrip.Points, error) {
	var copies []roundtrip.Points
	for _, c := range carbons {
		points, err := roundtrip.Read(ctx, c, "apache")
		if err != nil {
			return nil, err
		}
		copies = append(copies, points)
	}
	return twice(copies, nil)
}

// wholeFiles reads the whisper files of every store.
func wholeFiles(t *testing.T, caches []*carboncache.Server) ([]roundtrip.Points, error) {
	var copies []roundtrip.Points
	for _, c := range caches {
		files, err := c.Files()
		if err != nil {
			return nil, err
		}
		copies = append(copies, finest(files))
	}
	return copies, nil
}

// twice returns the points of all stores, provided that each series is the same
// in two of them.
func twice(copies []roundtrip.Points, err error) (roundtrip.Points, error) {
	if err != nil {
		return nil, err
	}
	all, times := make(roundtrip.Points), make(map[string]int)
	for _, points := range copies {
		for series, buckets := range points {
			if len(buckets) == 0 || strings.Contains(series, ".logfeed.") {
				continue
			}
			times[series]++
			if other, ok := all[series]; ok && !maps.Equal(other, buckets) {
				return nil, fmt.Errorf("%s differs between two stores", series)
			}
			all[series] = buckets
		}
	}
	for series, n := range times {
		if n != 2 {
			return nil, fmt.Errorf("%s is in %d stores, want two", series, n)
		}
	}
	return all, nil
}
