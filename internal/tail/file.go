package tail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An identity says which file a name leads to, as long as the file exists.
// The number of a deleted file is given to the next one almost at once.
type identity struct{ dev, ino uint64 }

// A status is what one look at a file shows.
type status struct {
	id      identity
	size    int64
	mtime   int64 // nanoseconds
	links   uint64
	regular bool
	dir     bool
}

func statusOf(info os.FileInfo) status {
	s := status{
		size:    info.Size(),
		mtime:   info.ModTime().UnixNano(),
		regular: info.Mode().IsRegular(),
		dir:     info.IsDir(),
	}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.id = identity{dev: uint64(sys.Dev), ino: uint64(sys.Ino)}
		s.links = uint64(sys.Nlink)
	}
	return s
}

// statusOfOpen looks at an open file. It is what the follower does most, for
// each file at each look, so it goes without the allocations of os.File.Stat.
func statusOfOpen(fd *os.File) (status, error) {
	var sys unix.Stat_t
	for {
		err := unix.Fstat(int(fd.Fd()), &sys)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			return status{}, &os.PathError{Op: "stat", Path: fd.Name(), Err: err}
		}
	}
	return status{
		id:      identity{dev: uint64(sys.Dev), ino: uint64(sys.Ino)},
		size:    sys.Size,
		mtime:   sys.Mtim.Nano(),
		links:   uint64(sys.Nlink),
		regular: sys.Mode&unix.S_IFMT == unix.S_IFREG,
		dir:     sys.Mode&unix.S_IFMT == unix.S_IFDIR,
	}, nil
}

// A file is one generation of a followed file: as long as bytes are only
// added to it. A truncated or replaced one is a new generation.
type file struct {
	source int
	path   string   // the name it was last found under
	root   string   // the followed path that it belongs to
	target string   // where the link led that it was last found under, if it ever was under one
	stems  []string // what the names of its rotations have in common
	id     identity
	fd     *os.File // nil while it is not open
	form   form

	pos   int64 // the next line to be given out begins here
	mark  Digest
	head  fingerprint
	seen  int64 // plain: from pos to here there is no newline
	nul   int64 // plain: from pos to here there are only NUL bytes, if greater than pos
	end   int64 // plain: how far this round reads
	limit int64 // plain: how far a Once run reads, -1 without limit

	stream *stream // packed: open while it is being read
	weight int64   // packed: what that takes in memory; 0 is not known yet
	ready  bool    // packed: stable, may be read
	done   bool    // packed: the content has ended cleanly
	stuck  error   // packed: why it cannot be read on for now
	broken bool    // packed: counted as damaged
	rest   *Skip   // packed: what stands behind the last newline, if anything

	passed bool // what is too old in it was passed over, or is not to be
	cut    bool // it is not read to its end, because the rest is too new

	found   time.Time // when it was opened first
	last    status    // as of the last look
	looked  time.Time // when that was
	changed time.Time // when a look last showed a change
	quiet   time.Time // the last line was read, or the name was lost

	named     bool // a pattern leads to it
	expected  bool // an earlier run knew it and had not read a line of it
	sibling   bool // found beside a followed file, not by a pattern
	present   bool // it was there at the first start
	ignored   bool // history from before the start: nothing of it is given out
	resumed   bool // taken over from an earlier run and not found yet
	followed  bool // a pattern led to it in that run
	recheck   bool // the next look must verify the content
	emptied   bool // closed because it was truncated
	continued bool // closed, and another file goes on where it was read to
	lost      int64
	lostAt    time.Time // when bytes were found missing; they may turn up in a copy
	replaces  *file     // the file that had this one's path before it

	stood   bool // it was empty for a while, which a copy in the making is not
	placed  bool // it is decided whether it is new or goes on from another one
	base    *file
	twin    *file // the last one that was its base
	reject  []*file
	copyOf  *file // it holds what that one holds, and is not read meanwhile
	common  int64 // length known to be the same in both
	whole   bool  // everything that had been read is in the copy
	waits   bool  // for another file to be read that it may be a copy of
	doubted bool  // something about it is undecided in this round
	doubt   time.Time

	failing time.Time // reading fails since then
	retry   time.Time

	begun  bool // its first line was looked at
	first  int64
	timely bool  // first is known
	newest int64 // time of a line read, by which files are ordered; 0 is not known
}

