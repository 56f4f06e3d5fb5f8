package carbon

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
)

// quick is a timing for tests on real sockets: everything that takes seconds
// or minutes takes milliseconds.
func quick() timing {
	return timing{
		dial: time.Second, write: 300 * time.Millisecond, receipt: 500 * time.Millisecond,
		silence: time.Second, renew: 200 * time.Millisecond, replay: 100 * time.Millisecond,
		settle: 300 * time.Millisecond, backoff: 2 * time.Millisecond, pause: 50 * time.Millisecond,
		flap: 20 * time.Millisecond, remind: time.Hour, datagram: time.Millisecond,
		repeat: []time.Duration{time.Hour, time.Hour},
	}
}

func startServer(t testing.TB) *carbontest.Server {
	t.Helper()
	s, err := carbontest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func optionsFor(t testing.TB, s *carbontest.Server) Options {
	a, err := ParseAddress(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return Options{Address: a, Replay: time.Minute, ReplayRate: 1e6, timing: quick(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

func startGroup(t testing.TB, g GroupOptions, options ...Options) *Group {
	t.Helper()
	var senders []*Sender
	for _, o := range options {
		senders = append(senders, NewSender(o))
	}
	group := NewGroup(g, senders...)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		group.Stop(ctx)
	})
	return group
}

// A truth is what Graphite should hold: the last total written for each cell.
type truth map[carbontest.Key]string

func (w truth) write(t testing.TB, g *Group, points ...point.Point) {
	t.Helper()
	if err := g.Write(testContext(t), points); err != nil {
		t.Fatalf("Write: %v", err)
	}
	for _, p := range points {
		w[carbontest.Key{Series: p.Series, Time: p.Time}] = string(point.AppendValue(nil, p.Value))
	}
}

// pointsOf returns the points that a receiver was sent.
func pointsOf(t testing.TB, lines []carbontest.Line) []point.Point {
	t.Helper()
	var points []point.Point
	for _, l := range lines {
		v, err := strconv.ParseFloat(l.Value, 64)
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, point.Point{Series: l.Series, Value: v, Time: l.Time})
	}
	return points
}

// testContext ends late enough for simulated time.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func (w truth) check(t testing.TB, s *carbontest.Server) {
	t.Helper()
	if final := s.Final(); !maps.Equal(final, w) {
		n := 0
		for k, v := range w {
			if final[k] != v && n < 5 {
				t.Errorf("%v: carbon holds %q, want %q", k, final[k], v)
				n++
			}
		}
		t.Errorf("carbon holds %d cells, want %d", len(final), len(w))
	}
	if c := s.Counts(); c.Bad != 0 {
		t.Errorf("%d malformed lines", c.Bad)
	}
}

func drain(t testing.TB, g *Group) {
	t.Helper()
	if err := g.Drain(testContext(t)); err != nil {
		t.Fatalf("Drain: %v; %+v", err, g.Stats())
	}
}

// until polls for a state of the outside world.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never seen: %s", what)
		}
	}
}

func some(n int, at int64) []point.Point {
	points := make([]point.Point, n)
	for i := range points {
		points[i] = point.Point{Series: fmt.Sprintf("apache.web1.s%03d.count", i), Value: float64(at%1000 + int64(i)), Time: at}
	}
	return points
}

func random(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// goroutines checks that no goroutine is left when the test ends.
func goroutines(t testing.TB) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		until(t, "the goroutines of before", func() bool { return runtime.NumGoroutine() <= before })
	})
}

const base = 1768046400 // 2026-01-10T12:00:00Z
