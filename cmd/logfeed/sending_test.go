package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/rollup"
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

// A state that another machine has kept comes along with a copied disk, and so
// does its --prefix.
func TestStateOfAnotherMachine(t *testing.T) {
	c := defaults()
	c.rollup.Prefix = "apache.web"
	for host, want := range map[string]int{"": 0, hostName(): 0, "another.example": 1} {
		var said bytes.Buffer
		p := &pipeline{ledger: rollup.NewLedger(c.rollup)}
		if err := p.goOn(c, &state{Host: host}, slog.New(slog.NewTextHandler(&said, nil))); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(said.String(), "kept on another machine"); got != want {
			t.Errorf("of a state from %q: %s", host, said.String())
		}
	}
}
