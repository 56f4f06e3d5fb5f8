package carbon

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/retention"
)

// TestLongerStepOverFinerPoints backfills five minutes one by one, and again
// half an hour later as one step, which Carbon still keeps in the archive of
// minutes: the longer step holds the same both times.
func TestLongerStepOverFinerPoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := retention.List{{Step: 60, Span: 6 * 3600}, {Step: 300, Span: 4 * 86400}, {Step: 3600, Span: 40 * 86400}}
		s := newSite(t, list, Options{Once: true, Buffer: 1 << 20})
		s.lag = 1200
		begin := time.Now().Unix() - 5*3600 + 600
		begin -= begin % 300
		values := []float64{100, 200, 300, 400, 500}
		for i, v := range values {
			for _, name := range metrics {
				truth{}.write(t, s.group, point.Point{Series: name, Value: v, Time: begin + int64(i)*60, Step: 60})
			}
		}
		drain(t, s.group)
		stopNow(s.group)
		s.store()
		time.Sleep(25 * time.Minute)

		s.group = NewGroup(GroupOptions{}, s.f.sender(s.o, s.said))
		defer func() { stopNow(s.group) }()
		for _, name := range metrics {
			truth{}.write(t, s.group, point.Point{Series: name, Value: rollup(name, values), Time: begin, Step: 300})
		}
		drain(t, s.group)
		s.store()
		for _, name := range metrics {
			if got, _ := s.stored[name].get(1, begin); got != rollup(name, values) {
				t.Errorf("%s: %v, want %v", name, got, rollup(name, values))
			}
		}
	})
}
