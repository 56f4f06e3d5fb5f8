package main

import (
	"fmt"
	"testing"
	"time"
)

func TestSpreadFlag(t *testing.T) {
	for _, c := range []struct {
		args []string
		most time.Duration // 0: none at all
	}{
		{nil, 40 * time.Second},
		{[]string{"--interval", "10s"}, 6 * time.Second},
		{[]string{"--interval", "1s"}, 0},
		{[]string{"--retentions", "10s:1d"}, 6 * time.Second},
		{[]string{"--spread", "5s"}, 5 * time.Second},
		{[]string{"--spread", "0s"}, 0},
		{[]string{"--lateness", "3s"}, 3 * time.Second},
		{[]string{"--from-start", "--once"}, 0},
		{[]string{"--dry-run"}, 0},
	} {
		delays := make(map[time.Duration]bool)
		for i := range 200 {
			c, _, wrong := parseArgs(append([]string{"access.log", "--prefix", fmt.Sprintf("apache.web%d", i)}, c.args...))
			if len(wrong.all) > 0 {
				t.Fatal(wrong.all)
			}
			delays[c.rollup.Delay] = true
		}
		longest := time.Duration(0)
		for d := range delays {
			longest = max(longest, d)
		}
		if want := max(0, c.most-time.Second); longest != want {
			t.Errorf("%v: the longest delay of 200 is %s, want %s", c.args, longest, want)
		}
	}
}
