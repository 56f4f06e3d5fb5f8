package carbon

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

// A dead destination costs the other one nothing, and itself its oldest
// points.
func TestDeadDestinationDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, well := newFake(), newFake()
		dead.down = true
		o := Options{Buffer: 1000 * pointBytes}
		g := NewGroup(GroupOptions{}, dead.sender(o, nil), well.sender(o, nil))
		defer stopNow(g)
		w := truth{}
		for i := range int64(30) {
			w.write(t, g, some(100, base+60*i)...)
			time.Sleep(time.Minute)
		}
		if st := g.Stats(); st[0].Shed != 2000 || st[0].Undelivered != 1000 || st[1].Shed != 0 || st[1].Undelivered > 100 {
			t.Errorf("%+v", st)
		}
		// What it kept are the newest.
		dead.set(func() { dead.down = false })
		time.Sleep(time.Minute)
		if got := dead.got(); len(got) != 1000 || got[0].Time != base+60*20 {
			t.Errorf("%d points, the first %+v", len(got), got[0])
		}
	})
}

// With every destination at its bound Write waits, and goes on when one has
// room. Nothing is lost where there is only one.
func TestWriteWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.down = true
		g := NewGroup(GroupOptions{}, f.sender(Options{Buffer: 1000 * pointBytes}, nil))
		defer stopNow(g)
		begin := time.Now()
		// Ends when its sleep is over.
		go func() {
			time.Sleep(10 * time.Minute)
			if !g.Full() {
				t.Error("Write waits, and the group is not full")
			}
			f.set(func() { f.down = false })
		}()
		if g.Full() {
			t.Error("nobody writes, and the group is full")
		}
		w := truth{}
		for i := range int64(50) {
			w.write(t, g, some(100, base+60*i)...)
		}
		within(t, "Write", time.Since(begin), 10*time.Minute, 11*time.Minute)
		if g.Full() {
			t.Error("Write has returned, and the group is full")
		}
		drain(t, g)
		if st := g.Stats()[0]; st.Shed != 0 || st.Delivered != 5000 {
			t.Errorf("%+v", st)
		}
	})
}

// A writer that may not be far ahead waits long before the buffer is full, and
// its points get their receipts without more being written. A destination that
// is slower than another one has all of its buffer.
func TestWriteIsNotFarAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, dead := newFake(), newFake()
		dead.down = true
		o := Options{Buffer: 1000 * pointBytes, Ahead: 200 * pointBytes}
		g := NewGroup(GroupOptions{}, f.sender(o, nil), dead.sender(o, nil))
		defer stopNow(g)
		begin := time.Now()
		w := truth{}
		for i := range int64(30) {
			w.write(t, g, some(100, base+60*i)...)
			if st := g.Stats(); min(st[0].Undelivered, st[1].Undelivered) > 200+piece {
				t.Fatalf("the writer is ahead by %d and %d points", st[0].Undelivered, st[1].Undelivered)
			}
		}
		within(t, "Write", time.Since(begin), 0, time.Minute)
		if st := g.Stats()[1]; st.Undelivered != 1000 || st.Shed != 2000 {
			t.Errorf("the destination that is away: %+v", st)
		}
	})
}

func TestWriteEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.down = true
		g := NewGroup(GroupOptions{}, f.sender(Options{Buffer: 10 * pointBytes}, nil))
		defer stopNow(g)
		cause := errors.New("signal")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(cause) })
		begin := time.Now()
		if err := g.Write(ctx, some(1000, base)); err != cause {
			t.Errorf("Write returned %v", err)
		}
		within(t, "Write", time.Since(begin), time.Minute, time.Minute)
	})
}

// A Write that is called off leaves nothing out: what the program still holds
// is to be kept on disk.
func TestWriteCalledOffTakesEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.down = true
		g := NewGroup(GroupOptions{}, f.sender(Options{Buffer: 1000 * pointBytes}, nil))
		defer stopNow(g)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		points := some(1500, base)
		if err := g.Write(ctx, points); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if err := g.Write(ctx, some(10, base+60)); err == nil {
			t.Error("no error from a context that is done")
		}
		if st := g.Stats()[0]; st.Undelivered != 1510 || st.Shed != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestShedNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.down = true
		said := &records{}
		g := NewGroup(GroupOptions{Shed: true}, f.sender(Options{Buffer: 300 * pointBytes}, said))
		defer stopNow(g)
		begin := time.Now()
		w := truth{}
		for i := range int64(10) {
			w.write(t, g, some(100, base+60*i)...)
		}
		within(t, "Write", time.Since(begin), 0, 0)
		if st := g.Stats()[0]; st.Shed != 700 || st.Undelivered != 300 || said.count(sayShed) != 1 {
			t.Errorf("%+v, said %+v", st, said)
		}
		f.set(func() { f.down = false })
		err := g.Drain(t.Context())
		var loss *LossError
		if !errors.As(err, &loss) || loss.Shed != 700 {
			t.Errorf("Drain returned %v", err)
		}
		if got := f.got(); len(got) != 300 || got[0].Time != base+60*7 {
			t.Errorf("%d points arrived", len(got))
		}
	})
}

