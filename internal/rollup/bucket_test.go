package rollup

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestBucketKeepsRowsApart adds to the rows of random groups, and of groups whose
// numbers are at equal distances, and merges two buckets.
func TestBucketKeepsRowsApart(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		const width = 2
		distance, groups := uint32(1)<<rnd.IntN(20), 1+rnd.IntN(500)
		want, took := make(map[uint32]int64), make(map[uint32]int64)
		var buckets []*bucket
		var like *bucket
		for range 2 {
			b := newBucket(60, width, like)
			for range rnd.IntN(1000) {
				group, n := uint32(rnd.IntN(groups))*distance, rnd.Int64N(100)
				var h histogram
				if group%3 == 0 {
					h.count(n)
				}
				b.add(b.row(group), []int64{1, n}, h)
				want[group] += n
				took[group] += h.N
			}
			buckets, like = append(buckets, b), b
		}
		b := buckets[0]
		b.merge(buckets[1])
		if len(b.rows) != len(want) {
			t.Fatalf("seed %d: %d rows of %d groups", seed, len(b.rows), len(want))
		}
		for i, r := range b.rows {
			of := b.find(r.group)
			if of == nil || !slices.Equal(of, b.of(i)) || of[1] != want[r.group] || b.durations(i).N != took[r.group] {
				t.Fatalf("seed %d: group %d has %v and %d durations, want %d and %d", seed, r.group, of, b.durations(i).N, want[r.group], took[r.group])
			}
		}
		if b.find(uint32(groups)*distance) != nil {
			t.Fatalf("seed %d: a group without lines has a row", seed)
		}
		last := int64(-1)
		for _, next := range b.sorted(nil) {
			group := int64(b.rows[uint32(next)].group)
			if group <= last {
				t.Fatalf("seed %d: group %d comes after %d", seed, group, last)
			}
			last = group
		}
	}
}
