package carbon

import (
	"slices"
	"strings"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/retention"
)

// Points may wait for so long, while Carbon is away or their series is not
// introduced, that Carbon keeps longer steps at their age: what was a minute's
// total would stand for five minutes. Such points are merged before they go,
// as Carbon would have merged them, into one that covers the longer step.
//
// Carbon's finest archives reach back a little further than the ages at which
// longer steps are used. So where points of a step went out as they were, a
// point for the whole would be summed up with them: such a step stays as it is
// until shortly before its archive ends, and waits from then until it has
// ended.

// cacheTime is how long a point may wait in Carbon's cache before its age is
// judged, in seconds.
const cacheTime = 1800

// archives are the steps that Carbon keeps, by age.
type archives struct {
	of     func(series string) retention.List // nil: points go as they are, however old
	lists  []retention.List                   // of all series, each once
	grids  []retention.Grid                   // of the lists, as of now
	steps  []int64                            // by entry.step
	unit   int64                              // the shortest of them
	now    int64
	roused time.Time
	gone   int64 // name.gone of the series that have been removed, the highest of them

	tooOld  int64 // owed points that no archive keeps
	partial int64 // owed points of a step whose other points have been forgotten
}

// turn lets points grow older.
func (b *outbox) turn(now time.Time) {
	b.clock, b.other = now, false
	if b.of == nil || now.Unix() == b.now {
		return
	}
	b.now = now.Unix()
	for i, l := range b.lists {
		b.grids[i] = l.At(b.now)
	}
	if now.Sub(b.roused) >= time.Minute {
		b.roused = now
		b.rouse()
	}
}

// listOf returns the index of the archives of a series.
func (b *outbox) listOf(series string) uint16 {
	if b.of == nil {
		return 0
	}
	list := b.of(series)
	for i, l := range b.lists {
		if slices.Equal(l, list) {
			return uint16(i)
		}
	}
	b.lists = append(b.lists, list)
	b.grids = append(b.grids, list.At(b.now))
	b.meetEnds(list)
	if len(list) > 0 {
		b.see(list[0].Step)
	}
	return uint16(len(b.lists) - 1)
}

func (a *archives) see(step int64) {
	if a.unit == 0 || step < a.unit {
		a.unit = step
	}
}

// stepIndex returns the place of a step among the steps. There are a handful.
func (a *archives) stepIndex(step int64) uint8 {
	if a.steps == nil {
		a.steps = []int64{0}
	}
	i := slices.Index(a.steps, step)
	if i < 0 {
		i = len(a.steps)
		a.steps = append(a.steps, step)
		a.see(step)
	}
	return uint8(min(i, 255))
}

// step returns how many seconds a point covers: by default as many as the
// finest archive.
func (b *outbox) step(e *entry) int64 {
	if e.step > 0 {
		return b.steps[e.step]
	}
	if list := b.listFor(e); len(list) > 0 {
		return list[0].Step
	}
	return 0
}

func (b *outbox) listFor(e *entry) retention.List {
	if b.of == nil {
		return nil
	}
	return b.lists[b.names.list[e.series].list]
}

// A verdict says what is to be done with a point whose turn it is.
type verdict int

const (
	goes    verdict = iota // as it is
	merges                 // with the others of its longer step
	waits                  // until the archive has ended that has some of those
	stays                  // in the history: all of its step is in Carbon, and it is too old to go again
	lacks                  // others of its step have been forgotten
	expires                // no archive keeps it
)

// settle brings a point that is to go to the step that Carbon keeps at its
// age. It returns goes, waits, stays, or another verdict when the point is
// gone.
func (b *outbox) settle(i slot) verdict {
	v, parts, begin, step := b.judge(i)
	switch v {
	case merges:
		b.merge(i, parts, begin, step)
		return goes
	case lacks, expires:
		for _, part := range parts {
			if owed := b.at(part).owed; owed && v == lacks {
				b.partial++
			} else if owed {
				b.tooOld++
			}
			b.lose(part)
		}
	}
	return v
}

