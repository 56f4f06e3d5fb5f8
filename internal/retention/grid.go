// Package retention knows at which steps Graphite keeps points, by their age.
package retention

type Archive struct{ Step, Span int64 }
type List []Archive
type Grid struct {
	list  List
	edges []int64
	last  int64
}

func (l List) At(now int64) Grid {
	g := Grid{list: l, last: -1 << 62}
	for i, a := range l {
		margin := int64(3600)
		if i+1 < len(l) {
			step := l[i+1].Step
			margin = max(margin, 2*step)
			e := now - (a.Span - margin)
			if r := e % step; r != 0 {
				e += step - r
			}
			g.edges = append(g.edges, e)
		} else {
			g.last = now - (a.Span - margin)
		}
	}
	return g
}

func (g Grid) Step(when int64) (int64, bool) {
	if when < g.last {
		return 0, false
	}
	for i, e := range g.edges {
		if when >= e {
			return g.list[i].Step, true
		}
	}
	return g.list[len(g.list)-1].Step, true
}