// openRegular opens a regular file for reading. Anything else, a FIFO, a
// device or a directory, is refused without blocking on it.
func openRegular(path string) (*os.File, status, error) {
	fd, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, status{}, err // it says what was opened
	}
	info, err := fd.Stat()
	if err != nil {
		_ = fd.Close()
		return nil, status{}, err
	}
	st := statusOf(info)
	if !st.regular {
		_ = fd.Close()
		return nil, status{}, fmt.Errorf("open %s: %w", path, errNotRegular)
	}
	return fd, st, nil
}

var errNotRegular = errors.New("not a regular file")

// errRewritten says that the bytes before the position are not those that
// were read there.
var errRewritten = errors.New("the file was rewritten")

func (x *file) number() int  { return x.source }
func (x *file) name() string { return x.path }
func (x *file) log() string  { return x.root }

// unread says whether this round has more to read from x.
func (x *file) unread() bool {
	if x.fd == nil || x.copyOf != nil || !x.placed || x.cut {
		return false
	}
	if x.form.packed() {
		return x.ready && !x.done && x.stuck == nil
	}
	return max(x.seen, x.nul) < x.end
}

// lag is how many bytes on disk have not been given out. Those of a packed
// file are not known before it is unpacked; its size on disk stands for them.
func (x *file) lag() int64 {
	switch {
	case x.fd == nil || x.copyOf != nil || x.ignored || x.cut:
		return 0
	case x.form.packed():
		if x.done {
			return 0
		}
		return x.last.size
	}
	return max(0, x.last.size-x.pos)
}

// next reads one block of x and returns the whole lines in it, if any, within
// the buffer buf, which is then the caller's.
func (x *file) next(f *Follower) (lines, buf []byte, err error) {
	switch {
	case x.form.packed():
		return x.nextPacked(f)
	case x.nul > x.pos:
		return nil, nil, x.skipNul(f)
	}
	return x.nextPlain(f)
}

// nextPlain reads on at x.seen, together with the bytes before it: the marker
// and the block come from one read, so that no rewrite gets in between.
//
// An unfinished line is not kept but read again when its newline has come.
// Until then only the new bytes are searched, so that a line which arrives
// byte by byte costs no more than twice its length.
func (x *file) nextPlain(f *Follower) (lines, buf []byte, err error) {
	keep := min(markerSize, x.seen)
	buf = f.buffers.get(int(keep + min(int64(f.o.BlockSize), x.end-x.seen)))
	defer func() {
		if lines == nil {
			f.buffers.put(buf)
		}
	}()
	n, err := f.readAt(x.fd, buf, x.seen-keep)
	if err != nil {
		return nil, buf, err
	}
	if int64(n) <= keep {
		// The file has become shorter since the look; the next one will see it.
		x.end, x.recheck = x.seen, true
		return nil, buf, nil
	}
	data := buf[keep:n]
	if x.seen == x.pos {
		if digest(buf[keep-int64(x.mark.Len):keep]) != x.mark {
			return nil, buf, errRewritten
		}
		if data[0] == 0 {
			x.nul = x.pos + int64(leadingNul(data))
			return nil, buf, nil
		}
	}
	end := lastLine(data)
	if end == 0 {
		x.seen += int64(len(data))
		return nil, buf, nil
	}
	if x.seen > x.pos {
		first := bytes.IndexByte(data, '\n') + 1
		after := x.seen + int64(first)
		if after-1-x.pos > int64(f.o.MaxLine) {
			f.stats.OversizeLines++
			f.skipLine(x.source, x.path, after)
			x.moveTo(after, marker(buf[:keep+int64(first)]))
			return nil, buf, nil
		}
		return x.longLine(f, after)
	}
	x.moveTo(x.pos+int64(end), marker(buf[:keep+int64(end)]))
	return data[:end], buf, nil
}

