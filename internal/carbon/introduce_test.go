package carbon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
)

// firsts returns when each series came for the first time, in that order.
func firsts(lines []carbontest.Line) (at []time.Time, series []string) {
	seen := make(map[string]bool)
	for _, l := range lines {
		if !seen[l.Series] {
			seen[l.Series] = true
			at, series = append(at, l.At), append(series, l.Series)
		}
	}
	return at, series
}

// final returns the last value of each cell.
func final(lines []carbontest.Line) map[carbontest.Key]string {
	last := make(map[carbontest.Key]string)
	for _, l := range lines {
		last[key(l)] = l.Value
	}
	return last
}

// atMost checks that no stretch of time of the given length, its end left out,
// holds more than n.
func atMost(t *testing.T, what string, at []time.Time, n int, length time.Duration) {
	t.Helper()
	for i := n; i < len(at); i++ {
		if d := at[i].Sub(at[i-n]); d < length {
			t.Fatalf("%s: %d within %v, want %d in %v at most", what, n+1, d, n, length)
		}
	}
}

func times(lines []carbontest.Line) []time.Time {
	var at []time.Time
	for _, l := range lines {
		at = append(at, l.At)
	}
	return at
}

// One point of a new series comes first, the others when Carbon had time to
// create it, that one among them; new series come evenly.
func TestIntroduction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		said := &records{}
		g := NewGroup(GroupOptions{}, f.sender(Options{Once: true, MaxCreates: 30}, said))
		defer stopNow(g)
		w := truth{}
		for i := range int64(10) {
			w.write(t, g, some(100, base+60*i)...)
		}
		begin := time.Now()
		time.Sleep(time.Second)
		if st := g.Stats()[0]; st.NewSeries != 99 || st.Held != 999 || st.Waiting != 0 {
			t.Errorf("%+v", st)
		}
		drain(t, g)
		within(t, "everything", time.Since(begin), 99*2*time.Second, 99*2*time.Second+6*time.Second)
		lines := f.got()
		at, series := firsts(lines)
		atMost(t, "new series", at, 1, 2*time.Second)
		if len(lines) != 1100 || !maps.Equal(final(lines), w) {
			t.Errorf("%d points, %d cells", len(lines), len(final(lines)))
		}
		for i, name := range series {
			got := slices.DeleteFunc(slices.Clone(lines), func(l carbontest.Line) bool { return l.Series != name })
			again := slices.IndexFunc(got[1:], func(l carbontest.Line) bool { return key(l) == key(got[0]) })
			if len(got) != 11 || again < 0 || got[1].At.Sub(at[i]) < 5*time.Second {
				t.Fatalf("%s: %v", name, got)
			}
		}
		if st := g.Stats()[0]; st.NewSeries+st.Held != 0 {
			t.Errorf("%+v", st)
		}
		if said.count(sayNew) != 1 || said.count("all new series are introduced to carbon") != 1 {
			t.Errorf("said %v", said.n)
		}
	})
}

// What belongs to a known series goes at once, however many new ones wait.
func TestKnownSeriesDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{MaxCreates: 6, MaxRate: 100}, nil))
		defer stopNow(g)
		known := func(at int64) point.Point { return point.Point{Series: "known", Value: float64(at), Time: at} }
		truth{}.write(t, g, known(base))
		time.Sleep(10 * time.Second)
		for i := range int64(20) {
			truth{}.write(t, g, some(200, base+60*i)...)
		}
		for i := int64(1); i < 20; i++ {
			sent := time.Now()
			truth{}.write(t, g, known(base+60*i))
			time.Sleep(30 * time.Second)
			n := slices.IndexFunc(f.got(), func(l carbontest.Line) bool { return key(l) == carbontest.Key{Series: "known", Time: base + 60*i} })
			if n < 0 {
				t.Fatal("a point of a known series has not come in 30 s")
			}
			within(t, "a point of a known series", f.got()[n].At.Sub(sent), 0, time.Second)
		}
	})
}

// Nobody knows whether Carbon has seen the first point of a series that was
// sent on a connection that broke, so it is introduced again, at the same
// pace; what had a receipt is not.
func TestBreakEndsAnIntroduction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := Options{MaxCreates: 60, timing: timing{repeat: []time.Duration{}, settle: time.Hour, first: time.Minute}}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		w := truth{}
		for i := range int64(3) {
			w.write(t, g, some(90, base+60*i)...)
		}
		time.Sleep(75*time.Second + 500*time.Millisecond) // a receipt after 60 of them
		f.set(func() { f.lines = nil })
		f.cut(syscall.ECONNRESET)
		time.Sleep(time.Second)
		if st := g.Stats()[0]; st.NewSeries < 27 || st.NewSeries > 30 {
			t.Errorf("after the break: %+v", st)
		}
		time.Sleep(time.Minute)
		_, series := firsts(f.got())
		var fresh []time.Time
		for i, l := range f.got() {
			// The first 60 are replayed, their names tell.
			if l.Series > "apache.web1.s060" && !slices.ContainsFunc(f.got()[:i], func(e carbontest.Line) bool { return e.Series == l.Series }) {
				fresh = append(fresh, l.At)
			}
		}
		atMost(t, "new series", fresh, 1, time.Second)
		if len(series) != 90 || !maps.Equal(final(f.got()), w) {
			t.Errorf("%d series, %d cells", len(series), len(final(f.got())))
		}
	})
}

