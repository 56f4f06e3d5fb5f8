package carbon

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/retention"
)

// Points on two sides of an archive's end are never within the same seconds at
// Carbon, however they come, and however often the connection breaks.
func TestSidesAreKeptApart(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for range 30 {
		seed++
		creates := []int{0, 0, 60}[seed%3]
		t.Run(fmt.Sprintf("seed %d, %d creates", seed, creates), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { keepApart(t, rand.New(rand.NewPCG(seed, 0)), creates) })
		})
	}
}

func keepApart(t *testing.T, random *rand.Rand, creates int) {
	list := retention.List{{Step: 60, Span: 86400}, {Step: 300, Span: 30 * 86400}, {Step: 3600, Span: 3 * 365 * 86400}}
	f := newFake()
	g := NewGroup(GroupOptions{}, f.sender(Options{
		Retentions: func(string) retention.List { return list }, MaxCreates: creates, Once: random.IntN(2) == 0,
	}, nil))
	defer stopNow(g)
	w := truth{}
	for range 1 + random.IntN(4) {
		w.write(t, g, oldPoints(random, list, 1+random.IntN(3000))...)
		if random.IntN(2) == 0 {
			time.Sleep(time.Duration(random.Int64N(int64(10 * time.Second))))
			f.cut(syscall.ECONNRESET)
		}
	}
	time.Sleep(20 * time.Minute)
	drain(t, g)
	// Carbon's cache may hold on a single moment what has come within seconds.
	lines := f.got()
	for i := 1; i < len(lines); i++ {
		before, after := lines[i-1], lines[i]
		if a, b := sideOf(before, list), sideOf(after, list); a != b && after.At.Sub(before.At) < writeTime {
			t.Fatalf("beyond %d archives, %s later beyond %d", a, after.At.Sub(before.At), b)
		}
	}
	got := final(lines)
	maps.DeleteFunc(got, func(k carbontest.Key, v string) bool { return v == "0" && w[k] == "" }) // see fill
	if !maps.Equal(got, w) {
		t.Errorf("carbon holds %d cells, want %d", len(got), len(w))
	}
}

// oldPoints returns points of all ages in the order of time, of several
// series, with the steps that suit their ages for the next hour.
func oldPoints(random *rand.Rand, list retention.List, n int) []point.Point {
	now := time.Now().Unix()
	grid, later := list.At(now), list.At(now+3600)
	var points []point.Point
	for range n {
		when := now - random.Int64N([]int64{80000, 3 * 86400, 60 * 86400}[random.IntN(3)])
		step, _ := grid.Step(when)
		if same, _ := later.Step(when); same != step {
			continue // it would be merged on its way
		}
		points = append(points, point.Point{Series: fmt.Sprintf("a.s%d.count", random.IntN(5)), Value: float64(random.IntN(100)), Time: when - when%step, Step: step})
	}
	slices.SortFunc(points, func(a, b point.Point) int { return int(a.Time - b.Time) })
	return points
}

// sideOf returns how many archives a point was too old for when it came, or
// would have been soon.
func sideOf(l carbontest.Line, list retention.List) (n int) {
	for _, a := range list[:len(list)-1] {
		if l.At.Unix()-l.Time > a.Span-nearEnd {
			n++
		}
	}
	return n
}
