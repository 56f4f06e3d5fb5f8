package carbon

import (
	"strconv"
	"testing"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/point/pointtest"
)

func TestSink(t *testing.T) {
	pointtest.Run(t, pointtest.Suite{
		Open: func(t *testing.T) (point.Sink, func() []point.Point) {
			s := startServer(t)
			g := startGroup(t, GroupOptions{}, optionsFor(t, s))
			return g, func() []point.Point {
				var points []point.Point
				for _, l := range s.Lines() {
					v, err := strconv.ParseFloat(l.Value, 64)
					if err != nil {
						t.Fatal(err)
					}
					points = append(points, point.Point{Series: l.Series, Value: v, Time: l.Time})
				}
				return points
			}
		},
		Blocked: func(t *testing.T) point.Sink {
			s := startServer(t)
			s.Refuse()
			o := optionsFor(t, s)
			o.Buffer = 100 * pointBytes
			g := startGroup(t, GroupOptions{}, o)
			return &killed{g}
		},
	})
}

// killed spares the test the 8 seconds that Close would try.
type killed struct{ *Group }

func (k *killed) Close() error {
	for _, s := range k.senders {
		s.kill()
	}
	return k.Group.Close()
}
