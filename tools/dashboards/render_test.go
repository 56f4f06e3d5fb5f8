//go:build cluster

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carbonapi"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
)

// TestRendered has a real carbonapi over a real go-carbon answer every target of
// the dashboard, and compares the percentiles with those of all requests.
func TestRendered(t *testing.T) {
	dir := t.TempDir()
	// With a limit of creations, however high, it has an index that knows of new
	// series at once.
	store, err := gocarbon.Start(t.Context(), gocarbon.Options{Binary: os.Getenv("GO_CARBON_BINARY"), Dir: filepath.Join(dir, "store"), Prefix: "apache", Creates: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Kill() })
	api, err := carbonapi.Start(t.Context(), carbonapi.Options{Binary: os.Getenv("CARBONAPI_BINARY"), Dir: filepath.Join(dir, "api"), Stores: []string{store.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Kill() })

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	last := time.Now().Truncate(time.Minute).Unix() - 60
	counts := make(map[int64][]float64) // of all servers, as bounds and one more
	var lines strings.Builder
	for server := range 3 {
		for bucket := last - 300; bucket <= last; bucket += 60 {
			if bucket == last-120 {
				continue // nobody asks for anything
			}
			own := durations(rnd, float64(server+1))
			if counts[bucket] == nil {
				counts[bucket] = make([]float64, len(own))
			}
			send := func(series string, v float64) {
				fmt.Fprintf(&lines, "apache.web%d.%s %v %d\n", server, series, v, bucket)
			}
			for i, n := range own {
				counts[bucket][i] += n
				bound := "inf"
				if i < len(bounds) {
					bound = fmt.Sprint(bounds[i])
				}
				send("duration.ms.le_"+bound+".count", n)
			}
			for _, series := range []string{"requests.count", "bytes.count", "status.2xx.count", "status.3xx.count", "status.4xx.count", "status.5xx.count",
				"logfeed.lag.seconds", "logfeed.dropped.count", "logfeed.rejected.count", "logfeed.late.count"} {
				send(series, 1)
			}
		}
	}
	deliver(t, store.Addr(), lines.String())

	for _, p := range fleet().panels {
		for _, target := range p.targets {
			answered(t, api, strings.ReplaceAll(target, "$server", "*"), last)
		}
	}
	for _, q := range []float64{0.5, 0.95, 0.99} {
		got := answered(t, api, "alias("+percentile(q, "apache.*")+",'p')", last)
		if len(got) != len(counts) {
			t.Errorf("p%v has %d values, want one of each of the %d minutes with requests: %v", 100*q, len(got), len(counts), got)
		}
		for bucket, c := range counts {
			if want := fromCounts(c, q); math.Abs(got[bucket]-want) > 1e-3*want {
				t.Errorf("p%v is %v, and %v by hand", 100*q, got[bucket], want)
			}
		}
	}
}

// durations returns the counts of some requests of one server.
func durations(rnd *rand.Rand, slow float64) []float64 {
	c := make([]float64, len(bounds)+1)
	for range 200 {
		ms := slow * 20 * math.Exp(rnd.NormFloat64())
		for i := range c {
			if i == len(bounds) || ms <= float64(bounds[i]) {
				c[i]++
			}
		}
	}
	return c
}

// fromCounts is percentile by hand.
func fromCounts(counts []float64, q float64) float64 {
	sum, below, low := 0.0, 0.0, 0.0
	for i, b := range bounds {
		part := (q*counts[len(bounds)] - below) / (counts[i] - below + 1e-6)
		sum += (float64(b) - low) * min(max(part, 0), 1)
		below, low = counts[i], float64(b)
	}
	return sum
}

func deliver(t *testing.T, addr, lines string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(lines)); err != nil {
		t.Fatal(err)
	}
}

// answered waits for an answer with data, and returns one series of it.
func answered(t *testing.T, api *carbonapi.Server, target string, last int64) map[int64]float64 {
	t.Helper()
	for limit := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		points, err := api.Render(t.Context(), last-300, last, target)
		complete := 0
		for _, values := range points {
			if complete = max(complete, len(values)); complete >= 5 {
				return values
			}
		}
		if time.Now().After(limit) {
			t.Fatalf("%.300s: %d values at most, %v", target, complete, err)
		}
	}
}
