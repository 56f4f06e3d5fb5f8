package main

import (
	"bytes"
	"context"
	"encoding/json"
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

// An outcome is all that a backfill says: its points, and the record at its end
// without what differs from run to run.
type outcome struct {
	points []string
	record map[string]any
}

// backfill runs a dry run in this process with so many workers, on blocks of
// the given size; 0 is the follower's own.
func backfill(t *testing.T, workers, block int, args ...string) outcome {
	t.Helper()
	c, _, wrong := parseArgs(append([]string{"--from-start", "--once", "--dry-run", "--log-format", "json", "--prefix", "apache.web1", "--timezone", "UTC"}, args...))
	if len(wrong.all) > 0 {
		t.Fatal(wrong.all)
	}
	c.workers, c.blockSize = workers, block
	var stdout, stderr bytes.Buffer
	if err := feed(context.Background(), c, nil, newView("never", &stdout, &stderr), newLogger(c, &stderr)); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	o := outcome{points: last(stdout.String())}
	for line := range strings.Lines(stderr.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record["msg"] == "backfill complete" {
			o.record = record
		}
	}
	for _, name := range []string{"time", "seconds", "points"} { // a bucket may be sent more than once
		delete(o.record, name)
	}
	return o
}

// last keeps the last of the points of each series and time, in order.
func last(out string) []string {
	kept := make(map[string]string)
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		kept[f[0]+" "+f[2]] = f[1]
	}
	all := make([]string, 0, len(kept))
	for key, v := range kept {
		all = append(all, key+" "+v)
	}
	slices.Sort(all)
	return all
}

// splits are numbers of workers and sizes of blocks, on which the result must
// not depend.
var splits = []struct{ workers, block int }{
	{1, 0}, {2, 0}, {7, 0},
	{1, 1000}, {2, 777}, {2, 64 << 10}, {7, 4097}, {2, 1}, {7, 150_000},
}

// TestRealLogByWorkers sums the real log side by side. The points are those that
// a slow regular expression makes of it.
func TestRealLogByWorkers(t *testing.T) {
	text, err := os.ReadFile("testdata/apache_logs.points")
	if err != nil {
		t.Fatal(err)
	}
	want := last(string(text))
	for _, s := range splits {
		got := backfill(t, s.workers, s.block, realLog)
		if !slices.Equal(got.points, want) {
			t.Errorf("%d workers, blocks of %d: %d points, and they are not the %d right ones", s.workers, s.block, len(got.points), len(want))
		}
		if got.record["rejected"] != 1.0 || !strings.Contains(fmt.Sprint(got.record["reasons"]), "line:8899") {
			t.Errorf("%d workers, blocks of %d: %v", s.workers, s.block, got.record)
		}
	}
}

// TestAnyWorkersAnyBlocks makes logs in which everything happens that can happen
// to a line. What becomes of each does not depend on who reads it.
func TestAnyWorkersAnyBlocks(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	late, rejected, total := oddLogs(t, rnd, dir)
	args := []string{"--lateness", "60s", "--by", "vhost,method", "--max-series", "300",
		"--format", `%v %h %l %u %t "%r" %>s %O %D`, "--format", `%v %h %l %u %t "%r" %>s %O`, filepath.Join(dir, "*.log")}
	var want outcome
	for i, s := range splits {
		got := backfill(t, s.workers, s.block, args...)
		if i == 0 {
			want = got
			if r := want.record; r["lines"] != float64(total-late-rejected) || r["late"] != float64(late) || r["rejected"] != float64(rejected) {
				t.Errorf("seed %d: of %d lines %d are late and %d are to be rejected: %v", seed, total, late, rejected, r)
			}
			continue
		}
		if !slices.Equal(got.points, want.points) {
			t.Errorf("seed %d: %d workers, blocks of %d: other points", seed, s.workers, s.block)
		}
		if !reflect.DeepEqual(got.record, want.record) {
			t.Errorf("seed %d: %d workers, blocks of %d:\n%v, want\n%v", seed, s.workers, s.block, got.record, want.record)
		}
	}
}

// TestAnyWorkersAnyBlocksByFlags has flags decide which lines count and what
// becomes of buckets without lines. With room for all series the points do not
// depend on who reads the lines, or how much outside of the bounds is left unread.
func TestAnyWorkersAnyBlocksByFlags(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dir := t.TempDir()
	oddLogs(t, rand.New(rand.NewPCG(seed, 0)), dir)
	for name, flags := range map[string][]string{
		"routes": {"--zero-fill", "--where", "status < 500", "--route", `odd=vhost endsWith "1.example"`},
		"bounds": {"--since", "2026-01-10T01:00:30Z", "--until", "2026-01-10T03:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--lateness", "60s", "--by", "vhost", "--format", `%v %h %l %u %t "%r" %>s %O %D`, "--format", `%v %h %l %u %t "%r" %>s %O`, filepath.Join(dir, "*.log")}, flags...)
			want := backfill(t, 1, 0, args...).points
			if len(want) < 1000 {
				t.Fatalf("only %d points", len(want))
			}
			for _, s := range []struct{ workers, block int }{{1, 4097}, {2, 64 << 10}, {7, 0}, {7, 10_007}} {
				if got := backfill(t, s.workers, s.block, args...).points; !slices.Equal(got, want) {
					t.Errorf("seed %d: %d workers, blocks of %d: other points", seed, s.workers, s.block)
				}
			}
		})
	}
}

// oddLogs writes logs of lines in disorder, some of them late, wrong, of the
// future or too long, and counts how many of these there are.
func oddLogs(t *testing.T, rnd *rand.Rand, dir string) (late, rejected, total int) {
	t.Helper()
	const interval, lateness = 60, 60
	begin := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC).Unix()
	for file := range 5 {
		var log strings.Builder
		newest := int64(0)
		for i := range 1500 {
			if file == 2 && i == 700 {
				fmt.Fprintf(&log, "%s\n", strings.Repeat("long ", 1<<20)) // in no batch
				continue
			}
			total++
			when := begin + int64(file*3600+i*4-rnd.IntN(100))
			if rnd.IntN(50) == 0 {
				when -= int64(rnd.IntN(1000))
			}
			line := fmt.Sprintf(`www%d.example 192.0.2.7 - - %s "%s / HTTP/1.1" %d %d`, rnd.IntN(20),
				time.Unix(when, 0).UTC().Format("[02/Jan/2006:15:04:05 -0700]"), []string{"GET", "POST", "PUT"}[rnd.IntN(3)], 200+100*rnd.IntN(4), rnd.IntN(1<<20))
			if rnd.IntN(3) > 0 {
				line += fmt.Sprint(" ", rnd.IntN(1<<24))
			}
			switch rnd.IntN(40) {
			case 0:
				line = line[:rnd.IntN(len(line)-20)] // cut off before the status ends
				rejected++
			case 1:
				line = strings.Replace(line, "2026:", "2126:", 1)
				rejected++
			case 2:
				line = strings.Replace(line, "2026:", "1996:", 1)
				rejected++
			default:
				newest = max(newest, when)
				if when-when%interval+interval+lateness < newest {
					late++
				}
			}
			log.WriteString(line)
			log.WriteString([]string{"\n", "\n", "\r\n"}[rnd.IntN(3)])
		}
		writeLog(t, filepath.Join(dir, fmt.Sprintf("%d.log", file)), log.String())
	}
	return late, rejected, total
}
