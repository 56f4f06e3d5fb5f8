//go:build realtest

package realtest

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	client "github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// backfillOf is what a one-shot backfill sends of so many series: three hours
// of minutes each. None of it goes again later.
func backfillOf(series int) (roundtrip.Points, []point.Point) {
	begin := time.Now().Add(-4*time.Hour).Unix() / 60 * 60
	want := make(roundtrip.Points)
	var points []point.Point
	for minute := range int64(180) {
		for i := range series {
			p := point.Point{Series: fmt.Sprintf("apache.site%03d.requests.count", i), Value: float64(1000*minute) + float64(i), Time: begin + 60*minute}
			if want[p.Series] == nil {
				want[p.Series] = make(map[int64]float64)
			}
			want[p.Series][p.Time] = p.Value
			points = append(points, p)
		}
	}
	return want, points
}

// deliver gives the points to a Carbon as a one-shot run does.
func deliver(t *testing.T, addr string, creates int, points []point.Point) client.Stats {
	t.Helper()
	to, err := client.ParseAddress(addr)
	if err != nil {
		t.Fatal(err)
	}
	g := client.NewGroup(client.GroupOptions{}, client.NewSender(client.Options{Address: to, Once: true, MaxCreates: creates}))
	defer g.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
	defer cancel()
	if err := g.Write(ctx, points); err != nil {
		t.Fatal(err)
	}
	if err := g.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	return g.Stats()[0]
}

// TestMaxCreates backfills more series than stock carbon-cache creates in a
// minute. With --max-creates all points of all of them are there, although
// none goes again later; without it most are lost.
func TestMaxCreates(t *testing.T) {
	t.Parallel()
	series := 75
	if soak() {
		series = 300
	}
	want, points := backfillOf(series)
	for _, creates := range []int{0, 50} {
		t.Run(fmt.Sprintf("%d", creates), func(t *testing.T) {
			t.Parallel()
			server := startCarbonCache(t, carboncache.Options{Dir: filepath.Join(t.TempDir(), "carbon")})
			begin := time.Now()
			st := deliver(t, server.Addr(), creates, points)
			t.Logf("delivered after %s, %d points sent", time.Since(begin).Round(time.Second), st.Sent)
			if creates > 0 {
				awaitFiles(t, server.Files, want, time.Minute)
				return
			}
			seeDropped(t, server, want, 50)
			time.Sleep(5 * time.Second)
			if lacking := roundtrip.Compare(want, finest(filesOf(t, server))); len(lacking) < (series-60)*180 {
				t.Errorf("%d of %d points are missing without a limit, so the limit proves nothing", len(lacking), len(points))
			}
		})
	}
}

// TestMaxCreatesGoCarbon does the same with a go-carbon that takes one new
// series a second and drops the points of others as they arrive.
func TestMaxCreatesGoCarbon(t *testing.T) {
	t.Parallel()
	series := 40
	if soak() {
		series = 200
	}
	want, points := backfillOf(series)
	for _, creates := range []int{0, 50} {
		t.Run(fmt.Sprintf("%d", creates), func(t *testing.T) {
			t.Parallel()
			server := startGoCarbon(t, filepath.Join(t.TempDir(), "go-carbon"), gocarbon.Options{Creates: 1})
			begin := time.Now()
			deliver(t, server.Addr(), creates, points)
			t.Logf("delivered after %s", time.Since(begin).Round(time.Second))
			read := func() (map[string]whisper.File, error) { return whisper.ReadTree(server.WhisperDir()) }
			if creates > 0 {
				awaitFiles(t, read, want, time.Minute)
				return
			}
			time.Sleep(5 * time.Second)
			files, err := read()
			if err != nil {
				t.Fatal(err)
			}
			if len(files) > series/2 {
				t.Errorf("%d of %d series are there without a limit, so the limit proves nothing", len(files), series)
			}
		})
	}
}
