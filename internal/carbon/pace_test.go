package carbon

import (
	"testing"
	"time"
)

// However a pace is used, no stretch of time holds more than it allows, and
// who uses it as often as may be gets nearly all of it.
func TestPace(t *testing.T) {
	r := random(t)
	for range 300 {
		per := []time.Duration{time.Second, time.Minute}[r.IntN(2)]
		n := 1 + r.IntN(1<<r.IntN(17))
		p := newPace(n, per, 500)
		begin := time.Unix(base, 0)
		now := begin
		type use struct {
			at time.Time
			n  int
		}
		var uses []use
		total, within := 0, 0
		for now.Sub(begin) < 3*per {
			took := p.limit(1 << 30)
			if took > 500 {
				t.Fatalf("%d at once", took)
			}
			if r.IntN(10) == 0 && took > 1 {
				took = 1 + r.IntN(took)
			}
			uses = append(uses, use{now, took})
			total, within = total+took, within+took
			for now.Sub(uses[0].at) >= per {
				within -= uses[0].n
				uses = uses[1:]
			}
			if within > n {
				t.Fatalf("%d in %v allowed, %d seen", n, per, within)
			}
			p.spend(now)
			if now = p.next; !p.ready(now) || p.ready(now.Add(-1)) {
				t.Fatal("ready at the wrong time")
			}
		}
		if float64(total) < 3*0.88*float64(n) {
			t.Errorf("%d in %v allowed, %d gone in three times that", n, per, total)
		}
	}
	if p := newPace(0, time.Second, 500); p.limit(7) != 7 || !p.ready(time.Time{}) {
		t.Error("without a number there is a limit")
	}
}
