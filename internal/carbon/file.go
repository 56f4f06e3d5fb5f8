package carbon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// fileSize is how large a file of points becomes: about 1.5 million of
	// them, which nc sends in seconds.
	fileSize = 64 << 20

	// filesKept is how many full files may lie beside the one that is written.
	// With all of them there are 4 GiB.
	filesKept = 64
)

// A file is a destination on disk: lines in the plaintext protocol, for
// somebody to send later. For the rest of this package it is a connection with
// the disk at its other end. CloseWrite returns when everything is on the disk,
// and that is its receipt: Read has nothing to say but io.EOF, and only then.
//
// Every write happens under the kernel's lock on the file, and looks first
// whether the path still names the file that is open. So several programs may
// write to one file, and whoever takes the lock may move it away.
type file struct {
	net.Conn // nil, for the methods that nobody calls

	path string
	size int64 // at which a file is full
	kept int   // full files that there may be

	open     *os.File // for the one goroutine that writes
	deadline atomic.Int64

	ended sync.Once
	end   chan struct{} // closed when Read has something to say
	err   error         // what; valid once end is closed
}

// openFile opens the file at path, and makes it if there is none.
func openFile(path string, size int64, kept int) (net.Conn, error) {
	f := &file{path: path, size: size, kept: kept, end: make(chan struct{})}
	if err := CheckFile(path); err != nil {
		return nil, err
	}
	if err := f.reopen(); err != nil {
		return nil, err
	}
	return f, nil
}

// reopen opens what the path names now. What was written to the file before
// it, which somebody has moved, is brought to the disk.
func (f *file) reopen() error {
	next, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	if f.open != nil {
		err = errors.Join(f.open.Sync(), f.open.Close())
	}
	f.open = next
	return err
}

// Write appends whole lines, all of them or none.
func (f *file) Write(lines []byte) (int, error) {
	size, err := f.lock()
	if err == nil && size > 0 && size+int64(len(lines)) > f.size {
		if err = f.rotate(); err == nil {
			size, err = f.lock()
		}
	}
	if err != nil {
		return 0, err
	}
	defer f.unlock()
	n, err := f.open.Write(lines)
	if err != nil {
		// What is left of the lines after a kill at this point is for mend.
		return 0, errors.Join(err, f.open.Truncate(size))
	}
	return n, nil
}

// lockEvery is how often a lock that somebody else holds is asked for.
const lockEvery = 10 * time.Millisecond

// lock locks the file that the path names, and returns its size. Its last line
// is whole then.
func (f *file) lock() (size int64, err error) {
	for {
		err := syscall.Flock(int(f.open.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			if time.Now().UnixNano() > f.deadline.Load() {
				return 0, fmt.Errorf("%s is locked by another program: %w", f.path, os.ErrDeadlineExceeded)
			}
			time.Sleep(lockEvery)
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("lock %s: %w", f.path, err)
		}
		here, err := f.open.Stat()
		if err != nil {
			return 0, err
		}
		if there, err := os.Stat(f.path); err == nil && os.SameFile(here, there) {
			return f.mend(here.Size())
		}
		if err := f.reopen(); err != nil {
			return 0, err
		}
	}
}

func (f *file) unlock() { _ = syscall.Flock(int(f.open.Fd()), syscall.LOCK_UN) }

// maxTorn is how much of a file is searched for the end of its last whole
// line: more than the lines of one write, some of which a kill may cut off.
const maxTorn = 1 << 20

// mend cuts off a last line without its newline, which a kill in the middle of
// a write leaves. It was no delivery, so it comes again, and the line after it
// must not be glued to it. It returns the size of the file after that.
func (f *file) mend(size int64) (int64, error) {
	tail := make([]byte, min(size, 1))
	if _, err := f.open.ReadAt(tail, size-int64(len(tail))); err != nil || len(tail) == 0 || tail[0] == '\n' {
		return size, err
	}
	tail = make([]byte, min(size, maxTorn))
	if _, err := f.open.ReadAt(tail, size-int64(len(tail))); err != nil {
		return 0, err
	}
	for i := len(tail) - 1; i >= 0 && tail[i] != '\n'; i-- {
		if !inPoint(tail[i]) {
			return 0, fmt.Errorf("%s ends in a line without a newline that is no part of a point: it is another program's file", f.path)
		}
		size--
	}
	return size, f.open.Truncate(size)
}

// rotate gives the file, which is locked, a name of its own.
func (f *file) rotate() error {
	defer f.unlock()
	target, err := f.nextName()
	if err != nil {
		return err
	}
	if err := f.open.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.path, target); err != nil {
		return err
	}
	return syncDir(filepath.Dir(f.path))
}

