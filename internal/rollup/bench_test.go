package rollup

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkMergeGroups shows what a group in a batch costs to be merged, which
// all of its lines in the batch share.
func BenchmarkMergeGroups(b *testing.B) {
	for _, groups := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			o := options(b)
			o.Levels, o.MaxSeries = 1, 100_000
			table, ledger := NewTable(o), NewLedger(o)
			table.Begin(0, time.Unix(noon, 0))
			for i := range groups {
				table.Group(fmt.Appendf(nil, "www%d.example.org", i))
				table.Add(record(noon, 200, 1))
			}
			ledger.Merge(table) // the first one makes room
			b.ReportAllocs()
			for b.Loop() {
				ledger.Merge(table)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*groups), "ns/group")
		})
	}
}
