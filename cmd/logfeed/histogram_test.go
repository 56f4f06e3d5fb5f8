package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestFleetPercentiles shows how near percentiles come that are made of the
// counts of several servers, beside the true ones of all their requests and
// beside the mean of the servers' own percentiles. The table of docs/scale.md
// is what it prints.
func TestFleetPercentiles(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	bounds, err := parseBounds(usualBounds)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("| servers | percentile | true | from the counts | mean of the servers' |")
	for _, fleet := range []struct {
		name    string
		servers []func() float64 // a request's milliseconds
	}{
		{"three alike, median 20 ms", []func() float64{logNormal(rnd, 20, 1), logNormal(rnd, 20, 1), logNormal(rnd, 20, 1)}},
		{"one of three ten times slower", []func() float64{logNormal(rnd, 20, 1), logNormal(rnd, 20, 1), logNormal(rnd, 200, 1)}},
		{"cached or not: 2 ms or 300 ms", []func() float64{twoValued(rnd, 2, 300, 0.9), twoValued(rnd, 2, 300, 0.7), twoValued(rnd, 2, 300, 0.9)}},
		{"evenly up to 2 s", []func() float64{func() float64 { return 2000 * rnd.Float64() }}},
	} {
		var all []float64
		var own [][]float64
		counts := make([]float64, len(bounds)+1)
		for _, one := range fleet.servers {
			var took []float64
			for range 20_000 {
				ms := one()
				took = append(took, ms)
				for i := range counts {
					if i == len(bounds) || ms <= float64(bounds[i]) {
						counts[i]++
					}
				}
			}
			slices.Sort(took)
			all, own = append(all, took...), append(own, took)
		}
		slices.Sort(all)
		for _, q := range []float64{0.5, 0.95, 0.99} {
			exact, near := rank(all, q), fromCounts(counts, bounds, q)
			mean := 0.0
			for _, took := range own {
				mean += rank(took, q) / float64(len(own))
			}
			t.Logf("| %s | p%.0f | %.1f | %.1f | %.1f |", fleet.name, 100*q, exact, near, mean)
			if low, high := around(bounds, exact); near < low || near > high {
				t.Errorf("%s: p%.0f is %.1f, and %.1f from the counts lies outside of %v to %v", fleet.name, 100*q, exact, near, low, high)
			}
		}
	}
}

func logNormal(rnd *rand.Rand, median, sigma float64) func() float64 {
	return func() float64 { return median * math.Exp(sigma*rnd.NormFloat64()) }
}

func twoValued(rnd *rand.Rand, low, high, share float64) func() float64 {
	return func() float64 {
		if rnd.Float64() < share {
			return low
		}
		return high
	}
}

func rank(sorted []float64, q float64) float64 {
	return sorted[int(math.Ceil(q*float64(len(sorted))))-1]
}

// fromCounts is what a dashboard does: the width of every step, weighted with
// the part of it that lies below the percentile.
func fromCounts(counts []float64, bounds []int64, q float64) float64 {
	sum, below, low := 0.0, 0.0, 0.0
	for i, b := range bounds {
		part := (q*counts[len(bounds)] - below) / (counts[i] - below + 1e-9)
		sum += (float64(b) - low) * min(max(part, 0), 1)
		below, low = counts[i], float64(b)
	}
	return sum
}

// around returns the bounds on both sides of a value, a little apart for what
// lies on one of them.
func around(bounds []int64, v float64) (low, high float64) {
	for _, b := range bounds {
		if v <= float64(b) {
			return low * 0.99, float64(b)
		}
		low = float64(b)
	}
	return low * 0.99, math.Inf(1)
}
