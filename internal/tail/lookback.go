package tail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// lookBackLimit bounds how much of one plain file is searched for the lines of
// the bucket in progress. A server that writes more within the lateness starts
// with one incomplete bucket, which is said.
const lookBackLimit = 256 << 20

// beginPresent decides where a file begins that was there at the first start.
func (f *Follower) beginPresent(x *file, st status, now time.Time) {
	all, err := f.lookBack(x, st)
	if err != nil {
		f.say(x.path, "cannot look back in a file; it begins at its end", err)
		f.beginAfter(x, st, st.size)
		return
	}
	if all && f.looksBack() {
		f.lookBackRotated(x.path, now)
	}
}

func (f *Follower) looksBack() bool { return f.o.LookBack > 0 && f.o.TimeOf != nil }

// beginAfter lets x begin at the line that the byte at size belongs to.
func (f *Follower) beginAfter(x *file, st status, size int64) {
	f.decideForm(x, st)
	x.placed = true
	if x.form.packed() {
		x.last = st
		f.ignore(x)
		return
	}
	if pos, err := x.lineStart(f, size); err == nil {
		size = pos
	}
	f.beginAt(x, size)
}

func (f *Follower) beginAt(x *file, pos int64) {
	d, err := x.before(f, pos, markerSize)
	if err != nil {
		x.recheck = true
	}
	x.placed = true
	x.moveTo(pos, d)
}

// lookBack finds the first line of x that is not older than LookBack, and lets x
// begin there, else at its end. It tells whether older rotations of the log
// may hold such lines too: no line was met that is older by the lateness.
func (f *Follower) lookBack(x *file, st status) (all bool, err error) {
	f.decideForm(x, st)
	// A line is written after its time, so an older file holds none.
	if !f.looksBack() || st.mtime < f.o.LookBack*int64(time.Second) {
		f.beginAfter(x, st, st.size)
		return true, nil
	}
	x.last = st
	if x.form.packed() {
		return f.lookBackPacked(x)
	}
	pos, all, err := f.searchBack(x, st.size)
	if err != nil {
		return false, err
	}
	f.beginAt(x, pos)
	return all, nil
}

// searchBack reads x backwards from size, until a line is too old.
func (f *Follower) searchBack(x *file, size int64) (pos int64, all bool, err error) {
	pos, err = x.lineStart(f, size)
	if err != nil {
		return 0, false, err
	}
	var rest []byte // the end of a line whose beginning has not been read yet
	for end := pos; end > 0; {
		if size-end > lookBackLimit {
			f.o.Log.Warn("the look-back ends early; the first bucket may be incomplete", "path", x.path, "bytes", size-end)
			return pos, false, nil
		}
		from := max(0, end-int64(f.o.BlockSize))
		block := make([]byte, end-from)
		if n, err := f.readAt(x.fd, block, from); err != nil || n < len(block) {
			return 0, false, errors.Join(err, errRewritten)
		}
		block = append(block, rest...)
		whole := 0
		if from > 0 {
			whole = bytes.IndexByte(block, '\n') + 1
		}
		first, old := f.firstSince(x.root, block[whole:])
		if first >= 0 {
			pos = from + int64(whole+first)
		}
		if old {
			return pos, false, nil
		}
		if rest = block[:whole]; len(rest) > f.o.MaxLine {
			rest = rest[len(rest)-1:] // too long to be a line; only its newline matters
		}
		end = from
	}
	return pos, true, nil
}

// firstSince returns where the first line of a block of log begins that is not
// older than LookBack and has no line after it that is too old, -1 if none; and
// whether there is one that is too old.
func (f *Follower) firstSince(log string, block []byte) (first int, old bool) {
	first = -1
	at := 0
	for line := range (Batch{Data: block}).Lines() {
		t, ok := f.o.TimeOf(log, line)
		switch {
		case ok && t < f.o.LookBack-f.o.Lateness:
			first, old = -1, true
		case ok && t >= f.o.LookBack && first < 0:
			first = at
		}
		at += bytes.IndexByte(block[at:], '\n') + 1
	}
	return first, old
}

// lookBackPacked searches a compressed file, which can only be read forwards.
func (f *Follower) lookBackPacked(x *file) (all bool, err error) {
	s, err := x.openStream(f)
	if err != nil {
		return false, err
	}
	defer s.close()
	// The counters belong to the reading proper, not to this search.
	s.cutter.stats = &Stats{}
	pos, all := int64(-1), true
	for err == nil {
		buf, old := s.cutter.room(f.buffers, f.o.BlockSize)
		var n int
		n, err = fill(s.unpacked, buf[old:])
		lines := s.cutter.cut(buf[:old+n], old)
		first, tooOld := f.firstSince(x.root, lines)
		if tooOld {
			pos, all = -1, false
		}
		if first >= 0 && pos < 0 {
			pos = s.cutter.position() - int64(len(lines)-first)
		}
		f.buffers.put(buf)
	}
	if !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("unpack: %w", err)
	}
	if pos < 0 {
		f.ignore(x)
		return all, nil
	}
	x.placed = true
	x.moveTo(pos, Digest{})
	return all, nil
}

// lookBackRotated follows the file that was rotated last from path, if it
// holds lines that are not older than LookBack. It is followed like a file that
// was renamed while it was read: late lines may still be written to it.
func (f *Follower) lookBackRotated(path string, now time.Time) {
	dir, base := filepath.Split(path)
	newest, mtime := "", f.o.LookBack*int64(time.Second)
	for name := range f.namesFrom(dir, base) {
		if !rotationOf(name, base) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || !info.Mode().IsRegular() || f.byID[statusOf(info).id] != nil {
			continue
		}
		if st := statusOf(info); st.mtime >= mtime {
			newest, mtime = filepath.Join(dir, name), st.mtime
		}
	}
	if newest == "" {
		return
	}
	fd, st, err := openRegular(newest)
	if err != nil {
		f.say(newest, "cannot open the file rotated last", err)
		return
	}
	if f.byID[st.id] != nil {
		_ = fd.Close() // renamed meanwhile
		return
	}
	x := f.add(newest, fd, st, now)
	x.sibling, x.root = true, path
	if _, err := f.lookBack(x, st); err != nil {
		f.say(newest, "cannot look back in the file rotated last", err)
		f.beginAfter(x, st, st.size)
	}
}

// A listing is what names a directory held when it was as at.
type listing struct {
	dir   string
	at    place
	names []string // sorted
}

// namesFrom yields the names in dir that begin with base. One directory often
// holds thousands of logs, so its names are kept until they change.
func (f *Follower) namesFrom(dir, base string) iter.Seq[string] {
	if at := f.placeAt(dir, false); f.listing.dir != dir || f.listing.at != at {
		f.listing = listing{dir, at, listNames(dir)}
	}
	names := f.listing.names
	return func(yield func(string) bool) {
		for i := sort.SearchStrings(names, base); i < len(names) && strings.HasPrefix(names[i], base); i++ {
			if !yield(names[i]) {
				return
			}
		}
	}
}
