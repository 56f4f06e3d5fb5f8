package tail

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A rotating log has a backlog of rotations, and goes on being written, rotated
// and compressed while that is read.
type rotating struct {
	dir
	rnd   *rand.Rand
	files []string // oldest first, the log itself last
	now   int
	past  []string
}

// TestRotatedWhileBehind reads a log and all its rotations from the start while
// more is written and they move on, with a restart now and then. Each line
// counts once, and no file is behind the ones after it.
func TestRotatedWhileBehind(t *testing.T) {
	first, n := uint64(time.Now().UnixNano()), 25
	if *seed != 0 {
		first, n = *seed, 1
	}
	t.Logf("seed %d", first)
	for i := range n {
		d := newDir(t)
		synctest.Test(t, func(t *testing.T) {
			d.t = t
			rotateWhileBehind(t, d, first+uint64(i))
		})
		d.must(os.RemoveAll(d.path))
		if t.Failed() {
			return
		}
	}
}

func rotateWhileBehind(t *testing.T, d dir, seed uint64) {
	l := &rotating{dir: d, rnd: rand.New(rand.NewPCG(seed, 3)), now: 1000, files: []string{"a.log"}}
	l.append(l.rnd.IntN(300))
	for range l.rnd.IntN(8) {
		l.turn()
		l.append(l.rnd.IntN(300))
	}
	c := clocks{}
	o := Options{
		Patterns: []string{d.at("a.log*")}, FromStart: true, NoWatch: true, BlockSize: 64 << l.rnd.IntN(6),
		TimeOf: timeOf, Clock: c.of,
	}
	var got []string
	quiet, work := 0, 40
	for quiet < 20 {
		f, err := New(o)
		d.must(err)
		for b, err := range f.Batches(t.Context()) {
			d.must(err)
			c.take(b)
			for line := range b.Lines() {
				got = append(got, string(line))
			}
			b.Release()
			time.Sleep(time.Duration(l.rnd.IntN(300)) * time.Millisecond)
			if quiet++; work > 0 || b.Tick == nil || b.Tick.Behind {
				quiet = 0
			}
			if work > 0 && l.rnd.IntN(4) == 0 {
				work--
				l.step()
			}
			if quiet >= 20 || work > 0 && l.rnd.IntN(50) == 0 {
				l.note("stop or restart")
				break
			}
		}
		s := f.State()
		o.Resume = &s
		if f.Stats().Gaps != 0 {
			t.Errorf("seed %d: %d gaps", seed, f.Stats().Gaps)
		}
	}
	want := strings.Split(strings.TrimSuffix(lines("line", 1000, l.now-1000), "\n"), "\n")
	slices.Sort(want)
	if slices.Sort(got); l.now > 1000 && !slices.Equal(got, want) {
		t.Errorf("seed %d: %s\n%s", seed, difference(got, want), strings.Join(l.past, "\n"))
	}
}

func (l *rotating) note(format string, a ...any) { l.past = append(l.past, fmt.Sprintf(format, a...)) }

func (l *rotating) step() {
	switch l.rnd.IntN(5) {
	case 0:
		l.turn()
	case 1:
		l.squeeze()
	default:
		l.append(1 + l.rnd.IntN(30))
	}
}

func (l *rotating) append(n int) {
	l.note("%d lines", n)
	l.write("a.log", lines("line", l.now, n))
	l.now += n
}

// turn renames every file by one, as logrotate does, and begins a new one.
func (l *rotating) turn() {
	l.note("rotate %v", l.files)
	for i, from := range l.files {
		to := fmt.Sprintf("a.log.%d", len(l.files)-i)
		if Unpacked(from) != from {
			to += from[len(Unpacked(from)):]
		}
		l.rename(from, to)
		l.files[i] = to
	}
	l.files = append(l.files, "a.log")
	l.write("a.log", "")
}

// squeeze compresses one of the rotations.
func (l *rotating) squeeze() {
	i := l.rnd.IntN(len(l.files))
	from := l.files[i]
	if from == "a.log" || Unpacked(from) != from {
		return
	}
	l.files[i] = from + []string{".gz", ".zst"}[l.rnd.IntN(2)]
	l.note("compress %s to %s", from, l.files[i])
	l.compress(from, l.files[i])
}
