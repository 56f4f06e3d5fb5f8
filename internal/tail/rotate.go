package tail

import "time"

// A verdict is what has become of a file since the last look. Only this file
// of the package reaches one; everything else acts on it.
type verdict int

const (
	same      verdict = iota
	grown             // bytes may have been added, those read are still there
	doubtful          // shorter than it was, but perhaps not for long
	truncated         // what was read is gone: a new generation begins
)

// racy is how close to a look a change may be and still share its timestamp:
// the kernel's clock for files ticks every 1 to 10 ms.
const racy = 20 * time.Millisecond

// judge compares the content of a plain file with what was read from it.
func (f *Follower) judge(x *file, st status, now time.Time) verdict {
	if !x.recheck && x.doubt.IsZero() && st.size == x.last.size && st.mtime == x.last.mtime &&
		x.looked.UnixNano()-st.mtime > int64(racy) {
		return same
	}
	if st.size >= x.pos {
		if f.markHolds(x) {
			return grown
		}
		return truncated
	}
	if st.size > 0 && !f.headHolds(x, st.size) {
		return truncated
	}
	// An empty file has nothing to read, so there is time. One that begins as
	// before may be a stale size of a network file system, or the same content
	// being written again: it is believed when two looks agree.
	if x.doubt.IsZero() || now.Sub(x.doubt) < f.o.Poll {
		return doubtful
	}
	return truncated
}

// markHolds says whether the bytes before the position are those that were
// read there. If they cannot be read now, nothing is concluded.
func (f *Follower) markHolds(x *file) bool {
	d, err := x.before(f, x.pos, x.mark.Len)
	return err != nil || d == x.mark
}

// headHolds says whether the first bytes of x, of which there are size, are
// those that were there before.
func (f *Follower) headHolds(x *file, size int64) bool {
	b := make([]byte, min(size, int64(x.head.size())))
	n, err := f.readAt(x.fd, b, 0)
	return err != nil || x.head.begins(b[:n]) != no
}

// restart ends the generation of a truncated file and begins a new one at its
// first byte. The old one is kept as closed: what it still had unread may be
// in a copy.
func (f *Follower) restart(x *file, st status, now time.Time) {
	f.stats.Truncations++
	x.closeStream()
	old := *x
	old.fd, old.emptied = nil, true
	old.lost, old.lostAt = max(0, x.last.size-x.pos), now
	f.o.Log.Info("a file was truncated", "path", x.path, "position", old.pos, "unread", old.lost)
	f.bury(&old)
	for _, y := range f.open {
		if y.copyOf == x {
			y.copyOf = &old
		}
	}
	f.suspect(x.path)

	f.sources++
	*x = file{
		source: f.sources, path: x.path, root: x.root, target: x.target, stems: x.stems, id: x.id, fd: x.fd, limit: x.limit,
		last: st, looked: now, changed: now, quiet: now, named: x.named,
		// Whatever is in it now was written to it after it was emptied.
		placed: true,
	}
}

// renamed notes that no pattern leads to x any more, or that one does again.
func (f *Follower) renamed(x *file, named bool, now time.Time) {
	if x.named == named {
		return
	}
	x.named = named
	if named {
		f.o.Log.Info("a followed file is found again", "path", x.path)
		return
	}
	x.quiet = now
	f.suspect(x.path)
	f.o.Log.Info("a followed file lost its name; it is read until it is quiet", "path", x.path, "source", x.source)
}

// supplanted notes that the path of old shows another file now.
func (f *Follower) supplanted(old *file) {
	if old.fd != nil {
		if info, err := old.fd.Stat(); err == nil && statusOf(info).links == 0 {
			old.last.links = 0
			f.stats.Replaced++
			return
		}
	}
	f.stats.Rotations++
}

// expired says whether a file that has lost its name has been quiet for long
// enough to be closed. Whole lines that are unread are never left behind.
func (f *Follower) expired(x *file, now time.Time) bool {
	if x.named || x.unread() || x.doubted || !x.failing.IsZero() || f.o.Once {
		return false
	}
	quiet := f.o.Quiet
	if x.last.links == 0 {
		quiet = min(quiet, quietUnlinked)
	}
	return now.Sub(x.quiet) >= quiet
}

// growHead lets the fingerprint grow with the file.
func (f *Follower) growHead(x *file, size int64) {
	if n := min(size, headSize); int64(x.head.size()) < n {
		f.readHead(x, n)
	}
}

func (f *Follower) readHead(x *file, n int64) {
	b := make([]byte, n)
	k, err := f.readAt(x.fd, b, 0)
	if err != nil || k < x.head.size() || x.head.begins(b[:k]) != yes {
		// Nothing is lost: the next look compares again.
		x.recheck = true
		return
	}
	x.head = fingerprintOf(b[:k])
}