// A break that needs points which the history had to drop is an error at the
// end.
func TestDrainKnowsOfAnIncompleteReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := Options{Once: true, Buffer: 2000 * pointBytes, History: 500 * pointBytes}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(1000, base)...)
		drain(t, g)
		if st := g.Stats()[0]; st.Kept != 500 || st.Dropped != 500 {
			t.Errorf("%+v", st)
		}
		f.cut(errPeerClosed)
		synctest.Wait()
		err := g.Drain(t.Context())
		var loss *LossError
		if !errors.As(err, &loss) || loss.Incomplete != 1 {
			t.Errorf("Drain returned %v", err)
		}
	})
}

func TestDrainEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.down = true
		g := NewGroup(GroupOptions{}, f.sender(Options{}, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(1, base)...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := g.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain returned %v", err)
		}
	})
}

func TestStop(t *testing.T) {
	tests := []struct {
		name   string
		set    func(f *fake)
		writes int
		left   int
		most   time.Duration
	}{
		{"nothing written", func(*fake) {}, 0, 0, 0},
		{"all goes out first", func(*fake) {}, 5000, 0, time.Second},
		{"nobody answers", func(f *fake) { f.down = true }, 100, 100, 8 * time.Second},
		{"a black hole", func(f *fake) { f.hole = true }, 100, 100, 8 * time.Second},
		{"no receipt", func(f *fake) { f.silent = true }, 100, 100, 8 * time.Second},
		{"takes nothing", func(f *fake) { f.full = true }, 100, 100, 8*time.Second + 200*time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				tt.set(f)
				g := NewGroup(GroupOptions{}, f.sender(Options{}, nil))
				for i := range tt.writes / 100 {
					truth{}.write(t, g, some(100, base+60*int64(i))...)
				}
				begin := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				left := g.Stop(ctx)
				within(t, "Stop", time.Since(begin), 0, tt.most)
				if tt.left == 0 && left != nil || tt.left > 0 && (len(left) != 1 || left[0].Points != tt.left) {
					t.Errorf("left %v, want %d", left, tt.left)
				}
				if len(g.Stop(ctx)) != len(left) {
					t.Error("a second Stop says something else")
				}
				time.Sleep(5 * time.Second) // a connect that cannot be called off
			})
		})
	}
}

// A stop during a long pause between two attempts tries again soon.
func TestStopTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.down = true
		g := NewGroup(GroupOptions{}, f.sender(Options{}, nil))
		truth{}.write(t, g, some(100, base)...)
		time.Sleep(time.Hour)
		time.AfterFunc(3*time.Second, func() { f.set(func() { f.down = false }) })
		begin := time.Now()
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		within(t, "Close", time.Since(begin), 3*time.Second, 5*time.Second)
	})
}

func TestRefusedPoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		said := &records{}
		g := NewGroup(GroupOptions{}, f.sender(Options{}, said))
		defer stopNow(g)
		points := some(3, base)
		bad := []point.Point{{Series: "evil 1 1\nx", Value: 1, Time: base}, {Series: "zero.time", Value: 1}}
		if err := g.Write(t.Context(), append(bad, points...)); err != nil {
			t.Fatal(err)
		}
		drain(t, g)
		if st := g.Stats()[0]; st.Refused != 2 || len(f.got()) != 3 || said.count(sayBad) != 1 {
			t.Errorf("%+v, said %+v", st, said)
		}
	})
}

// What is offered finds its place where there is room, and makes nothing else
// go where there is none.
func TestOffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.down = true
		g := NewGroup(GroupOptions{}, f.sender(Options{Buffer: 100 * pointBytes}, nil))
		defer stopNow(g)
		own := point.Point{Series: "a.logfeed.lines.count", Value: 1, Time: base - 60}
		g.Offer([]point.Point{own})
		if oldest, ok := g.Oldest(func(series string) bool { return series == own.Series }); ok {
			t.Errorf("%d is the oldest point, but there is none that counts", oldest)
		}
		if err := g.Write(t.Context(), some(99, base)); err != nil {
			t.Fatal(err)
		}
		own.Time = base
		g.Offer([]point.Point{own})
		if st := g.Stats()[0]; st.Declined != 1 || st.Shed != 0 || st.Undelivered != 100 {
			t.Errorf("%+v", st)
		}
		if oldest, _ := g.Oldest(func(series string) bool { return series == own.Series }); oldest != base {
			t.Errorf("the oldest point is of %d, want %d", oldest, base)
		}
		f.set(func() { f.down = false })
		drain(t, g)
		if st := g.Stats()[0]; st.Delivered != 100 {
			t.Errorf("%+v", st)
		}
	})
}

// A destination that takes some of the points owes and sends no others.
func TestTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		some, all := newFake(), newFake()
		takes := func(p point.Point) bool { return p.Route == "a" }
		g := NewGroup(GroupOptions{}, some.sender(Options{Takes: takes}, nil), all.sender(Options{}, nil))
		defer stopNow(g)
		of := func(at int64) []point.Point {
			return []point.Point{{Series: "x.a", Value: 1, Time: at, Route: "a"}, {Series: "x.b", Value: 2, Time: at, Route: "b"}, {Series: "own", Value: 3, Time: at}}
		}
		if err := g.Write(t.Context(), of(base)); err != nil {
			t.Fatal(err)
		}
		// Points of another interval: the same ones again would be one with the
		// first, or not, by whether those have been sent yet.
		g.Offer(of(base + 60))
		drain(t, g)
		if got := some.got(); len(got) != 2 || got[0].Series != "x.a" || got[1].Series != "x.a" {
			t.Errorf("%+v", got)
		}
		if got := all.got(); len(got) != 6 {
			t.Errorf("%+v", got)
		}
	})
}
