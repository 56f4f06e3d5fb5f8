package main

import (
	"context"
	"slices"
	"strings"

	"github.com/logfeed/logfeed/internal/check"
	"github.com/logfeed/logfeed/internal/point"
)

// seriesCount is a sink that counts the points of every series.
type seriesCount struct {
	points map[string]int64
	all    check.Points
	bucket int64 // of the last point
}

func newSeriesCount() *seriesCount { return &seriesCount{points: make(map[string]int64)} }

// Write counts. The points of one bucket come together, and no bucket comes
// twice, because a one-shot run sends none before it is closed.
func (s *seriesCount) Write(_ context.Context, points []point.Point) error {
	for _, p := range points {
		s.points[p.Series]++
		if s.all.Buckets == 0 {
			s.all.First, s.all.Last = p.Time, p.Time
		}
		if s.all.Buckets == 0 || p.Time != s.bucket {
			s.all.Buckets++
			s.bucket = p.Time
		}
		s.all.First, s.all.Last = min(s.all.First, p.Time), max(s.all.Last, p.Time)
	}
	return nil
}

// Close does nothing.
func (s *seriesCount) Close() error { return nil }

// found returns the series in the order of their names.
func (s *seriesCount) found() ([]check.Series, check.Points) {
	var all []check.Series
	for name, n := range s.points {
		all = append(all, check.Series{Name: name, Points: n})
	}
	slices.SortFunc(all, func(a, b check.Series) int { return strings.Compare(a.Name, b.Name) })
	return all, s.all
}
