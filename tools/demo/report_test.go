package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

func testCount() roundtrip.Count {
	return roundtrip.Count{
		Minutes: map[int64]roundtrip.Minute{
			60:  {Requests: 1500, Bytes: 1234567, Status: [6]int64{2: 1499, 5: 1}},
			120: {Requests: 2, Bytes: 0, Status: [6]int64{4: 2}},
		},
		Rejected: []int{7},
	}
}

func TestReport(t *testing.T) {
	count := testCount()
	points := count.Points(prefix)
	tests := []struct {
		name   string
		change func()
		want   []string // lines, in their order
	}{
		{"equal", func() {}, []string{
			"    UTC  requests  in Carbon      bytes  in Carbon    2xx  3xx  4xx  5xx",
			"  00:01     1,500      1,500  1,234,567  1,234,567  1,499    -    -    1",
			"  00:02         2          2          0          0      -    -    2    -",
			"  total     1,502      1,502  1,234,567  1,234,567  1,499    0    2    1",
			"equal: 2 buckets, 1,502 lines counted, 1 rejected, 1,234,567 bytes",
		}},
		{"different", func() {
			points[prefix+".requests.count"][60] = 1499.5
			points[prefix+".status.2xx.count"][120] = 1
			delete(points, prefix+".status.4xx.count")
		}, []string{
			"  00:01     1,500     1499.5  1,234,567  1,234,567        1,499    -    -    1",
			"  00:02         2          2          0          0          -/1    -  2/-    -",
			"  total     1,502     1501.5  1,234,567  1,234,567  1,499/1,500    0  2/0    1",
			"different: 3 cells",
			"  apache.demo.requests.count at 1970-01-01 00:01:00 UTC: log 1500, Carbon 1499.5",
			"  apache.demo.status.2xx.count at 1970-01-01 00:02:00 UTC: log no point, Carbon 1",
			"  apache.demo.status.4xx.count at 1970-01-01 00:02:00 UTC: log 2, Carbon no point",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.change()
			var out strings.Builder
			if err := report(&out, count, points, roundtrip.Compare(count.Points(prefix), points)); err != nil {
				t.Fatal(err)
			}
			rest := out.String()
			for _, line := range tt.want {
				_, after, found := strings.Cut(rest, line+"\n")
				if !found {
					t.Fatalf("the line\n%s\nis not (or not there) in\n%s", line, out.String())
				}
				rest = after
			}
			if strings.Contains(out.String(), "\x1b") {
				t.Error("the report has escape sequences")
			}
		})
	}
}

func TestReportBoundsItsList(t *testing.T) {
	count := testCount()
	for i := range int64(50) {
		count.Minutes[180+60*i] = roundtrip.Minute{Requests: 1}
	}
	var out strings.Builder
	if err := report(&out, count, nil, roundtrip.Compare(count.Points(prefix), nil)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "\n  and 87 more\n") {
		t.Errorf("the report ends with %q, want the number of the differences left out", out.String()[out.Len()-200:])
	}
}

func TestRunFails(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name     string
		args     []string
		wantCode int
		wantErr  string
	}{
		{"argument", []string{"access.log"}, 2, `unexpected argument "access.log"`},
		{"unknown flag", []string{"-once"}, 2, "-once"},
		{"no log", []string{"-log", filepath.Join(dir, "none")}, 1, "none: no such file"},
		{"no go-carbon", []string{"-go-carbon", filepath.Join(dir, "none")}, 1, "none: no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"-dir", dir, "-log", "../../testdata/apache_logs"}, tt.args...)
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), args, &stdout, &stderr); code != tt.wantCode || !strings.Contains(stderr.String(), tt.wantErr) {
				t.Errorf("exit code %d, %q; want %d and %q", code, stderr.String(), tt.wantCode, tt.wantErr)
			}
		})
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d directories left, %v; want those of the two runs that failed", len(entries), err)
	}
}
