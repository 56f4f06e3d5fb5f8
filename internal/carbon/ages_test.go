package carbon

import (
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/retention"
)

// whisper holds one series as Carbon's files do: a ring an archive. A point
// goes into the finest archive that reaches back to it, and every coarser one
// is then made anew, for its step, of what the ring before it holds.
type whisper struct {
	list  retention.List
	name  string
	rings []map[int64]cell // by place in the ring
}

type cell struct {
	unix  int64
	value float64
}

func newWhisper(name string, list retention.List) *whisper {
	w := &whisper{list: list, name: name}
	for range list {
		w.rings = append(w.rings, make(map[int64]cell))
	}
	return w
}

func (w *whisper) write(unix int64, value float64, now int64) {
	k := slices.IndexFunc(w.list, func(a retention.Archive) bool { return now-unix < a.Span })
	if k < 0 {
		return
	}
	w.set(k, unix, value)
	for k++; k < len(w.list); k++ {
		step := w.list[k].Step
		begin := unix - unix%step
		var values []float64
		for t := begin; t < begin+step; t += w.list[k-1].Step {
			if v, ok := w.get(k-1, t); ok {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			return
		}
		w.set(k, begin, rollup(w.name, values))
	}
}

func (w *whisper) set(k int, unix int64, value float64) {
	unix -= unix % w.list[k].Step
	w.rings[k][unix%w.list[k].Span] = cell{unix, value}
}

func (w *whisper) get(k int, unix int64) (float64, bool) {
	c, ok := w.rings[k][unix%w.list[k].Span]
	return c.value, ok && c.unix == unix
}

// A site is a sender whose Carbon keeps whisper files, and what was written to
// it, minute by minute.
type site struct {
	t      *testing.T
	said   *records
	f      *fake
	o      Options
	list   retention.List
	group  *Group
	truth  map[carbontest.Key]float64
	stored map[string]*whisper
	read   int   // lines of the fake that are in the files
	lag    int64 // seconds in Carbon's cache
}

var metrics = []string{"a.requests.count;vhost=b.min", "a.duration.ms.max", "a.duration.ms.min", "a.duration.ms.mean", "a.rare.count"}

func newSite(t *testing.T, list retention.List, o Options) *site {
	o.Retentions = func(string) retention.List { return list }
	s := &site{t: t, said: &records{}, f: newFake(), o: o, list: list, truth: make(map[carbontest.Key]float64), stored: make(map[string]*whisper)}
	s.group = NewGroup(GroupOptions{}, s.f.sender(o, s.said))
	for _, name := range metrics {
		s.stored[name] = newWhisper(name, list)
	}
	return s
}

// live writes a point a minute of every series, of rare ones now and then.
func (s *site) live(r *rand.Rand, minutes int) {
	for range minutes {
		now := time.Now().Unix()
		unix := now - now%60 - 60
		for _, name := range metrics {
			if name == "a.rare.count" && r.IntN(7) > 0 {
				continue
			}
			v := float64(r.IntN(1000))
			truth{}.write(s.t, s.group, point.Point{Series: name, Value: v, Time: unix, Step: 60})
			s.truth[carbontest.Key{Series: name, Time: unix}] = v
		}
		time.Sleep(time.Minute)
		s.store()
	}
}

// store lets Carbon write what it was sent.
func (s *site) store() {
	synctest.Wait()
	lines := s.f.got()
	for _, l := range lines[s.read:] {
		v, err := strconv.ParseFloat(l.Value, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		s.stored[l.Series].write(l.Time, v, l.At.Unix()+s.lag)
	}
	s.read = len(lines)
}

func (s *site) away(away bool) {
	s.f.set(func() { s.f.down = away })
	if away {
		s.f.cut(io.EOF)
	}
}

// restart goes on from a snapshot, as after a stop.
func (s *site) restart() {
	stopNow(s.group)
	snap := s.group.Snapshots()[0]
	o := s.o
	o.Restore = &snap
	s.group = NewGroup(GroupOptions{}, s.f.sender(o, s.said))
}

// check compares the archive k with the truth, from the step that begins at
// or after since on, and returns how many steps differ.
func (s *site) check(k int, since, until int64) (differ int) {
	step := s.list[k].Step
	for _, name := range metrics {
		for begin := since + step - 1 - (since+step-1)%step; begin+step <= until; begin += step {
			var values []float64
			for t := begin; t < begin+step; t += 60 {
				if v, ok := s.truth[carbontest.Key{Series: name, Time: t}]; ok {
					values = append(values, v)
				}
			}
			if len(values) == 0 {
				continue
			}
			got, ok := s.stored[name].get(k, begin)
			if want := rollup(name, values); !ok || math.Abs(got-want) > 1e-9*math.Abs(want) {
				if differ++; differ < 4 {
					s.t.Logf("%s, step of %d s at %s: %v, want %v", name, step, time.Unix(begin, 0).UTC(), got, want)
				}
			}
		}
	}
	return differ
}

// However long Carbon is away, its coarser archives hold in the end what they
// would hold if it had never been, and so does the finest one for as long as
// it reaches back.
func TestOutageBeyondTheFinestArchive(t *testing.T) {
	r := random(t)
	list := retention.List{{Step: 60, Span: 6 * 3600}, {Step: 300, Span: 4 * 86400}, {Step: 3600, Span: 40 * 86400}}
	for range 12 {
		outage := time.Duration(r.Int64N(int64(9 * time.Hour))).Truncate(time.Minute)
		if r.IntN(2) == 0 { // about the edge
			outage = 4*time.Hour + 30*time.Minute + time.Duration(r.Int64N(int64(2*time.Hour)))
		}
		restarts, creates := r.IntN(3), r.IntN(2)*60
		t.Run(fmt.Sprintf("%s, %d restarts, %d creates", outage, restarts, creates), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, list, Options{MaxCreates: creates, Replay: time.Duration(10+r.IntN(30)) * time.Minute})
				s.lag = r.Int64N(1500)
				defer func() { stopNow(s.group) }()
				begin := time.Now().Unix()
				s.live(r, 60+r.IntN(60))
				s.away(true)
				for range restarts {
					s.live(r, int(outage.Minutes())/(restarts+1))
					s.restart()
				}
				s.live(r, int(outage.Minutes())/(restarts+1))
				s.away(false)
				s.live(r, 150)
				s.store()
				now := time.Now().Unix()
				for k, since := range []int64{now - 4*3600, begin, begin} {
					if n := s.check(k, since, now-120); n > 0 {
						t.Errorf("archive of %d s: %d cells differ; %+v", list[k].Step, n, s.group.Stats())
					}
				}
				if st := s.group.Stats()[0]; st.Partial+st.TooOld+int64(st.Resting) > 0 {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

// Where a part of a longer step has been forgotten, the rest is not sent as if
// it were the whole, and counted.
func TestPartOfAStepIsNotTheWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := random(t)
		list := retention.List{{Step: 60, Span: 6 * 3600}, {Step: 3600, Span: 40 * 86400}}
		s := newSite(t, list, Options{Replay: 5 * time.Minute, timing: timing{repeat: []time.Duration{}}})
		defer func() { stopNow(s.group) }()
		time.Sleep(time.Until(time.Unix(time.Now().Unix()/3600*3600+3660, 0)))
		begin := time.Now().Unix() - 60
		s.live(r, 90) // half an hour of the step is delivered and forgotten
		s.away(true)
		s.live(r, 4*60)
		s.restart()
		s.live(r, 4*60)
		s.away(false)
		s.live(r, 60)
		now := time.Now().Unix()
		if n := s.check(1, begin, now-120); n > len(metrics) {
			t.Errorf("%d coarse cells differ", n)
		}
		// One step of each series lacks what came after the break, no more.
		for _, name := range metrics {
			var values []float64
			for i := int64(60); i < 90; i++ {
				if v, ok := s.truth[carbontest.Key{Series: name, Time: begin + 60*i}]; ok {
					values = append(values, v)
				}
			}
			if got, _ := s.stored[name].get(1, begin+3600); len(values) > 0 && math.Abs(got-rollup(name, values)) > 1e-9 {
				t.Errorf("%s: the step is spoiled: %v, want %v", name, got, rollup(name, values))
			}
		}
		if st := s.group.Stats()[0]; st.Partial < 100 || st.Partial > 150 || s.said.count(sayPart) != 1 {
			t.Errorf("%+v, said %v", st, s.said.n)
		}
	})
}

// What no archive keeps is dropped, counted where it was never delivered.
func TestOlderThanEveryArchive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := random(t)
		list := retention.List{{Step: 60, Span: 3 * 3600}}
		s := newSite(t, list, Options{})
		defer func() { stopNow(s.group) }()
		s.live(r, 10)
		s.away(true)
		s.live(r, 5*60)
		s.away(false)
		s.live(r, 30)
		now := time.Now().Unix()
		if n := s.check(0, now-90*60, now-120); n > 0 {
			t.Errorf("%d cells differ", n)
		}
		if st := s.group.Stats()[0]; st.TooOld < 3*60*4 || st.Undelivered > 10 || s.said.count(sayOld) != 1 {
			t.Errorf("%+v, said %v", st, s.said.n)
		}
	})
}

