package apachelog

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A Block is a run of whole lines in memory, which a Parser reads one after the
// other. All places where a text may end are found at once, which takes a
// fraction of the time that it takes to look for each of them. The zero value is
// an empty block. It is for one goroutine.
type Block struct {
	data  []byte
	stops []uint64 // bit i&63 of word i>>6: data[i] is a quotation mark or a newline

	lo, hi int // the line read last
	next   int // where the one after it begins
	end    int // where the newline of that one stands; before next as long as nobody has looked
}

const (
	// wordBytes is how many bytes of data one word of stops is for.
	wordBytes = 64
	// spareWords are words without stops behind the last one, so that stop may
	// look at several at a time.
	spareWords = 3
)

// Begin takes whole lines, each with a newline at its end. They must not change
// until the next call.
func (b *Block) Begin(data []byte) {
	n := (len(data) + wordBytes - 1) / wordBytes
	if cap(b.stops) < n+spareWords {
		b.stops = make([]uint64, n+spareWords)
	}
	b.data, b.stops = data, b.stops[:n+spareWords]
	whole := len(data) / wordBytes
	mark(data[:whole*wordBytes], b.stops)
	if whole < n {
		var rest [wordBytes]byte
		copy(rest[:], data[whole*wordBytes:])
		mark(rest[:], b.stops[whole:])
	}
	clear(b.stops[n:])
	b.lo, b.hi, b.next, b.end = 0, 0, 0, -1
}

// More says whether there is a line that has not been read yet.
func (b *Block) More() bool { return b.next < len(b.data) }

// Line returns the line that was read last, without its newline and without one
// carriage return before it.
func (b *Block) Line() []byte { return b.data[b.lo:b.hi:b.hi] }

// peek returns the line that is to be read next, as Line does when it was.
func (b *Block) peek() []byte {
	if b.end < b.next {
		b.end = len(b.data)
		if n := bytes.IndexByte(b.data[b.next:], '\n'); n >= 0 {
			b.end = b.next + n
		}
	}
	hi := b.end
	if hi > b.next && b.data[hi-1] == '\r' {
		hi--
	}
	return b.data[b.next:hi:hi]
}

// skip goes to the end of the line that is to be read next.
func (b *Block) skip() {
	b.lo, b.hi = b.next, b.next+len(b.peek())
	b.next = b.end + 1
}

// stop returns where the first quotation mark or newline at or after data[pos]
// stands, len(data) if there is none. pos is not greater than that.
func (b *Block) stop(pos int) int {
	i, shift := uint(pos)/wordBytes, uint(pos)%wordBytes
	w := b.stops[i : i+3 : i+3]
	// Two words of the bits from pos on. No branch depends on which of them has
	// the first one: that changes from line to line.
	first := w[0]>>shift | w[1]<<(wordBytes-shift)
	second := w[1]>>shift | w[2]<<(wordBytes-shift)
	n := bits.TrailingZeros64(first)
	if n += bits.TrailingZeros64(second) & -(n / wordBytes); n < 2*wordBytes {
		return pos + n
	}
	return b.farStop(i + 2)
}

// farStop returns where the first stop stands from a word on.
func (b *Block) farStop(word uint) int {
	for i, w := range b.stops[word:] {
		if w != 0 {
			return int(word+uint(i))*wordBytes + bits.TrailingZeros64(w)
		}
	}
	return len(b.data)
}

// markPlain notes where quotation marks and newlines stand in data, whose length
// is a multiple of wordBytes.
func markPlain(data []byte, stops []uint64) {
	for i := range len(data) / wordBytes {
		var word uint64
		for j := 0; j < wordBytes; j += 8 {
			x := binary.LittleEndian.Uint64(data[i*wordBytes+j:])
			word |= (equal(x, '"') | equal(x, '\n')) << j
		}
		stops[i] = word
	}
}

// equal returns a bit for each of the eight bytes of x: whether it is c.
func equal(x uint64, c byte) uint64 {
	const ones, low = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f
	x ^= ones * uint64(c)
	x = ^((x&low + low) | x | low) // the highest bit of each byte that is 0
	return (x >> 7) * 0x0102040810204080 >> 56
}
