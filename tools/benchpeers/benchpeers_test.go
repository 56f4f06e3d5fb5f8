package main

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

const lines = `1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 10 "-" "a"
nothing that is in the format
1.2.3.4 - - [17/May/2015:10:05:43 +0000] "GET /b HTTP/1.1" 404 - "-" "b"
`

// TestMakeLog holds what a made log is said to count to a count of the file.
func TestMakeLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	const start = 20000 * day
	made, err := makeLog(path, []byte(lines), 5000, start, shape{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	counted, err := roundtrip.CountLog(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := roundtrip.Compare(counted.Points("p"), made.truth.Points("p")); len(d) > 0 || len(counted.Rejected) > 0 {
		t.Errorf("%d differences and %d rejected lines; the first difference: %v", len(d), len(counted.Rejected), d[:min(1, len(d))])
	}
	starts := made.truth.Starts()
	if got := counted.Total().Requests; got != 5000 || int64(len(text)) != made.bytes || starts[0] != start || starts[len(starts)-1] != start+day-60 {
		t.Errorf("%d lines, %d bytes of %d, from %d to %d", got, made.bytes, len(text), starts[0], starts[len(starts)-1])
	}
}

// TestReadBack adds up the groups below a prefix, and leaves other kinds out.
func TestReadBack(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, points ...[2]int64) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name)+".wsp")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		// One archive of 60s behind a header of 16 and its own 12 bytes.
		file := []byte{0, 0, 0, 2, 0, 0, 0, 120, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 60, 0, 0, 0, byte(len(points))}
		for _, p := range points {
			file = binary.BigEndian.AppendUint32(file, uint32(p[0]))
			file = binary.BigEndian.AppendUint64(file, math.Float64bits(float64(p[1])))
		}
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a/requests/count", [2]int64{60, 1}, [2]int64{120, 2})
	write("b/requests/count", [2]int64{120, 3})
	write("b/bytes_in/count", [2]int64{120, 9})
	want := roundtrip.Points{"p.requests.count": {60: 1, 120: 5}, "p.in.count": nil}
	got, points, err := readBack(dir, "p", want)
	if err != nil || len(roundtrip.Compare(want, got)) > 0 || points != 4 {
		t.Errorf("%v, %d points, %v", got, points, err)
	}
}

func TestReplaced(t *testing.T) {
	first := replaced([]byte("# Head\n"), "peers", "one")
	again := replaced(append(first, "after\n"...), "peers", "two\n")
	want := "# Head\n\n<!-- peers -->\ntwo\n<!-- end of peers -->\nafter\n"
	if string(again) != want {
		t.Errorf("%q, want %q", again, want)
	}
}

func of(name string, scale float64, times ...time.Duration) *contestant {
	return &contestant{
		name: name, args: func(int) []string { return []string{name} }, scale: scale, log: log{bytes: 1e9, lines: 1e6},
		times: times, cpus: times, peaks: []int64{1 << 20, 65 << 20},
	}
}

func TestCompared(t *testing.T) {
	ours := of("logfeed", 1, 3e8)
	ours.ours, ours.points = true, 1234567
	table := compared([]*contestant{of("wc -l", 1, 4e8, 1e8, 2e8), of("a | slow", 10, 4e8, 3e8), ours})
	for _, want := range []string{
		"| wc -l | 1.00 GB | 0.20 s | 5.00 | 1.00 | 150 % | 0.20 s | 65 MiB |  | 3 |",
		"| a \\| slow (1/10 of the log, its time times 10) | 10.00 GB | 3.00 s | 3.33 | 15.00 |",
		"| logfeed | 1.00 GB | 0.30 s | 3.33 | 1.50 | 0 % | 0.30 s | 65 MiB | 1,234,567 | 1 |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in\n%s", want, table)
		}
	}
}

func TestReached(t *testing.T) {
	wc, slow := of("wc -l", 1, 1e8), of("slow", 10, 2e8)
	ours := of("logfeed", 1, 1e8)
	ours.ours = true
	table := reached([]aim{
		atMost("a", 2, times(slow, wc)), atMost("b", 20, times(slow, wc)),
		atLeast("c", 20, times(slow, wc)), atLeast("d", 21, times(slow, wc)),
		memory([]*contestant{wc, ours}), memory([]*contestant{wc}),
	})
	for _, want := range []string{
		"| a | at most 2.0 × | 20.00 × | **missed** |", "| b | at most 20.0 × | 20.00 × | reached |",
		"| c | at least 20 × | 20 × | reached |", "| d | at least 21 × | 20 × | **missed** |",
		"| logfeed: peak memory | at most 64 MiB | 65 MiB | **missed** |", "| logfeed: peak memory | at most 64 MiB | 0 MiB | reached |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in\n%s", want, table)
		}
	}
}

func TestGrowth(t *testing.T) {
	c := of("1.30 GB", 1, 4e8)
	c.points = 12345
	if table, want := growth("log", []*contestant{c}), "| 1.30 GB | 1,000,000 | 12,345 | 0.40 s | 0 % | 400 | 400 | 65 MiB | 1 |"; !strings.Contains(table, want) {
		t.Errorf("%q is not in\n%s", want, table)
	}
}

func TestEncoded(t *testing.T) {
	table, err := encoded(`goos: linux
BenchmarkEncode/logfeed-2         	    1000	     40000 ns/op	        80.04 ns/point
BenchmarkEncode/logfeed-2         	    1000	     45000 ns/op	        90.60 ns/point
BenchmarkEncode/logfeed-2         	    1000	     45000 ns/op	        99 ns/point
BenchmarkEncode/the_library 	    1000	    145000 ns/op	       290.1 ns/point	     120 B/op
PASS
`)
	if want := "| logfeed | 91 |\n| the library | 290 |\n"; err != nil || !strings.HasSuffix(table, want) {
		t.Errorf("%v; %q is not the end of\n%s", err, want, table)
	}
	if _, err := encoded("PASS\n"); err == nil {
		t.Error("nothing measured is no error")
	}
}

func TestChosen(t *testing.T) {
	if made, err := chosen(tableNames()); err != nil || len(made) != len(tables()) {
		t.Errorf("%d tables, %v", len(made), err)
	}
	if _, err := chosen([]string{"peers", "pears"}); err == nil || !strings.Contains(err.Error(), `"pears"`) {
		t.Error(err)
	}
}
