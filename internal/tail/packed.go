package tail

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// readerAt reads a file through the follower, so that both kinds of files
// share one way of reading.
type readerAt struct {
	f  *Follower
	fd *os.File
}

func (r readerAt) ReadAt(b []byte, off int64) (int, error) {
	n, err := r.f.readAt(r.fd, b, off)
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, err
}

// openStream begins to unpack x at its first byte.
func (x *file) openStream(f *Follower) (*stream, error) {
	packed := io.NewSectionReader(readerAt{f, x.fd}, 0, x.last.size)
	r, err := unpack(x.form, packed)
	if err != nil {
		return nil, err
	}
	long := func(end int64) { f.skipLine(x.source, x.path, end) }
	return &stream{packed: packed, unpacked: r, cutter: cutter{max: f.o.MaxLine, stats: &f.stats, long: long}}, nil
}

func (x *file) closeStream() {
	x.stream.close()
	x.stream = nil
}

// nextPacked unpacks one block of x. Content up to the position is passed over
// and must end in the marker.
//
// A position in the content stays true while the packed file grows. So a file
// that is still being written is given out as far as it can be unpacked, and
// unpacked anew up to the position when it has changed; what came before some
// damage has been given out once and is not given out again.
func (x *file) nextPacked(f *Follower) (lines, buf []byte, err error) {
	if x.stream == nil {
		if x.stream, err = x.openStream(f); err != nil {
			x.stuck = err
			return nil, nil, nil
		}
	}
	if c := &x.stream.cutter; c.off < x.pos {
		return nil, nil, x.passOver(f)
	}
	c := &x.stream.cutter
	buf, old := c.room(f.buffers, f.o.BlockSize)
	n, err := fill(x.stream.unpacked, buf[old:])
	lines = c.cut(buf[:old+n], old)
	x.pos, x.mark = c.position(), digest(c.before)
	if err != nil {
		err = x.streamEnded(f, err)
	}
	if lines == nil {
		f.buffers.put(buf)
		return nil, nil, err
	}
	// Where the disk fails, it fails again at the next block.
	return lines, buf, nil
}

// passOver skips one block of content before the position, and verifies at the
// position that it is the content which was read before.
func (x *file) passOver(f *Follower) error {
	buf := f.buffers.get(f.o.BlockSize)
	defer f.buffers.put(buf)
	err := x.stream.pass(buf, x.pos)
	c := &x.stream.cutter
	switch {
	case c.off == x.pos:
		if x.mark.Len <= len(c.before) && digest(lastBytes(c.before, x.mark.Len)) == x.mark {
			if x.base != nil {
				f.verified(x)
			}
			return nil
		}
	case err == nil:
		return nil
	case !errors.Is(err, io.EOF):
		return x.streamEnded(f, err)
	case x.base != nil && f.sameContent(x, c.off, c.before):
		x.done, x.base = true, nil
		x.closeStream()
		return nil
	}
	x.closeStream()
	return errRewritten
}

// streamEnded notes the end of the content, clean or not. That the disk fails
// is not an end; such an error is returned.
func (x *file) streamEnded(f *Follower, err error) error {
	defer x.closeStream()
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		return err
	case errors.Is(err, io.EOF):
		x.done = true
		x.rest = f.streamRest(x.source, x.path, &x.stream.cutter)
		f.unfinished(x.path, x.stream.cutter.unfinished(), x.rest)
	default:
		x.stuck = err
	}
	return nil
}

// lookPacked decides whether a packed file may be read in this round.
func (f *Follower) lookPacked(x *file, now time.Time) {
	if x.looked.Equal(x.changed) || x.recheck {
		x.recheck = false
		x.done, x.stuck, x.weight = false, nil, 0
		x.closeStream()
	}
	stable := now.Sub(x.changed) >= f.o.Poll || f.o.Once
	x.ready = stable || x.present
	if !x.ready || x.done {
		return
	}
	if !x.placed {
		f.placePacked(x, stable)
	}
	if x.stuck != nil {
		f.damaged(x, now)
		// What was there at the start is waited for: it may hold the rest of a
		// file that an earlier run was reading.
		x.doubted = x.present && !x.broken
		return
	}
	if x.copyOf != nil {
		f.lookPackedCopy(x)
	}
	if x.placed && x.copyOf == nil && x.pos == 0 {
		f.passOldPacked(x)
	}
}

// damaged says once that a file does not end as it should. It may still be
// growing: a compressor that waits for its disk is given ten looks.
func (f *Follower) damaged(x *file, now time.Time) {
	calm := now.Sub(x.changed)
	if x.broken || calm < 2*f.o.Poll || (!f.o.Once && calm < 10*f.o.Poll) {
		return
	}
	x.broken = true
	f.stats.Damaged++
	f.o.Log.Warn("a compressed file is damaged or cut off; what came before the damage was read",
		"path", x.path, "form", x.form, "position", x.pos, "error", x.stuck)
}

// peek unpacks the beginning of x. The error is io.EOF when that is all.
func (x *file) peek(f *Follower, n int) ([]byte, error) {
	s, err := x.openStream(f)
	if err != nil {
		return nil, err
	}
	defer s.close()
	b := make([]byte, n)
	k, err := fill(s.unpacked, b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("unpack: %w", err)
	}
	return b[:k], err
}