// longLine reads a line that did not come whole at first, up to after.
func (x *file) longLine(f *Follower, after int64) (lines, buf []byte, err error) {
	keep := int64(x.mark.Len)
	buf = f.buffers.get(int(keep + after - x.pos))
	n, err := f.readAt(x.fd, buf, x.pos-keep)
	if err == nil && (n < len(buf) || buf[n-1] != '\n' || digest(buf[:keep]) != x.mark) {
		x.seen = x.pos
		err = errRewritten
	}
	if err != nil {
		f.buffers.put(buf)
		return nil, nil, err
	}
	x.moveTo(after, marker(buf))
	return buf[keep:], buf, nil
}

// lastLine returns the length of the whole lines in data, up to a line that
// begins with a NUL byte.
func lastLine(data []byte) int {
	end := bytes.LastIndexByte(data, '\n') + 1
	if bytes.IndexByte(data[:end], 0) >= 0 {
		if i := bytes.Index(data[:end], []byte("\n\x00")); i >= 0 {
			return i + 1
		}
	}
	return end
}

func (x *file) moveTo(pos int64, mark Digest) {
	x.pos, x.seen, x.nul, x.mark = pos, pos, 0, mark
}

// skipNul looks for the end of a run of NUL bytes at the start of a line. They
// come from a writer that goes on at its old offset in a truncated file, and
// may be gigabytes of hole. The position moves only when other bytes follow:
// a network file system can announce a size before the bytes are there.
func (x *file) skipNul(f *Follower) error {
	from := min(dataAfter(x.fd, x.nul), x.end)
	if from == x.end {
		x.nul = x.end
		return nil
	}
	keep := min(markerSize, from)
	buf := f.buffers.get(int(keep + min(int64(f.o.BlockSize), x.end-from)))
	defer f.buffers.put(buf)
	n, err := f.readAt(x.fd, buf, from-keep)
	if err != nil {
		return err
	}
	if int64(n) <= keep {
		x.end, x.recheck = x.nul, true
		return nil
	}
	k := leadingNul(buf[keep:n])
	if keep+int64(k) == int64(n) {
		x.nul = from + int64(k)
		return nil
	}
	pos := from + int64(k)
	f.stats.NulBytes += pos - x.pos
	x.moveTo(pos, marker(buf[:keep+int64(k)]))
	return nil
}

func leadingNul(b []byte) int {
	return len(b) - len(bytes.TrimLeft(b, "\x00"))
}

// dataAfter returns where data follows at or after off in a file with holes;
// off itself where that cannot be told.
func dataAfter(fd *os.File, off int64) int64 {
	at, err := unix.Seek(int(fd.Fd()), off, unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) {
		return 1<<63 - 1
	}
	if err != nil {
		return off
	}
	return at
}

// readAt fills b from off on, as far as the file reaches.
func readAt(fd *os.File, b []byte, off int64) (int, error) {
	n, err := fd.ReadAt(b, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// before returns the digest of the n bytes of x before off, of fewer where the
// file begins. It fails if the file does not reach that far any more.
func (x *file) before(f *Follower, off int64, n int) (Digest, error) {
	b := make([]byte, min(int64(n), off))
	k, err := f.readAt(x.fd, b, off-int64(len(b)))
	if err == nil && k < len(b) {
		err = errRewritten
	}
	return digest(b[:k]), err
}

// lineStart returns the start of the line that the byte at off belongs to.
func (x *file) lineStart(f *Follower, off int64) (int64, error) {
	buf := f.buffers.get(min(f.o.BlockSize, 64<<10))
	defer f.buffers.put(buf)
	for off > 0 {
		b := buf[:min(int64(len(buf)), off)]
		n, err := f.readAt(x.fd, b, off-int64(len(b)))
		if err != nil {
			return 0, err
		}
		if n < len(b) {
			return 0, errRewritten
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			return off - int64(len(b)) + int64(i) + 1, nil
		}
		off -= int64(len(b))
	}
	return 0, nil
}
