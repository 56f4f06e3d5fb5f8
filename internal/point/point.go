// Package point holds what leaves logfeed: one number of one series for one
// bucket, the interface of everything that takes such numbers, and the rules
// by which values from a log become parts of a series name.
package point

import (
	"context"
	"strconv"
)

// A Point is the whole total of one series in one bucket. It is absolute: a
// later Point for the same series and time replaces an earlier one.
type Point struct {
	Series string
	Value  float64
	Time   int64 // start of the bucket, Unix seconds; always positive
	Step   int64 // length of the bucket, seconds; 0 is that of the finest

	// Route is the name of the route whose lines are summed, "" where there are
	// none. It is for those who choose among points: Series has it as well.
	Route string
}

// A Sink takes points. Write keeps no part of the slice once it has returned.
// It may block, which stops the reading of logs; it returns early with the
// context's error when ctx is done. Close releases what the sink holds and is
// called once, after the last Write.
type Sink interface {
	Write(ctx context.Context, points []Point) error
	Close() error
}

// Append appends p in Graphite's plaintext protocol, "series value time\n",
// and returns the extended slice. Whole numbers are written without exponent
// or fraction, exact up to 2^53.
func Append(dst []byte, p Point) []byte {
	dst = append(dst, p.Series...)
	dst = append(dst, ' ')
	dst = AppendValue(dst, p.Value)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, p.Time, 10)
	return append(dst, '\n')
}

// AppendValue appends the shortest decimal that reads back as v. It never
// uses an exponent, which some relays refuse.
func AppendValue(dst []byte, v float64) []byte {
	// Nearly all values are counts, which have a quicker way.
	if n := int64(v); n > 0 && n < 1<<53 && float64(n) == v {
		return strconv.AppendInt(dst, n, 10)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}