// A connection that never lives long enough for a receipt in its course gets
// all series through in the end.
func TestFlappingConnectionIntroducesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{MaxCreates: 600}, nil))
		defer stopNow(g)
		w := truth{}
		w.write(t, g, some(100, base)...)
		for range 30 {
			time.Sleep(3 * time.Second)
			f.cut(io.EOF)
		}
		if _, series := firsts(f.got()); len(series) != 100 {
			t.Errorf("%d series have come", len(series))
		}
		drain(t, g)
		if !maps.Equal(final(f.got()), w) {
			t.Errorf("%d cells", len(final(f.got())))
		}
	})
}

// A sender that goes on from the state of another introduces only what that
// one has not. Nothing is lost by a stop.
func TestIntroducedSeriesAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := Options{MaxCreates: 60, timing: timing{repeat: []time.Duration{}, first: time.Minute}}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		w := truth{}
		for i := range int64(3) {
			w.write(t, g, some(90, base+60*i)...)
		}
		time.Sleep(61 * time.Second)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		left := g.Stop(ended)
		if len(left) != 1 || left[0].Points < 30*3 {
			t.Errorf("left %v", left)
		}
		snap := g.Snapshots()[0]
		if n := len(snap.Introduced); n < 59 || n > 63 {
			t.Errorf("%d series are introduced", n)
		}
		if n := len(snap.Undelivered); n != left[0].Points {
			t.Errorf("%d points undelivered, want %v", n, left)
		}
		f.set(func() { f.lines = nil })
		o.Restore = &snap
		g = NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		time.Sleep(time.Second)
		if _, series := firsts(f.got()); len(series) < 60 || len(series) > 65 {
			t.Errorf("%d series have come at once", len(series))
		}
		drain(t, g)
		if !maps.Equal(final(f.got()), w) {
			t.Errorf("%d cells, want %d", len(final(f.got())), len(w))
		}
	})
}

// A known series is known still when its last point was forgotten long ago.
func TestIdleSeriesStayKnown(t *testing.T) {
	now := time.Unix(base, 0)
	o := Options{MaxCreates: 1, Once: true}.withDefaults()
	b := newOutbox(o, now)
	put(t, b, some(1, base)...)
	b.introduce(nil, 1, now)
	b.confirm(now)
	b.admit(now.Add(time.Minute))
	takeAll(b, replaying)
	b.confirm(now.Add(time.Minute))
	b.expire(now.Add(time.Hour))
	if b.points != 0 || b.idle != 1 {
		t.Fatalf("%d points, %d idle series", b.points, b.idle)
	}
	again := newOutbox(o, now)
	snap := b.snapshot()
	again.restore(&snap)
	for _, b := range []*outbox{b, again} {
		put(t, b, some(1, base+60)...)
		if got := takeAll(b, waiting); len(got) != 1 || b.idle != 0 {
			t.Errorf("%d points go, %d idle series", len(got), b.idle)
		}
	}
}

// A buffer full of points that are held stops the reading and nothing else.
func TestHeldPointsFillTheBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := Options{Once: true, Replay: time.Minute, MaxCreates: 60, Buffer: 1000 * pointBytes}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		w := truth{}
		begin := time.Now()
		longest := time.Duration(0)
		for i := range int64(100) {
			before := time.Now()
			w.write(t, g, some(200, base+60*i)...)
			longest = max(longest, time.Since(before))
		}
		// Room is told as soon as a receipt can be had, not once a minute.
		within(t, "the longest Write", longest, 0, 45*time.Second)
		within(t, "writing", time.Since(begin), 3*time.Minute, 5*time.Minute)
		drain(t, g)
		if st := g.Stats()[0]; st.Shed != 0 || !maps.Equal(final(f.got()), w) {
			t.Errorf("%+v", st)
		}
	})
}

