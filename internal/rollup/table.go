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
	"slices"
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
	Prefix   string        // first part of every series name, or its tags as well, clean already
	Interval time.Duration // length of a bucket; 0 means 60 s
	Lateness time.Duration // how long after its end a bucket takes late lines
	Since    int64         // lines before it are counted in no bucket
	Until    int64         // nor are lines of that time and later
	Metrics  Selection

	// Delay is how long after its end a bucket becomes due, in whole seconds,
	// and no longer than Lateness: many machines whose minute ends at the same
	// second need not send in the same second.
	Delay time.Duration

	// Levels is how many values a group has, 0 for a single group, and
	// MaxSeries how many series there may be, 0 for any number.
	Levels    int
	MaxSeries int

	// Tags names the levels of a group where they become Graphite's tags. Nil is
	// for levels of the tree.
	Tags []string

	// ZeroFill tells a count of 0 for a closed bucket without lines of a
	// series that has one in an earlier bucket less than a day back.
	ZeroFill bool

	// Routes is how many values the last level has, where the user has named
	// them: whoever is admitted above it has room for all of them, and every
	// point says which one it is of. 0 is a last level like the others.
	Routes int

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

// routeLevel is the place of the level of routes, -1 if there is none.
func (o Options) routeLevel() int {
	if o.Routes == 0 {
		return -1
	}
	return o.Levels - 1
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
	adders   []adder
	timed    bool // durations are wanted
	width    int
	interval int64
	lateness int64
	since    int64
	until    int64

	source  int
	latest  int64 // latest time that is not too far in the future
	newest  int64 // newest time of a line counted or late
	oldest  int64 // oldest time of such a line
	floor   int64 // the first bucket that takes a line as of the newest time
	late    int64
	leftOut int64
	refused Refused

	routes  int // the place of their level, -1 if there is none
	root    *value
	leaves  []leaf // the groups; the first is the one of a table without values
	known   int    // bytes of values
	tagged  bool   // values become those of tags
	seats   seats  // of the ledger that took the last batch; nil while there is room
	full    bool   // the tree is by these seats
	level   []byte // reused: a value, cleaned
	group   int    // of the next record
	touched []int  // groups that have lines in this batch

	rows   []row
	sums   []int64     // width slots a row, in the order of rows
	times  []duration  // in the order of the lines
	spans  []histogram // of each row; they get their bins at the end of the batch
	bins   []bin       // of all rows
	ended  bool
	sorted []duration // reused
	counts []int32    // reused
}

// An adder adds one record to the slots of a metric within a row.
type adder struct {
	add      func(slots []int64, rec *apachelog.Record)
	from, to int
}

// A duration is one line's: which row and which bin of it counts it.
type duration struct{ row, bin uint32 }

// row is one bucket of one group with lines; its sums begin at Table.sums[at].
type row struct {
	group int
	start int64
	at    int
	older int // the row of the group before this bucket, counted from 1; 0 is none
}

// A window is one row at hand. The empty one holds no time that a line can
// have, because all of them are later than 1970.
type window struct {
	start int64
	at    int
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
	t := &Table{
		adders:   o.Metrics.adders(),
		timed:    o.Metrics.durations(),
		width:    o.Metrics.width(),
		interval: o.interval(),
		lateness: o.lateness(),
		since:    o.Since,
		until:    o.until(),
		routes:   o.routeLevel(),
		tagged:   o.Tags != nil,
	}
	t.forgetValues()
	return t
}

// Begin empties the table for the lines of one batch, which came from the
// given source and was read at the given time.
func (t *Table) Begin(source int, read time.Time) {
	t.source = source
	t.latest = read.Unix() + maxAhead
	t.newest, t.oldest, t.floor = 0, math.MaxInt64, 0
	t.late, t.leftOut = 0, 0
	t.refused = Refused{}
	t.rows = t.rows[:0]
	t.sums = t.sums[:0]
	t.times = t.times[:0]
	t.spans = t.spans[:0]
	t.ended = false
	for _, g := range t.touched {
		l := &t.leaves[g]
		l.here, l.prev, l.newest = window{}, window{}, 0
	}
	t.touched = t.touched[:0]
	t.group = 0
	if full := t.seats != nil; full != t.full || t.known > maxKnown {
		t.full = full
		t.forgetValues()
	}
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
	l := &t.leaves[t.group]
	if (uint64(rec.Time-l.here.start) >= uint64(t.interval) || l.here.start < t.floor) && !t.turn(l, rec.Time) {
		return
	}
	slots := t.sums[l.here.at : l.here.at+t.width]
	slots[0]++
	for i := range t.adders {
		a := &t.adders[i]
		a.add(slots[a.from:a.to], rec)
	}
	if t.timed && rec.Absent&apachelog.Duration == 0 {
		t.time(l.here.at/t.width, rec.Duration)
	}
}

