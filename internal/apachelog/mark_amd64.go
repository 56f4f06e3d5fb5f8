package apachelog

import "golang.org/x/sys/cpu"

// mark is markPlain, by the widest instructions that this processor has.
func mark(data []byte, stops []uint64) {
	if cpu.X86.HasAVX2 {
		markAVX2(data, stops)
		return
	}
	markPlain(data, stops)
}

// markAVX2 is markPlain for processors with AVX2.
//
//go:noescape
func markAVX2(data []byte, stops []uint64)
