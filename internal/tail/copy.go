package tail

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"time"
)

// A file that is seen for the first time may hold what has been read already:
// the copy that copytruncate leaves, a compressed rotation, a file that an
// editor put in the place of the old one. It is recognised by its name, which
// must belong to the same log, by the first bytes, and by the bytes before the
// position that was reached. Two logs that merely begin alike differ in one of
// the three.

// placePlain decides where the reading of a new plain file begins.
func (f *Follower) placePlain(x *file, now time.Time) {
	if x.stood {
		f.own(x, 0, Digest{})
		return
	}
	head := make([]byte, min(x.last.size, headSize))
	n, err := f.readAt(x.fd, head, 0)
	if err != nil {
		x.doubted = true
		return
	}
	best, unsure := f.original(x, head[:n], func(a *file) answer { return f.compare(a, x, head[:n]) })
	if x.waits && f.o.Once {
		x.doubted = true
		return
	}
	if unsure && (now.Sub(x.changed) < 2*f.o.Poll || now.Sub(x.found) < 2*f.o.Poll) && !f.o.Once {
		// A copy in the making; it is decided when it has grown or stopped.
		x.doubted = true
		return
	}
	if best != nil {
		f.continueAs(x, best)
		return
	}
	f.own(x, 0, Digest{})
}

// original returns the file that x, which begins with head, holds most of, and
// whether that may change: when something else is decided, or when x has grown.
func (f *Follower) original(x *file, head []byte, compare func(a *file) answer) (best *file, unsure bool) {
	x.waits = false
	for a := range f.relatives(x) {
		unsure = unsure || unclear(a)
		if x.waitsFor(a, head) {
			x.waits, f.waits, unsure = true, true, true
			continue
		}
		if !mayCopy(a, x) {
			continue
		}
		switch compare(a) {
		case yes:
			if best == nil || a.pos >= best.pos {
				best = a
			}
		case maybe:
			unsure = true
		}
	}
	return best, unsure
}

// unclear says whether a may have been truncated, which is not decided yet.
func unclear(a *file) bool {
	if a.fd == nil || a.form != plain || a.pos == 0 {
		return false
	}
	info, err := a.fd.Stat()
	return err == nil && statusOf(info).size < a.pos
}

// waitsFor says whether it is to be seen first how far a is read, because x,
// which begins with head, may be a copy of it. Of two files that nobody has read
// a plain one goes before a packed one: it needs not be unpacked to be compared.
func (x *file) waitsFor(a *file, head []byte) bool {
	switch {
	case a.fd == nil || a.stuck != nil:
		return false
	case a.looked.IsZero():
		return true
	case a.form.packed() != x.form.packed():
		if a.form.packed() {
			return false
		}
	case a.source > x.source:
		return false
	}
	if a.head.size() == 0 || a.head.begins(head) == no || a.head.size() < headSize && !beside(a, x) {
		return false
	}
	if a.form.packed() {
		return !a.placed || a.copyOf != nil || a.unread()
	}
	return !a.placed || a.pos == 0 && a.unread()
}

// beside says whether two files are in one directory. Elsewhere a log of the
// same name may be another site's, and hold the same few lines of whoever looks
// after both.
func beside(a, x *file) bool { return filepath.Dir(a.path) == filepath.Dir(x.path) }

// mayCopy says whether x, which is not a, can hold what was read from a.
func mayCopy(a, x *file) bool {
	if a.copyOf != nil || a.ignored && a.form.packed() || a.fd != nil && !a.placed {
		return false
	}
	for _, r := range x.reject {
		if r == a {
			return false
		}
	}
	if a.pos == 0 {
		return false
	}
	if x.form.packed() {
		// A short file must be in the packed one as a whole.
		return a.head.size() >= headEnough || int64(a.mark.Len) == a.pos
	}
	switch {
	case a.emptied || a.resumed || a.fd != nil && a.named && a.path != x.path:
		// Truncated after it was copied, or gone since an earlier run, or copied
		// and still where it was.
		return a.head.size() >= headEnough || int64(a.mark.Len) == a.pos && beside(a, x)
	case a.fd != nil:
		// Replaced at its path by a file of the same content. A file that was
		// renamed, and so has a name still, is followed by an empty one.
		return a.head.size() >= headEnough && a.last.links == 0 && (x.replaces == a || a.path != x.path)
	}
	return a.head.size() >= headEnough
}

