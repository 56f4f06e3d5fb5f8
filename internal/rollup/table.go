// Package rollup sums records into buckets of time and decides when a bucket
// is whole.
//
// A Table sums the lines of one batch and knows nothing else; several can be
// filled side by side. The Ledger takes tables in the order in which their
// batches were read, keeps the buckets of all files and gives them out as
// points. Both work on whole numbers only, so what a bucket holds depends on
// the set of its lines and not on their order or on how they were cut into
// batches.
//
// The package reads no clock and starts no goroutine.
package rollup

import (
	"math"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/retention"
)

const (
	// maxAhead is how far in the future a line's time may lie, in seconds.
	// One bad clock must not close everybody's buckets.
	maxAhead = 5 * 60

	// earliest is the oldest time that a line may have: 2000-01-01. Carbon's
	// clients and servers give a meaning of their own to zero and to negative
	// times, and no access log is older.
	earliest = 946684800
)

// Options say how records are summed. Interval and Lateness are whole seconds;
// Since and Until are Unix seconds, multiples of Interval, and 0 where there is
// no such bound.
type Options struct {
	Prefix   string        // first part of every series name, clean already
	Interval time.Duration // length of a bucket; 0 means 60 s
	Lateness time.Duration // how long after its end a bucket takes late lines
	Since    int64         // lines before it are counted in no bucket
	Until    int64         // nor are lines of that time and later
	Metrics  Selection

	// Retentions says at which steps Graphite keeps a series. Nil, or an empty
	// list, has every line counted in a bucket of the interval, however old it
	// is.
	Retentions func(series string) retention.List
}

func (o Options) interval() int64 {
	if o.Interval <= 0 {
		return 60
	}
	return int64(o.Interval / time.Second)
}

func (o Options) lateness() int64 { return int64(o.Lateness / time.Second) }

func (o Options) until() int64 {
	if o.Until == 0 {
		return math.MaxInt64
	}
	return o.Until
}

// A Table holds the sums of the lines of one batch. It is for one goroutine,
// and is used again for the next batch after Begin.
type Table struct {
	metrics  []metric
	width    int
	interval int64
	lateness int64
	since    int64
	until    int64

	source  int
	latest  int64 // latest time that is not too far in the future
	newest  int64 // newest time of a line counted or late
	oldest  int64 // oldest time of such a line
	late    int64
	refused Refused

	rows  []row
	index map[int64]int // bucket start -> place in rows
	sums  []int64       // width slots a row, in the order of rows
	here  window        // the bucket that the last line fell into
	prev  window        // and the one before: lines swing between neighbours
}

// row is one bucket of a table; its sums begin at Table.sums[at].
type row struct {
	start int64
	at    int
}

// A window is one row at hand. The empty one holds no time that a line can
// have, because all of them are later than 1970.
type window struct {
	start int64
	slots []int64
}

// Refused counts the lines that a table refuses for the sake of their time.
type Refused struct {
	Future  int64 // more than five minutes ahead of the clock
	Ancient int64 // before the year 2000
	Outside int64 // before Options.Since, or not before Options.Until
}

// Plausible says whether a line of the given time, read at the given time, is
// neither Future nor Ancient.
func Plausible(when int64, read time.Time) bool {
	return when >= earliest && when <= read.Unix()+maxAhead
}

// NewTable returns an empty table; Begin comes before the first Add.
func NewTable(o Options) *Table {
	return &Table{
		metrics:  o.Metrics.rows,
		width:    o.Metrics.width(),
		interval: o.interval(),
		lateness: o.lateness(),
		since:    o.Since,
		until:    o.until(),
		index:    make(map[int64]int),
	}
}

// Begin empties the table for the lines of one batch, which came from the
// given source and was read at the given time.
func (t *Table) Begin(source int, read time.Time) {
	t.source = source
	t.latest = read.Unix() + maxAhead
	t.newest, t.oldest = 0, math.MaxInt64
	t.late = 0
	t.refused = Refused{}
	t.rows = t.rows[:0]
	t.sums = t.sums[:0]
	t.here, t.prev = window{}, window{}
	clear(t.index)
}

// Add sums one record into the bucket of its own time and keeps no part of
// it. A line whose bucket ended more than the lateness before the newest time
// of the batch so far is late: it is counted as such and changes no sum.
func (t *Table) Add(rec *apachelog.Record) {
	if rec.Time < earliest {
		t.refused.Ancient++
		return
	}
	if rec.Time > t.newest && !t.advance(rec.Time) {
		return
	}
	t.oldest = min(t.oldest, rec.Time)
	if uint64(rec.Time-t.here.start) >= uint64(t.interval) && !t.turn(rec.Time) {
		return
	}
	t.here.slots[0]++
	at := 1
	for i := range t.metrics {
		m := &t.metrics[i]
		m.add(t.here.slots[at:at+len(m.endings)], rec)
		at += len(m.endings)
	}
}

// Refuses says whether Add would refuse a line for the sake of its time: it
// returns what would be right in words for people, nothing if the line is taken.
func (t *Table) Refuses(when int64) (expected string) {
	switch {
	case when < earliest:
		return "a time since the year 2000"
	case when > t.latest:
		return "a time no more than 5 minutes ahead of this clock"
	}
	return ""
}

// advance makes when the newest time of the batch, unless it lies too far in
// the future. A bucket that is late from now on is not the one at hand any
// more: the line that makes it late belongs to another.
func (t *Table) advance(when int64) bool {
	if when > t.latest {
		t.refused.Future++
		return false
	}
	t.newest = when
	return true
}

// turn goes to the bucket of when, and says whether a line may be added to it.
// The bucket at hand always lies inside the bounds, because they are multiples
// of the interval. A line outside moves the clock of its file all the same, so
// that the buckets inside become what they would be without bounds.
func (t *Table) turn(when int64) bool {
	if when < t.since || when >= t.until {
		t.refused.Outside++
		return false
	}
	start := when - when%t.interval
	if start+t.interval+t.lateness < t.newest {
		t.late++
		return false
	}
	if t.prev.slots != nil && t.prev.start == start {
		t.here, t.prev = t.prev, t.here
		return true
	}
	t.prev = t.here
	t.here = window{start: start, slots: t.find(start)}
	return true
}

func (t *Table) find(start int64) []int64 {
	i, ok := t.index[start]
	if !ok {
		i = len(t.rows)
		t.index[start] = i
		t.rows = append(t.rows, row{start: start, at: len(t.sums)})
		t.grow()
	}
	at := t.rows[i].at
	return t.sums[at : at+t.width : at+t.width]
}

// grow appends one row of zeros. Where that moves the sums to larger memory,
// the windows would still point to the old ones, so they are left.
func (t *Table) grow() {
	if len(t.sums)+t.width > cap(t.sums) {
		larger := make([]int64, len(t.sums), 2*cap(t.sums)+16*t.width)
		copy(larger, t.sums)
		t.sums = larger
		t.here, t.prev = window{}, window{}
	}
	n := len(t.sums)
	t.sums = t.sums[:n+t.width]
	clear(t.sums[n:])
}
