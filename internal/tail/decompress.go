package tail

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// A form is how the bytes of a file are packed. Content decides, never a name.
type form int

const (
	undecided form = iota // too short to tell
	plain
	gzipped
	zstandard
	bzipped
	xzipped
)

func (m form) String() string {
	return [...]string{"undecided", "plain", "gzip", "zstd", "bzip2", "xz"}[m]
}

func (m form) packed() bool { return m > plain }

// A magic is how files of a form begin. A dot stands for any byte.
type magic struct {
	form  form
	begin string
}

// magics are long where a line of text could begin with the same letters.
func magics() []magic {
	m := []magic{
		{gzipped, "\x1f\x8b\x08"},
		{zstandard, "\x28\xb5\x2f\xfd"},
		{xzipped, "\xfd7zXZ\x00"},
		{bzipped, "BZh.1AY&SY"},
		{bzipped, "BZh.\x17rE8P\x90"}, // without content
	}
	for c := byte(0x50); c <= 0x5f; c++ {
		m = append(m, magic{zstandard, string(c) + "\x2a\x4d\x18"}) // skippable frame first
	}
	return m
}

// sniffSize is the length of the longest magic.
const sniffSize = 10

// sniff tells the form of content that begins with b. While b is too short to
// tell, the form is undecided.
func sniff(b []byte) form {
	if len(b) == 0 {
		return undecided
	}
	found := plain
	for _, m := range magics() {
		n := min(len(b), len(m.begin))
		if !sameBegin(b[:n], m.begin[:n]) {
			continue
		}
		if n == len(m.begin) {
			return m.form
		}
		found = undecided
	}
	return found
}

func sameBegin(b []byte, begin string) bool {
	for i := range b {
		if begin[i] != '.' && begin[i] != b[i] {
			return false
		}
	}
	return true
}

// maxWindow is the largest window of a zstd file that is unpacked: what the
// zstd tool itself accepts unless told otherwise.
const maxWindow = 128 << 20

// unpack returns the content of r, which is packed in form m.
func unpack(m form, r io.Reader) (io.ReadCloser, error) {
	r = bufio.NewReaderSize(r, 16<<10)
	switch m {
	case gzipped:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("read the gzip header: %w", err)
		}
		return z, nil
	case zstandard:
		// With a concurrency of 1 the decoder starts no goroutine.
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("read the zstd header: %w", err)
		}
		return z.IOReadCloser(), nil
	case xzipped:
		z, err := xz.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("read the xz header: %w", err)
		}
		return io.NopCloser(z), nil
	case bzipped:
		return io.NopCloser(bzip2.NewReader(r)), nil
	}
	return io.NopCloser(r), nil
}

// A stream is an open decompressor and the lines cut from it.
type stream struct {
	packed   *io.SectionReader
	unpacked io.ReadCloser
	cutter   cutter
}

func (s *stream) close() {
	if s != nil {
		// Closing a decompressor frees memory and cannot lose anything.
		_ = s.unpacked.Close()
	}
}

// pass skips content up to the offset to, one block at a time.
func (s *stream) pass(b []byte, to int64) error {
	n, err := fill(s.unpacked, b[:min(int64(len(b)), to-s.cutter.off)])
	s.cutter.off += int64(n)
	s.cutter.before = bytes.Clone(lastBytes(append(s.cutter.before, lastBytes(b[:n], markerSize)...), markerSize))
	return err
}

// fill reads until b is full or r ends. The error is r's own, so that a clean
// end (io.EOF) and a cut-off one (io.ErrUnexpectedEOF) stay apart.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	return n, err
}
