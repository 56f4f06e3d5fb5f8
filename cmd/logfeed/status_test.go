package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/status"
)

// A watcher asks a running logfeed how it is.
type watcher struct {
	t      *testing.T
	log    string
	socket string
	client http.Client
}

// lineOfNow is a line that is not late.
func lineOfNow() string {
	return "192.0.2.7 - - [" + time.Now().Format("02/Jan/2006:15:04:05 -0700") + "]" + " \"GET / HTTP/1.1\" 200 5120 \"-\" \"curl\"\n"
}

// watched starts a logfeed that follows one log and serves its status at a
// socket.
func watched(t *testing.T, flags ...string) *watcher {
	t.Helper()
	// The path of a socket may have about a hundred bytes.
	dir, err := os.MkdirTemp("", "status")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &watcher{t: t, log: filepath.Join(dir, "access.log"), socket: filepath.Join(dir, "s")}
	w.client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", w.socket)
	}}
	t.Cleanup(w.client.CloseIdleConnections)
	w.write(lineOfNow() + "<script>secret</script>\n")
	args := append([]string{"--dry-run", "--from-start", "--prefix", "apache.web1", "--status", "unix:" + w.socket}, flags...)
	launch(t, exec.Command("logfeed", append(args, w.log)...))
	return w
}

func (w *watcher) write(text string) {
	w.t.Helper()
	f, err := os.OpenFile(w.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watcher) get(path string) (code int, body string) {
	answer, err := w.client.Get("http://localhost" + path)
	if err != nil {
		return 0, err.Error() // not yet
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// await asks until the report is as wanted.
func (w *watcher) await(what string, wanted func(status.Report) bool) (report status.Report, text string) {
	w.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var code int
		if code, text = w.get("/api/status"); code != http.StatusOK {
			continue
		}
		if err := json.Unmarshal([]byte(text), &report); err != nil {
			w.t.Fatal(err)
		}
		if wanted(report) {
			return report, text
		}
	}
	w.t.Fatalf("waited too long for %s: %s", what, text)
	return report, text
}

func read(lines, rejected int64) func(status.Report) bool {
	return func(r status.Report) bool {
		return r.Lines.Counted == lines && r.Lines.Rejected == rejected && len(r.Files) == 1 && len(r.Rejections) == 1
	}
}

// TestStatus asks a logfeed that follows. What a rejected line says stays secret
// unless --status-lines is given.
func TestStatus(t *testing.T) {
	w := watched(t)
	r, text := w.await("the first lines", read(1, 1))
	if strings.Contains(text, "secret") {
		t.Errorf("the text of a line is shown: %s", text)
	}
	if f := r.Files[0]; f.Path != w.log || f.LagBytes != 0 || f.Position != f.Size || f.Rejected != 1 {
		t.Errorf("%+v", f)
	}
	if one := r.Rejections[0]; one.Lines != 1 || one.Path != w.log || one.Line != 2 || one.Expected == "" || one.Column == 0 {
		t.Errorf("%+v", one)
	}
	if code, said := w.get("/healthz"); code != http.StatusOK || said != "the reader goes round\n" {
		t.Errorf("/healthz: %d %q", code, said)
	}
	if _, said := w.get("/metrics"); !strings.Contains(said, `logfeed_lines_total{outcome="rejected"} 1`) || strings.Contains(said, "secret") {
		t.Errorf("/metrics: %s", said)
	}
	w = watched(t, "--status-lines")
	if _, text := w.await("the first lines", read(1, 1)); !strings.Contains(text, "secret") || strings.Contains(text, "<script>") {
		t.Errorf("the text of the line is not shown, or not as JSON for pages: %s", text)
	}
}

// TestHealthStates has a reader that is stuck, one that waits, and one at its
// end.
func TestHealthStates(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		still          time.Duration
		full, finished bool
		ok             bool
		reason         string
	}{
		{time.Second, false, false, true, "the reader goes round"},
		{time.Minute, false, false, false, "the reader has not gone round for 1m0s"},
		{time.Hour, true, false, true, "reading waits until a destination has room"},
		{time.Hour, false, true, true, "everything has been read"},
	} {
		p := &pipeline{sink: filled{full: c.full}}
		p.wentOn.Store(now.Add(-c.still).UnixNano())
		p.finished.Store(c.finished)
		if h := p.health(now); h.OK != c.ok || h.Reason != c.reason {
			t.Errorf("%+v: %+v", c, h)
		}
	}
}

// filled is an outlet that may be at its bound.
type filled struct {
	printed
	full bool
}

func (f filled) Full() bool { return f.full }
