//go:build realtest

package realtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/httpd"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

// testCopytruncate rotates by copying and truncating, which loses what is
// written between the two, whoever reads the log. What is in a file in the end
// must have been counted; what is in none may have been; and logfeed says how
// often a file was truncated, and what it knows to have missed.
func testCopytruncate(t *testing.T, carbon *gocarbon.Server, prefix string, directives []string) {
	r := newRotation(t, carbon, prefix, directives, httpd.Options{Rate: 2000, Seed: 1})
	r.feed.start()
	time.Sleep(time.Second)
	for range 3 {
		r.rotate(noRestart)
		time.Sleep(1500 * time.Millisecond)
	}
	r.feed.awaitCheckpoints(2)
	r.feed.kill()
	for range 2 {
		time.Sleep(700 * time.Millisecond)
		r.rotate(noRestart)
	}
	time.Sleep(700 * time.Millisecond)
	r.feed.start()
	time.Sleep(2 * time.Second)

	written := stopServer(t, r.server, prefix)
	onDisk := r.onDisk()
	least := pointsOf(t, onDisk, prefix)
	vanished := r.server.Lines() - bytes.Count(onDisk, []byte("\n"))
	requests := prefix + ".requests.count"
	until(t, "the lines that are in the files", func() bool {
		return sum(r.read(carbon, prefix)[requests]) >= sum(least[requests])
	})
	c := r.feed.stop()
	got := r.read(carbon, prefix)
	for series, buckets := range written {
		for bucket, most := range buckets {
			if value := got[series][bucket]; value < least[series][bucket] || value > most {
				t.Errorf("%s at %d: %v, want at least %v, which is on the disk, and at most %v, which was written",
					series, bucket, value, least[series][bucket], most)
			}
		}
	}
	counted := int(sum(got[requests]))
	t.Logf("%d lines written, of which %d are in no file; %d lost; logfeed says %+v", r.server.Lines(), vanished, r.server.Lines()-counted, c)
	if c.Lines != counted || c.Rejected != 0 || c.Late != 0 {
		t.Errorf("logfeed has counted %+v, want %d lines and nothing else", c, counted)
	}
	if n := len(r.feed.records("a file was truncated")); n < 2*3 {
		t.Errorf("logfeed has said %d times that a file was truncated, want it for two files three times", n)
	}
}

// testDeleted rotates so often while logfeed is down that logrotate deletes
// what logfeed has not read. Nobody can say how much that was but the writer;
// that something is missing, logfeed has to say.
func testDeleted(t *testing.T, carbon *gocarbon.Server, prefix string, directives []string) {
	r := newRotation(t, carbon, prefix, append(without(directives, "rotate 14", "compress", "delaycompress"), "rotate 1"), httpd.Options{Rate: 300, Seed: 1})
	how := noRestart
	if slices.Contains(directives, "create 640 root adm") {
		how = patientRestart
	}
	r.feed.start()
	time.Sleep(time.Second)
	r.feed.awaitCheckpoints(2)
	r.feed.kill()
	for range 3 {
		time.Sleep(time.Second)
		r.rotate(how)
	}
	time.Sleep(time.Second)
	r.feed.start()
	stopServer(t, r.server, prefix)
	// logfeed gives a copy some seconds to turn up.
	time.Sleep(10 * lookEvery)
	c := r.feed.stop()
	lost := r.server.Lines() - c.Lines
	t.Logf("%d lines written, %d lost; logfeed says %+v", r.server.Lines(), lost, c)
	if lost <= 0 {
		t.Errorf("%d lines are lost, want some: else the test proves nothing", lost)
	}
	if c.Gaps == 0 {
		t.Errorf("%d lines are lost, and logfeed says nothing of a gap: %+v", lost, c)
	}
}

// onDisk returns all whole lines of all files, rotated ones included.
func (r *rotation) onDisk() []byte {
	r.t.Helper()
	var all []byte
	for _, name := range r.names() {
		file, err := os.Open(filepath.Join(r.dir, name))
		if err != nil {
			r.t.Fatal(err)
		}
		defer file.Close()
		var content io.Reader = file
		if strings.HasSuffix(name, ".gz") {
			if content, err = gzip.NewReader(file); err != nil {
				r.t.Fatal(err)
			}
		}
		text, err := io.ReadAll(content)
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, text[:bytes.LastIndexByte(text, '\n')+1]...)
	}
	return all
}

func (r *rotation) read(carbon *gocarbon.Server, prefix string) roundtrip.Points {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	points, err := roundtrip.Read(ctx, carbon, prefix)
	if err != nil {
		r.t.Fatal(err)
	}
	return points
}

func sum(buckets map[int64]float64) float64 {
	total := 0.0
	for _, value := range buckets {
		total += value
	}
	return total
}
