package progress

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestLineFits leaves out the least important first, and is never too long.
func TestLineFits(t *testing.T) {
	r := Report{
		Count: Count{Files: 365, FilesDone: 120, Bytes: 1.3e9, BytesDone: 481e6, Rejected: 3, Sent: 12345, Waiting: 200},
		Left:  12*time.Minute + 4*time.Second,
		speed: speed{known: true, lines: 812345, content: 170e6},
	}
	whole := "37 %  120/365 files  481 MB of 1.3 GB  812,000 lines/s  170 MB/s  12:04 left  3 rejected  12,345 sent  200 waiting"
	if got := r.Line().Fit(len(whole)); got != whole {
		t.Errorf("%q", got)
	}
	for columns := -1; columns < len(whole); columns++ {
		got := r.Line().Fit(columns)
		if len(got) > max(0, columns) {
			t.Errorf("%d columns: %q", columns, got)
		}
		if columns >= 4 && !strings.HasPrefix(got, "37 %") {
			t.Errorf("%d columns: %q", columns, got)
		}
	}
	for columns, want := range map[int]string{
		79: "37 %  120/365 files  812,000 lines/s  12:04 left  3 rejected  200 waiting",
		59: "37 %  120/365 files  12:04 left  3 rejected",
		39: "37 %  12:04 left  3 rejected",
		19: "37 %  12:04 left",
		3:  "37 ",
		0:  "",
	} {
		if got := r.Line().Fit(columns); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}

// TestReports follows a backlog whose speed is known through its phases.
func TestReports(t *testing.T) {
	var m Meter
	start := time.Unix(0, 0)
	at := func(seconds int, c Count) Report { return m.Report(start.Add(time.Duration(seconds)*time.Second), c) }
	c := Count{Files: 2, Bytes: 1000_000}
	r := at(0, c)
	if got := r.Line().Fit(200); got != "0 %  0/2 files  0 B of 1.0 MB  -:-- left  0 rejected  0 sent  0 waiting" {
		t.Errorf("%q", got)
	}
	for s := 1; s <= 100; s++ { // 1 kB, 10 kB unpacked, and 100 lines a second
		c.BytesDone, c.Content, c.Lines = int64(s*1000), int64(s*10_000), int64(s*100)
		r = at(s, c)
	}
	if r.Left != 900*time.Second {
		t.Errorf("left %s, want 15m", r.Left)
	}
	if got := r.Line().Fit(200); got != "10 %  0/2 files  100 kB of 1.0 MB  100 lines/s  10 kB/s  15:00 left  0 rejected  0 sent  0 waiting" {
		t.Errorf("%q", got)
	}
	want := []any{"percent", 10, "files", 2, "files_done", 0, "bytes", int64(1000_000), "bytes_done", int64(100_000), "lines", int64(10_000),
		"lines_per_second", int64(100), "bytes_per_second", int64(10_000), "seconds_left", int64(900), "rejected", int64(0), "sent", int64(0), "waiting", int64(0)}
	if got := r.Attrs(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}

	// A pause shows in the speed at once, and in the time left gently.
	for s := 101; s <= 112; s++ {
		r = at(s, c)
	}
	if r.lines != 0 || r.Left < 15*time.Minute || r.Left > 25*time.Minute {
		t.Errorf("after a pause %v lines/s and %s left", r.lines, r.Left)
	}

	// When all is read, sending decides.
	c.BytesDone, c.FilesDone = c.Bytes, 2
	for s := 113; s <= 180; s++ {
		c.Sent += 1000
		c.Waiting = 500_000 - c.Sent
		r = at(s, c)
	}
	if got := r.Line().Fit(200); got != "100 %  2/2 files  1.0 MB of 1.0 MB  1,000 points/s  7:12 left  0 rejected  68,000 sent  432,000 waiting" {
		t.Errorf("%q", got)
	}
	if len(m.marks) > 65 {
		t.Errorf("%d counts are kept", len(m.marks))
	}
}

// TestPercent is 100 only at the end.
func TestPercent(t *testing.T) {
	for _, c := range []struct {
		done, all int64
		want      int
	}{{0, 0, 0}, {0, 5, 0}, {999_999, 1000_000, 99}, {1000_000, 1000_000, 100}, {1 << 60, 1<<60 + 1<<40, 99}} {
		if got := (Report{Count: Count{Bytes: c.all, BytesDone: c.done}}).Percent(); got != c.want {
			t.Errorf("%d of %d: %d %%", c.done, c.all, got)
		}
	}
}

// TestReportOfStandardInput has no end that is known.
func TestReportOfStandardInput(t *testing.T) {
	r := Report{Count: Count{Content: 5e6, Lines: 7}, Left: -1, speed: speed{known: true, lines: 10, content: 1000}}
	if got := r.Line().Fit(200); got != "5.0 MB read  10 lines/s  1.0 kB/s  0 rejected  0 sent  0 waiting" {
		t.Errorf("%q", got)
	}
	if got := fmt.Sprint(r.Attrs()...); strings.Contains(got, "percent") || strings.Contains(got, "left") {
		t.Error(got)
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "-:--", 0: "0:00", 7 * time.Second: "0:07", 59*time.Minute + 59*time.Second: "59:59",
		time.Hour: "1:00:00", 76 * time.Hour: "3d 4h",
	} {
		if got := clock(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
	for n, want := range map[float64]string{0: "0", 9.6: "10", 999: "999", 1234: "1,230", 812345: "812,000"} {
		if got := rounded(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
}
