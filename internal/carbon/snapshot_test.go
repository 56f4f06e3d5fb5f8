package carbon

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// A sender that is made from the snapshot of one that ended at any moment
// sends all that one would have sent again.
func TestRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := f.sender(Options{}, nil)
		g := NewGroup(GroupOptions{}, s)
		w := truth{}
		w.write(t, g, some(10, base)...)
		time.Sleep(130 * time.Second) // delivered
		w.write(t, g, some(5, base)...)
		w.write(t, g, some(10, base+60)...)
		time.Sleep(time.Second) // in doubt
		f.set(func() { f.full = true })
		w.write(t, g, some(10, base+120)...) // waiting
		snap := s.Snapshot()
		if len(snap.Undelivered) != 25 || len(snap.Delivered) != 5 {
			t.Errorf("%d undelivered, %d delivered", len(snap.Undelivered), len(snap.Delivered))
		}
		stopNow(g)
		f.set(func() { f.full, f.lines = false, nil })
		time.Sleep(3 * time.Hour)

		begin := time.Now()
		g = NewGroup(GroupOptions{}, f.sender(Options{Restore: &snap}, nil))
		defer stopNow(g)
		drain(t, g)
		final := truth{}
		for _, l := range f.got() {
			final[carbontest.Key{Series: l.Series, Time: l.Time}] = l.Value
		}
		if len(final) != len(w) {
			t.Errorf("%d cells, want %d", len(final), len(w))
		}
		n := len(f.got())
		if n != 30 || f.got()[0].Time != base {
			t.Errorf("%d points, the first %+v", n, f.got()[0])
		}
		time.Sleep(5 * time.Minute)
		got := f.got()[n:]
		if len(got) < 30 {
			t.Fatalf("%d points once more", len(got))
		}
		within(t, "once more", got[0].At.Sub(begin), 2*time.Minute, 3*time.Minute)
	})
}

func TestSnapshotOrder(t *testing.T) {
	b := testOutbox(100, 100)
	put(t, b, some(10, base)...)
	b.take(waiting, nil, 4, 1<<20)
	if got := b.snapshot().Undelivered; !slices.Equal(got, some(10, base)) {
		t.Errorf("got %v", got)
	}
	b.confirm(time.Unix(base+1000, 0))
	snap := b.snapshot()
	c := testOutbox(100, 100)
	c.restore(&snap)
	got := append(takeAll(c, waiting), takeAll(c, replaying)...)
	if want := append(some(10, base)[4:], some(10, base)[:4]...); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
