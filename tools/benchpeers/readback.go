package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

const (
	// patience bounds the wait for go-carbon to show what it has taken.
	patience  = time.Minute
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

// readBack reads the series in parts: one answer for all of them would be
// large.
func readBack(ctx context.Context, server *gocarbon.Server, prefix string, want roundtrip.Points, l log) (roundtrip.Points, error) {
	names, err := server.Series(ctx, prefix)
	if err != nil {
		return nil, err
	}
	starts := l.truth.Starts()
	got := make(roundtrip.Points)
	for part := range slices.Chunk(names, 50) {
		points, err := server.Points(ctx, starts[0]-3600, starts[len(starts)-1]+3600, part...)
		if err != nil {
			return nil, err
		}
		for name, values := range points {
			kind := ungrouped(prefix, name, want)
			if kind == "" {
				continue
			}
			if got[kind] == nil {
				got[kind] = make(map[int64]float64)
			}
			for bucket, value := range values {
				got[kind][bucket] += value
			}
		}
	}
	return got, nil
}

// ungrouped returns the series of the truth that a series is a part of: itself,
// or the one without the level of its group. It is empty if there is none.
func ungrouped(prefix, name string, want roundtrip.Points) string {
	if strings.HasPrefix(name, prefix+".logfeed.") {
		return ""
	}
	if _, ok := want[name]; ok {
		return name
	}
	_, rest, _ := strings.Cut(strings.TrimPrefix(name, prefix+"."), ".")
	if _, ok := want[prefix+"."+rest]; ok {
		return prefix + "." + rest
	}
	return ""
}
