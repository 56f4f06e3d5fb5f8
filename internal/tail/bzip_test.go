package tail

import (
	"bytes"
	"hash/crc32"
	"math/bits"
	"slices"
)

// bzip compresses text for tests, as the standard library only reads this
// form. It does not try to make it small.
func bzip(text []byte) []byte {
	w := &bitWriter{}
	w.bytes("BZh1")
	var all uint32
	for len(text) > 0 {
		var block []byte
		n := 0
		// Runs make a block longer by a quarter at most; it may have 100,000 bytes.
		for n < len(text) && len(block) < 80_000 {
			run := 1
			for run < 255 && n+run < len(text) && text[n+run] == text[n] {
				run++
			}
			block = append(block, text[n:n+min(run, 4)]...)
			if run >= 4 {
				block = append(block, byte(run-4))
			}
			n += run
		}
		crc := bzipCRC(text[:n])
		all = (all<<1 | all>>31) ^ crc
		w.block(block, crc)
		text = text[n:]
	}
	w.bits(0x177245385090, 48)
	w.bits(uint64(all), 32)
	w.bits(0, 7) // fill the last byte
	return w.out
}

// bzipCRC is the checksum of zip with the bits of every byte the other way.
func bzipCRC(b []byte) uint32 {
	turned := make([]byte, len(b))
	for i, c := range b {
		turned[i] = bits.Reverse8(c)
	}
	return bits.Reverse32(crc32.ChecksumIEEE(turned))
}

type bitWriter struct {
	out  []byte
	acc  uint64
	have int
}

func (w *bitWriter) bits(v uint64, n int) {
	for n--; n >= 0; n-- {
		w.acc = w.acc<<1 | v>>n&1
		if w.have++; w.have == 8 {
			w.out = append(w.out, byte(w.acc))
			w.acc, w.have = 0, 0
		}
	}
}

func (w *bitWriter) bytes(s string) {
	for _, c := range []byte(s) {
		w.bits(uint64(c), 8)
	}
}

// block writes one block: sorted rotations, moved to front, with one code that
// is hardly shorter for any symbol.
func (w *bitWriter) block(block []byte, crc uint32) {
	last, origin := rotations(block)
	symbols, used := moveToFront(last)
	w.bits(0x314159265359, 48)
	w.bits(uint64(crc), 32)
	w.bits(0, 1)
	w.bits(uint64(origin), 24)
	w.usedBytes(used)

	count := len(used) + 2
	long := bits.Len(uint(count - 1))
	short := 1<<long - count // so many codes are one bit shorter
	groups := (len(symbols) + 49) / 50
	w.bits(2, 3) // two equal codes, of which the first is always used
	w.bits(uint64(groups), 15)
	w.bits(0, groups)
	for range 2 {
		first := long
		if short > 0 {
			first--
		}
		w.bits(uint64(first), 5)
		for i := range count {
			if i == short && short > 0 {
				w.bits(0b10, 2)
			}
			w.bits(0, 1)
		}
	}
	for _, s := range symbols {
		if s < short {
			w.bits(uint64(s), long-1)
		} else {
			w.bits(uint64(s+short), long)
		}
	}
}

func (w *bitWriter) usedBytes(used []byte) {
	var rows [16]uint64
	var some uint64
	for _, c := range used {
		rows[c>>4] |= 1 << (15 - c&15)
		some |= 1 << (15 - c>>4)
	}
	w.bits(some, 16)
	for _, row := range rows {
		if row != 0 {
			w.bits(row, 16)
		}
	}
}

func rotations(block []byte) (last []byte, origin int) {
	n := len(block)
	twice := slices.Concat(block, block)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return bytes.Compare(twice[a:a+n], twice[b:b+n]) })
	for i, o := range order {
		last = append(last, twice[o+n-1])
		if o == 0 {
			origin = i
		}
	}
	return last, origin
}

// moveToFront writes runs of zeros as numbers of two digits, and ends in the
// symbol for the end.
func moveToFront(b []byte) (symbols []int, used []byte) {
	used = slices.Compact(slices.Sorted(slices.Values(b)))
	front := slices.Clone(used)
	zeros := 0
	flush := func() {
		for ; zeros > 0; zeros = (zeros - 1) / 2 {
			symbols = append(symbols, (zeros+1)%2)
		}
	}
	for _, c := range b {
		i := bytes.IndexByte(front, c)
		if i == 0 {
			zeros++
			continue
		}
		flush()
		symbols = append(symbols, i+1)
		copy(front[1:], front[:i])
		front[0] = c
	}
	flush()
	return append(symbols, len(used)+1), used
}
