package point_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/point/pointtest"
)

func TestWriterIsASink(t *testing.T) {
	pointtest.Run(t, pointtest.Suite{Open: func(t *testing.T) (point.Sink, func() []point.Point) {
		var out bytes.Buffer
		return point.NewWriter(&out), func() []point.Point {
			var points []point.Point
			for out.Len() > 0 {
				var p point.Point
				if _, err := fmt.Fscanln(&out, &p.Series, &p.Value, &p.Time); err != nil {
					t.Fatal(err)
				}
				points = append(points, p)
			}
			return points
		}
	}})
}
