package gocarbon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const prefix = "test.gocarbon"

// start starts a go-carbon, and kills it at the end of the test.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	o.Binary = os.Getenv("GO_CARBON_BINARY")
	if o.Binary == "" {
		t.Fatal("GO_CARBON_BINARY is not set: `make test` builds go-carbon and says here where it is")
	}
	o.Dir, o.Prefix = t.TempDir(), prefix
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the end of go-carbon's log:\n%s", s.process.LogTail(20))
		}
	})
	return s
}

// restart starts a go-carbon anew that has been stopped or killed.
func restart(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// send delivers plaintext lines with a receipt: go-carbon closes its side of
// the connection after ours only when it has consumed everything.
func send(t *testing.T, s *Server, lines ...string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.Join(lines, "\n")+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, conn); n != 0 || err != nil {
		t.Fatalf("after the half-close: %d bytes, %v; want nothing and the end", n, err)
	}
}

func line(series string, value float64, bucket int64) string {
	return fmt.Sprintf("%s.%s %v %d", prefix, series, value, bucket)
}

// await reads a series until it has the points wanted.
func await(t *testing.T, s *Server, series string, first, last int64, want map[int64]float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		points, err := s.Points(ctx, first, last, prefix+"."+series)
		got := points[prefix+"."+series]
		if err == nil && maps.Equal(got, want) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("series %s from %d to %d: %v (%v), want %v", series, first, last, got, err, want)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lastMinutes returns the starts of the last n whole minutes.
func lastMinutes(n int) []int64 {
	minutes := make([]int64, n)
	end := time.Now().Unix() / 60 * 60
	for i := range minutes {
		minutes[i] = end - int64(n-i)*60
	}
	return minutes
}

func TestReadBack(t *testing.T) {
	s := start(t, Options{})
	m := lastMinutes(5)
	// The largest whole number that must come back to the last digit, a total
	// sent again, a fraction, and two minutes without a point.
	const large = 1<<53 - 1
	send(t, s, line("bytes.count", large, m[0]), line("bytes.count", 1, m[2]), line("bytes.count", 2, m[2]))
	send(t, s, line("bytes.count", 3, m[2]), line("ms.mean", 0.125, m[3]))

	await(t, s, "bytes.count", m[0], m[4], map[int64]float64{m[0]: large, m[2]: 3})
	await(t, s, "ms.mean", m[0], m[4], map[int64]float64{m[3]: 0.125})

	// Both ends are included, and nothing beyond them.
	await(t, s, "bytes.count", m[0], m[0], map[int64]float64{m[0]: large})
	await(t, s, "bytes.count", m[1], m[2], map[int64]float64{m[2]: 3})
	await(t, s, "bytes.count", m[3], m[4], map[int64]float64{})

	points, err := s.Points(t.Context(), m[0], m[4], prefix+".bytes.count", prefix+".ms.mean", prefix+".none")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(points)), []string{prefix + ".bytes.count", prefix + ".ms.mean"}; !slices.Equal(got, want) {
		t.Errorf("series read together: %q, want %q", got, want)
	}
}

func TestSeries(t *testing.T) {
	s := start(t, Options{})
	if names, err := s.Series(t.Context(), prefix); err != nil || len(names) != 0 {
		t.Errorf("series of an empty go-carbon: %q, %v; want none", names, err)
	}
	if points, err := s.Points(t.Context(), 0, time.Now().Unix(), prefix+".bytes.count"); err != nil || len(points) != 0 {
		t.Errorf("points of an empty go-carbon: %v, %v; want none", points, err)
	}

	minute := lastMinutes(1)[0]
	names := []string{"bytes.count", "status.2xx.count", "status.4xx.count"}
	for _, name := range names {
		send(t, s, line(name, 1, minute))
	}
	send(t, s, "elsewhere.count 1 "+fmt.Sprint(minute))
	for _, name := range names {
		await(t, s, name, minute, minute, map[int64]float64{minute: 1})
	}

	// Once more after a restart, when go-carbon has an index of its files.
	for range 2 {
		got, err := s.Series(t.Context(), prefix)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{prefix + ".bytes.count", prefix + ".status.2xx.count", prefix + ".status.4xx.count"}
		if !slices.Equal(got, want) {
			t.Errorf("series: %q, want %q", got, want)
		}
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		restart(t, s)
	}
	send(t, s, line("requests.count", 1, minute))
	await(t, s, "requests.count", minute, minute, map[int64]float64{minute: 1})
	if names, err := s.Series(t.Context(), prefix+".requests"); err != nil || len(names) != 1 {
		t.Errorf("series made after the index: %q, %v; want one", names, err)
	}
}

