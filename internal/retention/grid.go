package retention

import (
	"fmt"
	"math"
)

const (
	// leastMargin is how long before the end of an archive's span, in seconds,
	// a step is no longer written into it at the least. A point's age is judged
	// when Carbon takes it out of its cache, not when it is sent.
	leastMargin = 3600

	// settling is how long after its end, in seconds, a coarse step has to stay
	// a matter of the finer archive. Lines come that late by default.
	settling = 1800

	// never is a time that no line has.
	never = math.MaxInt64
)

// A Grid says to which step the lines of any time are summed at one present.
// The zero Grid keeps nothing.
type Grid struct {
	steps []int64
	edges []int64 // steps[i] is for times at or after edges[i]; they never grow along the list
}

// At returns the grid for the present, in Unix seconds.
//
// Carbon writes a point into the finest archive whose span covers the point's
// age, and makes the coarser ones from there. A point that is older goes
// straight into the coarser archive, as if it were a whole step of it. So a
// coarse step is summed finely, all of it, as long as it begins inside the
// finer archive's span less a margin; from then on it is summed as one. The
// margin is two coarse steps and at least an hour; an hour alone where two
// coarse steps would leave too little of the span.
//
// Too little is less than one coarse step and half an hour, because a coarse
// step would turn coarse before its lines have come. An archive of which an
// hour leaves too little, such as 10s:1h, is never summed for: its lines are
// summed to the next step from the beginning; see Fed.
//
// An archive that is followed by another one with a very large step can have
// its edge before that of a finer one. A step is then coarse by the coarsest
// edge that it is beyond, because Carbon makes each archive from the one
// before it.
//
// A line that is older than the coarsest archive less its margin (two of its
// own steps and at least an hour, but at most half the span) is too old for
// every archive.
func (l List) At(now int64) Grid {
	g := Grid{steps: make([]int64, len(l)), edges: make([]int64, len(l))}
	edge := int64(math.MinInt64)
	for i := len(l) - 1; i >= 0; i-- {
		edge = max(edge, l.edge(i, now))
		g.steps[i], g.edges[i] = l[i].Step, edge
	}
	return g
}

// Step returns the length in seconds of the bucket for a line of the given
// log time; the bucket begins at a multiple of it. It is false for a line that
// is too old for every archive. As the present goes on, the step of a time only
// ever grows, and it grows for a whole coarse step at once.
func (g Grid) Step(when int64) (step int64, ok bool) {
	for i, edge := range g.edges {
		if when >= edge {
			return g.steps[i], true
		}
	}
	return 0, false
}

// Fed returns the archives that lines are summed for at some age: the list
// without its first archives as far as these are too short. It is never empty
// unless the list is.
func (l List) Fed() List {
	for i := len(l) - 2; i >= 0; i-- {
		if l.edge(i, 0) == never {
			return l[i+1:]
		}
	}
	return l
}

// short tells which archives are not fed, and what would be long enough.
func (l List) short() []string {
	unfed := len(l) - len(l.Fed())
	if unfed == 0 {
		return nil
	}
	last, next := l[unfed-1], l[unfed]
	return []string{fmt.Sprintf("%s is too short to be fed: points wait in Carbon, and lines come late, so all lines are summed to %s from the beginning; right would be %s or longer",
		last, spell(next.Step), Archive{last.Step, roundUp(next.Step+settling+leastMargin, last.Step)})}
}

// edge returns the time from which lines are young enough for archive i: the
// beginning of a step of the next archive, or of the last one itself.
func (l List) edge(i int, now int64) int64 {
	span, step := l[i].Span, l[i].Step
	margin := min(max(2*step, leastMargin), (span+1)/2)
	if i < len(l)-1 {
		step = l[i+1].Step
		room := span - step - settling
		if room < leastMargin {
			return never
		}
		if margin = max(2*step, leastMargin); margin > room {
			margin = leastMargin
		}
	}
	return roundUp(now-span+margin, step)
}

// roundUp returns the first multiple of step at or after when.
func roundUp(when, step int64) int64 {
	rest := when % step
	if rest > 0 {
		rest -= step
	}
	return when - rest
}