// A point of a longer step stands for those of shorter ones that wait, and
// later ones for a part of it are not taken.
func TestLongerStepSupersedes(t *testing.T) {
	now := time.Unix(base, 0)
	list := retention.List{{Step: 60, Span: 86400}, {Step: 300, Span: 30 * 86400}}
	b := newOutbox(Options{Retentions: func(string) retention.List { return list }}.withDefaults(), now)
	b.turn(now.Add(time.Second))
	at := int64(base - 40*3600)
	at -= at % 300
	for i := range int64(7) {
		put(t, b, point.Point{Series: "a.count", Value: 1, Time: at + 60*i, Step: 60})
	}
	put(t, b, point.Point{Series: "a.count", Value: 9, Time: at, Step: 300})
	put(t, b, point.Point{Series: "a.count", Value: 1, Time: at + 120, Step: 60})
	got := make(map[int64]float64)
	for _, p := range takeAll(b, waiting) {
		got[p.Time] = p.Value
		if p.Step != 300 {
			t.Errorf("%+v", p)
		}
	}
	if want := map[int64]float64{at: 9, at + 300: 2}; !maps.Equal(got, want) || b.partial != 1 {
		t.Errorf("got %v, want %v; %d refused", got, want, b.partial)
	}
	if b.owed != 2 || b.points != 2 {
		t.Errorf("%d owed of %d", b.owed, b.points)
	}
}

