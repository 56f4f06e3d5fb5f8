package rollup

import (
	"fmt"
	"math"
	"slices"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// Histogram returns the selection with counts of the lines that took no longer
// than each of the bounds, in milliseconds and ascending, and of all that have
// a duration. The series are cumulative, duration.ms.le_250.count, and end in
// duration.ms.le_inf.count. They are plain sums, so they add up over servers and
// over time, which percentiles do not.
func (s Selection) Histogram(bounds []int64, provided apachelog.Field) (Selection, error) {
	if provided&apachelog.Duration == 0 {
		return s, fmt.Errorf("durations need %s in the format", durationDirectives)
	}
	m := metric{name: "histogram", needs: apachelog.Duration}
	limits := make([]int64, 0, len(bounds)+1)
	for _, b := range bounds {
		m.endings = append(m.endings, fmt.Sprintf("duration.ms.le_%d.count", b))
		limits = append(limits, b*1e6)
	}
	m.endings = append(m.endings, "duration.ms.le_inf.count")
	limits = append(limits, math.MaxInt64)
	m.add = func(slots []int64, rec *apachelog.Record) {
		if rec.Absent&apachelog.Duration != 0 {
			return
		}
		for i := len(limits) - 1; i >= 0 && rec.Duration <= limits[i]; i-- {
			slots[i]++
		}
	}
	return Selection{append(slices.Clip(s.rows), m)}, nil
}
