package main

import (
	"fmt"
	"strings"
)

// An aim is what a figure was meant to be.
type aim struct {
	what  string
	bound string
	seen  func() (text string, reached bool)
}

// times is how often the time of one is that of another.
func times(c, of *contestant) func() float64 {
	return func() float64 { return float64(c.time()) / float64(of.time()) }
}

func atMost(what string, bound float64, value func() float64) aim {
	return aim{what, fmt.Sprintf("at most %.1f ×", bound), func() (string, bool) {
		return fmt.Sprintf("%.2f ×", value()), value() <= bound
	}}
}

func atLeast(what string, bound float64, value func() float64) aim {
	return aim{what, fmt.Sprintf("at least %.0f ×", bound), func() (string, bool) {
		return fmt.Sprintf("%.0f ×", value()), value() >= bound
	}}
}

// memory is the bound of what a backfill may have resident, of all that are
// logfeeds.
func memory(made []*contestant) aim {
	const bound = 64
	return aim{"logfeed: peak memory", fmt.Sprintf("at most %d MiB", bound), func() (string, bool) {
		var highest int64
		for _, c := range made {
			if c.ours {
				highest = max(highest, c.peak())
			}
		}
		return fmt.Sprintf("%.0f MiB", float64(highest)/(1<<20)), highest <= bound<<20
	}}
}

// reached is a table of aims, and whether they are reached.
func reached(aims []aim) string {
	var b strings.Builder
	b.WriteString("| | aim | seen | |\n|---|---|---|---|\n")
	for _, a := range aims {
		seen, ok := a.seen()
		verdict := "reached"
		if !ok {
			verdict = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", escaped(a.what), a.bound, seen, verdict)
	}
	return b.String()
}