// A point that was in doubt at a stop may be in Carbon, so the next run does
// not send the whole of its step into the same archive.
func TestPointsInDoubtOutliveARestart(t *testing.T) {
	now := time.Unix(base, 0)
	list := retention.List{{Step: 60, Span: 6 * 3600}, {Step: 300, Span: 4 * 86400}}
	o := Options{Retentions: func(string) retention.List { return list }}.withDefaults()
	b := newOutbox(o, now)
	at := int64(base - base%300)
	put(t, b, point.Point{Series: "a.count", Value: 1, Time: at, Step: 60})
	takeAll(b, waiting)
	b.broke()
	put(t, b, point.Point{Series: "a.count", Value: 2, Time: at + 60, Step: 60})
	snap := b.snapshot()
	b = newOutbox(o, now)
	b.restore(&snap)
	for _, later := range []struct {
		after time.Duration
		want  []point.Point
	}{
		{5*time.Hour + 20*time.Minute, []point.Point{{Series: "a.count", Value: 1, Time: at, Step: 60}, {Series: "a.count", Value: 2, Time: at + 60, Step: 60}}},
		{5*time.Hour + 50*time.Minute, nil},
		{6*time.Hour + 10*time.Minute, []point.Point{{Series: "a.count", Value: 3, Time: at, Step: 300}}},
	} {
		b.turn(now.Add(later.after))
		if got := takeAll(b, waiting); !slices.Equal(got, later.want) {
			t.Errorf("after %v: %v, want %v", later.after, got, later.want)
		}
		b.broke()
	}
}

func TestRollup(t *testing.T) {
	values := []float64{4, 1, 7}
	for series, want := range map[string]float64{
		"a.requests.count": 12, "requests.count;vhost=a.max": 12, "a.ms.min": 1, "a.ms.max": 7, "a.ms.mean": 4, "a.ms.p95": 4,
		"a.logfeed.lag.bytes": 7, "a.logfeed.lag.requests.count": 12,
	} {
		if got := rollup(series, values); got != want {
			t.Errorf("%s: %v, want %v", series, got, want)
		}
	}
}

// A new series whose points rest does not keep the sender busy, and is
// introduced when they may go.
func TestNewSeriesThatRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := retention.List{{Step: 60, Span: 6 * 3600}, {Step: 300, Span: 4 * 86400}}
		at := time.Now().Add(-5*time.Hour - 45*time.Minute).Unix()
		at -= at % 300
		snap := &Snapshot{Undelivered: []point.Point{{Series: "a.count", Value: 1, Time: at, Step: 60}, {Series: "a.count", Value: 2, Time: at + 60, Step: 60}}, Forgotten: map[string]int64{}}
		f := newFake()
		o := Options{Once: true, MaxCreates: 6, Restore: snap, Retentions: func(string) retention.List { return list }}
		g := NewGroup(GroupOptions{}, f.sender(o, nil))
		defer stopNow(g)
		drain(t, g)
		if got := f.got(); len(got) != 1 && len(got) != 2 || got[0].Value != "3" || got[0].At.Unix()-at < 6*3600 {
			t.Errorf("%v", got)
		}
	})
}

// A point for a longer step may take the place of all that its series has.
func TestLongerStepIsAllThatIsLeft(t *testing.T) {
	list := retention.List{{Step: 60, Span: 86400}, {Step: 300, Span: 30 * 86400}}
	b := newOutbox(Options{Retentions: func(string) retention.List { return list }}.withDefaults(), time.Unix(base, 0))
	want := point.Point{Series: "a.count", Value: 9, Time: base - 90000, Step: 300}
	put(t, b, point.Point{Series: "a.count", Value: 1, Time: base - 90000 + 60, Step: 60})
	put(t, b, want)
	if got := takeAll(b, waiting); !slices.Equal(got, []point.Point{want}) || len(b.names.ids) != 1 {
		t.Errorf("got %v, %d names", got, len(b.names.ids))
	}
}
