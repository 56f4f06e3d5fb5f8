package rollup

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/point"
)

// A metric turns records into one or more sums. Each sum is a slot of a
// bucket's row; its series is the prefix and the ending.
type metric struct {
	name    string          // as --metrics has it
	needs   apachelog.Field // any one of these makes it possible; 0 needs nothing
	wants   string          // the directives that provide it, for messages
	endings []string        // one slot each
	sparse  bool            // a sum of zero is not sent
	add     func(slots []int64, rec *apachelog.Record)

	// The series of a metric without add is the number of lines, which every row
	// has; or they come from a histogram of durations, one for each ending.
	of []func(histogram) float64
}

// durationDirectives are those that provide a duration, for messages.
const durationDirectives = "%D, %{us}T, %{ms}T or %T"

// metrics is the table of everything logfeed can sum: one row a metric.
var metrics = []metric{
	{
		name: "bytes", needs: apachelog.Bytes, wants: "%O, %B or %b",
		endings: []string{"bytes.count"},
		add:     func(s []int64, r *apachelog.Record) { s[0] = addSaturating(s[0], r.Bytes) },
	},
	{
		name:    "requests",
		endings: []string{"requests.count"},
	},
	{
		name: "status", needs: apachelog.Status, wants: "%>s or %s",
		endings: []string{"status.1xx.count", "status.2xx.count", "status.3xx.count", "status.4xx.count", "status.5xx.count"},
		sparse:  true,
		add:     addStatus,
	},
	{
		name: "bytes_in", needs: apachelog.BytesIn, wants: "%I",
		endings: []string{"bytes_in.count"},
		add:     func(s []int64, r *apachelog.Record) { s[0] = addSaturating(s[0], r.BytesIn) },
	},
	{
		name: "duration", needs: apachelog.Duration, wants: durationDirectives,
		endings: []string{"duration.ms.min", "duration.ms.max", "duration.ms.mean", "duration.ms.p50", "duration.ms.p95", "duration.ms.p99"},
		of:      []func(histogram) float64{leastMS, greatestMS, meanMS, p50MS, p95MS, p99MS},
	},
}

func addStatus(slots []int64, rec *apachelog.Record) {
	if class := uint(rec.Status)/100 - 1; class < uint(len(slots)) {
		slots[class]++
	}
}

// addSaturating keeps a sum that would pass the largest int64 at that value
// instead of letting it turn negative.
func addSaturating(a, b int64) int64 {
	if sum := a + b; sum >= a || b < 0 {
		return sum
	}
	return math.MaxInt64
}

// Metrics returns the names that --metrics takes, in the order of the table.
func Metrics() []string {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = m.name
	}
	return names
}

// A Selection is the set of metrics that are summed. The zero Selection sums
// nothing.
type Selection struct{ rows []metric }

// Select picks metrics by name for formats that provide the given fields. No
// names means every metric that the formats can give. An unknown name, or one
// whose directive the formats lack, is an error that says what would be right.
func Select(names []string, provided apachelog.Field) (Selection, error) {
	var s Selection
	for _, m := range metrics {
		possible := m.needs == 0 || provided&m.needs != 0
		switch named := slices.Contains(names, m.name); {
		case named && !possible:
			return Selection{}, fmt.Errorf("%s needs %s in the format", m.name, m.wants)
		case possible && (named || len(names) == 0):
			s.rows = append(s.rows, m)
		}
	}
	for _, name := range names {
		if !slices.Contains(Metrics(), name) {
			return Selection{}, fmt.Errorf("unknown metric %q; known are %s", name, strings.Join(Metrics(), ", "))
		}
	}
	return s, nil
}

// Needs returns the fields that records must carry to be summed: the time
// always, and what the selected metrics ask for.
func (s Selection) Needs() apachelog.Field {
	need := apachelog.Time
	for _, m := range s.rows {
		need |= m.needs
	}
	return need
}

// Endings returns the ends of the series names that the selection makes.
func (s Selection) Endings() []string {
	var all []string
	for _, m := range s.rows {
		all = append(all, m.endings...)
	}
	return all
}

// sums returns the selected metrics that are sums.
func (s Selection) sums() []metric {
	return slices.DeleteFunc(slices.Clone(s.rows), func(m metric) bool { return m.add == nil })
}

// adders says how a record is added to a row, whose first slot is the number of
// lines.
func (s Selection) adders() []adder {
	var all []adder
	from := 1
	for _, m := range s.sums() {
		all = append(all, adder{m.add, from, from + len(m.endings)})
		from += len(m.endings)
	}
	return all
}

// durations says whether durations are selected.
func (s Selection) durations() bool {
	return slices.ContainsFunc(s.rows, func(m metric) bool { return m.of != nil })
}

// width is the number of sums of one bucket: the number of lines, then those
// of the selected metrics one after the other.
func (s Selection) width() int {
	n := 1
	for _, m := range s.sums() {
		n += len(m.endings)
	}
	return n
}

// slot describes one series of a bucket.
type slot struct {
	series string
	number int // among those of its group
	sparse bool
	from   int                     // where its sum is in a table's row; first is the number of lines
	of     func(histogram) float64 // it comes from the durations instead
}

// slots names every series of a bucket in the order in which they are sent.
func (s Selection) slots(prefix string) []slot {
	var all []slot
	from := 1
	for _, m := range s.rows {
		for i, ending := range m.endings {
			one := slot{series: point.Join(prefix, ending), sparse: m.sparse}
			switch {
			case m.of != nil:
				one.of = m.of[i]
			case m.add != nil:
				one.from = from
				from++
			}
			all = append(all, one)
		}
	}
	return all
}
