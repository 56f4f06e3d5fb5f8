package apachelog

import (
	"slices"

	"golang.org/x/sys/cpu"
)

// spareMarks is how many more places markAVX2 may write than there are marks.
const spareMarks = 4

// partBytes is how much is marked at a time: any byte may be a mark, and needs
// room, while in a log one of thirty is.
const partBytes = 16 << 10

// appendMarks is appendMarksPlain, by the widest instructions that this processor
// has.
func appendMarks(list []uint32, data []byte, base int) []uint32 {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasBMI1 || !cpu.X86.HasPOPCNT {
		return appendMarksPlain(list, data, base)
	}
	for at := 0; at < len(data); at += partBytes {
		part := data[at:min(at+partBytes, len(data))]
		list = slices.Grow(list, len(part)+spareMarks)
		n := len(list)
		list = list[:n+markAVX2(part, list[n:cap(list)], base+at)]
	}
	return list
}

// markAVX2 writes to room where quotation marks and newlines stand in data, and
// returns how many there are. The length of data is a multiple of wordBytes; room
// has one place for each of its bytes, and spareMarks more.
//
//go:noescape
func markAVX2(data []byte, room []uint32, base int) int
