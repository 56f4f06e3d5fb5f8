package roundtrip

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// realLog is 10,000 lines of a real web site, see testdata/README.md.
const realLog = "../../../testdata/apache_logs"

func readRealLog(t *testing.T) []byte {
	t.Helper()
	log, err := os.ReadFile(realLog)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// request returns a line in the combined format.
func request(at string, status int, size string) string {
	return fmt.Sprintf(`192.0.2.1 - - [%s] "GET /a \"b\" HTTP/1.1" %d %s "-" "agent [x]"`+"\n", at, status, size)
}

func TestCountRealLog(t *testing.T) {
	c, err := CountLog(readRealLog(t))
	if err != nil {
		t.Fatal(err)
	}
	want := Minute{Requests: 9999, Bytes: 2747282505, Status: [6]int64{2: 9170, 3: 609, 4: 217, 5: 3}}
	if got := c.Total(); got != want {
		t.Errorf("totals %+v, want %+v", got, want)
	}
	if want := []int{8899}; !slices.Equal(c.Rejected, want) {
		t.Errorf("rejected lines %d, want %d", c.Rejected, want)
	}
	starts := c.Starts()
	if n, first, last := len(starts), starts[0], starts[len(starts)-1]; n != 84 || first != 1431857100 || last != 1432155900 {
		t.Errorf("%d minutes from %d to %d, want 84 from 1431857100 to 1432155900", n, first, last)
	}
}

func TestCountLog(t *testing.T) {
	log := request("17/May/2015:10:05:03 +0200", 200, "10") +
		request("17/May/2015:10:05:59 +0200", 404, "-") +
		"not a line of this format\n" +
		request("17/May/2015:08:05:00 +0000", 204, "5") +
		request("17/May/2015:08:04:59 +0000", 503, "0")
	c, err := CountLog([]byte(log))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2015, 5, 17, 8, 5, 0, 0, time.UTC).Unix()
	want := Count{
		Minutes: map[int64]Minute{
			start:      {Requests: 3, Bytes: 15, Status: [6]int64{2: 2, 4: 1}},
			start - 60: {Requests: 1, Bytes: 0, Status: [6]int64{5: 1}},
		},
		Rejected: []int{3},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v\nwant %+v", c, want)
	}
	points := Points{
		"p.requests.count":   {start: 3, start - 60: 1},
		"p.bytes.count":      {start: 15, start - 60: 0},
		"p.status.2xx.count": {start: 2},
		"p.status.4xx.count": {start: 1},
		"p.status.5xx.count": {start - 60: 1},
	}
	if got := c.Points("p"); !reflect.DeepEqual(got, points) {
		t.Errorf("points %v\nwant %v", got, points)
	}

	if _, err := CountLog([]byte(log + "half a line")); err == nil || !strings.Contains(err.Error(), "line 6") {
		t.Errorf("a last line without newline: %v, want an error that names line 6", err)
	}
}

func TestStamp(t *testing.T) {
	log := request("17/May/2015:10:05:03 +0000", 200, "1") +
		request("17/May/2015:10:05:59 +0000", 200, "2") +
		"no time at all\n" +
		request("17/May/2015:10:05:01 +0000", 200, "3") +
		request("18/May/2015:01:05:07 +0200", 200, "4") + // an hour of its own, in another zone
		`192.0.2.1 - - [18/May/2015:03:05:08 +0000] "no end` + "\n"
	now := time.Date(2024, 1, 1, 0, 1, 30, 5, time.UTC)
	want := request("31/Dec/2023:23:58:03 +0000", 200, "1") +
		request("31/Dec/2023:23:58:59 +0000", 200, "2") +
		"no time at all\n" +
		request("31/Dec/2023:23:58:01 +0000", 200, "3") +
		request("01/Jan/2024:01:59:07 +0200", 200, "4") +
		`192.0.2.1 - - [01/Jan/2024:00:00:08 +0000] "no end` + "\n"
	input := []byte(log)
	got, err := Stamp(input, now)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if string(input) != log {
		t.Error("Stamp has changed its argument")
	}
	if _, err := Stamp([]byte("x [31/Feb/2015:10:05:03 +0000] y\n"), now); err == nil || !strings.Contains(err.Error(), "31/Feb") {
		t.Errorf("a day that does not exist: %v, want an error with the line", err)
	}
}

