package main

import (
	"fmt"
	"testing"
	"time"
)

// A thousand machines begin to send in the two thirds of a minute, in no second
// more of them than three times as many as on average over the whole minute.
func TestSpread(t *testing.T) {
	perSecond := make(map[time.Duration]int)
	for i := range 1000 {
		d := offset(fmt.Sprintf("web%d.example\napache.web%d", i, i), spreadOf(time.Minute))
		if d < 0 || d >= 40*time.Second || d%time.Second != 0 {
			t.Fatalf("a delay of %s", d)
		}
		perSecond[d]++
	}
	if len(perSecond) != 40 {
		t.Errorf("they send in %d seconds of the minute, want all of 40", len(perSecond))
	}
	for second, n := range perSecond {
		if n > 3*1000/60 {
			t.Errorf("%d begin after %s", n, second)
		}
	}
}

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
