package carbon

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

func TestBackOffWhileCarbonIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.down = true
		said := &records{}
		g := NewGroup(GroupOptions{}, f.sender(Options{}, said))
		defer stopNow(g)
		truth{}.write(t, g, some(100, base)...)
		time.Sleep(2 * time.Minute)
		if n := f.dialled(); n < 8 || n > 20 {
			t.Errorf("%d connects in two minutes", n)
		}
		f.set(func() { f.down = false })
		time.Sleep(40 * time.Second)
		if n := len(f.got()); n != 100 {
			t.Errorf("%d points arrived", n)
		}
		f.set(func() { f.down = true })
		f.cut(syscall.ECONNRESET)
		time.Sleep(2 * time.Hour)
		if n := said.count(sayAway); n < 2 || n > 14 {
			t.Errorf("said %d times in two hours that carbon is away", n)
		}
		if said.count("carbon is back") != 1 {
			t.Errorf("said %d times that carbon is back", said.count("carbon is back"))
		}
	})
}

// go-carbon closes a connection after two minutes without data. A connection
// that is renewed every minute is never that old.
func TestIdleConnectionIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{timing: timing{first: time.Minute}}, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(1, base)...)
		time.Sleep(time.Hour + time.Second)
		st := g.Stats()[0]
		if st.Breaks != 0 || st.Replays != 0 || st.Receipts != 60 || st.Connects != 61 {
			t.Errorf("after an idle hour: %+v", st)
		}
	})
}

// Senders that begin in the same moment do not go on in step: their receipts,
// and with them their repetitions, are spread over the time between two.
func TestSendersDoNotStayInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const senders = 200
		var fakes []*fake
		begin := time.Now()
		for range senders {
			f := newFake()
			g := NewGroup(GroupOptions{}, f.sender(Options{}, nil))
			defer stopNow(g)
			truth{}.write(t, g, some(1, base)...)
			fakes = append(fakes, f)
		}
		time.Sleep(5 * time.Minute)
		perSecond := make(map[time.Duration]int)
		for _, f := range fakes {
			perSecond[f.got()[1].At.Sub(begin)/time.Second]++
		}
		for second, n := range perSecond {
			if n > senders/10 {
				t.Errorf("%d of %d repeat in second %d", n, senders, second)
			}
		}
	})
}

// A peer so slow that there is always something to send is asked for a receipt
// every minute as well.
func TestBusyConnectionIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := Options{sending: func([]point.Point) { time.Sleep(time.Second) }, timing: timing{first: time.Minute}}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		for i := range int64(200) {
			truth{}.write(t, g, some(1000, base+60*i)...)
		}
		time.Sleep(5*time.Minute + 30*time.Second)
		if st := g.Stats()[0]; st.Receipts != 5 || st.Breaks != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestPlannedRepetitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{}, nil))
		defer stopNow(g)
		start := time.Now()
		truth{}.write(t, g, some(1, base)...)
		time.Sleep(2 * time.Hour)
		got := f.got()
		if len(got) != 3 {
			t.Fatalf("sent %d times, want 3", len(got))
		}
		within(t, "first", got[0].At.Sub(start), 0, time.Second)
		within(t, "second", got[1].At.Sub(start), 2*time.Minute, 4*time.Minute)
		within(t, "third", got[2].At.Sub(start), 15*time.Minute, 19*time.Minute)
		if st := g.Stats()[0]; st.Kept != 0 || st.Series != 0 {
			t.Errorf("still kept: %+v", st)
		}
	})
}

// Behind a relay nobody hears that what was delivered is lost. With rounds it
// comes again, as long as the replay time reaches back.
func TestRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := Options{ReplayEvery: 5 * time.Minute, Replay: 30 * time.Minute}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		want := truth{}
		for minute := range int64(20) {
			want.write(t, g, some(10, base+60*minute)...)
			time.Sleep(time.Minute)
		}
		// The newest total of a bucket is the one that comes again.
		amended := point.Point{Series: "apache.web1.s003.count", Value: 7, Time: base}
		want.write(t, g, amended)
		time.Sleep(time.Minute)
		f.set(func() { f.lines = nil })
		time.Sleep(2 * (5 + 2) * time.Minute)
		if got := f.final(); !maps.Equal(got, want) {
			t.Errorf("two rounds after the loss there are %d cells, want %d", len(got), len(want))
		}
		time.Sleep(2 * time.Hour)
		st := g.Stats()[0]
		if st.Kept != 0 || st.Series != 0 {
			t.Errorf("still kept: %+v", st)
		}
		// Once, after at most 2 minutes, and every 5 to 7 minutes for half an hour.
		if least, most := int64(200*(2+28/7)), int64(201*(2+28/5)); st.Sent < least || st.Sent > most {
			t.Errorf("%d points went, want %d to %d", st.Sent, least, most)
		}
		if st.Breaks != 0 || st.Replays != 0 {
			t.Errorf("nothing broke: %+v", st)
		}
	})
}

