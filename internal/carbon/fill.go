package carbon

import (
	"slices"
	"strings"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/retention"
)

// fill appends what has to go in front of the total of a longer step where
// Carbon still keeps a finer one at its age. There the total takes a single
// place of the finer archive, and Carbon makes the longer step of it and of its
// neighbours, which may have been filled by an earlier run, while they were
// younger. So the neighbours are filled anew, with what leaves the longer step
// at the total: nothing for sums, and the same for all else.
//
// In the half hour before the finer archive ends nothing is filled: Carbon's
// cache may let the step grow older than that, and the neighbours would then
// overwrite the total in the coarser archive.
func (b *outbox) fill(dst []point.Point, i slot, p point.Point) []point.Point {
	list := b.listFor(b.at(i))
	k := slices.IndexFunc(list, func(a retention.Archive) bool { return b.now-p.Time < a.Span })
	if k < 0 || list[k].Step >= p.Step || p.Time < b.now-list[k].Span+cacheTime {
		return dst
	}
	neighbour := p
	if strings.HasSuffix(point.Name(p.Series), ".count") {
		neighbour.Value = 0
	}
	for neighbour.Time += list[k].Step; neighbour.Time < p.Time+p.Step; neighbour.Time += list[k].Step {
		dst = append(dst, neighbour)
	}
	return dst
}
