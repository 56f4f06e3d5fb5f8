package roundtrip

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Points maps a series to its points, bucket start (Unix seconds) to value.
type Points map[string]map[int64]float64

// A Difference is a cell, one bucket of one series, in which Carbon and the
// log differ. A nil value is a point that is not there.
type Difference struct {
	Series string
	Bucket int64 // Unix seconds
	Log    *float64
	Carbon *float64
}

// String describes the difference in one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s at %s: log %s, Carbon %s",
		d.Series, time.Unix(d.Bucket, 0).UTC().Format("2006-01-02 15:04:05 UTC"), describe(d.Log), describe(d.Carbon))
}

func describe(value *float64) string {
	if value == nil {
		return "no point"
	}
	return strconv.FormatFloat(*value, 'f', -1, 64)
}

// Compare returns the cells in which the two differ, by bucket and series. A
// point too many is a difference like a point that is missing.
func Compare(log, carbon Points) []Difference {
	var differences []Difference
	for series, buckets := range log {
		for bucket, want := range buckets {
			got, ok := carbon[series][bucket]
			switch {
			case !ok:
				differences = append(differences, Difference{Series: series, Bucket: bucket, Log: &want})
			case got != want:
				differences = append(differences, Difference{Series: series, Bucket: bucket, Log: &want, Carbon: &got})
			}
		}
	}
	for series, buckets := range carbon {
		for bucket, got := range buckets {
			if _, ok := log[series][bucket]; !ok {
				differences = append(differences, Difference{Series: series, Bucket: bucket, Carbon: &got})
			}
		}
	}
	slices.SortFunc(differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Series, b.Series))
	})
	return differences
}