// A round begins with the receipt of the one before, so receipts must not be
// rarer than rounds.
func TestShortRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{ReplayEvery: 15 * time.Second}, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(1, base)...)
		time.Sleep(4 * time.Minute)
		if n := len(f.got()); n < 8 || n > 16 {
			t.Errorf("sent %d times in four minutes, want once in 15 to 30 seconds", n)
		}
	})
}

func TestReplayWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := Options{timing: timing{repeat: []time.Duration{}}}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		for _, name := range []string{"old", "recent", "new"} {
			truth{}.write(t, g, point.Point{Series: name, Value: 1, Time: base})
			time.Sleep(20 * time.Minute)
		}
		// Two hours without Carbon do not age what it may have lost when it
		// went.
		f.set(func() { f.down = true; f.lines = nil })
		f.cut(syscall.ECONNRESET)
		time.Sleep(2 * time.Hour)
		back := time.Now()
		f.set(func() { f.down = false })
		time.Sleep(time.Minute)
		if got := f.got(); len(got) != 1 || got[0].Series != "new" {
			t.Errorf("replayed %v, want the point of 20 minutes before the break", got)
		}
		time.Sleep(5 * time.Minute)
		got := f.got()
		if len(got) != 2 || got[1].Series != "new" {
			t.Fatalf("replayed %v, want it once more", got)
		}
		within(t, "second replay", got[1].At.Sub(back), 2*time.Minute, 3*time.Minute)
	})
}

// A Carbon that dies between two connections, and is back before anybody could
// see that it was away, is noticed all the same.
func TestDeathAtTheReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.dying = true
		g := NewGroup(GroupOptions{}, f.sender(Options{timing: timing{repeat: []time.Duration{}}}, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(10, base)...)
		time.Sleep(61 * time.Second)
		if n := len(f.got()); n != 10 || g.Stats()[0].Breaks != 1 {
			t.Errorf("%d points, %+v", n, g.Stats())
		}
	})
}

// A replay that has to wait for its turn takes what was in the window when the
// connection broke, although receipts come meanwhile.
func TestDelayedReplayTakesTheWholeWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := Options{Replay: 5 * time.Minute, timing: timing{repeat: []time.Duration{}, replay: 10 * time.Minute, settle: time.Hour}}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(1, base)...)
		drain(t, g)
		time.Sleep(time.Minute)
		f.cut(io.EOF) // its replay begins at once
		time.Sleep(90 * time.Second)
		f.set(func() { f.lines = nil })
		f.cut(io.EOF) // its replay has to wait
		time.Sleep(15 * time.Minute)
		if st := g.Stats()[0]; len(f.got()) != 1 || st.Replays != 2 {
			t.Errorf("%d points, %+v", len(f.got()), st)
		}
	})
}

// A balancer that cuts every few seconds costs one replay a minute, and
// nothing is lost by it.
func TestOneReplayAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{timing: timing{repeat: []time.Duration{}}}, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(10, base)...)
		time.Sleep(2 * time.Minute)
		f.set(func() { f.lines = nil })
		for range 120 {
			f.cut(io.EOF)
			time.Sleep(5 * time.Second)
		}
		if n := g.Stats()[0].Replays; n < 5 || n > 11 {
			t.Errorf("%d replays in ten minutes", n)
		}
		if n := len(f.got()); n < 50 {
			t.Errorf("%d points replayed", n)
		}
		time.Sleep(2 * time.Minute)
		if st := g.Stats()[0]; st.Replaying+st.InDoubt != 0 {
			t.Errorf("not delivered again: %+v", st)
		}
	})
}

// While 20,000 points are replayed at 5,000 a second, newest first, fresh ones
// pass them.
func TestReplayRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{Once: true}, nil))
		defer stopNow(g)
		for i := range int64(20) {
			truth{}.write(t, g, some(1000, base+60*i)...)
		}
		drain(t, g)
		f.set(func() { f.lines = nil })
		f.cut(io.EOF)
		time.Sleep(2 * time.Second)
		fresh := time.Now()
		truth{}.write(t, g, point.Point{Series: "fresh", Value: 1, Time: base + 3600})
		begin := f.got()[0].At
		drain(t, g)
		got := f.got()
		if len(got) < 20001 {
			t.Fatalf("%d points", len(got))
		}
		last := int64(1 << 40)
		for _, l := range got {
			if l.Series == "fresh" {
				within(t, "the fresh point", l.At.Sub(fresh), 0, 200*time.Millisecond)
				continue
			}
			if l.Time > last {
				t.Fatalf("bucket %d after %d", l.Time, last)
			}
			last = l.Time
		}
		within(t, "the last replayed point", got[len(got)-1].At.Sub(begin), 3500*time.Millisecond, 4500*time.Millisecond)
	})
}

func TestReceiptAfter100000Points(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		g := NewGroup(GroupOptions{}, f.sender(Options{Once: true}, nil))
		defer stopNow(g)
		for i := range int64(250) {
			truth{}.write(t, g, some(1000, base+60*i)...)
		}
		synctest.Wait()
		if st := g.Stats()[0]; st.Receipts != 2 || st.InDoubt != 50000 {
			t.Errorf("%+v", st)
		}
		drain(t, g)
	})
}

