package pointtest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/point/pointtest"
)

// memory is the simplest sink: it remembers, or with full waits for ever.
type memory struct {
	points []point.Point
	full   bool
}

func (m *memory) Write(ctx context.Context, points []point.Point) error {
	if m.full {
		<-ctx.Done()
		return ctx.Err()
	}
	m.points = append(m.points, slices.Clone(points)...)
	return nil
}

func (m *memory) Close() error { return nil }

func TestSuite(t *testing.T) {
	pointtest.Run(t, pointtest.Suite{
		Open: func(*testing.T) (point.Sink, func() []point.Point) {
			m := new(memory)
			return m, func() []point.Point { return m.points }
		},
		Blocked: func(*testing.T) point.Sink { return &memory{full: true} },
	})
}