// compare says whether the plain file x, which begins with head, holds
// everything that was read from a.
func (f *Follower) compare(a, x *file, head []byte) answer {
	begins := a.head.begins(head)
	if begins != yes {
		return begins
	}
	if x.last.size >= a.pos {
		d, err := x.before(f, a.pos, a.mark.Len)
		if err != nil {
			return maybe
		}
		if d == a.mark {
			return yes
		}
		return no
	}
	if a.fd != nil && a.form == plain {
		if !f.sameBefore(a, x, x.last.size) {
			return no
		}
		if f.o.Once {
			return yes // it will not grow any more
		}
	}
	return maybe
}

// sameBefore compares the last bytes before off in two open plain files.
func (f *Follower) sameBefore(a, x *file, off int64) bool {
	da, err := a.before(f, off, markerSize)
	if err != nil {
		return true
	}
	dx, err := x.before(f, off, markerSize)
	return err != nil || da == dx
}

// continueAs lets x go on where a was read to.
func (f *Follower) continueAs(x, a *file) {
	x.placed = true
	f.stats.Continued++
	if a.fd != nil {
		// Both are there. What is in both is read from a.
		x.copyOf, x.common, x.whole = a, a.pos, true
		f.o.Log.Info("a copy of a followed file is not read again", "path", x.path, "of", a.path)
		return
	}
	f.goOnFrom(x, a)
	x.moveTo(a.pos, a.mark)
	if x.form == plain {
		f.inherit(x)
	}
}

// goOnFrom lets x be read on where a was, whose clock it takes over.
func (f *Follower) goOnFrom(x, a *file) {
	x.base, x.twin = a, a
	t := a.newest
	if t == 0 && f.o.Clock != nil {
		t, _ = f.o.Clock(a.source)
	}
	if t != 0 {
		x.first, x.timely, x.begun = t, true, true
	}
}

// inherit ends the record of a closed file whose content goes on in x.
func (f *Follower) inherit(x *file) {
	f.o.Log.Info("a file goes on where another one was read to", "path", x.path, "from", x.base.path, "position", x.pos)
	x.base.lost, x.base.resumed, x.base.continued = 0, false, true
	f.disown(x.base)
	x.base = nil
}

// own makes x a log of its own that is read from pos on.
func (f *Follower) own(x *file, pos int64, mark Digest) {
	x.placed, x.copyOf, x.base = true, nil, nil
	x.moveTo(pos, mark)
	known := f.unbegun(x) || x.expected
	if x.sibling && !known && x.last.mtime < f.began.Add(-racy).UnixNano() {
		// A rotated file from before the start that only came by here.
		f.ignore(x)
	}
}

// unbegun says whether x is the copy of a log that an earlier run had found and
// not begun to read: it is no history, however old it is, and that log is not
// missing any more.
func (f *Follower) unbegun(x *file) bool {
	for a := range f.relatives(x) {
		if a.fd == nil && a.resumed && a.pos == 0 && !a.ignored && a.head.size() > 0 && a.head.begins(x.head.raw) == yes {
			a.lost, a.resumed = 0, false
			return true
		}
	}
	return false
}

// lookPlainCopy decides whether x is still nothing but a copy.
func (f *Follower) lookPlainCopy(x *file) {
	a := x.copyOf
	if a.fd == nil {
		f.copyOutlives(x, a)
		return
	}
	info, err := a.fd.Stat()
	if err != nil || a.unread() || !a.doubt.IsZero() || statusOf(info).size < a.pos {
		return // first it must be clear what has become of the original
	}
	n := min(a.pos, x.last.size)
	if !f.sameBefore(a, x, n) {
		pos := int64(0)
		if x.whole {
			pos = f.parting(a, x)
		}
		f.ownAt(x, pos)
		return
	}
	x.common = n
	x.whole = x.whole || n == a.pos
	// The size of x was taken before that of a. A copy cannot be longer.
	if x.whole && x.last.size > statusOf(info).size {
		f.ownAt(x, a.pos)
	}
}