// A destination at its bound loses its oldest points, held or not.
func TestShedOfHeldPoints(t *testing.T) {
	b := testOutbox(1000, 1000)
	b.watched = true
	b.acquaint("known")
	for i := range int64(10) {
		put(t, b, some(20, base+60*i)...)
		put(t, b, point.Point{Series: "known", Value: 1, Time: base + 60*i})
	}
	b.shedTo(21*4 + 7)
	if b.count[waiting] != 4 {
		t.Errorf("%d points of the known series are left", b.count[waiting])
	}
	for _, n := range b.names.list {
		for _, m := range n.points.points() {
			if at := int64(m.time); at < base+60*5 {
				t.Errorf("a point of bucket %d is still there", (at-base)/60)
			}
		}
	}
	if b.owed != 91 || b.shed != 210-91 || len(b.strangers) != 20 {
		t.Errorf("%d owed, %d shed, %d series", b.owed, b.shed, len(b.strangers))
	}
	b.shedTo(0)
	if len(b.strangers) != 0 || b.count[held] != 0 || len(b.names.ids) != 1 {
		t.Errorf("%d series, %d names", len(b.strangers), len(b.names.ids))
	}
}

// Waiting for the introduction of series is not waiting for Carbon.
func TestIntroductionIsNotStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{Once: true, Replay: -1, MaxCreates: 1}, nil))
		defer stopNow(g)
		w := truth{}
		w.write(t, g, some(10, base)...)
		begin := time.Now()
		drain(t, g)
		within(t, "ten series", time.Since(begin), 9*time.Minute, 10*time.Minute)
		f.set(func() { f.down = true })
		f.cut(io.EOF)
		w.write(t, g, point.Point{Series: "new", Value: 1, Time: base})
		var stuck *StuckError
		if err := g.Drain(t.Context()); !errors.As(err, &stuck) {
			t.Errorf("with carbon away: %v", err)
		}
	})
}

// A new series whose point ends every connection stands in nobody's way.
func TestPoisonousNewSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.poison = []byte("s000.")
		g := NewGroup(GroupOptions{}, f.sender(Options{Once: true, MaxCreates: 60}, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(50, base)...)
		var loss *LossError
		if err := g.Drain(testContext(t)); !errors.As(err, &loss) || loss.SetAside != 1 {
			t.Errorf("Drain returned %v; %+v", err, g.Stats())
		}
		if n := len(final(f.got())); n != 49 {
			t.Errorf("%d series have come", n)
		}
	})
}

// Whatever breaks, what is in Carbon in the end is right, also in one that
// creates no more than it may, and no pace is ever exceeded.
func TestPaces(t *testing.T) {
	r := random(t)
	for range 30 {
		rate, creates := 10+r.IntN(400), 20+r.IntN(600)
		if r.IntN(4) == 0 {
			rate = 0
		}
		series, buckets := 1+r.IntN(60), 1+r.IntN(20)
		t.Run(fmt.Sprintf("%d a second, %d new a minute, %d series", rate, creates, series), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.store = newStore(creates)
				o := Options{Once: r.IntN(2) == 0, MaxRate: rate, MaxCreates: creates, Buffer: int64(series+r.IntN(1000)) * pointBytes, History: 1 << 20}
				g := NewGroup(GroupOptions{}, f.sender(o, nil))
				defer stopNow(g)
				w := truth{}
				for i := range buckets {
					w.write(t, g, some(series, base+60*int64(i))...)
					time.Sleep(time.Duration(r.IntN(2000)) * time.Millisecond)
					switch r.IntN(12) {
					case 0:
						f.cut(syscall.ECONNRESET)
					case 1:
						f.set(func() { f.down = true })
						f.cut(io.EOF)
						time.Sleep(time.Duration(r.IntN(20)) * time.Second)
						f.set(func() { f.down = false })
					}
				}
				drain(t, g)
				time.Sleep(2 * time.Second)
				f.set(func() {
					if cells := f.store.cells(); !maps.Equal(cells, w) {
						t.Errorf("%d cells, want %d; %d points dropped; %+v", len(cells), len(w), f.store.dropped, g.Stats())
					}
					if rate > 0 {
						atMost(t, "points", times(f.lines), rate, time.Second)
					}
					atMost(t, "new series", f.store.created, creates, time.Minute)
				})
			})
		})
	}
}

// Where the rate is just enough for fresh points, repetitions do not make them
// fall behind, and get their share all the same.
func TestRateFavoursFreshPoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{MaxRate: 10}, nil))
		defer stopNow(g)
		for i := range int64(120) {
			begin := time.Now()
			truth{}.write(t, g, some(450, base+60*i)...)
			time.Sleep(time.Until(begin.Add(time.Minute)))
		}
		st := g.Stats()[0]
		if st.Waiting > 900 || st.Sent < 120*590 || st.Sent-120*450 < 120*100 {
			t.Errorf("%+v", st)
		}
		atMost(t, "points", times(f.got()), 10, time.Second)
	})
}
