package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// request is one line of a log, as a server writes it when it has answered.
type request struct {
	begin int64 // what %t says
	took  int64 // microseconds
	end   int64
}

// slowRequests returns the requests of two hours in the order of their ends.
// Some have begun many hours before, and for some time all have.
func slowRequests(rnd *rand.Rand, n int) []request {
	var all []request
	for i := range n {
		end := int64(1768046400e6) + int64(i)*7200e6/int64(n) // microseconds
		took := rnd.Int64N(1e6)
		if rnd.IntN(10) == 0 || i/3000%2 == 1 {
			took = 5*3600e6 + rnd.Int64N(15*3600e6)
		}
		begin := (end - took) / 1e6
		all = append(all, request{begin: begin, took: took, end: (begin*1e6 + took) / 1e6})
	}
	return all
}

func (r request) String() string {
	return fmt.Sprintf("192.0.2.1 [%s] \"GET / HTTP/1.1\" 200 %d\n", time.Unix(r.begin, 0).UTC().Format("02/Jan/2006:15:04:05 -0700"), r.took)
}

// TestTimeEnd counts slow requests at their ends: all of them are in order, so
// that none is late although the lateness is only that of a second rounded off.
// With bounds of time the buckets inside are the same, and what lies outside is
// left unread by the same time.
func TestTimeEnd(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	requests := slowRequests(rnd, 24_000)
	dir := t.TempDir()
	for i := range 3 {
		var text bytes.Buffer
		for _, r := range requests[i*8000 : (i+1)*8000] {
			text.WriteString(r.String())
		}
		writeFile(t, filepath.Join(dir, fmt.Sprintf("access.log.%d", rnd.IntN(1e9))), text.Bytes(), rnd.IntN(2) == 0, requests[(i+1)*8000-1].end)
	}
	for range 6 {
		since, until := int64(0), int64(1<<62)
		args := []string{"--metrics", "requests", "--time", "end", "--lateness", "2s", "--interval", "1s", "--format", `%h %t "%r" %>s %D`}
		if rnd.IntN(3) > 0 {
			since = requests[rnd.IntN(len(requests))].end
			until = since + 1 + rnd.Int64N(4000)
			args = append(args, "--since", moment(since), "--until", moment(until))
		}
		want := make(map[string]int)
		for _, r := range requests {
			if r.end >= since && r.end < until {
				want[fmt.Sprint(r.end)]++
			}
		}
		got := make(map[string]int)
		for _, line := range cells(t, append(args, filepath.Join(dir, "*"))...) {
			var series, when string
			var n int
			if _, err := fmt.Sscan(line, &series, &n, &when); err != nil {
				t.Fatal(err)
			}
			got[when] += n
		}
		if !maps.Equal(got, want) {
			t.Errorf("%v: %d buckets, want %d", args, len(got), len(want))
		}
	}
}

// writeFile leaves a log that was written to last at the given time.
func writeFile(t *testing.T, path string, text []byte, pack bool, last int64) {
	t.Helper()
	if pack {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		w.Write(text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path, text = path+".gz", packed.Bytes()
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Unix(last+1, 0)); err != nil {
		t.Fatal(err)
	}
}

// TestStartAtTheEndByEnd starts beside a log of slow requests: the look-back
// finds those that have ended in the bucket in progress, however long ago they
// began, and none that ended before it.
func TestStartAtTheEndByEnd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	file := create(t, path)
	now := time.Now()
	for now.Unix()%60 > 30 { // too near to the end of a minute for a test
		time.Sleep(time.Second)
		now = time.Now()
	}
	bucket := now.Unix() - now.Unix()%60
	ending := func(end, hours int64) string {
		return request{begin: end - hours*3600, took: hours * 3600e6}.String()
	}
	for i := range int64(200) {
		file.WriteString(ending(bucket-200+i, i%5))
	}
	file.WriteString(ending(bucket, 7) + ending(bucket, 0))
	carbon := listen(t)
	logfeed := start(t, carbon, "--time", "end", "--metrics", "requests", "--format", `%h %t "%r" %>s %D`, path)
	until(t, "the start", func() bool { return strings.Contains(logfeed.stderr.String(), "caught up") })
	file.WriteString(ending(bucket+1, 3) + ending(bucket-1, 0))
	until(t, "the lines", func() bool { return strings.Contains(logfeed.stderr.String(), "late lines") })
	logfeed.terminate(t)
	want := map[carbontest.Key]string{{Series: "apache.web1.requests.count", Time: bucket}: "3"}
	if d := difference(carbon.Final(), want); d != "" {
		t.Error(d)
	}
}
