package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// manyLogs leaves n logs of a site in dir, each with the given number of lines,
// and returns the requests of each minute. One follows the other every six
// minutes and overlaps with the next two; nothing can be told from their names.
func manyLogs(t *testing.T, rnd *rand.Rand, dir string, n, lines int) map[int64]int {
	t.Helper()
	want := make(map[int64]int)
	begin := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	var text bytes.Buffer
	for i := range n {
		text.Reset()
		for k := range lines {
			written := begin.Add(time.Duration(i)*6*time.Minute + time.Duration(k)*15*time.Minute/time.Duration(lines))
			when := written.Add(-time.Duration(rnd.IntN(600)) * time.Second) // a request of up to ten minutes
			want[when.Truncate(time.Minute).Unix()]++
			text.WriteString(combined(when, 200, k))
		}
		name := fmt.Sprintf("access.log.%d", rnd.IntN(1e9))
		content := text.Bytes()
		if rnd.IntN(2) == 0 {
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			w.Write(content)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			name, content = name+".gz", packed.Bytes()
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return want
}

// requests returns the last total of each minute in the output of a dry run.
func requests(t *testing.T, out string) map[int64]int {
	t.Helper()
	got := make(map[int64]int)
	for line := range strings.Lines(out) {
		var series string
		var value int
		var when int64
		if _, err := fmt.Sscan(line, &series, &value, &when); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(series, ".requests.count") {
			got[when] = value
		}
	}
	return got
}

// TestManyFiles reads 2,000 files with 256 descriptors.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dir := t.TempDir()
	want := manyLogs(t, rand.New(rand.NewPCG(seed, 0)), dir, 2000, 30)
	cmd := exec.Command("sh", "-c", "ulimit -n 256 && exec logfeed --from-start --once --dry-run --prefix a '"+dir+"/*'")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if got := requests(t, string(out)); !maps.Equal(got, want) {
		t.Errorf("the points of %d minutes are not those of the %d minutes written\n%s", len(got), len(want), said.String())
	}
	if !strings.Contains(said.String(), "more files than this process may open") {
		t.Error("all files could be opened at a time")
	}
}

// TestMemoryOfManyFiles sees that 2,000 files of 90 MB need far less memory
// than is in them. What is live is measured by a collection now and then, so
// that the machine's speed has no say; it includes what is allocated meanwhile.
func TestMemoryOfManyFiles(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dir := t.TempDir()
	manyLogs(t, rand.New(rand.NewPCG(seed, 0)), dir, 2000, 500)
	done := make(chan int, 1)
	// Ends at the end of the files.
	go func() {
		done <- run(t.Context(), []string{"--from-start", "--once", "--dry-run", "--prefix", "a", dir + "/*"}, nil, io.Discard, io.Discard)
	}()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	most := uint64(0)
	for {
		select {
		case code := <-done:
			if code != exitDone {
				t.Errorf("exit code %d", code)
			}
			if t.Logf("%d KiB were live", most>>10); most > 64<<20 {
				t.Errorf("%d bytes were live with 90 MB in the files", most)
			}
			return
		case <-time.After(5 * time.Millisecond):
			runtime.GC()
			metrics.Read(live)
			most = max(most, live[0].Value.Uint64())
		}
	}
}
