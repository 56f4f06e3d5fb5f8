// Package pointtest holds the tests that every point.Sink passes.
package pointtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// A Suite tells how to make the sinks under test.
type Suite struct {
	// Open returns a new sink and a function that reads back what arrived
	// behind it, in order. That is called once, after Close.
	Open func(t *testing.T) (sink point.Sink, arrived func() []point.Point)

	// Blocked returns a sink whose Write of 1,000 points has to wait for
	// ever. Nil for sinks that never wait.
	Blocked func(t *testing.T) point.Sink
}

// Run runs the suite as subtests of t.
func Run(t *testing.T, s Suite) {
	t.Run("order", s.order)
	t.Run("numbers", s.numbers)
	t.Run("names", s.names)
	t.Run("many", s.many)
	t.Run("newest total", s.newest)
	t.Run("nothing", s.nothing)
	t.Run("slice is not kept", s.notKept)
	t.Run("context that has ended", s.ended)
	if s.Blocked != nil {
		t.Run("context ends while waiting", s.blocked)
	}
}

// deliver writes the given batches and wants exactly their points behind.
func (s Suite) deliver(t *testing.T, batches ...[]point.Point) {
	t.Helper()
	sink, arrived := s.Open(t)
	for _, b := range batches {
		write(t, sink, b)
	}
	if err := sink.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	equal(t, arrived(), slices.Concat(batches...))
}

func write(t *testing.T, sink point.Sink, points []point.Point) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := sink.Write(ctx, points); err != nil {
		t.Fatalf("Write of %d points: %v", len(points), err)
	}
}

func equal(t *testing.T, got, want []point.Point) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("point %d is %+v, want %+v", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d points arrived, want %d", len(got), len(want))
	}
}

// start is the first bucket of all tests, 2026-01-10T12:00:00Z.
const start = 1768046400

func buckets(series, n int) []point.Point {
	var points []point.Point
	for b := range n {
		for i := range series {
			points = append(points, point.Point{
				Series: fmt.Sprintf("apache.web1.vhost_%d.requests.count", i),
				Value:  float64(b*series + i),
				Time:   start + 60*int64(b),
			})
		}
	}
	return points
}

func (s Suite) order(t *testing.T) {
	p := buckets(7, 30)
	s.deliver(t, p[:1], p[1:2], p[2:100], p[100:])
}

func (s Suite) numbers(t *testing.T) {
	values := []float64{
		0, 1, -1, 2747282505, 1<<53 - 1, 1 << 53, 1 << 60, 1e20,
		0.1, 0.30000000000000004, 12.345, 1e-7, 1.0 / 3,
	}
	var points []point.Point
	for i, v := range values {
		points = append(points, point.Point{Series: "apache.web1.bytes.count", Value: v, Time: start + 60*int64(i)})
	}
	s.deliver(t, points)
}

func (s Suite) names(t *testing.T) {
	long := strings.TrimSuffix(strings.Repeat(strings.Repeat("x", point.MaxComponent)+".", 8), ".")
	var points []point.Point
	for _, name := range []string{"a", "a.b", "A-Z_09.count", long} {
		points = append(points, point.Point{Series: name, Value: 1, Time: start})
	}
	// The first and the last second that Graphite can hold.
	points = append(points,
		point.Point{Series: "a", Value: 2, Time: 1},
		point.Point{Series: "a", Value: 3, Time: 1<<32 - 1})
	s.deliver(t, points)
}

func (s Suite) many(t *testing.T) { s.deliver(t, buckets(100, 200)) }

// newest writes totals that replace one another. A sink may leave out those
// that were replaced, but the last to arrive is the last that was written.
func (s Suite) newest(t *testing.T) {
	sink, arrived := s.Open(t)
	want := make(map[string]float64)
	for round := range 50 {
		points := buckets(20, 1)
		for i := range points {
			points[i].Value = float64(round*100 + i)
			want[points[i].Series] = points[i].Value
		}
		write(t, sink, points)
	}
	if err := sink.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	last := make(map[string]float64)
	for _, p := range arrived() {
		if p.Value < last[p.Series] {
			t.Fatalf("%s went back from %v to %v", p.Series, last[p.Series], p.Value)
		}
		last[p.Series] = p.Value
	}
	for series, v := range want {
		if last[series] != v {
			t.Errorf("%s ends with %v, want %v", series, last[series], v)
		}
	}
}

func (s Suite) nothing(t *testing.T) {
	s.deliver(t)
	s.deliver(t, nil, []point.Point{})
}

func (s Suite) notKept(t *testing.T) {
	sink, arrived := s.Open(t)
	want := buckets(10, 50)
	buf := make([]point.Point, 10)
	for b := range slices.Chunk(want, len(buf)) {
		copy(buf, b)
		write(t, sink, buf)
		for i := range buf {
			buf[i] = point.Point{Series: "overwritten", Value: -1, Time: 1}
		}
	}
	if err := sink.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	equal(t, arrived(), want)
}

// ended wants Write to return at once; the points may be taken or not.
func (s Suite) ended(t *testing.T) {
	sink, arrived := s.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sink.Write(ctx, buckets(3, 1)); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Write returned %v, want the error of its context or nil", err)
	}
	if err := sink.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if n := len(arrived()); n > 3 {
		t.Errorf("%d points arrived of 3", n)
	}
}

func (s Suite) blocked(t *testing.T) {
	sink := s.Blocked(t)
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	// Ends when Write returns.
	go func() { result <- sink.Write(ctx, buckets(100, 10)) }()
	select {
	case err := <-result:
		t.Fatalf("Write returned %v although nothing moves", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel(cause)
	select {
	case err := <-result:
		if !errors.Is(err, context.Canceled) && !errors.Is(err, cause) {
			t.Errorf("Write returned %v, want the error of its context", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Write goes on although its context has ended")
	}
	_ = sink.Close() // it may well complain of what it still holds
}
