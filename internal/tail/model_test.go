package tail

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seeds = flag.Int("seeds", 150, "random stories that the model test tells")
	seed  = flag.Uint64("seed", 0, "the one random story to tell, 0 for many")
)

// TestModel does at random what happens to logs. The oracle is the set of
// lines that were written: each must be given out once. Time is the test's
// own, so that a story of minutes takes milliseconds.
func TestModel(t *testing.T) {
	if *seed != 0 {
		tell(t, *seed, true)
		return
	}
	for i := range *seeds {
		if tell(t, uint64(i+1), true); t.Failed() {
			return
		}
	}
}

// TestModelWatched tells a few of them in real time, with fsnotify. In every
// other one few events are too many, so that directories rest and are watched
// again all the time.
func TestModelWatched(t *testing.T) {
	for i := range 4 {
		tell(t, uint64(1000+i), false)
	}
}

func tell(t *testing.T, seed uint64, bubble bool) {
	t.Helper()
	d := newDir(t)
	m := &model{dir: d, seed: seed, rnd: rand.New(rand.NewPCG(seed, 1)), names: map[string]*os.File{}}
	if bubble {
		synctest.Test(t, func(t *testing.T) { m.dir.t = t; m.run(t, true) })
	} else {
		m.run(t, false)
	}
	d.must(os.RemoveAll(d.path))
}

// A model knows what was written to each log and by whom it is still written.
type model struct {
	dir
	seed  uint64
	rnd   *rand.Rand
	r     *run
	names map[string]*os.File // the writer of each log
	old   []*os.File          // writers of rotated files
	open  map[*os.File]string // the line that a writer has begun
	lines []string
	past  []string
	made  int
	turns map[string]int
	known map[string]bool

	o        Options
	down     bool
	before   []string          // lines given out in earlier runs
	unlinked map[*os.File]bool // only a descriptor leads to what they write
}

var modelPatterns = [][]string{
	{"a.log", "b.log", "link.log"},
	{"a.log*", "b.log", "link.log"},
	{"*.log", "*.log"},
	{"*.log*"},
	{"**/*.log", "a.log"},
}

func (m *model) run(t *testing.T, bubble bool) {
	m.open, m.turns, m.known = map[*os.File]string{}, map[string]int{}, map[string]bool{}
	if m.rnd.IntN(2) == 0 {
		m.writer("a.log")
	}
	o := Options{NoWatch: bubble, BlockSize: 64 << m.rnd.IntN(8)}
	for _, p := range modelPatterns[m.rnd.IntN(len(modelPatterns))] {
		o.Patterns = append(o.Patterns, m.at(p))
	}
	m.o, m.unlinked = o, map[*os.File]bool{}
	m.follow(t)
	defer func() { m.r.stop() }()
	m.rest()
	for range 20 + m.rnd.IntN(60) {
		if m.rnd.IntN(12) == 0 {
			m.restart(t)
		}
		m.step()
		if m.rnd.IntN(3) == 0 {
			m.rest()
		}
	}
	if m.down {
		m.restart(t)
	}
	for _, w := range m.writers() {
		m.finish(w)
	}
	m.end(t)
	for _, w := range m.writers() {
		m.must(w.Close())
	}
}

func (m *model) follow(t *testing.T) {
	m.r = followWith(t, m.o, func(f *Follower) {
		if m.seed%2 == 1 {
			f.watch.crowd.many, f.watch.restTime = 3, 10*testPoll
		}
	})
}

