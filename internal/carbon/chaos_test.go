package carbon

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
)

// chaos turns the switches of a server at random until stop is closed, and
// leaves it well.
func chaos(r *rand.Rand, s *carbontest.Server, stop <-chan struct{}) {
	faults := []func(){
		func() { s.Refuse() },
		func() { s.Reset() },
		func() { s.CloseIdle() },
		func() { s.Stall(true) },
		func() { s.ResetAfter(1 + r.IntN(5000)) },
		func() { s.Hold(s.Counts().Accepted, true) },
		func() { s.IdleTimeout(time.Duration(1+r.IntN(30)) * time.Millisecond) },
		func() { s.Kill(time.Duration(r.IntN(3000)) * time.Millisecond) },
		func() { s.Kill(time.Duration(r.IntN(3000)) * time.Millisecond); _ = s.Listen() },
	}
	for {
		faults[r.IntN(len(faults))]()
		ended := pause(stop, time.Duration(r.IntN(60))*time.Millisecond)
		_ = s.Listen()
		s.Stall(false)
		s.ResetAfter(0)
		s.IdleTimeout(0)
		for id := range s.Counts().Accepted + 1 {
			s.Hold(id, false)
		}
		if ended || pause(stop, time.Duration(r.IntN(60))*time.Millisecond) {
			return
		}
	}
}

func pause(stop <-chan struct{}, d time.Duration) (ended bool) {
	select {
	case <-stop:
		return true
	case <-time.After(d):
		return false
	}
}

// Four destinations fail at random, each in its own way, while totals grow.
// When the faults are over, every one of them holds the last totals.
func TestRandomFaults(t *testing.T) {
	goroutines(t)
	r := random(t)
	var servers []*carbontest.Server
	var options []Options
	stop := make(chan struct{})
	var faults sync.WaitGroup
	for range 4 {
		s := startServer(t)
		servers = append(servers, s)
		o := optionsFor(t, s)
		o.Log = nil
		// Shorter than the longest stall, so that deadlines are seen too.
		o.timing.write, o.timing.receipt = 40*time.Millisecond, 40*time.Millisecond
		options = append(options, o)
		own := rand.New(rand.NewPCG(r.Uint64(), 1))
		// Ends when stop is closed.
		faults.Go(func() { chaos(own, s, stop) })
	}
	g := startGroup(t, GroupOptions{}, options...)
	w, totals := truth{}, make(map[carbontest.Key]float64)
	for begin := time.Now(); time.Since(begin) < 4*time.Second; time.Sleep(time.Millisecond) {
		bucket := base + 60*int64(time.Since(begin)/(200*time.Millisecond))
		var points []point.Point
		for range r.IntN(40) {
			k := carbontest.Key{Series: fmt.Sprintf("apache.web1.s%d.count", r.IntN(50)), Time: max(bucket-60*int64(r.IntN(5)), base)}
			totals[k] += float64(r.IntN(1000))
			points = append(points, point.Point{Series: k.Series, Value: totals[k], Time: k.Time})
		}
		w.write(t, g, points...)
	}
	close(stop)
	faults.Wait()
	drain(t, g)
	for i, s := range servers {
		// Stragglers of held connections are overwritten by the second replay.
		for end := time.Now().Add(time.Minute); !maps.Equal(s.Final(), w) && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		w.check(t, s)
		t.Logf("%+v", g.Stats()[i])
		t.Logf("%+v", s.Counts())
	}
	stopNow(g)
}

// UDP promises nothing, but where no datagram is lost all arrive, and a
// destination at which nobody listens keeps its points.
func TestUDP(t *testing.T) {
	s := startServer(t)
	o := optionsFor(t, s)
	o.Address.Network = "udp"
	s.Refuse()
	g := startGroup(t, GroupOptions{}, o)
	w := truth{}
	w.write(t, g, some(200, base)...)
	until(t, "that nobody listens", func() bool {
		w.write(t, g, some(1, base+60)...)
		return g.Stats()[0].Breaks > 0
	})
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	drain(t, g)
	until(t, "all points", func() bool { return maps.Equal(s.Final(), w) })
	w.check(t, s)
}

// With a fifth of the datagrams lost, the three sendings of a final total
// leave about one cell in a hundred without it.
func TestUDPLoss(t *testing.T) {
	s := startServer(t)
	s.DropUDP(0.2, random(t).Uint64())
	o := optionsFor(t, s)
	o.Address.Network = "udp"
	o.timing.repeat = []time.Duration{10 * time.Millisecond, 10 * time.Millisecond}
	g := startGroup(t, GroupOptions{}, o)
	w := truth{}
	w.write(t, g, some(1000, base)...)
	t.Cleanup(func() { t.Logf("%+v", g.Stats()) })
	until(t, "three sendings", func() bool { return g.Stats()[0].Sent == 3000 && g.Stats()[0].InDoubt == 0 })
	if n := len(s.Final()); n < 970 {
		t.Errorf("%d of 1000 cells arrived", n)
	}
}

// A Carbon that keeps one connection in its buffers while it reads the next
// ends with the newer total.
func TestHeldConnection(t *testing.T) {
	s := startServer(t)
	s.Hold(1, true)
	g := startGroup(t, GroupOptions{}, optionsFor(t, s))
	w := truth{}
	w.write(t, g, point.Point{Series: "a", Value: 1, Time: base})
	until(t, "the old total on its way", func() bool { return g.Stats()[0].InDoubt == 1 })
	w.write(t, g, point.Point{Series: "a", Value: 2, Time: base})
	until(t, "the newer total", func() bool { return s.Final()[carbontest.Key{Series: "a", Time: base}] == "2" })
	s.Hold(1, false)
	until(t, "the second replay", func() bool { return g.Stats()[0].Replays >= 1 && g.Stats()[0].InDoubt == 0 })
	until(t, "the end of the first connection", func() bool { return s.Counts().Open <= 1 })
	w.check(t, s)
}
