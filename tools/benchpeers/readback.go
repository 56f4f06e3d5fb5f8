package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

const (
	// patience bounds the wait for go-carbon to show what it has taken.
	patience  = 3 * time.Minute
	readEvery = 100 * time.Millisecond
)

// checkTotals waits until go-carbon has, below the prefix, the points that are
// owed for the log, and no others. The values of all groups are added up, and
// series of other kinds than the truth has are left out.
func checkTotals(ctx context.Context, server *gocarbon.Server, prefix string, l log) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	want := l.truth.Points(prefix)
	for {
		got, err := readBack(ctx, server, prefix, want, l)
		if err != nil {
			return err
		}
		differences := roundtrip.Compare(want, got)
		if len(differences) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("go-carbon differs from the log in %d points; the first: %s", len(differences), differences[0])
		case <-time.After(readEvery):
		}
	}
}

// readBack reads one kind of series after the other, that of all lines and those
// of the virtual hosts. It asks by name: go-carbon takes minutes to look for
// those of hundreds of groups.
func readBack(ctx context.Context, server *gocarbon.Server, prefix string, want roundtrip.Points, l log) (roundtrip.Points, error) {
	starts := l.truth.Starts()
	got := make(roundtrip.Points)
	for kind := range want {
		series := []string{kind}
		for i := range l.vhosts {
			group := strings.ReplaceAll(vhost(i), ".", "_")
			series = append(series, prefix+"."+group+strings.TrimPrefix(kind, prefix))
		}
		points, err := server.Points(ctx, starts[0]-3600, starts[len(starts)-1]+3600, series...)
		if err != nil {
			return nil, err
		}
		got[kind] = sum(points)
	}
	return got, nil
}

// sum adds up the series, bucket by bucket.
func sum(points roundtrip.Points) map[int64]float64 {
	total := make(map[int64]float64)
	for _, values := range points {
		for bucket, value := range values {
			total[bucket] += value
		}
	}
	return total
}