// nextName returns the path of the next full file: PATH.000001, and always one
// more than the highest there is, so that they sort by age.
func (f *file) nextName() (string, error) {
	full, err := filepath.Glob(quoteGlob(f.path) + ".[0-9][0-9][0-9][0-9][0-9][0-9]")
	if err != nil {
		return "", err
	}
	highest := 0
	if len(full) > 0 {
		// The pattern leaves nothing but digits.
		highest, _ = strconv.Atoi(full[len(full)-1][len(f.path)+1:])
	}
	if len(full) >= f.kept || highest == 999_999 {
		return "", fmt.Errorf("%s is full, and so are %d files beside it: take away those that have been sent, the oldest is %s", f.path, len(full), full[0])
	}
	return fmt.Sprintf("%s.%06d", f.path, highest+1), nil
}

func quoteGlob(path string) string {
	var quoted []byte
	for _, c := range []byte(path) {
		if c == '*' || c == '?' || c == '[' || c == '\\' {
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, c)
	}
	return string(quoted)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// CloseWrite brings everything that was written to the disk. Nil is the
// receipt.
func (f *file) CloseWrite() error {
	if err := errors.Join(f.open.Sync(), syncDir(filepath.Dir(f.path))); err != nil {
		return err
	}
	f.finish(io.EOF)
	return nil
}

// Close leaves the disk to the kernel: without a receipt everything that was
// written goes again.
func (f *file) Close() error {
	f.finish(net.ErrClosed)
	return f.open.Close()
}

func (f *file) finish(err error) {
	f.ended.Do(func() {
		f.err = err
		close(f.end)
	})
}

// Read waits for the end.
func (f *file) Read([]byte) (int, error) {
	<-f.end
	return 0, f.err
}

// SetWriteDeadline bounds the wait for the lock. The kernel has no limit for
// the write itself.
func (f *file) SetWriteDeadline(t time.Time) error {
	f.deadline.Store(t.UnixNano())
	return nil
}

// CheckFile says why points cannot be appended to the file at path as things
// stand: its directory is missing, or it holds something else.
func CheckFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		dir := filepath.Dir(path)
		if info, err := os.Stat(dir); err != nil {
			return fmt.Errorf("the directory of the file: %w", err)
		} else if !info.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	return checkPoints(path)
}

// checkPoints refuses a file whose first line is no point.
func checkPoints(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 2*maxSeries)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if !beginsWithPoint(head[:n]) {
		return fmt.Errorf("%s holds something else than points, and they are not put behind that", path)
	}
	return nil
}

// beginsWithPoint looks at the first bytes of a file. An empty one may become
// a file of points, and so may one whose only line was cut off by a kill.
func beginsWithPoint(head []byte) bool {
	line, _, whole := bytes.Cut(head, []byte("\n"))
	if !whole {
		return len(line) < maxSeries && !bytes.ContainsFunc(line, func(r rune) bool { return r > 127 || !inPoint(byte(r)) })
	}
	fields := bytes.Fields(line)
	if len(fields) != 3 || checkSeries(string(fields[0])) != nil {
		return false
	}
	_, noValue := strconv.ParseFloat(string(fields[1]), 64)
	_, noTime := strconv.ParseUint(string(fields[2]), 10, 32)
	return noValue == nil && noTime == nil
}

// inPoint says whether a byte may be a part of a line that was being written.
// A crash of the machine leaves zeros where nothing was written.
func inPoint(c byte) bool { return inWord(c) || strings.IndexByte(".;= \x00", c) >= 0 }
