package status

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

func get(t *testing.T, s *Server, method, host, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, r)
	return w
}

// serve starts a server on a free port of loopback.
func serve(t *testing.T, r Report) *Server {
	t.Helper()
	s := Start(Options{
		Address: Address{Host: "127.0.0.1"},
		Report:  func() Report { return r },
		History: NewHistory(time.Minute),
	})
	t.Cleanup(s.Close)
	return s
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		":8080":            "127.0.0.1:8080",
		"0.0.0.0:80":       "0.0.0.0:80",
		"[::1]:8080":       "[::1]:8080",
		"unix:/run/a.sock": "unix:/run/a.sock",
		"8080":             "",
		":http":            "",
		":65536":           "",
		"unix:a.sock":      "",
	} {
		a, err := ParseAddress(text)
		if want == "" {
			if err == nil {
				t.Errorf("%q is taken for %s", text, a)
			}
		} else if err != nil || a.String() != want {
			t.Errorf("%q is %s, %v", text, a, err)
		}
	}
}

func TestHealth(t *testing.T) {
	for _, h := range []Health{{true, "the reader goes round"}, {false, "the reader has not gone round for 31s"}} {
		w := get(t, serve(t, Report{Health: h}), "GET", "localhost", "/healthz")
		want := http.StatusOK
		if !h.OK {
			want = http.StatusServiceUnavailable
		}
		if w.Code != want || w.Body.String() != h.Reason+"\n" {
			t.Errorf("%v: %d %q", h, w.Code, w.Body)
		}
	}
}

func TestForeignHostsAreRefused(t *testing.T) {
	s := serve(t, Report{Health: Health{OK: true}})
	for host, want := range map[string]int{
		"localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "192.0.2.1": 200,
		"evil.example": 421, "localhost.evil.example:8080": 421, "127.0.0.1.evil.example": 421, "": 421,
	} {
		for _, path := range []string{"/", "/healthz", "/metrics", "/api/status", "/api/chart", "/api/series"} {
			if w := get(t, s, "GET", host, path); w.Code != want {
				t.Errorf("Host %q, %s: %d", host, path, w.Code)
			}
		}
	}
}

// TestNothingElseIsServed asks for what packages like to put up by themselves.
func TestNothingElseIsServed(t *testing.T) {
	s := serve(t, Report{Health: Health{OK: true}})
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/profile", "/debug/vars", "/api/", "/app.js/", "/../routes.go", "/page/app.js"} {
		if w := get(t, s, "GET", "localhost", path); w.Code == http.StatusOK {
			t.Errorf("%s: %d %.100q", path, w.Code, w.Body)
		}
	}
}

func TestOnlyGetAndHead(t *testing.T) {
	s := serve(t, Report{})
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405, "OPTIONS": 405} {
		if w := get(t, s, method, "localhost", "/api/status"); w.Code != want {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

func TestOnlyTheOwnScriptRuns(t *testing.T) {
	s := serve(t, Report{})
	for _, path := range []string{"/", "/app.js", "/api/status", "/metrics", "/nowhere"} {
		h := get(t, s, "GET", "localhost", path).Header()
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be taken for something else", path)
		}
	}
	html := get(t, s, "GET", "localhost", "/").Body.String()
	for _, inline := range []string{"<script>", "<style", " style=", " onclick=", "javascript:"} {
		if strings.Contains(html, inline) {
			t.Errorf("the page has %s", inline)
		}
	}
	script := get(t, s, "GET", "localhost", "/app.js").Body.String()
	for _, way := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("} {
		if strings.Contains(script, way) {
			t.Errorf("the script uses %s", way)
		}
	}
}

func TestMetrics(t *testing.T) {
	lag := int64(7)
	r := Report{
		Health: Health{OK: true}, Lines: Lines{Rejected: 3, Filtered: 2}, Reading: Reading{LagSeconds: &lag},
		Destinations: []Destination{{Address: "carbon.example:2003", Waiting: 12}},
	}
	text := get(t, serve(t, r), "GET", "localhost", "/metrics").Body.String()
	for _, line := range []string{
		"logfeed_healthy 1", `logfeed_lines_total{outcome="rejected"} 3`, `logfeed_lines_total{outcome="filtered"} 2`,
		"logfeed_lag_seconds 7", `logfeed_carbon_waiting_points{carbon="carbon.example:2003"} 12`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("there is no %s in\n%s", line, text)
		}
	}
}

