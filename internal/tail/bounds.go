package tail

import (
	"bytes"
	"io"
	"time"
)

// Lines outside of Since and Until concern nobody, so what can hold no others
// is left unread. In a file, a line that counts is never older than one before
// it by more than Lateness. Therefore a place whose lines are all older than
// Since by more than that has no line that counts before it, and one whose
// clock is past Until by more than that has none behind it.

const (
	// sampleSize is how much is read to tell the time of a place in a file:
	// some hundred lines, among which the few of long requests, which are much
	// older than the lines around them, do not count.
	sampleSize = 64 << 10

	// mtimeDoubt is how much too old a time of modification may be: archives
	// that keep it in local time are wrong by up to 14 hours.
	mtimeDoubt = 24 * 60 * 60
)

// passOld moves the plain file x, which is about to be read, to a line before
// which none counts.
func (f *Follower) passOld(x *file) {
	if x.passed || f.o.Since == 0 || f.o.TimeOf == nil || x.pos >= x.end {
		return
	}
	x.passed = true
	pos, err := f.firstInside(x)
	if err != nil || pos == x.pos {
		return // an error shows itself when the file is read
	}
	mark, err := x.before(f, pos, markerSize)
	if err != nil {
		return
	}
	f.leaveOut(x, pos-x.pos)
	x.moveTo(pos, mark)
}

// firstInside searches x, from its position to the end of this round, for the
// last line found before which none counts. All is old if the end is, unless
// the beginning is not: then the times of this file cannot be relied upon.
func (f *Follower) firstInside(x *file) (pos int64, err error) {
	size := int64(min(sampleSize, f.o.BlockSize))
	low, high := x.pos, max(x.pos, x.end-size)
	after, err := f.oldUntil(x, low, size)
	if err != nil || after == low {
		return low, err
	}
	end, err := f.oldUntil(x, high, size)
	if err != nil || end > high {
		return end, err
	}
	for low = after; high-low > size && err == nil; {
		middle := low + (high-low)/2
		if after, err = f.oldUntil(x, middle, size); after > middle {
			low = after
		} else {
			high = middle
		}
	}
	return low, err
}

// oldUntil samples size bytes of x at off. If their lines are too old to
// count, it returns the end of the last one, else off.
func (f *Follower) oldUntil(x *file, off, size int64) (end int64, err error) {
	buf := f.buffers.get(int(min(size, x.end-off)))
	defer f.buffers.put(buf)
	n, err := f.readAt(x.fd, buf, off)
	if err != nil {
		return off, err
	}
	begin := 0
	if off > x.pos {
		begin = bytes.IndexByte(buf[:n], '\n') + 1
	}
	whole := bytes.LastIndexByte(buf[:n], '\n') + 1
	known := false
	for line := range (Batch{Data: buf[begin:max(begin, whole)]}).Lines() {
		t, ok := f.o.TimeOf(x.root, line)
		if ok && t >= f.o.Since-f.o.Lateness {
			return off, nil
		}
		known = known || ok
	}
	if !known {
		return off, nil
	}
	return off + int64(whole), nil
}

// passOldPacked leaves the packed file x, of which nothing was given out, to
// itself if it was written before Since. Its last line is not known before it
// is unpacked, but compressors keep the time of modification, and no line is
// newer than that. A time that lies before the first line is made up.
func (f *Follower) passOldPacked(x *file) {
	if x.passed || f.o.Since == 0 || f.o.TimeOf == nil {
		return
	}
	x.passed = true
	mtime := x.last.mtime / int64(time.Second)
	if mtime >= f.o.Since-f.o.Lateness-mtimeDoubt {
		return
	}
	if f.lookAtFirst(x); x.timely && mtime >= x.first {
		x.done = true
		f.leaveOut(x, x.last.size)
	}
}

// leaveNew leaves the rest of s unread if no line of it counts any more. It
// does so in a Once run only: a file that is followed is read to its end, for
// what else may become of it.
func (f *Follower) leaveNew(s feed) {
	x, isFile := s.(*file)
	if !isFile || !f.o.Once || f.o.Until == 0 || f.o.TimeOf == nil {
		return
	}
	if _, clock := f.clock(x); clock > f.o.Until+f.o.Lateness {
		x.cut = true
	}
}

// leaveRest counts what is left unread of x, which leaveNew has cut off.
func (f *Follower) leaveRest(x *file) {
	rest := x.limit - x.pos
	if x.form.packed() {
		rest = x.last.size
		if x.stream != nil {
			taken, _ := x.stream.packed.Seek(0, io.SeekCurrent) // it only tells
			rest -= taken
		}
	}
	f.leaveOut(x, rest)
}

func (f *Follower) leaveOut(x *file, bytes int64) {
	f.stats.OutsideBytes += bytes
	f.o.Log.Debug("part of a file is not read, because it lies outside the bounds of time", "path", x.path, "bytes", bytes)
}
