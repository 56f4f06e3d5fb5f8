package tail

import (
	"cmp"
	"io/fs"
	"math"
	"os"
	"slices"
	"time"
)

// A queued file is one that a Once run has found and cannot open yet, because
// there are no more descriptors. Files are opened in the order in which they
// are read, so that as few as possible are open at a time.
type queued struct {
	entry
	order, clock int64 // of its first line, as Follower.clock gives them
	packed       bool
}

// lineUp puts all files that are not begun into the queue, because those that
// are left could not be opened as well, and opens the first ones. A plain file
// comes before a packed one of the same time, which may be a copy of it.
func (f *Follower) lineUp(entries []entry, left map[identity]bool, now time.Time) {
	f.most = max(1, len(f.open))
	for _, e := range entries {
		if x := f.byID[e.st.id]; x != nil && x.fd != nil && x.pos == 0 {
			f.retire(x)
			f.forget(x)
			left[e.st.id] = true
		}
	}
	for _, e := range entries {
		if left[e.st.id] {
			f.queue = append(f.queue, f.firstLine(e))
			delete(left, e.st.id) // it may have several names
		}
	}
	slices.SortStableFunc(f.queue, func(a, b queued) int {
		if a.order == b.order && a.packed != b.packed {
			if a.packed {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.order, b.order)
	})
	f.o.Log.Warn("there are more files than this process may open; they are opened one after the other", "files", len(entries), "open", f.most)
	f.admit(now)
}

// firstLine looks at the first line of a file that waits to be opened.
func (f *Follower) firstLine(e entry) queued {
	q := queued{entry: e, order: math.MinInt64, clock: math.MinInt64}
	fd, st, err := openRegular(e.path)
	if err != nil {
		return q // it shows itself when the file is opened
	}
	defer fd.Close()
	x := &file{path: e.path, fd: fd, last: st, end: st.size}
	f.decideForm(x, st)
	q.order, q.clock = f.clock(x)
	q.packed = x.form.packed()
	return q
}

// admit opens the next files of the queue, as many as can be open, and returns
// them.
func (f *Follower) admit(now time.Time) (opened []*file) {
	for len(f.queue) > 0 && len(f.open) < f.most && !f.reserve.full {
		q := f.queue[0]
		if !f.findQueued(&q.entry) {
			f.say(q.path, "a file is gone that was still to be read", fs.ErrNotExist)
			f.queue = f.queue[1:]
			continue
		}
		x := f.adopt(q.entry, true, now)
		if x == nil && f.reserve.full {
			f.most = max(1, len(f.open))
			break
		}
		f.queue = f.queue[1:]
		if x != nil {
			x.limit = q.st.size // what is written during the run is left to the next one
			opened = append(opened, x)
		}
	}
	return opened
}

// findQueued finds the name of a file that may have been renamed meanwhile.
func (f *Follower) findQueued(e *entry) bool {
	shows := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && statusOf(info).id == e.st.id
	}
	if shows(e.path) {
		return true
	}
	for _, found := range f.list() {
		if found.st.id == e.st.id {
			e.path = found.path
			return true
		}
	}
	return false
}
