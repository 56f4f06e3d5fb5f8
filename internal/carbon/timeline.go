package carbon

import (
	"cmp"
	"slices"
)

// A timeline finds the points of one series by their time. Nearly always a new
// one is the newest and the one that goes is the oldest, so they are kept in
// order, with room at both ends: then neither moves another point. The zero
// value is empty.
type timeline struct {
	all  []moment
	from int // where the oldest one is
}

// A moment is the place of the point of one time.
type moment struct {
	time uint32
	slot slot
}

// points returns those in use, the oldest first, until the next change.
func (l *timeline) points() []moment { return l.all[l.from:] }

// search returns where the point of a time is, or would be, among all points.
func (l *timeline) search(time int64) (at int, found bool) {
	points := l.points()
	switch n := len(points); {
	case n == 0 || int64(points[n-1].time) < time:
		return n, false
	case int64(points[0].time) == time:
		return 0, true
	}
	return slices.BinarySearchFunc(points, time, func(m moment, time int64) int { return cmp.Compare(int64(m.time), time) })
}

func (l *timeline) find(time int64) (slot, bool) {
	if at, found := l.search(time); found {
		return l.points()[at].slot, true
	}
	return 0, false
}

// between returns the points from begin on and before end, until the next change.
func (l *timeline) between(begin, end int64) []moment {
	from, _ := l.search(begin)
	to, _ := l.search(end)
	return l.points()[from:to]
}

// insert takes in a point of a time that has none. What lies on the shorter
// side of it makes room.
func (l *timeline) insert(time uint32, i slot) {
	at, _ := l.search(int64(time))
	if n := len(l.points()); at < n/2 {
		l.openFront()
		l.from--
		copy(l.points(), l.points()[1:at+1])
	} else {
		l.openBack()
		l.all = l.all[:len(l.all)+1]
		copy(l.points()[at+1:], l.points()[at:])
	}
	l.points()[at] = moment{time, i}
}

// remove drops the point of a time that has one.
func (l *timeline) remove(time uint32) {
	at, _ := l.search(int64(time))
	if points := l.points(); at < len(points)/2 {
		copy(points[1:], points[:at])
		l.from++
	} else {
		copy(points[at:], points[at+1:])
		l.all = l.all[:len(l.all)-1]
	}
}

// openFront makes room before the oldest point, openBack behind the newest one:
// at least half as much as there are points, so that on average each is moved
// twice at most.
func (l *timeline) openFront() {
	if l.from == 0 {
		n := len(l.all)
		l.all = append(make([]moment, n, 2*n), l.all...)
		l.from = n
	}
}

func (l *timeline) openBack() {
	switch n := len(l.points()); {
	case len(l.all) < cap(l.all):
	case l.from > n/2:
		copy(l.all, l.points())
		l.all, l.from = l.all[:n], 0
	default:
		l.all, l.from = append(make([]moment, 0, max(2*n, 1)), l.points()...), 0
	}
}