// LeaveOut takes a record that is to change no bucket. Its time moves the clock
// of its file all the same, so that of the other lines the same ones are late.
func (t *Table) LeaveOut(rec *apachelog.Record) {
	switch {
	case rec.Time < earliest:
		t.refused.Ancient++
		return
	case rec.Time > t.newest && !t.advance(rec.Time):
		return
	}
	t.oldest = min(t.oldest, rec.Time)
	if rec.Time < t.since || rec.Time >= t.until {
		t.refused.Outside++
		return
	}
	t.leftOut++
}

// time adds a duration, in nanoseconds, to a row. The server's clock may have
// gone back meanwhile; less than nothing counts as nothing.
func (t *Table) time(row int, took int64) {
	v := max(0, took) / 1000
	t.times = append(t.times, duration{uint32(row), binOf(v)})
	t.spans[row].count(v)
}

// End tells that no more records are added to the batch. It does what Merge
// would have to do otherwise.
func (t *Table) End() {
	if t.ended {
		return
	}
	t.ended = true
	if len(t.times) == 0 {
		return
	}
	// By bins, and then by rows without disturbing the bins: counting them is
	// several times as fast as comparing.
	t.sorted = slices.Grow(t.sorted[:0], len(t.times))[:len(t.times)]
	t.sortTimes(t.sorted, t.times, func(d duration) uint32 { return d.bin })
	t.sortTimes(t.times, t.sorted, func(d duration) uint32 { return d.row })
	t.bins = slices.Grow(t.bins[:0], len(t.times))
	for i := 0; i < len(t.times); {
		row, begin := t.times[i].row, len(t.bins)
		for i < len(t.times) && t.times[i].row == row {
			d, j := t.times[i], i+1
			for j < len(t.times) && t.times[j] == d {
				j++
			}
			t.bins = append(t.bins, bin{d.bin, int64(j - i)})
			i = j
		}
		t.spans[row].Bins = t.bins[begin:]
	}
}

// sortTimes puts durations into to, sorted by a small number of each; those of
// one number stay in their order.
func (t *Table) sortTimes(to, from []duration, by func(duration) uint32) {
	most := uint32(0)
	for _, d := range from {
		most = max(most, by(d))
	}
	t.counts = slices.Grow(t.counts[:0], int(most)+2)[:most+2]
	clear(t.counts)
	for _, d := range from {
		t.counts[by(d)+1]++
	}
	for i := range most {
		t.counts[i+1] += t.counts[i]
	}
	for _, d := range from {
		n := &t.counts[by(d)]
		to[*n] = d
		*n++
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
	t.floor = when - t.interval - t.lateness
	return true
}

// turn goes to the bucket of when, and says whether a line may be added to it.
// The bucket at hand always lies inside the bounds, because they are multiples
// of the interval. A line outside moves the clock of its file all the same, so
// that the buckets inside become what they would be without bounds.
func (t *Table) turn(l *leaf, when int64) bool {
	if when < t.since || when >= t.until {
		t.refused.Outside++
		return false
	}
	start := when - when%t.interval
	if start < t.floor {
		t.late++
		return false
	}
	if l.prev.start == start {
		l.here, l.prev = l.prev, l.here
		return true
	}
	if l.newest == 0 {
		t.touched = append(t.touched, t.group)
	}
	l.prev = l.here
	l.here = window{start: start, at: t.find(l, start)}
	return true
}

// find returns where the sums of a bucket of the group at hand begin, whose leaf
// is l. The rows of a group hang together in the order of time. One before the
// newest is looked for no further back than lines may be late.
func (t *Table) find(l *leaf, start int64) int {
	newer, i := 0, l.newest
	for i > 0 && t.rows[i-1].start > start {
		newer, i = i, t.rows[i-1].older
	}
	if i > 0 && t.rows[i-1].start == start {
		return t.rows[i-1].at
	}
	at := len(t.sums)
	t.rows = append(t.rows, row{group: t.group, start: start, at: at, older: i})
	if newer > 0 {
		t.rows[newer-1].older = len(t.rows)
	} else {
		l.newest = len(t.rows)
	}
	t.sums = slices.Grow(t.sums, t.width)[:at+t.width]
	clear(t.sums[at:])
	if t.timed {
		t.spans = append(t.spans, histogram{})
	}
	return at
}
