package carbon

import (
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
				return pointsOf(t, s.Lines())
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
