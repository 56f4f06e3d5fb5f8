package carbon

import (
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

func TestDelivers(t *testing.T) {
	goroutines(t)
	s := startServer(t)
	o := optionsFor(t, s)
	// A slow machine is no fault.
	o.timing.write, o.timing.receipt, o.timing.silence = time.Minute, time.Minute, time.Minute
	g := startGroup(t, GroupOptions{}, o)
	w := truth{}
	for i := range int64(20) {
		w.write(t, g, some(100, base+60*i)...)
	}
	drain(t, g)
	w.check(t, s)
	st := g.Stats()[0]
	if st.Undelivered != 0 || st.Delivered != 2000 || st.Breaks != 0 || st.Kept != 2000 {
		t.Errorf("stats %+v", st)
	}
}

// Every fault begins while points are flowing and ends before the last of
// them; whatever it did, Carbon holds the last totals in the end.
func TestFaults(t *testing.T) {
	faults := map[string]func(s *carbontest.Server, step, noticed func()){
		"refuse": func(s *carbontest.Server, step, noticed func()) {
			s.Refuse()
			s.Reset()
			step()
			noticed()
			step()
			s.Listen()
		},
		"stall": func(s *carbontest.Server, step, noticed func()) {
			s.Stall(true)
			step()
			noticed()
			step()
			s.Stall(false)
		},
		"reset in mid-line": func(s *carbontest.Server, step, noticed func()) {
			s.ResetAfter(1001)
			for range 5 {
				step()
				time.Sleep(5 * time.Millisecond)
			}
			noticed()
			s.ResetAfter(0)
		},
		"close while idle": func(s *carbontest.Server, step, noticed func()) {
			step()
			s.IdleTimeout(20 * time.Millisecond)
			noticed()
			step()
			s.IdleTimeout(0)
		},
		"kill and restart": func(s *carbontest.Server, step, noticed func()) {
			step()
			time.Sleep(300 * time.Millisecond) // with a receipt
			step()
			s.Kill(time.Hour)
			step()
			time.Sleep(20 * time.Millisecond)
			s.Listen()
		},
		"kill and restart at once": func(s *carbontest.Server, step, noticed func()) {
			step()
			time.Sleep(300 * time.Millisecond)
			s.Kill(time.Hour)
			s.Listen()
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			g := startGroup(t, GroupOptions{}, optionsFor(t, s))
			w := truth{}
			at := int64(base)
			step := func() {
				w.write(t, g, some(300, at)...)
				w.write(t, g, some(30, at)...)
				at += 60
			}
			noticed := func() {
				t.Helper()
				until(t, "that the fault is noticed", func() bool { return g.Stats()[0].Breaks+g.Stats()[0].Failures > 0 })
			}
			step()
			// Before it is connected it would notice nothing of some faults.
			until(t, "the connection", func() bool { return s.Counts().Open > 0 })
			fault(s, step, noticed)
			step()
			noticed()
			drain(t, g)
			w.check(t, s)
		})
	}
}
