package rollup

import (
	"testing"
	"time"
)

// TestSpanOfATable is that of all lines whose time is possible, late ones
// included: the log does not begin before them.
func TestSpanOfATable(t *testing.T) {
	o := options(t)
	table, ledger := NewTable(o), NewLedger(o)
	for range 2 {
		table.Begin(0, time.Unix(noon, 0))
		if out := ledger.Merge(table); out.Oldest <= out.Newest {
			t.Errorf("without a line: %+v", out)
		}
		table.Begin(0, time.Unix(noon, 0))
		for _, when := range []int64{earliest - 1, noon - 7, noon - 7200, noon - 30, noon + maxAhead + 1} {
			table.Add(record(when, 200, 1))
		}
		out := ledger.Merge(table)
		if out.Oldest != noon-7200 || out.Newest != noon-7 || out.Late != 1 {
			t.Errorf("%+v", out)
		}
		ledger = NewLedger(o)
	}
}
