package rollup

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestRoutesHaveRoom sums lines of many hosts, of which four have room, by three
// routes each: also where there is no more room, a route is never mixed with
// another. No number of tables and no restart changes anything.
func TestRoutesHaveRoom(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for range 50 {
		seed++
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 0))
			o := options(t, "requests")
			o.Levels, o.Routes, o.MaxSeries = 2, 3, 15 // four hosts, and one for the others
			l, tables := NewLedger(o), []*Table{NewTable(o), NewTable(o)}
			admitted := make(map[string]bool)
			want, got := make(map[string]float64), make(map[string]float64)
			diverted, counted := int64(0), int64(0)
			for range 20 {
				table := tables[rnd.IntN(2)]
				table.Begin(0, time.Unix(noon+60, 0))
				for range rnd.IntN(30) {
					host, route := fmt.Sprint("host", rnd.IntN(12)), fmt.Sprint("route", rnd.IntN(3))
					table.Group([]byte(host), []byte(route))
					table.Add(record(noon, 200, 1))
					if len(admitted) < 4 {
						admitted[host] = true
					}
					if !admitted[host] {
						host = "_other"
						diverted++
					}
					want["apache.web1."+host+"."+route+".requests.count"]++
				}
				out := l.Merge(table)
				counted += out.Other
				if rnd.IntN(5) == 0 {
					s := l.Snapshot()
					l, tables = NewLedger(o), []*Table{NewTable(o), NewTable(o)}
					if err := l.Restore(s); err != nil {
						t.Fatal(err)
					}
				}
			}
			l.Flush()
			for p := range l.Changed() {
				got[p.Series] = p.Value
				if route := strings.Split(p.Series, ".")[3]; p.Route != route {
					t.Errorf("%s is a point of the route %q", p.Series, p.Route)
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("points\n%v\nwant\n%v", got, want)
			}
			if counted != diverted || len(got) > o.MaxSeries {
				t.Errorf("%d lines of the others, want %d; %d series", counted, diverted, len(got))
			}
		})
	}
}

// TestLeaveOut leaves records out, among which there are such of an impossible
// time and outside of the bounds. Those that count become late by them.
func TestLeaveOut(t *testing.T) {
	o := options(t, "requests")
	o.Since, o.Until = noon, noon+7200
	table := NewTable(o)
	table.Begin(0, time.Unix(noon+7200, 0))
	table.Add(record(noon+60, 200, 1))
	for _, when := range []int64{noon + 3600, noon + 60, noon - 60, noon + 7200, noon + 9000, 60} {
		table.LeaveOut(record(when, 200, 1))
	}
	table.Add(record(noon+120, 200, 1))
	l := NewLedger(o)
	out := l.Merge(table)
	want := Outcome{Counted: 1, Late: 1, LeftOut: 2, Refused: Refused{Future: 1, Ancient: 1, Outside: 2}, Oldest: noon - 60, Newest: noon + 7200}
	if out != want {
		t.Errorf("outcome %+v, want %+v", out, want)
	}
	if clock, ok := l.Clock(0); !ok || clock != noon+7200 {
		t.Errorf("clock %d, want %d", clock, int64(noon+7200))
	}
}