// copyOutlives goes on in a copy whose original was truncated or closed.
func (f *Follower) copyOutlives(x, a *file) {
	if x.last.size < a.pos {
		return // it ends before what was read
	}
	if d, err := x.before(f, a.pos, a.mark.Len); err != nil || d != a.mark {
		f.ownAt(x, 0)
		return
	}
	f.ownAt(x, a.pos)
	f.goOnFrom(x, a)
	f.inherit(x)
}

func (f *Follower) ownAt(x *file, pos int64) {
	pos, err := x.lineStart(f, pos)
	if err != nil {
		x.doubted = true
		return
	}
	d, err := x.before(f, pos, markerSize)
	if err != nil {
		x.doubted = true
		return
	}
	f.own(x, pos, d)
}

// parting returns where the contents of a and x begin to differ, after the
// part that is known to be the same.
func (f *Follower) parting(a, x *file) int64 {
	bufA, bufX := f.buffers.get(f.o.BlockSize), f.buffers.get(f.o.BlockSize)
	defer f.buffers.put(bufA)
	defer f.buffers.put(bufX)
	off := max(0, x.common-markerSize)
	for {
		n, errA := f.readAt(a.fd, bufA, off)
		k, errX := f.readAt(x.fd, bufX, off)
		n = min(n, k)
		if errA != nil || errX != nil || n == 0 {
			return off
		}
		for i := range n {
			if bufA[i] != bufX[i] {
				return off + int64(i)
			}
		}
		off += int64(n)
	}
}

// placePacked decides where the reading of a packed file begins. Unlike plain
// content, the bytes before a position far inside are only known when it has
// been unpacked that far; passOver verifies them then.
func (f *Follower) placePacked(x *file, stable bool) {
	x.stuck = nil
	head, err := x.peek(f, headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		if !stable || len(head) == 0 {
			x.stuck = err
			return
		}
	}
	x.head = fingerprintOf(head)
	best, unsure := f.original(x, head, func(a *file) answer {
		if err == io.EOF && len(head) > 0 && a.head.holds(head) {
			return yes // a was written to after it was packed
		}
		if a.head.begins(head) == yes {
			return yes
		}
		return no // there will not be more of it
	})
	switch {
	case x.waits, best == nil && unsure:
		// Another file of the same beginning is read first, and may hold more
		// than the best that is known so far.
		x.doubted = true
	case best != nil:
		f.continueAs(x, best)
	default:
		f.own(x, 0, Digest{})
	}
}

// lookPackedCopy waits until the original has been read to its end, and then
// lets x be passed over up to there to see whether it really is a copy.
func (f *Follower) lookPackedCopy(x *file) {
	a := x.copyOf
	if a.fd != nil && (a.unread() || a.doubted) {
		return
	}
	x.copyOf = nil
	f.goOnFrom(x, a)
	x.moveTo(a.pos, a.mark)
}

// mistaken corrects the assumption that the packed file x goes on from another
// one: other content stands at the position.
func (f *Follower) mistaken(x *file) {
	f.stats.Continued--
	x.reject = append(x.reject, x.base)
	x.base, x.placed, x.recheck = nil, false, true
	x.begun, x.timely, x.newest = false, false, 0
	x.moveTo(0, Digest{})
}

// verified notes that the packed file x holds what was read from its base.
func (f *Follower) verified(x *file) {
	if x.base.fd == nil || x.base.form.packed() || f.o.Once {
		// There may be more in x: the other one may be damaged, or a part.
		f.inherit(x)
		return
	}
	// The original is open and read to its end; a compressed copy of it holds
	// no more than it.
	x.base, x.done = nil, true
	x.closeStream()
}

// sameContent compares the unpacked content of x, which is shorter than what
// was read from its base, with the base. It is given its length and last bytes.
func (f *Follower) sameContent(x *file, length int64, end []byte) bool {
	a := x.base
	switch {
	case length < int64(a.head.size()):
		return a.head.holds(x.head.raw) // which is all of x
	case a.fd == nil || a.form != plain:
		// The names belong together, and as much as is known is the same.
		return a.head.size() == headSize
	}
	want := make([]byte, min(length, int64(len(end))))
	n, err := f.readAt(a.fd, want, length-int64(len(want)))
	return err == nil && n == len(want) && bytes.Equal(want, lastBytes(end, n))
}