func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, well := newFake(), newFake()
		f.down = true
		once := Options{Once: true, Replay: 10 * time.Minute, Buffer: 1000 * pointBytes}
		g := NewGroup(GroupOptions{}, f.sender(once, nil), well.sender(once, nil))
		defer stopNow(g)
		begin := time.Now()
		truth{}.write(t, g, some(500, base)...)
		err := g.Drain(t.Context())
		var stuck *StuckError
		if !errors.As(err, &stuck) || stuck.Undelivered != 500 || stuck.Last != syscall.ECONNREFUSED.Error() {
			t.Errorf("Drain returned %v", err)
		}
		within(t, "Drain", time.Since(begin), 10*time.Minute, 10*time.Minute+time.Second)
		if n := len(well.got()); n != 500 {
			t.Errorf("the other destination got %d points", n)
		}
		well.set(func() { well.down = true })
		well.cut(io.EOF)
		begin = time.Now()
		err = g.Write(t.Context(), some(999, base+60))
		for err == nil {
			err = g.Write(t.Context(), some(999, base+120))
			err = errors.Join(err, g.Write(t.Context(), some(999, base+180)))
		}
		if !errors.As(err, &stuck) {
			t.Errorf("Write returned %v", err)
		}
		within(t, "Write", time.Since(begin), 10*time.Minute, 11*time.Minute)
	})
}

// A peer that takes nothing is given up after the write deadline, one that
// gives no receipt after its own; both times all goes again.
func TestDeadlines(t *testing.T) {
	for _, kind := range []string{"full", "silent"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.full, f.silent = kind == "full", kind == "silent"
				g := NewGroup(GroupOptions{}, f.sender(Options{Once: true}, nil))
				defer stopNow(g)
				truth{}.write(t, g, some(100, base)...)
				time.Sleep(3 * time.Minute)
				if st := g.Stats()[0]; st.Breaks < 1 || st.Undelivered != 100 {
					t.Errorf("%+v", st)
				}
				f.set(func() { f.full, f.silent = false, false })
				drain(t, g)
			})
		})
	}
}

// One point that makes the peer close is found by halving and set aside; all
// others arrive.
func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.poison = []byte("s123.")
		said := &records{}
		g := NewGroup(GroupOptions{}, f.sender(Options{Once: true}, said))
		defer stopNow(g)
		begin := time.Now()
		w := truth{}
		w.write(t, g, some(1000, base)...)
		err := g.Drain(t.Context())
		var loss *LossError
		if !errors.As(err, &loss) || loss.SetAside != 1 {
			t.Errorf("Drain returned %v", err)
		}
		within(t, "Drain", time.Since(begin), 0, 3*time.Minute)
		seen := make(map[string]bool)
		for _, l := range f.got() {
			seen[l.Series] = true
		}
		if len(seen) != 999 || said.count(sayAside) != 1 {
			t.Errorf("%d series arrived, said %+v", len(seen), said)
		}
	})
}

// Without anything else that gets through, there is no proof that the point is
// at fault, and it is never given up.
func TestLonePointIsNeverSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.poison = []byte("s000.")
		g := NewGroup(GroupOptions{}, f.sender(Options{}, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(1, base)...)
		time.Sleep(time.Hour)
		if st := g.Stats()[0]; st.Undelivered != 1 || st.SetAside != 0 || st.Breaks < 100 {
			t.Errorf("%+v", st)
		}
	})
}

func TestPanicIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		n := 0
		o := Options{sending: func([]point.Point) {
			if n++; n == 2 {
				panic("in the library")
			}
		}}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		truth{}.write(t, g, some(2000, base)...)
		drain(t, g)
		seen := make(map[string]bool)
		for _, l := range f.got() {
			seen[fmt.Sprint(l.Series, l.Time, l.Value)] = true
		}
		if st := g.Stats()[0]; st.Panics != 1 || len(seen) != 2000 {
			t.Errorf("%d points arrived; %+v", len(seen), st)
		}
	})
}

// A Carbon that stalls on one connection may read what it has of it after
// newer totals came on the next. A second replay a while after the break makes
// them the last ones.
func TestStragglerDoesNotWin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.hold = true
		g := NewGroup(GroupOptions{}, f.sender(Options{timing: timing{repeat: []time.Duration{}}}, nil))
		defer stopNow(g)
		w := truth{}
		w.write(t, g, point.Point{Series: "a", Value: 1, Time: base})
		time.Sleep(time.Second)
		w.write(t, g, point.Point{Series: "a", Value: 2, Time: base})
		f.set(func() { f.hold = false })
		time.Sleep(80 * time.Second) // until renewal, and until its receipt is given up
		w.write(t, g, point.Point{Series: "a", Value: 3, Time: base})
		time.Sleep(20 * time.Second)
		f.set(func() { f.lines, f.late = append(f.lines, f.late...), nil })
		if got := f.got(); len(got) < 3 || got[len(got)-1].Value != "2" {
			t.Fatalf("no straggler in %v", got)
		}
		time.Sleep(3 * time.Minute)
		if got := f.got(); got[len(got)-1].Value != "3" {
			t.Errorf("carbon ends with %v", got)
		}
	})
}