func TestStampRealLog(t *testing.T) {
	log := readRealLog(t)
	now := time.Now()
	stamped, err := Stamp(log, now)
	if err != nil {
		t.Fatal(err)
	}
	old, err := CountLog(log)
	if err != nil {
		t.Fatal(err)
	}
	c, err := CountLog(stamped)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Rejected, old.Rejected) {
		t.Errorf("rejected lines %d, were %d", c.Rejected, old.Rejected)
	}
	end := now.Unix() / 60 * 60
	var wantStarts []int64
	for start := end - 84*60; start < end; start += 60 {
		wantStarts = append(wantStarts, start)
	}
	starts := c.Starts()
	if !slices.Equal(starts, wantStarts) {
		t.Fatalf("minutes %d\nwant %d", starts, wantStarts)
	}
	for i, start := range old.Starts() {
		if old.Minutes[start] != c.Minutes[starts[i]] {
			t.Errorf("minute %d: %+v, was %+v", i, c.Minutes[starts[i]], old.Minutes[start])
		}
	}

	oldLines, lines := slices.Collect(bytes.Lines(log)), slices.Collect(bytes.Lines(stamped))
	if len(lines) != len(oldLines) {
		t.Fatalf("%d lines, were %d", len(lines), len(oldLines))
	}
	for i, line := range lines {
		if string(withoutMinute(t, line)) != string(withoutMinute(t, oldLines[i])) {
			t.Fatalf("line %d: %s\nwas %s", i+1, line, oldLines[i])
		}
	}
}

// withoutMinute cuts "17/May/2015:10:05" out of a line, which is what Stamp may
// change.
func withoutMinute(t *testing.T, line []byte) []byte {
	t.Helper()
	at := bytes.IndexByte(line, '[') + 1
	if at == 0 {
		t.Fatalf("line without a time: %s", line)
	}
	return slices.Concat(line[:at], line[at+len("17/May/2015:10:05"):])
}

func TestSplitRealLog(t *testing.T) {
	stamped, err := Stamp(readRealLog(t), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	backlog, live := Split(stamped, 5)
	if string(backlog)+string(live) != string(stamped) {
		t.Fatal("the two parts are not the whole")
	}
	whole, _ := CountLog(stamped)
	starts := whole.Starts()
	for _, part := range []struct {
		name   string
		log    []byte
		starts []int64
	}{
		{"backlog", backlog, starts[:79]},
		{"live", live, starts[79:]},
	} {
		c, err := CountLog(part.log)
		if err != nil {
			t.Fatalf("%s: %v", part.name, err)
		}
		if !slices.Equal(c.Starts(), part.starts) {
			t.Errorf("%s: minutes %d, want %d", part.name, c.Starts(), part.starts)
		}
		for _, start := range c.Starts() {
			if c.Minutes[start] != whole.Minutes[start] {
				t.Errorf("%s: minute %d is torn", part.name, start)
			}
		}
	}
}

func TestCompare(t *testing.T) {
	log := Points{"a": {60: 1, 120: 2, 180: 0}, "b": {60: 5}}
	if got := Compare(log, Points{"b": {60: 5}, "a": {180: 0, 120: 2, 60: 1}, "c": {}}); len(got) != 0 {
		t.Errorf("equal points differ: %v", got)
	}

	got := Compare(log, Points{"a": {60: 1, 120: 2.5, 240: 0}, "c": {60: 9}})
	var text []string
	for _, d := range got {
		text = append(text, d.String())
	}
	want := []string{
		"b at 1970-01-01 00:01:00 UTC: log 5, Carbon no point",
		"c at 1970-01-01 00:01:00 UTC: log no point, Carbon 9",
		"a at 1970-01-01 00:02:00 UTC: log 2, Carbon 2.5",
		"a at 1970-01-01 00:03:00 UTC: log 0, Carbon no point",
		"a at 1970-01-01 00:04:00 UTC: log no point, Carbon 0",
	}
	if !slices.Equal(text, want) {
		t.Errorf("differences\n%s\nwant\n%s", strings.Join(text, "\n"), strings.Join(want, "\n"))
	}
}

func TestAppend(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	data := []byte(strings.Repeat("one line\nanother\n", 100))
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Append(t.Context(), path, data, 20, 0, random); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + string(data); string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}

	for range 100 {
		ends := cuts(data, 20, random)
		if ends[len(ends)-1] != len(data) || !slices.IsSorted(ends) || len(ends) < 10 {
			t.Fatalf("cuts at %d of %d bytes", ends, len(data))
		}
		for _, end := range ends[:len(ends)-1] {
			if data[end-1] == '\n' {
				t.Fatalf("cut at %d ends with a whole line", end)
			}
		}
	}
	if got := cuts([]byte("x\n"), 5, random); !slices.Equal(got, []int{1, 2}) && !slices.Equal(got, []int{2}) {
		t.Errorf("cuts of one short line: %d", got)
	}
}