func TestFilesFurthestBehind(t *testing.T) {
	r := Report{Files: []File{{Path: "/a.log"}, {Path: "/b.log", LagBytes: 9}, {Path: "/c.txt", LagBytes: 10}}, FilesInAll: 3}
	var got Report
	if err := json.Unmarshal(get(t, serve(t, r), "GET", "localhost", "/api/status?files=1&match=.log").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Files) != 1 || got.Files[0].Path != "/b.log" || got.FilesInAll != 3 {
		t.Errorf("%+v", got.Files)
	}
}

func TestHistory(t *testing.T) {
	h := NewHistory(time.Minute)
	h.Add([]point.Point{
		{Series: "a.x.requests.count", Time: 600, Value: 1}, {Series: "a.y.requests.count", Time: 600, Value: 2},
		{Series: "a.x.requests.count", Time: 600, Value: 5}, {Series: "a.x.requests.count", Time: 720, Value: 4},
	})
	c := h.Chart(time.Unix(730, 0), []string{"a.x.requests.count"}, []string{"requests.count"})
	if said, want := newest(c, 3), " 7 - 4; 5 - 4;"; said != want {
		t.Errorf("got %q, want %q", said, want)
	}
	// What is older than the ring is forgotten, and never comes back as new.
	h.Add([]point.Point{{Series: "a.x.requests.count", Time: 720 + 3600, Value: 8}, {Series: "a.x.requests.count", Time: 600, Value: 99}})
	c = h.Chart(time.Unix(720+3600, 0), []string{"a.x.requests.count"}, nil)
	sum := 0.0
	for _, v := range c.Lines[0].Values {
		if v != nil {
			sum += *v
		}
	}
	if sum != 8 {
		t.Errorf("the half hour holds %v", sum)
	}
}

// TestVerdicts has each thing that can be wrong, with all that is less bad
// beside it: the worst is told.
func TestVerdicts(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	before := func(d time.Duration) *time.Time { t := now.Add(-d); return &t }
	r := Report{
		Time: now, FilesInAll: 1, Health: Health{Reason: "the reader has not gone round for 31s"},
		Reading: Reading{Full: true, Unreadable: 2, LinesRate: 100, Behind: true, LagBytes: 3 << 20},
		Lines:   Lines{RejectedRate: 6}, Unreadable: []Unreadable{{Path: "/a.log"}, {Path: "/b.log"}},
		Destinations: []Destination{
			{Address: "one:2003", Connected: true, LastReceipt: before(5 * time.Second)},
			{Address: "two:2003", Away: before(90 * time.Minute), LastReceipt: before(2 * time.Hour), Waiting: 1234},
		},
	}
	for _, c := range []struct {
		mend        func()
		level, text string
	}{
		{func() {}, "bad", "Not working: the reader has not gone round for 31s. What follows is from before."},
		{func() { r.Health.OK = true }, "bad", "Reading waits: no Carbon takes points, and the buffers are full. Nothing is lost while the logs stay."},
		{func() { r.Reading.Full = false }, "warn", "Carbon two:2003 has been away for 1 h; 1,234 points wait for it."},
		{func() { r.Destinations[1].Away = before(time.Second); r.FilesInAll, r.Reading.Unreadable = 0, 0 }, "warn", "There is no log to read: no file matches yet."},
		{func() { r.FilesInAll, r.Reading.Unreadable = 1, 2 }, "warn", "2 paths cannot be read, /a.log among them."},
		{func() { r.Reading.Unreadable = 1 }, "warn", "/a.log cannot be read."},
		{func() { r.Reading.Unreadable = 0 }, "warn", "6 % of the lines of the last seconds are rejected."},
		{func() { r.Lines.RejectedRate = 4 }, "busy", "Catching up: 3.0 MiB of logs are still to be read."},
		{func() { r.Reading.Behind = false }, "good", "Working: 1 log is read to the end, last receipt from Carbon 2 h ago."},
		{func() { r.Reading.Finished = true }, "busy", "Everything has been read, and what is left is being delivered."},
	} {
		c.mend()
		r.Judge()
		if r.Verdict != (Verdict{c.level, c.text}) {
			t.Errorf("%+v, wanted %s %q", r.Verdict, c.level, c.text)
		}
	}
}

