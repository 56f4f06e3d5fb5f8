package tail

import (
	"iter"
	"slices"
	"time"
)

// closeAll closes the files that are not read any further.
func (f *Follower) closeAll(now time.Time) {
	for _, x := range slices.Clone(f.open) {
		if !f.retireOver(x, now) && f.expired(x, now) {
			f.o.Log.Info("a file that had lost its name is closed", "path", x.path, "position", x.pos)
			f.unfinished(x.path, x.last.size-x.pos, nil)
			f.retire(x)
		}
	}
	f.settleGaps(now, f.finished())
	if in := f.input; in != nil && in.eof && !in.tallied {
		in.tallied = true
		rest := f.streamRest(in.source, standardInput, &in.cutter)
		f.skipRest(rest)
		f.unfinished(standardInput, in.cutter.unfinished(), rest)
	}
}

// lookAtWaiting looks again at those of the files that wait for another one, and
// returns them.
func (f *Follower) lookAtWaiting(files iter.Seq[*file], now time.Time) (looked []*file) {
	if !f.waits {
		return nil // mostly, so that thousands of logs cost nothing
	}
	for x := range files {
		if x.fd != nil && x.waits {
			looked = append(looked, x)
		}
	}
	for _, x := range looked {
		f.look(x, now)
	}
	return looked
}

// finish is told that x is not read any further in this round, and goes on with
// those that have waited for that.
func (f *Follower) finish(work *backlog, x *file, now time.Time) {
	if !x.placed {
		// It was taken for a copy of another one and is none.
		f.look(x, now)
		work.addUnread(f, x)
	}
	for _, y := range f.lookAtWaiting(f.relatives(x), now) {
		work.addUnread(f, y)
	}
	f.retireOver(x, now)
	if x.twin != nil {
		f.retireOver(x.twin, now) // it was kept open to be compared with
	}
	opened := f.admit(now)
	for _, y := range opened {
		f.look(y, now)
	}
	f.lookAtWaiting(slices.Values(opened), now)
	for _, y := range opened {
		work.addUnread(f, y)
	}
}

// retireOver closes x if it has been read to the end that it has for good, and
// says whether it is closed.
func (f *Follower) retireOver(x *file, now time.Time) bool {
	switch {
	case x.fd == nil:
		return true
	case x.form.packed() && x.done:
		f.skipRest(x.rest)
	case !f.o.Once || !f.over(x, now):
		return false
	}
	f.retire(x)
	return true
}

// over says whether a Once run is done with x.
func (f *Follower) over(x *file, now time.Time) bool {
	switch {
	case !x.failing.IsZero():
		if now.Sub(x.failing) < failLimit {
			return false
		}
		f.gap(x, x.last.size-x.pos)
		return true
	case x.cut:
		f.leaveRest(x)
		return true
	case x.form.packed():
		return x.broken
	case x.unread() || x.doubted || x.limit < 0 || f.compared(x):
		return false
	case x.copyOf != nil:
		// What it holds beyond the original, the next look finds out.
		return x.copyOf.fd == nil && x.last.size < x.copyOf.pos
	}
	rest := f.plainRest(x)
	f.skipRest(rest)
	f.unfinished(x.path, x.limit-x.pos, rest)
	return true
}

// compared says whether a packed file is still to be compared with x, or may
// have to be: when it turns out to be no copy of another one that begins alike.
func (f *Follower) compared(x *file) bool {
	return slices.ContainsFunc(f.open, func(y *file) bool {
		return y.base == x || y.form.packed() && (y.copyOf == x || (y.base != nil || y.waits) && x.head.begins(y.head.raw) == yes)
	})
}

// finished says whether the sequence is at its end.
func (f *Follower) finished() bool {
	ended := f.input == nil || f.input.eof && !f.input.unread()
	if f.o.Once {
		return ended && len(f.open) == 0 && len(f.queue) == 0
	}
	return f.input != nil && ended && len(f.globs) == 0
}
