package carbon

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
)

func testOutbox(points, history int) *outbox {
	o := Options{Buffer: int64(points) * pointBytes, History: int64(history) * pointBytes, Once: true}.withDefaults()
	return newOutbox(o, time.Unix(base, 0))
}

func put(t testing.TB, b *outbox, points ...point.Point) {
	t.Helper()
	for _, p := range points {
		if err := b.put(p); err != nil {
			t.Fatal(err)
		}
	}
}

func takeAll(b *outbox, l slot) []point.Point { return b.take(l, nil, 1<<30, 1<<30) }

func TestNewerTotalKeepsThePlace(t *testing.T) {
	b := testOutbox(100, 100)
	put(t, b, some(3, base)...)
	p := some(3, base)
	p[0].Value = 99
	put(t, b, p[0])
	if got := takeAll(b, waiting); !slices.Equal(got, p) {
		t.Errorf("got %v, want %v", got, p)
	}
}

// A newer total of a point in doubt or delivered waits alone: the older one
// never goes again.
func TestNewerTotalReplacesEverywhere(t *testing.T) {
	now := time.Unix(base, 0)
	old, newer := point.Point{Series: "a", Value: 1, Time: base}, point.Point{Series: "a", Value: 2, Time: base}
	states := map[string]func(*outbox){
		"in doubt":  func(b *outbox) { takeAll(b, waiting) },
		"broken":    func(b *outbox) { takeAll(b, waiting); b.broke() },
		"delivered": func(b *outbox) { takeAll(b, waiting); b.confirm(now) },
		"replaying": func(b *outbox) { takeAll(b, waiting); b.confirm(now); b.replay() },
	}
	for name, state := range states {
		t.Run(name, func(t *testing.T) {
			b := testOutbox(100, 100)
			put(t, b, old)
			state(b)
			put(t, b, newer)
			b.broke()
			b.replay()
			got := append(takeAll(b, waiting), takeAll(b, replaying)...)
			if !slices.Equal(got, []point.Point{newer}) || b.owed != 1 {
				t.Errorf("got %v, owed %d", got, b.owed)
			}
		})
	}
}

func TestBrokenPointsWaitInTheirOrder(t *testing.T) {
	b := testOutbox(100, 100)
	put(t, b, some(10, base)...)
	b.take(waiting, nil, 4, 1<<20)
	b.broke()
	if got := takeAll(b, waiting); !slices.Equal(got, some(10, base)) {
		t.Errorf("got %v", got)
	}
}

func TestChunksAreBoundedInBytes(t *testing.T) {
	b := testOutbox(1000, 0)
	long := make([]byte, 1000)
	for i := range long {
		long[i] = 'x'
	}
	for i := range int64(100) {
		put(t, b, point.Point{Series: string(long), Value: 1, Time: base + i})
	}
	if got := b.take(waiting, nil, 500, 64<<10); len(got) != 64 {
		t.Errorf("%d points of 1 kB in 64 KiB", len(got))
	}
	if got := b.take(waiting, nil, 500, 10); len(got) != 1 {
		t.Errorf("%d points where none fits", len(got))
	}
}

// A model of the outbox: the simplest thing that could be right.
type model struct {
	cells  map[carbontest.Key]*modelCell
	lost   bool      // a replay is to come
	needed time.Time // since when it needs points
}

type modelCell struct {
	value     float64
	state     string // waiting, doubt, replay, delivered
	owed      bool
	confirmed time.Time
}

// The outbox does the same as the model under random actions, and never loses
// count.
func TestOutboxAgainstModel(t *testing.T) {
	r := random(t)
	for range 200 {
		b := testOutbox(1<<20, 1<<20)
		b.keep = 10 * time.Second
		b.watched, b.wait = r.IntN(2) == 0, 2*time.Second
		m := &model{cells: make(map[carbontest.Key]*modelCell)}
		now := time.Unix(base, 0)
		for range 300 {
			now = now.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
			switch r.IntN(10) {
			case 0, 1, 2:
				for range r.IntN(8) {
					p := point.Point{Series: fmt.Sprintf("s%d", r.IntN(5)), Value: float64(r.IntN(1e6)), Time: base + int64(r.IntN(6))}
					put(t, b, p)
					m.put(p)
				}
			case 3, 4:
				m.sent(t, b.take(waiting, nil, r.IntN(6)+1, 1<<20), "waiting")
			case 5:
				m.sent(t, b.take(replaying, nil, r.IntN(6)+1, 1<<20), "replay")
			case 6:
				b.confirm(now)
				m.confirm(now, b.keep)
			case 7:
				b.broke()
				m.broke()
				if !m.lost {
					m.lost, m.needed = true, b.confirmed.Add(-b.keep)
				}
				b.lost()
				if r.IntN(2) == 0 {
					m.replay(m.needed)
					m.lost = false
					b.replay()
				}
			}
			switch {
			case !b.watched:
			case r.IntN(3) == 0:
				m.sent(t, b.introduce(nil, r.IntN(3), now), "waiting")
			default:
				m.admit(b, now)
			}
			m.compare(t, b)
		}
	}
}