func TestUDP(t *testing.T) {
	s := start(t, Options{UDP: true})
	conn, err := net.Dial("udp", s.UDPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	minute := lastMinutes(1)[0]
	if _, err := io.WriteString(conn, line("bytes.count", 7, minute)+"\n"); err != nil {
		t.Fatal(err)
	}
	await(t, s, "bytes.count", minute, minute, map[int64]float64{minute: 7})
}

// fill sends points that a go-carbon holds in its memory only.
func fill(t *testing.T, s *Server, minute int64) (series int) {
	t.Helper()
	const n = 50
	var lines []string
	for i := range n {
		lines = append(lines, line(fmt.Sprintf("s%d.count", i), float64(i), minute))
	}
	send(t, s, lines...)
	cached, err := s.CachedPoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if cached != n {
		t.Fatalf("%d of %d points are in memory, want all", cached, n)
	}
	return n
}

func TestKillLosesWhatIsInMemory(t *testing.T) {
	s := start(t, Options{MemoryOnly: true})
	minute := lastMinutes(1)[0]
	fill(t, s, minute)
	pid, addr := s.PID(), s.Addr()
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Fatal("the killed go-carbon still takes connections")
	}

	s.SetMemoryOnly(false)
	restart(t, s)
	if s.PID() == pid || s.Addr() != addr {
		t.Errorf("after the restart: process %d at %s, want another than %d at %s", s.PID(), s.Addr(), pid, addr)
	}
	send(t, s, line("after.count", 1, minute))
	await(t, s, "after.count", minute, minute, map[int64]float64{minute: 1})
	names, err := s.Series(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{prefix + ".after.count"}; !slices.Equal(names, want) {
		t.Errorf("series after the kill: %q, want %q", names, want)
	}
}

// TestKillKeepsTheFiles kills go-carbon after a point has reached its file and
// a newer total of it has not.
func TestKillKeepsTheFiles(t *testing.T) {
	s := start(t, Options{})
	minute := lastMinutes(1)[0]
	send(t, s, line("bytes.count", 1, minute))
	await(t, s, "bytes.count", minute, minute, map[int64]float64{minute: 1})
	if err := s.Stop(); err != nil { // in order, in case the file is not written yet
		t.Fatal(err)
	}

	s.SetMemoryOnly(true)
	restart(t, s)
	send(t, s, line("bytes.count", 2, minute))
	await(t, s, "bytes.count", minute, minute, map[int64]float64{minute: 2})
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	restart(t, s)
	await(t, s, "bytes.count", minute, minute, map[int64]float64{minute: 1})
}

func TestStopKeepsWhatIsInMemory(t *testing.T) {
	s := start(t, Options{MemoryOnly: true})
	minute := lastMinutes(1)[0]
	n := fill(t, s, minute)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	s.SetMemoryOnly(false)
	restart(t, s)
	for i := range n {
		await(t, s, fmt.Sprintf("s%d.count", i), minute, minute, map[int64]float64{minute: float64(i)})
	}
}

func TestStartFails(t *testing.T) {
	t.Run("no binary", func(t *testing.T) {
		_, err := Start(t.Context(), Options{Binary: "/no/such/go-carbon", Dir: t.TempDir(), Prefix: prefix})
		if err == nil || !strings.Contains(err.Error(), "/no/such/go-carbon") {
			t.Errorf("Start: %v, want an error with the path", err)
		}
	})
	t.Run("taken port", func(t *testing.T) {
		s := start(t, Options{})
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		stranger, err := net.Listen("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		if err := s.Start(t.Context()); !errors.Is(err, errPortTaken) {
			t.Errorf("Start: %v, want %v", err, errPortTaken)
		}
	})
	t.Run("refused configuration", func(t *testing.T) {
		o := start(t, Options{}).options
		o.Dir, o.Prefix = t.TempDir(), "a\nb"
		s, err := Start(t.Context(), o)
		if err == nil {
			s.Kill()
		}
		if err == nil || !strings.Contains(err.Error(), "go-carbon ended at its start") {
			t.Errorf("Start: %v, want an error that tells that go-carbon ended", err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		o := start(t, Options{}).options
		o.Dir = t.TempDir()
		if _, err := Start(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("Start: %v, want the context's error", err)
		}
	})
}
