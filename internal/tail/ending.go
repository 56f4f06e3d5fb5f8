package tail

import (
	"slices"
	"time"
)

// closeAll closes the files that are not read any further.
func (f *Follower) closeAll(now time.Time) {
	for _, x := range slices.Clone(f.open) {
		switch {
		case x.form.packed() && x.done:
			f.skipRest(x.rest)
			f.retire(x)
		case f.o.Once && f.over(x, now):
			f.retire(x)
		case f.expired(x, now):
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

// compared says whether a packed file is still to be compared with x.
func (f *Follower) compared(x *file) bool {
	return slices.ContainsFunc(f.open, func(y *file) bool { return y.base == x || y.copyOf == x && y.form.packed() })
}

// finished says whether the sequence is at its end.
func (f *Follower) finished() bool {
	ended := f.input == nil || f.input.eof && !f.input.unread()
	if f.o.Once {
		return ended && len(f.open) == 0 && len(f.queue) == 0
	}
	return f.input != nil && ended && len(f.globs) == 0
}