func (m *model) put(p point.Point) {
	k := carbontest.Key{Series: p.Series, Time: p.Time}
	m.cells[k] = &modelCell{value: p.Value, state: "waiting", owed: true}
}

func (m *model) sent(t *testing.T, points []point.Point, from string) {
	for _, p := range points {
		c := m.cells[carbontest.Key{Series: p.Series, Time: p.Time}]
		if c == nil || c.state != from || c.value != p.Value {
			t.Fatalf("took %+v from %s, which the model has as %+v", p, from, c)
		}
		c.state = "doubt"
	}
}

func (m *model) confirm(now time.Time, keep time.Duration) {
	for k, c := range m.cells {
		if c.state == "doubt" {
			c.state, c.owed, c.confirmed = "delivered", false, now.Truncate(tick)
		} else if c.state == "delivered" && now.Sub(c.confirmed) > keep && !(m.lost && !c.confirmed.Before(m.needed)) {
			delete(m.cells, k)
		}
	}
}

// admit lets series in as the outbox does. The first point of each goes again.
func (m *model) admit(b *outbox, now time.Time) {
	for _, n := range b.newcomers {
		c := m.cells[carbontest.Key{Series: b.names.series(n.series), Time: int64(n.time)}]
		switch {
		case c == nil || now.Sub(n.at) < b.wait:
		case c.state == "doubt":
			c.state = "waiting"
		case c.state == "delivered":
			c.state = "replay"
		}
	}
	b.admit(now)
}

func (m *model) broke() {
	for _, c := range m.cells {
		if c.state == "doubt" {
			c.state = "replay"
			if c.owed {
				c.state = "waiting"
			}
		}
	}
}

func (m *model) replay(since time.Time) {
	for _, c := range m.cells {
		if c.state == "delivered" && !c.confirmed.Before(since) {
			c.state = "replay"
		}
	}
}

func (m *model) compare(t *testing.T, b *outbox) {
	t.Helper()
	names := [lists]string{"waiting", "waiting", "resting", "doubt", "replay", "delivered", "delivered", "delivered"}
	seen, owed := 0, 0
	heads := make(map[slot]slot) // and their lists
	for l := range lists {
		heads[l] = l
	}
	for id := range b.holding() {
		heads[b.names.list[id].held] = held
	}
	var counted [lists]int
	for head, l := range heads {
		last := int64(1 << 40)
		for i := b.at(head).next; i != head; i = b.at(i).next {
			p := b.point(i)
			c := m.cells[carbontest.Key{Series: p.Series, Time: p.Time}]
			if c == nil || c.state != names[l] || c.value != p.Value || c.owed != b.at(i).owed {
				t.Fatalf("%+v is in %s, the model has %+v", p, names[l], c)
			}
			if l == replaying && p.Time > last {
				t.Fatalf("replay of %d after %d", p.Time, last)
			}
			if last = p.Time; c.owed {
				owed++
			}
			if e := b.at(i); slot(e.list) != l || e.owed && (l == held) != b.names.list[e.series].state.holds() && l != inDoubt {
				t.Fatalf("%+v of a series in state %d is in list %d", p, b.names.list[e.series].state, l)
			}
			counted[l]++
			seen++
		}
	}
	if counted != b.count {
		t.Fatalf("%v points in the lists, counted %v", counted, b.count)
	}
	if seen != len(m.cells) || seen != b.points || owed != b.owed {
		t.Fatalf("%d points, the model has %d, the index %d; owed %d, counted %d", seen, len(m.cells), b.points, owed, b.owed)
	}
	series := make(map[string]bool)
	for k := range m.cells {
		series[k.Series] = true
	}
	for _, id := range b.strangers {
		if n := b.names.list[id]; n.state != stranger || n.idle() {
			t.Fatalf("%+v is to be introduced", n)
		}
	}
	for _, n := range b.names.list {
		if n.idle() && n.series != "" && b.watched {
			series[n.series] = true // remembered
		}
	}
	if got := slices.Sorted(maps.Keys(b.names.ids)); !slices.Equal(got, slices.Sorted(maps.Keys(series))) {
		t.Fatalf("names %v, want %v", got, series)
	}
}

// The estimate by which the buffer is bounded is not below the truth.
func TestBytesPerPoint(t *testing.T) {
	for _, series := range []int{10, 1000, 100_000, -10_000} {
		introduce := series < 0 // and all of them wait
		series := max(series, -series)
		const points = 400_000
		names := make([]string, series)
		for i := range names {
			names[i] = fmt.Sprintf("apache.web1.vhost_%d.requests.count", i)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		b := testOutbox(points, 0)
		b.watched = introduce
		for i := range points {
			put(t, b, point.Point{Series: names[i%series], Value: float64(i), Time: base + int64(i/series)})
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		per := float64(after.HeapAlloc-before.HeapAlloc) / points
		t.Logf("%d points of %d series: %.1f bytes each", points, series, per)
		if per > 1.25*pointBytes {
			t.Errorf("%d series: a point takes %.1f bytes, the estimate is %d", series, per, pointBytes)
		}
		runtime.KeepAlive(b)
		runtime.KeepAlive(names)
	}
}
