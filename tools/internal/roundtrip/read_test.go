package roundtrip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
)

const prefix = "test.roundtrip"

func startCarbon(t *testing.T) *gocarbon.Server {
	t.Helper()
	binary := os.Getenv("GO_CARBON_BINARY")
	if binary == "" {
		t.Fatal("GO_CARBON_BINARY is not set: `make test` builds go-carbon and says here where it is")
	}
	server, err := gocarbon.Start(t.Context(), gocarbon.Options{Binary: binary, Dir: t.TempDir(), Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Kill() })
	return server
}

// send sends points as plaintext, without logfeed.
func send(t *testing.T, server *gocarbon.Server, points Points) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var lines strings.Builder
	for series, buckets := range points {
		for bucket, value := range buckets {
			fmt.Fprintf(&lines, "%s %.0f %d\n", series, value, bucket)
		}
	}
	if _, err := io.WriteString(conn, lines.String()); err != nil {
		t.Fatal(err)
	}
}

func TestAwaitRealLog(t *testing.T) {
	server := startCarbon(t)
	stamped, err := Stamp(readRealLog(t), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	count, err := CountLog(stamped)
	if err != nil {
		t.Fatal(err)
	}
	want := count.Points(prefix)
	starts := count.Starts()

	// All but one point, one wrong point, two too many (one of them hours
	// beside the log), and one of logfeed about itself.
	requests, bytes := prefix+".requests.count", prefix+".bytes.count"
	wrong := count.Points(prefix)
	delete(wrong[requests], starts[3])
	wrong[bytes][starts[5]]++
	wrong[bytes][starts[0]-12*3600] = 1
	wrong[prefix+".status.1xx.count"] = map[int64]float64{starts[83]: 2}
	wrong[prefix+".logfeed.lines.count"] = map[int64]float64{starts[83]: 9999}
	send(t, server, wrong)

	differ := []string{
		fmt.Sprintf("%s %d", bytes, starts[0]-12*3600),
		fmt.Sprintf("%s %d", requests, starts[3]),
		fmt.Sprintf("%s %d", bytes, starts[5]),
		fmt.Sprintf("%s %d", prefix+".status.1xx.count", starts[83]),
	}
	// Until go-carbon has everything there are more.
	var got []string
	for end := time.Now().Add(2 * time.Minute); !slices.Equal(got, differ) && time.Now().Before(end); {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, differences, err := Await(ctx, server, prefix, want)
		cancel()
		if err != nil {
			t.Log(err)
		}
		got = nil
		for _, d := range differences {
			got = append(got, fmt.Sprintf("%s %d", d.Series, d.Bucket))
		}
	}
	if !slices.Equal(got, differ) {
		t.Errorf("differences\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(differ, "\n"))
	}

	// The same with only the right points: equal.
	server = startCarbon(t)
	send(t, server, want)
	points, differences, err := Await(t.Context(), server, prefix, want)
	if err != nil || len(differences) > 0 {
		t.Fatalf("%d differences, %v; want none", len(differences), err)
	}
	if got := Compare(want, points); len(got) > 0 {
		t.Errorf("Await returned points that differ: %v", got)
	}
}

func TestAwaitTellsThatCarbonIsAway(t *testing.T) {
	server := startCarbon(t)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, differences, err := Await(ctx, server, prefix, Points{"a": {60: 1}})
	if !errors.Is(err, syscall.ECONNREFUSED) || len(differences) != 1 {
		t.Errorf("differences %v, error %v; want one, and that go-carbon is away", differences, err)
	}
}