func (m *model) end(t *testing.T) {
	want := slices.Clone(m.lines)
	slices.Sort(want)
	var got []string
	for range 200 {
		m.r.caughtUp()
		m.r.mu.Lock()
		got = append(slices.Clone(m.before), m.r.lines...)
		m.r.mu.Unlock()
		if len(got) >= len(want) {
			break
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("seed %d: %s\n%s\n%s", m.seed, difference(got, want), strings.Join(m.past, "\n"), m.r.report())
	}
	if s := m.r.f.Stats(); s.Gaps != 0 && !t.Failed() {
		t.Errorf("seed %d: %d gaps of %d bytes are reported, and nothing was lost\n%s\n%s", m.seed, s.Gaps, s.GapBytes, strings.Join(m.past, "\n"), m.r.report())
	}
}

func (m *model) note(format string, a ...any) {
	m.past = append(m.past, fmt.Sprintf("%d: ", m.made)+fmt.Sprintf(format, a...))
}

// restart kills the follower, or starts it again where it was killed.
func (m *model) restart(t *testing.T) {
	if m.down {
		m.note("start")
		m.down = false
		m.o.Resume = m.r.keep(t)
		m.follow(t)
		return
	}
	for w := range m.unlinked {
		m.finish(w)
	}
	m.rest()
	for w := range m.unlinked {
		// Nobody could find its file again.
		m.must(w.Close())
		m.old = slices.DeleteFunc(m.old, func(o *os.File) bool { return o == w })
	}
	clear(m.unlinked)
	if m.rnd.IntN(2) == 0 {
		m.write(m.writer("a.log"), 1+m.rnd.IntN(50), "a.log, in haste")
		time.Sleep(time.Duration(m.rnd.IntN(4)) * testPoll / 2)
	}
	for _, name := range []string{"a.log", "b.log"} {
		if !m.known[name] {
			m.writer(name)
		}
	}
	m.note("kill")
	m.r.stop()
	m.down = true
	m.before = append(m.before, m.r.lines...)
}

// rest lets the follower look a few times.
func (m *model) rest() {
	if m.down {
		return
	}
	m.note("rest")
	n := len(m.past)
	_ = n
	m.r.caughtUp()
	time.Sleep(3 * testPoll)
	m.r.caughtUp()
}

func (m *model) writer(name string) *os.File {
	w := m.names[name]
	if w == nil {
		m.note("create %s", name)
		w = m.dir.open(name)
		m.names[name] = w
		if !m.known[name] && m.r != nil {
			// A log that no look has ever shown can only be found by its pattern.
			m.rest()
		}
		m.known[name] = true
	}
	return w
}

func (m *model) writers() []*os.File {
	ws := slices.Clone(m.old)
	for _, name := range []string{"a.log", "b.log"} {
		if w := m.names[name]; w != nil {
			ws = append(ws, w)
		}
	}
	return ws
}

func (m *model) name() string { return []string{"a.log", "a.log", "b.log"}[m.rnd.IntN(3)] }

func (m *model) step() {
	name := m.name()
	switch m.rnd.IntN(14) {
	case 0, 1, 2, 3:
		m.write(m.writer(name), 1+m.rnd.IntN(20), name)
	case 4:
		m.part(m.writer(name), name)
	case 5, 6:
		m.rotate(name)
	case 7:
		m.compress(name)
	case 8:
		m.copyTruncate(name)
	case 9:
		m.truncateRead(name)
	case 10:
		m.deleteRead(name)
	case 11:
		m.replace(name)
	case 12:
		m.link()
	case 13:
		if len(m.old) > 0 {
			m.write(m.old[m.rnd.IntN(len(m.old))], 1+m.rnd.IntN(3), "an old file")
		}
	}
}

// write writes whole lines, the first of which may have been begun already.
func (m *model) write(w *os.File, n int, what string) {
	m.note("write %d to %s", n, what)
	var b strings.Builder
	for range n {
		b.WriteString(m.line(w) + "\n")
	}
	_, err := w.WriteString(b.String())
	m.must(err)
}

// line returns the rest of the line that w has begun, or a whole new one.
func (m *model) line(w *os.File) string {
	if rest, ok := m.open[w]; ok {
		delete(m.open, w)
		return rest
	}
	m.made++
	l := fmt.Sprintf("%d %s", m.made, strings.Repeat("x", m.rnd.IntN(100)))
	m.lines = append(m.lines, l)
	return l
}

func (m *model) part(w *os.File, what string) {
	if _, ok := m.open[w]; ok {
		return
	}
	m.note("write part of a line to %s", what)
	l := m.line(w)
	k := m.rnd.IntN(len(l))
	m.open[w] = l[k:]
	_, err := w.WriteString(l[:k])
	m.must(err)
}

func (m *model) finish(w *os.File) {
	if _, ok := m.open[w]; ok {
		m.write(w, 1, "the end of a line")
	}
}

// leave closes a writer, or keeps it as one that still writes to its old file.
func (m *model) leave(name string, keep bool) {
	w := m.names[name]
	delete(m.names, name)
	if keep {
		m.old = append(m.old, w)
		return
	}
	m.finish(w)
	m.must(w.Close())
}

func (m *model) rotated(name string, k int) string { return fmt.Sprintf("%s.%d", name, k) }

func (m *model) rotate(name string) {
	if m.names[name] == nil {
		return
	}
	m.note("rotate %s", name)
	m.leave(name, m.rnd.IntN(2) == 0)
	for k := m.turns[name]; k > 0; k-- {
		for _, end := range []string{"", ".gz", ".zst"} {
			if _, err := os.Stat(m.at(m.rotated(name, k) + end)); err == nil {
				m.rename(m.rotated(name, k)+end, m.rotated(name, k+1)+end)
			}
		}
	}
	m.turns[name]++
	m.rename(name, m.rotated(name, 1))
	if m.rnd.IntN(2) == 0 {
		m.writer(name)
	}
}

// compress packs a rotated file. If somebody may still write to it, only the
// follower's descriptor leads there afterwards, so it must have been seen.
func (m *model) compress(name string) {
	if m.turns[name] == 0 {
		return
	}
	from := m.rotated(name, 1+m.rnd.IntN(m.turns[name]))
	if _, err := os.Stat(m.at(from)); err != nil {
		return
	}
	if len(m.old) > 0 {
		if m.down {
			return
		}
		m.rest()
	}
	for _, w := range m.old {
		m.mark(w, from)
	}
	to := from + []string{".gz", ".zst"}[m.rnd.IntN(2)]
	m.note("compress %s to %s", from, to)
	m.dir.compress(from, to)
}

// mark notes that what w writes to is about to lose its only name.
func (m *model) mark(w *os.File, name string) {
	a, errA := w.Stat()
	b, errB := os.Stat(m.at(name))
	if errA == nil && errB == nil && os.SameFile(a, b) {
		m.unlinked[w] = true
	}
}

func (m *model) copyTruncate(name string) {
	if m.names[name] == nil {
		return
	}
	m.finish(m.names[name])
	m.rest()
	m.turns[name]++
	to := fmt.Sprintf("%s-2026%04d", name, m.turns[name])
	m.note("copy %s to %s and truncate it", name, to)
	m.copy(name, to)
	m.truncate(name)
}

func (m *model) truncateRead(name string) {
	if m.names[name] == nil || m.down {
		return
	}
	m.finish(m.names[name])
	m.rest()
	m.note("truncate %s", name)
	m.truncate(name)
	m.rest()
}

func (m *model) deleteRead(name string) {
	if m.names[name] == nil || m.down {
		return
	}
	m.rest()
	m.note("delete %s", name)
	m.mark(m.names[name], name)
	keep := m.rnd.IntN(2) == 0
	if !keep {
		delete(m.unlinked, m.names[name])
	}
	m.leave(name, keep)
	m.rest()
	m.remove(name)
}

// replace puts a file of the same content in the place of a log.
func (m *model) replace(name string) {
	info, err := os.Stat(m.at(name))
	if err != nil || info.Size() < headEnough || m.names[name] == nil {
		return
	}
	m.finish(m.names[name])
	m.rest()
	m.note("replace %s by a copy", name)
	m.leave(name, false)
	m.copy(name, "t.tmp")
	m.rename("t.tmp", name)
	m.rest()
}

// link lets a symbolic link show another log.
func (m *model) link() {
	to := m.name()
	m.note("link link.log to %s", to)
	_ = os.Remove(m.at("link.log"))
	m.must(os.Symlink(m.at(to), m.at("link.log")))
}
