package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

const (
	// patience bounds the wait for go-carbon to write what it has taken.
	patience  = 3 * time.Minute
	readEvery = 100 * time.Millisecond
)

// checkTotals waits until go-carbon has written everything, so that it leaves
// the next run alone, and compares what is in its files below the prefix with
// what is owed. The values of all groups are added up; series of other kinds
// than those wanted are left out. It tells how many points there are, and
// removes them.
func checkTotals(ctx context.Context, server *gocarbon.Server, prefix string, want roundtrip.Points) (points int, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir := filepath.Join(server.WhisperDir(), strings.ReplaceAll(prefix, ".", string(filepath.Separator)))
	for {
		cached, err := server.CachedPoints(ctx)
		if err != nil {
			return 0, err
		}
		var differences []roundtrip.Difference
		if cached == 0 {
			var got roundtrip.Points
			got, points, err = readBack(dir, prefix, want)
			if err != nil {
				return 0, err
			}
			if differences = roundtrip.Compare(want, got); len(differences) == 0 {
				return points, os.RemoveAll(dir)
			}
		}
		select {
		case <-ctx.Done():
			if cached > 0 {
				return 0, fmt.Errorf("after %s go-carbon has still %d points to write", patience, cached)
			}
			return 0, fmt.Errorf("%d sums of groups differ in go-carbon and in the log; the first: %s", len(differences), differences[0])
		case <-time.After(readEvery):
		}
	}
}

// readBack adds up, for each kind of series that is wanted, those of all groups,
// and counts the points of all kinds.
func readBack(dir, prefix string, want roundtrip.Points) (sums roundtrip.Points, points int, err error) {
	files, err := whisper.ReadTree(dir)
	if errors.Is(err, whisper.ErrUnfinished) {
		return nil, 0, nil // go-carbon is about to make it
	}
	if err != nil {
		return nil, 0, err
	}
	sums = make(roundtrip.Points)
	for name, file := range files {
		values := file.Archives[0].Values
		points += len(values)
		for series := range want {
			kind := strings.TrimPrefix(series, prefix)
			if !strings.HasSuffix("."+name, kind) {
				continue
			}
			if sums[series] == nil {
				sums[series] = make(map[int64]float64)
			}
			for bucket, value := range values {
				sums[series][bucket] += value
			}
		}
	}
	return sums, points, nil
}
