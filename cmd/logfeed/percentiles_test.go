package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPercentiles compares the series of durations with an exact sort of the
// same lines. The points are the same for any number of workers, any blocks, and
// any order of the lines.
func TestPercentiles(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	begin := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	var lines []string
	took := make(map[string][]float64) // by vhost, in milliseconds
	for vhost, one := range map[string]func() float64{
		"skewed":   logNormal(rnd, 20_000, 2),
		"constant": func() float64 { return 1234 },
		"two":      twoValued(rnd, 90, 7_000_000, 0.96),
		"enormous": func() float64 { return 1e14 + 1e15*rnd.Float64() },
		"small":    func() float64 { return float64(rnd.IntN(50)) },
	} {
		for range 4000 {
			us := math.Floor(one())
			when := begin.Add(time.Duration(rnd.IntN(60)) * time.Second)
			lines = append(lines, fmt.Sprintf("%s [%s] 200 %.0f\n", vhost, when.Format("02/Jan/2006:15:04:05 -0700"), us))
			took[vhost] = append(took[vhost], us/1000)
		}
	}
	dir := t.TempDir()
	var want []string
	for i, s := range splits {
		rnd.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		log := filepath.Join(dir, fmt.Sprintf("%d.log", i))
		writeLog(t, log, strings.Join(lines, ""))
		got := backfill(t, s.workers, s.block, "--by", "vhost", "--metrics", "duration", "--format", "%v %t %>s %D", log).points
		if i == 0 {
			want = got
		} else if !slices.Equal(got, want) {
			t.Errorf("%d workers, blocks of %d, lines in another order: other points", s.workers, s.block)
		}
	}
	if len(want) != len(took)*6 {
		t.Fatalf("%d points, want 6 of each of %d vhosts:\n%s", len(want), len(took), strings.Join(want, "\n"))
	}
	for _, p := range want {
		series, value := strings.Fields(p)[0], strings.Fields(p)[2]
		levels := strings.Split(series, ".") // apache.web1.VHOST.duration.ms.p95
		got, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		exact, within := exactly(took[levels[2]], levels[5])
		if off := math.Abs(got - exact); off > within*exact {
			t.Errorf("%s is %v, and %v by an exact sort", series, got, exact)
		}
	}
}

// exactly returns a value of some durations, and how far the series may be off,
// as a share of it.
func exactly(took []float64, what string) (value, within float64) {
	took = slices.Sorted(slices.Values(took))
	switch what {
	case "min":
		return took[0], 0
	case "max":
		return took[len(took)-1], 0
	case "mean":
		sum := 0.0
		for _, ms := range took {
			sum += ms
		}
		return sum / float64(len(took)), 1e-12
	}
	percent, _ := strconv.Atoi(what[1:])
	return rank(took, float64(percent)/100), 0.01
}