// judge also returns the points that the verdict is on, and their step where
// they are to be merged.
func (b *outbox) judge(i slot) (v verdict, parts []slot, begin, step int64) {
	e := b.at(i)
	list := b.listFor(e)
	if len(list) == 0 {
		return goes, nil, 0, 0
	}
	step, ok := b.grids[b.names.list[e.series].list].Step(int64(e.time))
	if !ok {
		return expires, []slot{i}, 0, 0
	}
	level := slices.IndexFunc(list, func(a retention.Archive) bool { return a.Step == step })
	// A step that cannot be sent as a whole yet may still do as a finer one.
	for ; level > 0 && list[level].Step > b.step(e); level-- {
		step = list[level].Step
		begin = int64(e.time) - int64(e.time)%step
		parts = b.parts(e.series, begin, step)
		whole := b.names.list[e.series].gone <= begin
		went, owed := b.tell(parts)
		went = went || !whole
		end := b.now - list[level-1].Span // what is older has left the finer archive
		switch {
		case went && begin >= end+cacheTime:
			continue
		case !owed:
			// What Carbon may have lost of it could only be sent as a part.
			return stays, parts, begin, step
		case went && begin > end:
			return waits, parts, begin, step
		case whole:
			return merges, parts, begin, step
		default:
			return lacks, parts, begin, step
		}
	}
	return goes, nil, 0, 0
}

// tell says whether any of the points was ever sent, and whether any is owed.
func (b *outbox) tell(parts []slot) (went, owed bool) {
	for _, part := range parts {
		e := b.at(part)
		went = went || e.tries >= sent
		owed = owed || e.owed
	}
	return went, owed
}

// parts returns the points of a series that lie within a step.
func (b *outbox) parts(series uint32, begin, step int64) []slot {
	var parts []slot
	for _, m := range b.names.list[series].points.between(begin, begin+step) {
		parts = append(parts, m.slot)
	}
	return parts
}

// merge makes one of the parts stand for the whole step. The others go.
func (b *outbox) merge(i slot, parts []slot, begin, step int64) {
	e := b.at(i)
	values := make([]float64, 0, len(parts))
	for _, part := range parts {
		values = append(values, b.at(part).value)
		if part != i {
			b.forget(part)
		}
	}
	points := &b.names.list[e.series].points
	points.remove(e.time)
	e.time, e.step, e.tries = uint32(begin), b.stepIndex(step), 0
	e.value = rollup(b.names.series(e.series), values)
	points.insert(e.time, i)
	if !e.owed {
		e.owed = true
		b.owed++
	}
}

// rollup merges values as Carbon does with the aggregation that logfeed's
// names ask for: counts add up, and of what is neither a count nor an extreme
// Carbon makes the average.
func rollup(series string, values []float64) float64 {
	name := point.Name(series)
	switch {
	case strings.HasSuffix(name, ".min"):
		return slices.Min(values)
	case strings.HasSuffix(name, ".max"), strings.Contains(name, ".logfeed.lag.") && !strings.HasSuffix(name, ".count"):
		return slices.Max(values)
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	if !strings.HasSuffix(name, ".count") {
		sum /= float64(len(values))
	}
	return sum
}

// lose forgets a point that may be in Carbon, or should be: no whole can be
// made any more of what lies in its longer steps.
func (b *outbox) lose(i slot) {
	e := b.at(i)
	n := &b.names.list[e.series]
	n.gone = max(n.gone, int64(e.time)+b.step(e))
	b.forget(i)
}

// covered tells whether a point for a longer step stands for this one too.
func (b *outbox) covered(id uint32, unix, step int64) bool {
	if b.of == nil {
		return false
	}
	for _, a := range b.lists[b.names.list[id].list] {
		if a.Step <= step {
			continue
		}
		i, ok := b.names.list[id].points.find(unix - unix%a.Step)
		if ok && b.step(b.at(i)) >= a.Step {
			return true
		}
	}
	return false
}

// supersede drops the points that one for a longer step now stands for.
func (b *outbox) supersede(id uint32, begin, step int64) {
	if b.of == nil || step <= b.unit {
		return
	}
	for _, i := range b.parts(id, begin, step) {
		if b.step(b.at(i)) < step && int64(b.at(i).time) != begin {
			b.forget(i)
		}
	}
}

// rouse makes resting points whose time has come wait for their turn again.
// What can be merged is merged now: what is forgotten meanwhile must not count
// as missing.
func (b *outbox) rouse() {
	for range b.count[resting] {
		i, ok := b.first(resting)
		if !ok {
			return // one that was merged took the others along
		}
		switch b.settle(i) {
		case waits:
			b.toBack(resting, i)
		case stays:
			b.toBack(delivered2, i)
		case goes:
			b.rejoin(i)
		}
	}
}

// rejoin puts a resting point among those that wait for their turn.
func (b *outbox) rejoin(i slot) {
	if b.at(i).owed {
		b.unlink(i)
		b.line(i)
		return
	}
	b.toFront(replaying, i)
	b.sortReplay([]slot{i})
}
