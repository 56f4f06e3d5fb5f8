package rollup

import (
	"math/bits"
	"slices"
)

// A bucket is one step of time. There may be many thousand groups in each of
// many buckets, so what belongs to a group is no object of its own but a row of
// a few columns, and nothing but durations holds pointers.
type bucket struct {
	step    int64 // its length in seconds
	changed bool  // at least one of the rows

	rows  []account   // in the order in which they were begun
	sums  []int64     // of each row as many as a table has of a group,
	width int         // which is so many
	took  []histogram // of each row up to the last one that has durations

	// index is a hash table of the rows by group, counted from 1; 0 is free. It
	// has a power of two of places, and the highest bits of the hash choose one.
	index []uint32
	shift uint8
}

// An account says whose a row is, and whether it has been given out.
type account struct {
	group   uint32 // its number
	changed bool
	given   int64 // when it was last given out, by Ledger.now; 0 is never
}

// newBucket returns an empty bucket with room for some more rows than another
// one has, which may be nil.
func newBucket(step int64, width int, like *bucket) *bucket {
	b := &bucket{step: step, width: width}
	rows := 0
	if like != nil {
		rows = len(like.rows) + len(like.rows)/8
		b.took = make([]histogram, 0, len(like.took)+len(like.took)/8)
	}
	b.rows, b.sums = make([]account, 0, rows), make([]int64, 0, rows*width)
	b.makeIndex(rows)
	return b
}

// leastRows is for how many rows an index has room at least.
const leastRows = 4

// makeIndex makes an index of the rows that has room for so many of them.
func (b *bucket) makeIndex(rows int) {
	n := bits.Len(uint(2*max(rows, leastRows) - 1))
	b.index, b.shift = make([]uint32, 1<<n), uint8(32-n)
	for i := range b.rows {
		b.index[b.place(b.rows[i].group)] = uint32(i + 1)
	}
}

// place returns where in the index the row of a group is, or is to be.
func (b *bucket) place(group uint32) uint32 {
	const spread = 0x9e3779b1 // numbers at equal distances too
	i := group * spread >> (b.shift & 31)
	for n := b.index[i]; n != 0 && b.rows[n-1].group != group; n = b.index[i] {
		i = (i + 1) & uint32(len(b.index)-1)
	}
	return i
}

// find returns the sums of a group, nil if it has no row.
func (b *bucket) find(group uint32) []int64 {
	n := b.index[b.place(group)]
	if n == 0 {
		return nil
	}
	return b.of(int(n) - 1)
}

// row returns the row of a group, which is new if there was none.
func (b *bucket) row(group uint32) int {
	at := b.place(group)
	if n := b.index[at]; n != 0 {
		return int(n) - 1
	}
	i := len(b.rows)
	b.rows = append(b.rows, account{group: group})
	b.sums = slices.Grow(b.sums, b.width)[:len(b.sums)+b.width]
	clear(b.of(i))
	if b.index[at] = uint32(i + 1); 2*len(b.rows) > len(b.index) {
		b.makeIndex(len(b.index))
	}
	return i
}

// of returns the sums of a row: the lines, then those of the metrics.
func (b *bucket) of(row int) []int64 { return b.sums[row*b.width:][:b.width:b.width] }

// durations returns those of a row.
func (b *bucket) durations(row int) histogram {
	if row >= len(b.took) {
		return histogram{}
	}
	return b.took[row]
}

// add adds to a row.
func (b *bucket) add(row int, sums []int64, took histogram) {
	of := b.of(row)
	for i, n := range sums {
		of[i] = addSaturating(of[i], n)
	}
	if took.N == 0 {
		return
	}
	if n := len(b.rows) - len(b.took); n > 0 {
		b.took = append(b.took, make([]histogram, n)...)
	}
	b.took[row].add(took)
}

// merge adds all rows of another bucket.
func (b *bucket) merge(o *bucket) {
	b.changed = b.changed || o.changed
	for i, r := range o.rows {
		at := b.row(r.group)
		b.add(at, o.of(i), o.durations(i))
		b.rows[at].changed = b.rows[at].changed || r.changed
		b.rows[at].given = max(b.rows[at].given, r.given)
	}
}

// sorted appends the rows to room in the order of the numbers of their groups:
// a number in the upper half, its row in the lower one.
func (b *bucket) sorted(room []uint64) []uint64 {
	for i, r := range b.rows {
		room = append(room, uint64(r.group)<<32|uint64(i))
	}
	slices.Sort(room)
	return room
}
