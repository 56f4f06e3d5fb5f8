package main

import (
	"maps"
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

func TestSum(t *testing.T) {
	got := sum(roundtrip.Points{"p.a.requests.count": {60: 1, 120: 2}, "p.b.requests.count": {120: 3}})
	if !maps.Equal(got, map[int64]float64{60: 1, 120: 5}) {
		t.Error(got)
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

func TestMarkdown(t *testing.T) {
	of := func(name string, scale float64, times ...time.Duration) *contestant {
		return &contestant{name: name, args: func(int) []string { return []string{name} }, scale: scale, log: log{bytes: 1e9}, times: times}
	}
	table := markdown([]*contestant{of("wc -l", 1, 4e8, 1e8, 2e8), of("a | slow", 10, 4e8, 3e8)})
	for _, want := range []string{"| wc -l | 1.00 GB | 0.20 s | 5.00 | 1.00 | 150 % |", "| a \\| slow (1/10 of the log, its time times 10) | 10.00 GB | 3.00 s | 3.33 | 15.00 |"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in\n%s", want, table)
		}
	}
}
