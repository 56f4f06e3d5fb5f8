package tools

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/stanzas"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// A tagDB stands in for the index of Graphite's web application: go-carbon
// tells it the name of every series that has tags.
type tagDB struct {
	mu     sync.Mutex
	series map[string]bool
}

func (d *tagDB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := r.ParseForm(); err != nil || r.URL.Path != "/tags/tagMultiSeries" {
		http.Error(w, "what is this?", http.StatusBadRequest)
		return
	}
	for _, path := range r.PostForm["path"] {
		d.series[path] = true
	}
	fmt.Fprint(w, "[]")
}

func (d *tagDB) known() map[string]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.series)
}

// requestLine finds method and status of a line.
var requestLine = regexp.MustCompile(`\] "(\S+) .*?" (\d{3}) `)

// tagged counts a log by method and status, in a slow and obvious way.
func tagged(t *testing.T, log []byte) roundtrip.Points {
	t.Helper()
	parts := make(map[string][]byte)
	for line := range bytes.Lines(log) {
		if m := requestLine.FindSubmatch(line); m != nil {
			tags := fmt.Sprintf(";host=web.1;method=%s;status=%s", m[1], m[2])
			parts[tags] = append(parts[tags], line...)
		}
	}
	all := make(roundtrip.Points)
	for tags, part := range parts {
		count, err := roundtrip.CountLog(part)
		if err != nil {
			t.Fatal(err)
		}
		for series, cells := range count.Points("apache") {
			all[series+tags] = cells
		}
	}
	return all
}

// TestTags feeds a real go-carbon with series that have tags, directly and, a
// second one, out of a file of points. Both keep exactly the points of the log,
// under the names and by the methods of the stanzas that logfeed prints.
func TestTags(t *testing.T) {
	t.Parallel()
	log, err := roundtrip.StampFile("../testdata/apache_logs", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, points := filepath.Join(dir, "access.log"), filepath.Join(dir, "points")
	if err := os.WriteFile(path, log, 0o644); err != nil {
		t.Fatal(err)
	}
	naming := []string{"--naming", "tags", "--prefix", "apache;host=web.1", "--by", "method,status"}
	schemas, aggregation, err := stanzas.Print(t.Context(), binary(t, "LOGFEED_BINARY"), naming...)
	if err != nil {
		t.Fatal(err)
	}
	db := &tagDB{series: make(map[string]bool)}
	web := httptest.NewServer(db)
	t.Cleanup(web.Close)
	open := func(name string) *gocarbon.Server {
		carbon, err := gocarbon.Start(t.Context(), gocarbon.Options{
			Binary: binary(t, "GO_CARBON_BINARY"), Dir: filepath.Join(dir, name), Prefix: "apache", TagDB: web.URL,
			Schemas: schemas + stanzas.CatchAllSchema, Aggregation: aggregation + stanzas.CatchAllAggregation,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { carbon.Kill() })
		return carbon
	}
	first, second := open("first"), open("second")

	args := append([]string{"--from-start", "--once", "--carbon", first.Addr(), "--carbon", "file://" + points}, naming...)
	if said, err := exec.CommandContext(t.Context(), binary(t, "LOGFEED_BINARY"), append(args, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	want := tagged(t, log)
	awaitTagged(t, first, want)
	send(t, points, second.Addr())
	awaitTagged(t, second, want)

	ctx, cancel := context.WithTimeout(t.Context(), arrival)
	defer cancel()
	for known := db.known(); len(known) < len(want); known = db.known() {
		if ctx.Err() != nil {
			t.Fatalf("go-carbon has told of %d series with tags, want %d", len(known), len(want))
		}
		time.Sleep(100 * time.Millisecond)
	}
	for series := range db.known() {
		if want[series] == nil {
			t.Errorf("go-carbon tells of %s", series)
		}
	}
}

// send gives a file to a Carbon as nc -N does.
func send(t *testing.T, path, address string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.Copy(conn, f); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Fatal(err)
	}
}

// awaitTagged waits until a go-carbon has written exactly the wanted points.
func awaitTagged(t *testing.T, carbon *gocarbon.Server, want roundtrip.Points) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), arrival)
	defer cancel()
	for {
		files, err := whisper.ReadTree(carbon.WhisperDir())
		var wrong []string
		if err == nil { // a file may be in the making
			wrong = differences(files, want)
			if len(wrong) == 0 {
				return
			}
		}
		if ctx.Err() != nil {
			t.Fatalf("%d things are wrong (%v):\n%s", len(wrong), err, strings.Join(wrong[:min(len(wrong), 10)], "\n"))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// differences looks into the files of all series.
func differences(files map[string]whisper.File, want roundtrip.Points) (wrong []string) {
	for series, cells := range want {
		file, ok := files[whisper.TreeName(series)]
		switch {
		case !ok:
			wrong = append(wrong, series+" has no file")
		case file.Method != "sum" || file.XFilesFactor != 0 || file.Archives[0].Step != 60:
			wrong = append(wrong, fmt.Sprintf("%s is kept by %s, %v, %d s", series, file.Method, file.XFilesFactor, file.Archives[0].Step))
		case !maps.Equal(file.Archives[0].Values, cells):
			wrong = append(wrong, fmt.Sprintf("%s holds %v, want %v", series, file.Archives[0].Values, cells))
		}
	}
	if len(files) != len(want) {
		wrong = append(wrong, fmt.Sprintf("%d files, want %d", len(files), len(want)))
	}
	return wrong
}
