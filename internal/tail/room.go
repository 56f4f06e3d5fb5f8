package tail

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"
)

// A decompressor takes memory as long as its file is being read: 64 KiB for
// gzip, the window for zstd, which is 2 MiB by default and can be 128, and 8
// MiB for xz. Hundreds of packed logs of one time, which are read side by side,
// would take gigabytes. So only as many are begun as there is room for. The
// others are set aside until one has been read to its end, and as their clocks
// stand still meanwhile, no bucket closes that they have lines for.

// unpackRoom bounds what decompressors take together; one alone may take more.
const unpackRoom = 16 << 20

// headers is how much of a packed file is enough to tell how far back it
// refers: 17 bytes for zstd, and for xz 35.
const headers = 40

// hasRoom says whether s can be read without passing the bound.
func (f *Follower) hasRoom(s feed) bool {
	x, isFile := s.(*file)
	if !isFile || !x.form.packed() || x.stream != nil {
		return true
	}
	taken := int64(0)
	for _, y := range f.open {
		if y.stream != nil {
			taken += y.weight
		}
	}
	if x.weight == 0 {
		head := make([]byte, headers)
		n, _ := f.readAt(x.fd, head, 0) // an error shows itself when it is read
		x.weight = weightOf(x.form, head[:n])
	}
	return taken == 0 || taken+x.weight <= unpackRoom
}

// weightOf estimates what it takes in memory to unpack content of the given
// form that begins with head.
func weightOf(m form, head []byte) int64 {
	switch m {
	case zstandard:
		return zstdWeight + zstdWindow(head)
	case xzipped:
		return xzWeight + xzDictionary(head)
	case bzipped:
		return bzipWeight
	}
	return gzipWeight
}

// What is taken besides the window, which is all that differs between files.
const (
	gzipWeight = 64 << 10
	zstdWeight = 512 << 10
	xzWeight   = 256 << 10
	bzipWeight = 4 << 20
)

// zstdWindow returns how far back the first frame refers, or the largest
// window where that cannot be told.
func zstdWindow(head []byte) int64 {
	var h zstd.Header
	switch err := h.Decode(head); {
	case err != nil || h.Skippable:
		return maxWindow
	case h.SingleSegment:
		return int64(min(h.FrameContentSize, maxWindow))
	}
	return int64(min(h.WindowSize, maxWindow))
}

// xzDictionary returns how far back the first block refers, or what is usual
// where that cannot be told. The stream's header has 12 bytes; that of the block
// begins with its length and its flags, of which two say that sizes follow.
// Then comes the filter: LZMA2 where it is the first, and the dictionary's size
// as two bits of mantissa and an exponent.
func xzDictionary(head []byte) int64 {
	const usual = 8 << 20
	if len(head) < 14 || head[13]&3 != 0 { // the low bits count further filters
		return usual
	}
	rest := head[14:]
	for _, flag := range []byte{0x40, 0x80} {
		if head[13]&flag != 0 {
			_, n := binary.Uvarint(rest)
			rest = rest[max(n, 0):]
		}
	}
	if len(rest) < 3 || rest[0] != 0x21 || rest[1] != 1 || rest[2] > 40 {
		return usual
	}
	return (2 | int64(rest[2]&1)) << (rest[2]/2 + 11)
}
