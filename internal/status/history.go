package status

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

const (
	// span is how far the charts reach back.
	span = 30 * time.Minute
	// maxCells bounds the numbers that are kept, at 8 bytes each.
	maxCells = 600_000
)

// A History keeps the newest half hour of every series, as far as there is
// room. Its methods may be called from any goroutine.
type History struct {
	step int64 // seconds
	n    int64 // buckets

	mu      sync.Mutex
	rows    map[string]*row
	names   []string // in the order in which they came
	left    int64    // points that found no room
	oldest  int64    // bucket that any series had a point of
	newest  int64    // bucket
	known   int64    // of buckets up to this one every point is here
	partial int64    // buckets from here on are not complete
}

// A row holds the newest buckets of one series in a ring. NaN is nothing.
type row struct {
	newest int64
	cells  []float64
	counts bool // no point means that there was nothing to count
}

// NewHistory returns an empty one for buckets of the given length.
func NewHistory(step time.Duration) *History {
	h := &History{step: max(1, int64(step/time.Second)), rows: make(map[string]*row), oldest: math.MaxInt64, known: math.MinInt64}
	h.n = max(2, int64(span/time.Second)/h.step+1)
	return h
}

// Add takes points, each of which replaces the one of its series and bucket.
// Points of a longer step are not kept.
func (h *History) Add(points []point.Point) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range points {
		if p.Step == 0 || p.Step == h.step {
			h.put(p)
		}
	}
}

// Present is Add for points that have not been given out. Buckets from partial
// on are not complete. Unless reading is behind, all points of the time before
// have been added, so a count that has none is 0.
func (h *History) Present(partial int64, behind bool, points []point.Point) {
	h.Add(points)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.partial = partial
	if !behind {
		h.known = partial
	}
}

func (h *History) put(p point.Point) {
	r := h.rows[p.Series]
	if r == nil {
		if int64(len(h.names)+1)*h.n > maxCells {
			h.left++
			return
		}
		r = &row{newest: p.Time, cells: slices.Repeat([]float64{math.NaN()}, int(h.n)), counts: strings.HasSuffix(point.Name(p.Series), ".count")}
		h.rows[p.Series] = r
		h.names = append(h.names, p.Series)
	}
	if p.Time <= r.newest-h.n*h.step {
		return
	}
	for t := r.newest + h.step; t <= p.Time; t += h.step {
		if t <= p.Time-h.n*h.step {
			t = p.Time - h.n*h.step // all of the ring is older
			continue
		}
		r.cells[h.cell(t)] = math.NaN()
	}
	r.newest = max(r.newest, p.Time)
	h.oldest, h.newest = min(h.oldest, p.Time), max(h.newest, p.Time)
	r.cells[h.cell(p.Time)] = p.Value
}

// cell is the place of a bucket in a ring, of one before 1970 too.
func (h *History) cell(t int64) int64 { return (t/h.step%h.n + h.n) % h.n }

// at is the value of a bucket, NaN where there is none.
func (h *History) at(r *row, t int64) float64 {
	v := math.NaN()
	if t <= r.newest && t > r.newest-h.n*h.step {
		v = r.cells[h.cell(t)]
	}
	if math.IsNaN(v) && r.counts && t >= h.oldest && t <= h.known {
		return 0
	}
	return v
}

// A Chart is the newest half hour of some series.
type Chart struct {
	Start   int64  `json:"start"` // of the first bucket, Unix seconds
	Step    int64  `json:"step"`
	Partial int64  `json:"partial"` // buckets from here on are not complete
	Lines   []Line `json:"lines"`
}

// A Line is one series of a chart. A null is a bucket of which nothing is known,
// or one without a line that a duration could be of; a count is 0 there.
type Line struct {
	Name   string     `json:"name"`
	Values []*float64 `json:"values"`
}

// Chart returns the given series, and the sums over all groups of series with
// the given endings. It ends with the bucket of now, or with the newest one of
// a backfill that is older than that.
func (h *History) Chart(now time.Time, series, sums []string) Chart {
	h.mu.Lock()
	defer h.mu.Unlock()
	end := now.Unix() - now.Unix()%h.step
	if h.newest > 0 && (h.newest < end-h.n*h.step || h.newest > end) {
		end = h.newest
	}
	c := Chart{Start: end - (h.n-1)*h.step, Step: h.step, Partial: h.partial, Lines: []Line{}}
	for _, ending := range sums {
		c.Lines = append(c.Lines, h.line(ending, c.Start, func(name string) bool { return strings.HasSuffix(point.Name(name), "."+ending) }))
	}
	for _, one := range series {
		c.Lines = append(c.Lines, h.line(one, c.Start, func(name string) bool { return name == one }))
	}
	return c
}

// line adds up the series that are wanted.
func (h *History) line(name string, start int64, wanted func(string) bool) Line {
	l := Line{Name: name, Values: make([]*float64, h.n)}
	for series, r := range h.rows {
		if !wanted(series) {
			continue
		}
		for i := range l.Values {
			v := h.at(r, start+int64(i)*h.step)
			if math.IsNaN(v) {
				continue
			}
			if l.Values[i] == nil {
				l.Values[i] = new(float64)
			}
			*l.Values[i] += v
		}
	}
	return l
}

// Names are the series of a history that hold some text.
type Names struct {
	Kept     int      `json:"kept"`
	NotKept  bool     `json:"not_kept"` // there are more, for which there is no room
	Matching int      `json:"matching"`
	Names    []string `json:"names"` // the first of them
}

// Match finds the series whose names hold text.
func (h *History) Match(text string, most int) Names {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := Names{Kept: len(h.names), NotKept: h.left > 0, Names: []string{}}
	for _, name := range h.names {
		if !strings.Contains(name, text) {
			continue
		}
		found.Matching++
		if len(found.Names) < most {
			found.Names = append(found.Names, name)
		}
	}
	return found
}
