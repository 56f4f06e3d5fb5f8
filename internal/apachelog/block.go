package apachelog

import (
	"encoding/binary"
	"math/bits"
)

// A Block is a run of whole lines in memory, which a Parser reads one after the
// other. All places where a line or a quoted text may end are listed at once. That
// takes less time than to look for each of them, and the processor need not know
// where one text ends before it goes on with what is behind the next one. The
// zero value is an empty block. It is for one goroutine.
type Block struct {
	data  []byte
	stops []uint32 // where quotation marks and newlines stand, then len(data)
	place int      // of a stop, before which none is looked for
	first int      // place of the first stop of the line to be read next

	lo, hi int // the line read last
	next   int // where the one after it begins
	end    int // where the newline of that one stands; before next as long as nobody has looked
}

// Begin takes whole lines, each with a newline at its end, of less than 4 GiB.
// They must not change until the next call.
func (b *Block) Begin(data []byte) {
	b.data, b.stops = data, appendStops(b.stops[:0], data)
	b.place, b.first = 0, 0
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
		place := b.first
		for int(b.stops[place]) < len(b.data) && b.data[b.stops[place]] != '\n' {
			place++
		}
		b.end = int(b.stops[place])
	}
	hi := b.end
	if hi > b.next && b.data[hi-1] == '\r' {
		hi--
	}
	return b.data[b.next:hi:hi]
}

// skip goes to the end of the line that is to be read next.
func (b *Block) skip() {
	line := b.peek()
	b.place = b.first
	b.stop(b.end)
	b.pass(b.next+len(line), b.end)
}

// pass goes to the end of a line, which is data[next:hi], and whose newline stands
// at end, where stop was asked last.
func (b *Block) pass(hi, end int) {
	b.lo, b.hi, b.next = b.next, hi, end+1
	b.place++
	b.first = b.place
}

// stop returns where the first quotation mark or newline at or after data[pos]
// stands, len(data) if there is none. pos is not greater than that, and not before
// what was asked for last.
func (b *Block) stop(pos int) int {
	place := b.place
	for int(b.stops[place]) < pos {
		place++
	}
	b.place = place
	return int(b.stops[place])
}

// wordBytes is how many bytes are looked at together, with a bit for each.
const wordBytes = 64

// appendStops appends to list where quotation marks and newlines stand in data,
// and then its length.
func appendStops(list []uint32, data []byte) []uint32 {
	whole := len(data) / wordBytes * wordBytes
	list = appendMarks(list, data[:whole], 0)
	if whole < len(data) {
		var rest [wordBytes]byte
		copy(rest[:], data[whole:])
		list = appendMarks(list, rest[:], whole)
	}
	return append(list, uint32(len(data)))
}

// appendMarksPlain appends to list where quotation marks and newlines stand in
// data, whose length is a multiple of wordBytes and whose first byte stands at
// base.
func appendMarksPlain(list []uint32, data []byte, base int) []uint32 {
	for i := 0; i < len(data); i += 8 {
		x := binary.LittleEndian.Uint64(data[i:])
		for m := equal(x, '"') | equal(x, '\n'); m != 0; m &= m - 1 {
			list = append(list, uint32(base+i+bits.TrailingZeros64(m)))
		}
	}
	return list
}

// equal returns a bit for each of the eight bytes of x: whether it is c.
func equal(x uint64, c byte) uint64 {
	const ones, low = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f
	x ^= ones * uint64(c)
	x = ^((x&low + low) | x | low) // the highest bit of each byte that is 0
	return (x >> 7) * 0x0102040810204080 >> 56
}
