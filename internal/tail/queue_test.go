package tail

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// allowDescriptors lets the test open n files more than are open now.
func allowDescriptors(t *testing.T, n int) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = uint64(len(fds) + n)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	})
}

// TestFewDescriptors reads more files than can be open at a time, with several
// logs side by side, copies among them, interruptions and renamings on the way,
// and sees that they are read in the order of time all the same.
func TestFewDescriptors(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	d := newDir(t)
	var want []string
	var names []string
	for _, log := range []string{"a", "b", "c"} {
		for piece := range 80 {
			text := lines(log, 1000+piece*30, 30)
			want = append(want, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
			name := fmt.Sprintf("%s.log.%d", log, rnd.IntN(1e9)) // the order of names says nothing
			d.write(name, text)
			switch rnd.IntN(4) {
			case 0:
				d.compress(name, name+".gz")
				name += ".gz"
			case 1:
				d.pack(name, name+".gz")
			}
			names = append(names, name)
		}
	}
	slices.Sort(want)
	allowDescriptors(t, 40)
	c := clocks{}
	o := Options{Patterns: []string{d.at("*")}, Once: true, FromStart: true, BlockSize: 256, TimeOf: timeOf, Clock: c.of, Poll: testPoll}
	var got []string
	var high, low int64
	var errors int64
	for again := true; again; {
		again = false
		f, err := New(o)
		d.must(err)
		for b, err := range f.Batches(t.Context()) {
			d.must(err)
			if b.Tick != nil {
				if !b.Tick.Behind && len(got) < len(want) {
					t.Errorf("a tick says that all was read after %d lines of %d", len(got), len(want))
				}
				continue
			}
			// A file that goes on where another was read to comes with its clock.
			first, last := c.take(b)
			if low = max(low, high-20); first < low {
				t.Errorf("a line of %d comes after one of %d", first, high)
			}
			high = max(high, last)
			for l := range b.Lines() {
				got = append(got, string(l))
			}
			b.Release()
			if rnd.IntN(40) == 0 {
				name := names[rnd.IntN(len(names))]
				to := fmt.Sprintf("%s.%d", strings.TrimSuffix(name, ".gz"), rnd.IntN(1e9))
				if os.Rename(d.at(name), d.at(to)) == nil {
					names = append(names, to)
				}
			}
			if again = rnd.IntN(400) == 0; again {
				break
			}
		}
		s := f.State()
		o.Resume = &s
		errors += f.Stats().OpenErrors
		if g := f.Stats().Gaps; g != 0 {
			t.Errorf("%d gaps", g)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Error(difference(got, want))
	}
	if errors == 0 {
		t.Error("all files could be opened at a time")
	}
}
