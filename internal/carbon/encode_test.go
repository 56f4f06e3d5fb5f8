package carbon

import (
	"testing"

	graphite "github.com/marpaia/graphite-golang"

	"github.com/logfeed/logfeed/internal/point"
)

// BenchmarkEncode shows what one point costs to become a line of text: as logfeed
// writes it, and as the library formats a metric whose value is text already.
// `make bench-peers` puts both into docs/performance.md by these names.
func BenchmarkEncode(b *testing.B) {
	points := benchPoints(500)
	b.Run("logfeed", func(b *testing.B) {
		var text []byte
		b.ReportAllocs()
		for b.Loop() {
			text = text[:0]
			for _, p := range points {
				text = point.Append(text, p)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(points)), "ns/point")
	})
	b.Run("the library's fmt", func(b *testing.B) {
		g := &graphite.Graphite{Protocol: "tcp"}
		*mustField(b, g) = &void{}
		metrics := make([]graphite.Metric, len(points))
		for i, p := range points {
			metrics[i] = graphite.NewMetric(p.Series, string(point.AppendValue(nil, p.Value)), p.Time)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := g.SendMetrics(metrics); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(points)), "ns/point")
	})
}
