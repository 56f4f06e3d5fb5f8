//go:build statustest

package statustest

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
)

// patience bounds every wait; the machine may be slow.
const patience = 4 * time.Minute

// A site is a directory of logs, a real go-carbon, and a logfeed between them.
type site struct {
	t       *testing.T
	dir     string
	carbon  *gocarbon.Server
	lines   int // that append has written
	process *child.Process
	url     string
}

// newSite has no logs yet.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if s.carbon, err = gocarbon.Start(ctx, gocarbon.Options{Binary: binary(t, "GO_CARBON_BINARY"), Dir: t.TempDir(), Prefix: "apache.web1"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.carbon.Kill() })
	return s
}

// startSite has three logs with half an hour behind them, to which somebody
// writes.
func startSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	now := time.Now()
	for at := now.Add(-30 * time.Minute); at.Before(now); at = at.Add(2 * time.Second) {
		for range 20 + int(8*math.Sin(float64(at.Unix())/300)) {
			s.append(at)
		}
	}
	end := make(chan struct{})
	var wait sync.WaitGroup
	// Ends with the test.
	wait.Go(func() {
		for {
			select {
			case <-end:
				return
			case <-time.After(100 * time.Millisecond):
				s.append(time.Now())
			}
		}
	})
	t.Cleanup(func() { close(end); wait.Wait() })
	write(t, s.log(0), line(now, 999999, "<script>document.title = 'owned'</script>"))
	return s
}

func (s *site) log(i int) string { return filepath.Join(s.dir, fmt.Sprintf("vhost%d_access.log", i)) }

// append writes one line, of a status that has its share.
func (s *site) append(when time.Time) {
	s.lines++
	status := 200
	switch n := s.lines * 7919 % 1000; { // a prime number spreads the shares evenly
	case n < 1:
		status = 500
	case n < 40:
		status = 404
	case n < 180:
		status = 304
	}
	write(s.t, s.log(s.lines%3), line(when, status, "Mozilla/5.0"))
}

// begin starts logfeed and waits for its status.
func (s *site) begin(flags ...string) {
	s.t.Helper()
	log := filepath.Join(s.t.TempDir(), "logfeed.log")
	args := append([]string{"--from-start", "--prefix", "apache.web1", "--carbon", s.carbon.Addr(), "--status", "127.0.0.1:0"}, flags...)
	var err error
	if s.process, err = child.Start(log, binary(s.t, "LOGFEED_BINARY"), append(args, filepath.Join(s.dir, "*.log"))...); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.process.Kill() })
	s.url = servedAt(s.t, log)
}

// servedAt waits until logfeed's own log tells where the page is.
func servedAt(t *testing.T, log string) (url string) {
	t.Helper()
	served := regexp.MustCompile(`msg="the status is served" status=(\S+)`)
	for limit := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		said, err := os.ReadFile(log)
		if m := served.FindSubmatch(said); err == nil && m != nil {
			return "http://" + string(m[1]) + "/"
		}
		if time.Now().After(limit) {
			t.Fatalf("no status is served: %s", said)
		}
	}
}

func (s *site) stop() {
	s.t.Helper()
	if err := s.process.Stop(syscall.SIGTERM, patience); err != nil {
		s.t.Log(err) // it may say that points could not be delivered
	}
}

func binary(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set; run make status-test", variable)
	}
	return path
}
