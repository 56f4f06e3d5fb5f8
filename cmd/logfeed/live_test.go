package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// combined writes one line of a log in the combined format.
func combined(when time.Time, status, bytes int) string {
	return fmt.Sprintf("192.0.2.7 - - [%s] \"GET /index.html HTTP/1.1\" %d %d \"-\" \"test\"\n",
		when.UTC().Format("02/Jan/2006:15:04:05 -0700"), status, bytes)
}

// recentLog makes a log of n lines over the minutes before now, in the order
// in which a server writes them: by the end of each request.
func recentLog(rnd *rand.Rand, now time.Time, n int) string {
	var log strings.Builder
	for i := range n {
		end := now.Add(-20 * time.Minute * time.Duration(n-i) / time.Duration(n))
		took := time.Duration(rnd.IntN(90)) * time.Second
		log.WriteString(combined(end.Add(-took), 100*(1+rnd.IntN(5))+rnd.IntN(100), rnd.IntN(1<<20)))
	}
	return log.String()
}

// points backfills a log by a dry run and returns the cells that it prints.
func points(t *testing.T, log string) map[carbontest.Key]string {
	t.Helper()
	cmd := exec.Command("logfeed", "--from-start", "--once", "--dry-run", "--prefix", "apache.web1", "-")
	cmd.Stdin = strings.NewReader(log)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("dry run: %v", err)
	}
	cells := make(map[carbontest.Key]string)
	for line := range strings.Lines(string(out)) {
		var key carbontest.Key
		var value string
		if _, err := fmt.Sscan(line, &key.Series, &value, &key.Time); err != nil {
			t.Fatal(err)
		}
		cells[key] = value
	}
	return cells
}

// TestLiveEqualsBackfill appends a log in random pieces that end in mid-line,
// rotates it on the way, and compares what Carbon holds in the end with a
// backfill of the same lines, to the byte.
func TestLiveEqualsBackfill(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	log := recentLog(rnd, time.Now(), 3000)
	want := points(t, log)

	path := filepath.Join(t.TempDir(), "access.log")
	file := create(t, path)
	carbon := listen(t)
	logfeed := start(t, carbon, "--from-start", path)
	until(t, "the connection", func() bool { return carbon.Counts().Accepted > 0 })
	for rest, round := log, 0; rest != ""; round++ {
		n := min(1+rnd.IntN(len(log)/60), len(rest))
		if _, err := file.WriteString(rest[:n]); err != nil {
			t.Fatal(err)
		}
		whole := rest[n-1] == '\n'
		rest = rest[n:]
		if whole || round%20 == 19 {
			// A writer that rotates ends its line in the old file.
			if i := strings.IndexByte(rest, '\n'); i >= 0 && !whole {
				file.WriteString(rest[:i+1])
				rest = rest[i+1:]
			}
			file.Close()
			if err := os.Rename(path, fmt.Sprintf("%s.%d", path, round)); err != nil {
				t.Fatal(err)
			}
			file = create(t, path)
		}
		time.Sleep(time.Duration(rnd.IntN(20)) * time.Millisecond)
	}
	until(t, "the bucket in progress to be all that is missing", func() bool {
		return ended(traffic(carbon), want)
	})
	if code := logfeed.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if d := difference(traffic(carbon), want); d != "" {
		t.Error(d)
	}
}

// ended says whether all cells are there of the buckets that have ended.
func ended(got, want map[carbontest.Key]string) bool {
	now := time.Now().Unix()
	for key, v := range want {
		if key.Time+60 <= now && got[key] != v {
			return false
		}
	}
	return true
}

// TestStartAtTheEnd starts beside a log that is being written: what ended
// before is left alone, and the bucket in progress is whole although half of
// it was written before the start.
func TestStartAtTheEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "access.log")
	rotated := create(t, path+".1")
	now := time.Now()
	for now.Unix()%60 > 30 { // too near to the end of a minute for a test
		time.Sleep(time.Second)
		now = time.Now()
	}
	bucket := now.Truncate(time.Minute)
	for i := range 200 {
		rotated.WriteString(combined(bucket.Add(time.Duration(i-200)*time.Second), 200, 1))
	}
	rotated.WriteString(combined(bucket, 200, 10))
	file := create(t, path)
	file.WriteString(combined(bucket, 200, 100))

	carbon := listen(t)
	logfeed := start(t, carbon, path)
	until(t, "the connection", func() bool { return carbon.Counts().Accepted > 0 })
	slow := combined(bucket.Add(-time.Second), 200, 1) // of the bucket before, which is closed
	file.WriteString(combined(bucket.Add(time.Second), 404, 1000) + slow)
	want := map[carbontest.Key]string{
		{Series: "apache.web1.bytes.count", Time: bucket.Unix()}:      "1110",
		{Series: "apache.web1.requests.count", Time: bucket.Unix()}:   "3",
		{Series: "apache.web1.status.2xx.count", Time: bucket.Unix()}: "2",
		{Series: "apache.web1.status.4xx.count", Time: bucket.Unix()}: "1",
	}
	until(t, "the lines", func() bool { return strings.Contains(logfeed.stderr.String(), "late lines") })
	logfeed.terminate(t)
	if d := difference(traffic(carbon), want); d != "" {
		t.Error(d)
	}
}

// TestPipedLogDropsTheBucketInProgress follows standard input as Apache pipes
// it: an earlier logfeed may have sent the whole of the bucket in progress.
func TestPipedLogDropsTheBucketInProgress(t *testing.T) {
	t.Parallel()
	now := time.Now()
	cmd := exec.Command("logfeed", "--dry-run", "--interval", "2s", "--prefix", "apache.web1", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out spoken
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first := now.Unix() - now.Unix()%2
	for at := now; at.Unix() < first+5; {
		at = time.Now()
		fmt.Fprint(in, combined(at, 200, 1))
		time.Sleep(100 * time.Millisecond)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("end of input: %v", err)
	}
	text := out.String()
	if strings.Contains(text, fmt.Sprintf(" %d\n", first)) || !strings.Contains(text, fmt.Sprintf(" %d\n", first+4)) {
		t.Errorf("the first bucket at %d must not be sent, the third must:\n%s", first, text)
	}
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
