package retention

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func parse(t *testing.T, text string) List {
	t.Helper()
	list, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestStockEdges(t *testing.T) {
	list := parse(t, "60s:1d,5m:30d,1h:3y")
	const now = 1_800_000_000 // a multiple of an hour
	for _, c := range []struct {
		now, when, step int64
	}{
		{now, now, 60},
		{now, now + 290, 60},
		{now, now - 23*hour, 60},
		{now, now - 23*hour - 1, 300},
		{now + 1, now - 23*hour, 300}, // the step that began before the edge is coarse, all of it
		{now + 1, now - 23*hour + 299, 300},
		{now + 1, now - 23*hour + 300, 60},
		{now + 300, now - 23*hour + 300, 60},
		{now, now - 30*day + 2*hour, 300},
		{now, now - 30*day + 2*hour - 1, hour},
		{now + 1, now - 30*day + 2*hour, hour},
		{now, now - 3*year + 2*hour, hour},
		{now, now - 3*year + 2*hour - 1, 0},
	} {
		step, ok := list.At(c.now).Step(c.when)
		if step != c.step || ok != (step > 0) {
			t.Errorf("at %+d the step of %+d is %d, %v; want %d", c.now-now, c.when-now, step, ok, c.step)
		}
	}
}

// TestShortArchives shows what becomes of archives that the margin eats up.
func TestShortArchives(t *testing.T) {
	const now = 20_833 * day
	for _, c := range []struct {
		list, fed string
		age, step int64
	}{
		// A single archive keeps at least half of its span.
		{"60s:1h", "60s:1h", 30 * minute, 60},
		{"60s:1h", "60s:1h", 30*minute + 1, 0},
		{"60s:1d", "60s:1d", 23 * hour, 60},
		{"60s:1d", "60s:1d", 23*hour + 1, 0},
		{"1s:1s", "1s:1s", 0, 1},
		{"1s:1s", "1s:1s", 1, 0},
		// An hour of margin leaves nothing of an hour, not for the future either.
		{"10s:1h,60s:1d", "60s:1d", 0, 60},
		{"10s:1h,60s:1d", "60s:1d", -290, 60},
		{"10s:91m,60s:1d", "10s:91m,60s:1d", 31 * minute, 10},
		{"10s:91m,60s:1d", "10s:91m,60s:1d", 32 * minute, 60},
		{"10s:90m,60s:1d", "60s:1d", 0, 60},
		// Two coarse steps are two days, for which there is no room.
		{"60s:1d,30m:2d,1d:3y", "60s:1d,30m:2d,1d:3y", 23 * hour, 60},
		{"60s:1d,30m:2d,1d:3y", "60s:1d,30m:2d,1d:3y", 24 * hour, 1800},
		{"60s:1d,30m:2d,1d:3y", "60s:1d,30m:2d,1d:3y", 24*hour + 1, day},
		// The edge of the second archive comes before that of the first.
		{"60s:3d,10m:74h,1d:1y", "60s:3d,10m:74h,1d:1y", 24 * hour, 60},
		{"60s:3d,10m:74h,1d:1y", "60s:3d,10m:74h,1d:1y", 24*hour + 1, day},
		// One that is too short takes the finer ones along.
		{"60s:12h,30m:24h,1d:1y", "1d:1y", 0, day},
	} {
		list := parse(t, c.list)
		if fed := list.Fed().String(); fed != c.fed {
			t.Errorf("of %s is fed %s, want %s", c.list, fed, c.fed)
		}
		if step, ok := list.At(now).Step(now - c.age); step != c.step || ok != (step > 0) {
			t.Errorf("%s: the step %d s ago is %d, %v; want %d", c.list, c.age, step, ok, c.step)
		}
	}
	if step, ok := (Grid{}).Step(now); ok {
		t.Errorf("the zero grid has a step of %d", step)
	}
	if fed := (List)(nil).Fed(); fed != nil {
		t.Errorf("of nothing is fed %v", fed)
	}
}

// TestGridAgainstOracle compares with the definition, worked out line by line
// and second by second.
func TestGridAgainstOracle(t *testing.T) {
	random := seeded(t)
	for range 1000 {
		list := randomList(random)
		now := 1_500_000_000 + random.Int64N(300_000_000)
		grid := list.At(now)
		for range 20 {
			when := now + 300 - random.Int64N(list[random.IntN(len(list))].Span*5/4)
			step, ok := grid.Step(when)
			if want := oracle(list, now, when); step != want || ok != (want > 0) {
				t.Fatalf("%s at %d: the step of %d is %d, %v; want %d", list, now, when, step, ok, want)
			}
			later := now + random.Int64N(list[0].Span)
			if next, stillOK := list.At(later).Step(when); stillOK && (!ok || next < step) {
				t.Fatalf("%s: the step of %d shrinks from %d at %d to %d at %d", list, when, step, now, next, later)
			}
		}
	}
}

// oracle returns the step of a time, or 0: the coarsest that any archive asks
// for.
func oracle(list List, now, when int64) int64 {
	last := list[len(list)-1]
	margin := max(hour, 2*last.Step)
	if 2*margin > last.Span {
		margin = last.Span - last.Span/2
	}
	if beginning(when, last.Step) < now-(last.Span-margin) {
		return 0
	}
	step := list[0].Step
	for i, archive := range list[:len(list)-1] {
		coarse := list[i+1].Step
		margin := max(hour, 2*coarse)
		if archive.Span-margin < coarse+30*minute {
			margin = hour
		}
		tooShort := archive.Span-margin < coarse+30*minute
		if tooShort || beginning(when, coarse) < now-(archive.Span-margin) {
			step = coarse
		}
	}
	return step
}

func beginning(when, step int64) int64 {
	for when%step != 0 {
		when--
	}
	return when
}

// TestGridKeepsEveryArchiveExact sums random lines to the steps of the grid,
// writes them into a whisper file as Carbon does, each after some time in its
// cache, in any order, and looks at every cell of every archive.
func TestGridKeepsEveryArchiveExact(t *testing.T) {
	random := seeded(t)
	for range 150 {
		list := randomList(random)
		now := 1_500_000_000 + random.Int64N(300_000_000)
		lines := randomLines(random, list, now)
		file := newWhisper(list)
		for _, p := range sums(list.At(now), lines, random) {
			// The cache delays no longer than the margin, of which the last
			// archive may have less.
			last := list[len(list)-1]
			delay := random.Int64N(min(hour, (last.Span+1)/2))
			file.write(p.start, p.total, now+delay)
		}
		checkCells(t, list, now, lines, file)
	}
}

// randomLines returns the times of lines, many of them near the edges.
func randomLines(random *rand.Rand, list List, now int64) []int64 {
	var lines []int64
	for range 300 {
		archive := list[random.IntN(len(list))]
		age := random.Int64N(archive.Span)
		if random.IntN(2) == 0 {
			age = archive.Span - random.Int64N(min(archive.Span, 3*hour))
		}
		lines = append(lines, now-age)
	}
	return lines
}

type total struct{ start, total int64 }

// sums returns one total for each bucket that the grid asks for, shuffled.
func sums(grid Grid, lines []int64, random *rand.Rand) []total {
	sum := make(map[int64]int64)
	for _, when := range lines {
		if step, ok := grid.Step(when); ok {
			sum[beginning(when, step)]++
		}
	}
	var all []total
	for start, n := range sum {
		all = append(all, total{start, n})
	}
	slices.SortFunc(all, func(a, b total) int { return int(a.start - b.start) })
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// checkCells holds every archive to the truth at its own step, from its own
// edge on.
func checkCells(t *testing.T, list List, now int64, lines []int64, file *whisper) {
	t.Helper()
	grid := list.At(now)
	for i, archive := range list {
		want := make(map[int64]int64)
		for _, when := range lines {
			if step, ok := grid.Step(when); ok && step <= archive.Step {
				want[beginning(when, archive.Step)]++
			}
		}
		for start, n := range want {
			if got := file.cell(i, start); got != n {
				t.Fatalf("%s at %d: the cell of %s at %d is %d, want %d", list, now, archive, start, got, n)
			}
		}
	}
}

// whisper is a file as whisper.py keeps it, with the method sum and an
// xFilesFactor of 0.
type whisper struct {
	list  List
	rings []map[int64]total // for each archive, by slot
}

func newWhisper(list List) *whisper {
	w := &whisper{list: list}
	for range list {
		w.rings = append(w.rings, make(map[int64]total))
	}
	return w
}

func (w *whisper) slot(i int, start int64) int64 { return start % w.list[i].Span / w.list[i].Step }

// cell returns what an archive holds of a step, 0 if another one has its slot.
func (w *whisper) cell(i int, start int64) int64 {
	if c := w.rings[i][w.slot(i, start)]; c.start == start {
		return c.total
	}
	return 0
}

func (w *whisper) set(i int, start, value int64) {
	w.rings[i][w.slot(i, start)] = total{start, value}
}

// write puts one point into the finest archive that covers its age, and makes
// the cells of the coarser ones from the cells of the one before. In the very
// second in which a point is as old as the span, whisper lets it take the slot
// of the present; that is left out here.
func (w *whisper) write(when, value, now int64) {
	at := slices.IndexFunc(w.list, func(a Archive) bool { return now-when < a.Span })
	if at < 0 {
		return
	}
	w.set(at, beginning(when, w.list[at].Step), value)
	for i := at + 1; i < len(w.list); i++ {
		start := beginning(when, w.list[i].Step)
		sum := int64(0)
		for c := start; c < start+w.list[i].Step; c += w.list[i-1].Step {
			sum += w.cell(i-1, c)
		}
		w.set(i, start, sum)
	}
}
