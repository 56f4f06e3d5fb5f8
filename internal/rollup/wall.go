package rollup

import "time"

// A Wall watches the machine's clock for steps. Between two readings the wall
// clock and the monotonic one advance alike; where they do not, somebody has
// set the clock, or the machine was asleep. Which of the two is right nobody
// can know at first, so until the step has lasted for as long as lines may be
// late, both are kept in mind: nothing closes that is open by either of them,
// and no line is too far ahead that is not so by both. The zero value is ready.
type Wall struct {
	begun   bool
	base    int64         // Unix time at the monotonic clock's zero
	stepped bool          // the wall clock is not where it should be
	since   time.Duration // when that was first seen, on the monotonic clock
}

// slew is by how many seconds the clocks may differ between two readings that
// no step has come between: a second of rounding, and what NTP may slew.
const slew = 2

// Read takes one reading of both clocks: Unix seconds, and the time since any
// fixed instant. It returns the earliest and the latest time that it may be.
// A step that has lasted for hold is believed.
func (w *Wall) Read(unix int64, monotonic, hold time.Duration) (earliest, latest int64) {
	elapsed := int64(monotonic / time.Second)
	steady := w.base + elapsed
	switch {
	case !w.begun || unix-steady >= -slew && unix-steady <= slew:
		w.begun, w.stepped = true, false
	case !w.stepped:
		w.stepped, w.since = true, monotonic
		return min(unix, steady), max(unix, steady)
	case monotonic-w.since < hold:
		return min(unix, steady), max(unix, steady)
	}
	w.base, w.stepped = unix-elapsed, false
	return unix, unix
}
