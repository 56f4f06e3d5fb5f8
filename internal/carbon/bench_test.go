package carbon

import (
	"fmt"
	"net"
	"testing"
	"time"

	graphite "github.com/marpaia/graphite-golang"

	"github.com/logfeed/logfeed/internal/point"
)

func benchPoints(n int) []point.Point {
	points := make([]point.Point, n)
	for i := range points {
		points[i] = point.Point{Series: fmt.Sprintf("apache.web1.vhost_%d.requests.count", i%1000), Value: float64(i * 37), Time: base + 60*int64(i/1000)}
	}
	return points
}

// BenchmarkGroup is the way from Write to the receipt over loopback, the
// reading of the server included.
func BenchmarkGroup(b *testing.B) {
	s := startServer(b)
	s.Discard()
	o := optionsFor(b, s)
	o.Once, o.Log, o.timing = true, nil, timing{}
	g := startGroup(b, GroupOptions{}, o)
	points := benchPoints(1000)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += len(points) {
		for j := range points {
			points[j].Time++
		}
		if err := g.Write(b.Context(), points[:min(len(points), b.N-i)]); err != nil {
			b.Fatal(err)
		}
	}
	drain(b, g)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

// BenchmarkLibrary is our formatting of a chunk, and the library's way with it,
// without a connection.
func BenchmarkLibrary(b *testing.B) {
	c, err := adoptClient(&fakeConn{})
	if err != nil {
		b.Fatal(err)
	}
	points := benchPoints(500)
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.whole(points)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(points)), "ns/point")
	})
	b.Run("send", func(b *testing.B) {
		*mustField(b, c.g) = &void{}
		b.ReportAllocs()
		for b.Loop() {
			if err := c.send(points); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(points)), "ns/point")
	})
}

func BenchmarkOutbox(b *testing.B) {
	box := testOutbox(1<<20, 1<<20)
	points := benchPoints(1000)
	now := time.Unix(base, 0)
	dst := make([]point.Point, 0, 1000)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		for j := range points {
			points[j].Time++
			if err := box.put(points[j]); err != nil {
				b.Fatal(err)
			}
		}
		dst = box.take(waiting, dst[:0], 1000, 1<<20)
		now = now.Add(20 * time.Second)
		box.confirm(now)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/point")
}

type void struct{ fakeConn }

func (*void) Write(p []byte) (int, error) { return len(p), nil }

func mustField(b *testing.B, g *graphite.Graphite) *net.Conn {
	f, err := connField(g)
	if err != nil {
		b.Fatal(err)
	}
	return f
}
