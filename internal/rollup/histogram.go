package rollup

import (
	"math"
	"math/bits"
	"slices"
)

// A histogram holds durations in microseconds: how many, their sum, the least
// and the greatest, and counts in bins that are at most 1/64 as wide as their
// values. It is made of whole numbers only, so it depends on the set of the
// durations and on nothing else. The zero value is empty.
type histogram struct {
	N, Sum, Min, Max int64
	Bins             []bin // by index
}

// A bin counts the durations of one index.
type bin struct {
	Index uint32
	N     int64
}

// binBits is how many bits of a value below its highest one choose its bin: the
// middle of a bin is within 0.8 % of all values in it.
const binBits = 6

// binOf returns the index of a value's bin. Values below 64 have bins of their
// own; each doubling after that has 64.
func binOf(v int64) uint32 {
	high := bits.Len64(uint64(v))
	if high <= binBits+1 {
		return uint32(v)
	}
	shift := high - binBits - 1
	return uint32(shift)<<binBits + uint32(uint64(v)>>shift)
}

// middle returns the value that stands for all in a bin.
func middle(index uint32) float64 {
	if index < 2<<binBits {
		return float64(index)
	}
	shift := index>>binBits - 1
	low := uint64(index-shift<<binBits) << shift
	return float64(low) + float64(uint64(1)<<shift-1)/2
}

// count adds one duration, but for its bin.
func (h *histogram) count(v int64) {
	if h.N == 0 {
		h.Min, h.Max = v, v
	}
	h.N++
	h.Sum = addSaturating(h.Sum, v)
	h.Min, h.Max = min(h.Min, v), max(h.Max, v)
}

// add adds durations whose bins are sorted by index, and keeps nothing of them.
func (h *histogram) add(o histogram) {
	if o.N == 0 {
		return
	}
	if h.N == 0 {
		h.Min, h.Max = o.Min, o.Max
	}
	h.N += o.N
	h.Sum = addSaturating(h.Sum, o.Sum)
	h.Min, h.Max = min(h.Min, o.Min), max(h.Max, o.Max)
	h.addBins(o.Bins)
}

// addBins merges bins into those that there are, without more room than they
// need: there are many histograms, and most of them grow no more than once.
func (h *histogram) addBins(bins []bin) {
	fresh, i := 0, 0
	for _, b := range bins {
		for i < len(h.Bins) && h.Bins[i].Index < b.Index {
			i++
		}
		if i == len(h.Bins) || h.Bins[i].Index != b.Index {
			fresh++
		}
	}
	to := h.Bins
	if fresh > 0 {
		to = make([]bin, len(h.Bins)+fresh)
	}
	// From the greatest on, so that none is overwritten before it has moved.
	i = len(h.Bins) - 1
	for j, at := len(bins)-1, len(to)-1; at >= 0; at-- {
		switch {
		case i < 0 || j >= 0 && bins[j].Index > h.Bins[i].Index:
			to[at] = bins[j]
			j--
		case j < 0 || bins[j].Index < h.Bins[i].Index:
			to[at] = h.Bins[i]
			i--
		default:
			to[at] = bin{bins[j].Index, h.Bins[i].N + bins[j].N}
			i, j = i-1, j-1
		}
	}
	h.Bins = to
}

// clone shares nothing with h.
func (h histogram) clone() histogram {
	h.Bins = slices.Clone(h.Bins)
	return h
}

// quantile returns the value of which the share q of all values is no greater,
// by the nearest rank, within 1 %.
func (h histogram) quantile(q float64) float64 {
	rank := max(1, int64(math.Ceil(q*float64(h.N))))
	for _, b := range h.Bins {
		if rank -= b.N; rank <= 0 {
			return min(max(middle(b.Index), float64(h.Min)), float64(h.Max))
		}
	}
	return float64(h.Max)
}

// The series of durations, in milliseconds.
func leastMS(h histogram) float64    { return float64(h.Min) / 1000 }
func greatestMS(h histogram) float64 { return float64(h.Max) / 1000 }
func meanMS(h histogram) float64     { return float64(h.Sum) / float64(h.N) / 1000 }
func p50MS(h histogram) float64      { return h.quantile(0.50) / 1000 }
func p95MS(h histogram) float64      { return h.quantile(0.95) / 1000 }
func p99MS(h histogram) float64      { return h.quantile(0.99) / 1000 }
