//go:build httpdtest

package httpdtest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// pipePatience bounds the wait for points.
const pipePatience = 4 * time.Minute

// TestPipeOverGracefulRestarts has httpd write every line into logfeed and into
// a file, under load, and restarts it gracefully again and again: every line of
// the file is counted, in the second of its own time.
func TestPipeOverGracefulRestarts(t *testing.T) {
	logfeed := os.Getenv("LOGFEED_BINARY")
	if logfeed == "" {
		t.Fatal("LOGFEED_BINARY is not set; run make httpd-test")
	}
	s := newSite(t)
	points := filepath.Join(s.dir, "points")
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	s.start(t, "UTC", []string{"mpm_event", "authz_core"}, fmt.Sprintf(`
Listen %s
DocumentRoot %q
LogFormat "%%{sec}t %%O" line
CustomLog logs/file.log line
CustomLog "|%s --format '%%{sec}t %%O' --interval 1s --spread 0s --prefix web --carbon file://%s --state-dir %s -" line
`, address, s.dir, logfeed, points, filepath.Join(s.dir, "state")), address)

	end, load := make(chan struct{}), sync.WaitGroup{}
	stop := sync.OnceFunc(func() { close(end); load.Wait() })
	defer stop()
	// Each ends with stop.
	for range 4 {
		load.Go(func() { visit("http://"+address+"/", end) })
	}
	// A logfeed that starts sends nothing of the second in which it does.
	first := int64(0)
	for limit := time.Now().Add(pipePatience); first == 0; time.Sleep(50 * time.Millisecond) {
		for at := range given(points) {
			first = max(first, at+1)
		}
		if time.Now().After(limit) {
			t.Fatalf("no points come: %s", s.server.Errors(20))
		}
	}
	for range 4 {
		time.Sleep(700 * time.Millisecond)
		if out, err := exec.Command("sh", "-c", s.server.Reload()).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	time.Sleep(time.Second)
	stop()
	said := s.server.Errors(40)
	s.stop(t)

	want := make(map[int64]float64)
	for _, line := range s.read(t, "file.log") {
		var at int64
		if _, err := fmt.Sscan(line, &at); err != nil {
			t.Fatal(err)
		}
		if at >= first {
			want[at]++
		}
	}
	var got map[int64]float64
	for limit := time.Now().Add(pipePatience); !maps.Equal(got, want); time.Sleep(50 * time.Millisecond) {
		got = given(points)
		maps.DeleteFunc(got, func(at int64, _ float64) bool { return at < first })
		if time.Now().After(limit) {
			t.Fatalf("httpd wrote %v, counted are %v\n%s", want, got, said)
		}
	}
	t.Logf("requests in each second, all of them counted: %v", want)
}

// visit makes requests until end is closed.
func visit(url string, end <-chan struct{}) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: pipePatience}
	for {
		select {
		case <-end:
			return
		default:
		}
		answer, err := client.Get(url)
		if err != nil {
			continue // a process that ends may reset what it has not begun
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

// given returns the last point of each second; none where no file is yet.
func given(path string) map[int64]float64 {
	requests := make(map[int64]float64)
	text, err := os.ReadFile(path)
	if err != nil {
		return requests
	}
	for line := range strings.Lines(string(text)) {
		var value float64
		var at int64
		if n, _ := fmt.Sscanf(line, "web.requests.count %g %d\n", &value, &at); n == 2 {
			requests[at] = value
		}
	}
	return requests
}
