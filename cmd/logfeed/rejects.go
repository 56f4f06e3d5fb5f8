package main

import (
	"log/slog"
	"time"

	"github.com/logfeed/logfeed/internal/tail"
)

// sayEvery is the shortest time between two log records about the same kind
// of trouble. A log in the wrong format rejects every line.
const sayEvery = 10 * time.Second

// A repeater logs one kind of trouble at most every sayEvery, and says how
// much of it went unsaid in between.
type repeater struct {
	last   time.Time
	unsaid int64
}

// due says whether a record may be written at now; n is how many times the
// trouble came since the last one that was.
func (r *repeater) due(now time.Time, n int64) bool {
	r.unsaid += n
	if !r.last.IsZero() && now.Sub(r.last) < sayEvery {
		return false
	}
	r.last = now
	return true
}

// take returns what had gone unsaid and starts anew.
func (r *repeater) take() int64 {
	n := r.unsaid
	r.unsaid = 0
	return n
}

// rejects counts the lines that were refused and tells of a few of them.
type rejects struct {
	log   *slog.Logger
	count int64
	why   reasons

	format, future, ancient, late, tooOld, long repeater
}

// lines counts the lines of a worker's batch that match no format, and tells of
// the first of them. The batch begins at number.
func (r *rejects) lines(w *worker, number numbering) {
	count := int64(0)
	for _, one := range w.refused.all {
		count += one.lines
		r.why.add(w.batch.Path, number, one)
		r.why.see(w.batch, number, one)
	}
	if count == 0 {
		return
	}
	r.count += count
	due := r.format.due(w.batch.Time, 1)
	first := w.refused.all[0]
	if due {
		r.tell(w, number, first)
	}
	r.format.unsaid += count - 1
}

// tell logs why a line was rejected.
func (r *rejects) tell(w *worker, number numbering, l refusal) {
	attrs := []any{"path", w.batch.Path}
	if w.log.vhost != "" {
		attrs = append(attrs, "vhost", w.log.vhost)
	}
	if n := number.at(l.first); n > 0 {
		attrs = append(attrs, "line", n)
	}
	attrs = append(attrs, "directive", l.directive, "column", l.column, "expected", l.expected)
	r.log.Warn("line rejected", append(attrs, "rejected", r.format.take())...)
	const enough = 200 // bytes; the start of a line shows what kind it is
	r.log.Debug("rejected line", "text", string(l.text[:min(len(l.text), enough)]))
}

// tooLong tells of a line that was skipped, and is counted by the follower.
func (r *rejects) tooLong(s tail.Skip) {
	if r.long.due(time.Now(), 1) {
		r.log.Warn("a line longer than 4 MiB was skipped", "path", s.Path, "skipped", r.long.take())
	}
}

// times tells of lines refused, or late, for the sake of their time.
func (r *rejects) times(now time.Time, path string, future, ancient, late, tooOld int64) {
	r.count += future + ancient
	if future > 0 && r.future.due(now, future) {
		r.log.Warn("lines rejected: their time is more than 5 minutes in the future", "path", path, "rejected", r.future.take())
	}
	if ancient > 0 && r.ancient.due(now, ancient) {
		r.log.Warn("lines rejected: their time is before the year 2000", "path", path, "rejected", r.ancient.take())
	}
	if late > 0 && r.late.due(now, late) {
		r.log.Warn("late lines: their buckets are closed", "path", path, "late", r.late.take())
	}
	if tooOld > 0 && r.tooOld.due(now, tooOld) {
		r.log.Warn("lines left out: Graphite keeps nothing as old as they are", "path", path, "too_old", r.tooOld.take())
	}
}