// newest are the last n values of every line of a chart.
func newest(c Chart, n int) (said string) {
	for _, l := range c.Lines {
		for _, v := range l.Values[len(l.Values)-n:] {
			if v == nil {
				said += " -"
			} else {
				said += fmt.Sprint(" ", *v)
			}
		}
		said += ";"
	}
	return said
}

// TestCountsWithoutAPointAreZero has a status that comes once in a while: that
// nothing came is a 0 only where that is known, and never a duration of 0.
func TestCountsWithoutAPointAreZero(t *testing.T) {
	h := NewHistory(time.Minute)
	names := []string{"a.status.5xx.count", "a.duration.ms.p95", "a.bytes.count;host=x", "a.unheard.count"}
	h.Add([]point.Point{{Series: names[0], Time: 660, Value: 3}, {Series: names[1], Time: 660, Value: 9}, {Series: names[2], Time: 720, Value: 5}})
	chart := func() string { return newest(h.Chart(time.Unix(910, 0), names, nil), 6) } // 600 to 900
	if said, want := chart(), " - 3 - - - -; - 9 - - - -; - - 5 - - -; - - - - - -;"; said != want {
		t.Errorf("before it is known, %q", said)
	}
	h.Present(780, true, nil)
	if said, want := chart(), " - 3 - - - -; - 9 - - - -; - - 5 - - -; - - - - - -;"; said != want {
		t.Errorf("while reading is behind, %q", said)
	}
	h.Present(840, false, nil)
	h.Present(900, true, nil)
	if said, want := chart(), " - 3 0 0 0 -; - 9 - - - -; - 0 5 0 0 -; - - - - - -;"; said != want {
		t.Errorf("after all has been read once, %q", said)
	}
	if c := h.Chart(time.Unix(910, 0), nil, nil); c.Partial != 900 {
		t.Errorf("not complete from %d on", c.Partial)
	}
}

// TestSlowClientsHoldNobodyUp opens many connections that never end their
// headers: no more than the bound are served, and they are cut off in time.
func TestSlowClientsHoldNobodyUp(t *testing.T) {
	s := serve(t, Report{Health: Health{OK: true, Reason: "well"}})
	var all []net.Conn
	for range 2 * maxConnections {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	client := http.Client{Timeout: 2 * time.Minute}
	answer, err := client.Get("http://" + s.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Error(answer.Status)
	}
	all[0].SetReadDeadline(time.Now().Add(2 * time.Minute))
	if _, err := io.Copy(io.Discard, all[0]); err != nil {
		t.Errorf("a slow client is not cut off: %v", err)
	}
}

func TestLongHeadersAreRefused(t *testing.T) {
	s := serve(t, Report{})
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Minute))
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", 3*maxHeader))
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Error(answer.Status)
	}
}

// TestSocketOfTheDead leaves a socket behind as a kill does: it is taken over,
// while that of a living process is not.
func TestSocketOfTheDead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if ln, err := listenAt(Address{Path: path}); err == nil {
		ln.Close()
		t.Fatal("the socket of a living process is taken away")
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	ln, err := listenAt(Address{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
}

// TestConnectionsAreBounded holds as many connections as are served, on which
// nothing is asked. Another one waits until one of them ends.
func TestConnectionsAreBounded(t *testing.T) {
	s := serve(t, Report{Health: Health{OK: true, Reason: "well"}})
	dial := func() net.Conn {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	begin := time.Now()
	var idle []net.Conn
	for range maxConnections {
		idle = append(idle, dial())
	}
	late := dial()
	fmt.Fprint(late, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	answer := make([]byte, 12)
	late.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	// A machine so slow that idle ones have been cut off meanwhile proves nothing.
	if _, err := io.ReadFull(late, answer); err == nil && time.Since(begin) < headerTime {
		t.Errorf("connection %d was answered: %q", maxConnections+1, answer)
	}
	idle[0].Close()
	late.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.ReadFull(late, answer); err != nil || string(answer) != "HTTP/1.1 200" {
		t.Errorf("after one had ended: %q, %v", answer, err)
	}
}
