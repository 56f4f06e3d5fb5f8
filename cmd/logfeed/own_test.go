package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/rollup"
)

// ownSum adds up what Carbon holds of one of logfeed's own series.
func ownSum(t *testing.T, carbon *carbontest.Server, ending string) (sum, points int) {
	t.Helper()
	for key, v := range carbon.Final() {
		if key.Series != "apache.web1.logfeed."+ending {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatalf("%s %s: not a whole number", key.Series, v)
		}
		sum, points = sum+n, points+1
	}
	return sum, points
}

// TestOwnSeries follows a log with lines of every kind, through a restart with
// a state: in the end every line was told of once.
func TestOwnSeries(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, carbon := filepath.Join(dir, "access.log"), listen(t)
	flags := []string{"--from-start", "--interval", "1s", "--lateness", "2m", "--state-dir", filepath.Join(dir, "state"), path}
	file := create(t, path)
	lines := func() {
		fmt.Fprintf(file, "%sjunk\n%s", combined(time.Now(), 200, 1), combined(time.Now(), 200, 1))
	}
	file.WriteString(combined(time.Now(), 200, 1))
	logfeed := start(t, carbon, flags...)
	told := func(what string, want, late int) {
		t.Helper()
		until(t, what, func() bool {
			n, _ := ownSum(t, carbon, "lines.count")
			return n == want
		})
		if n, _ := ownSum(t, carbon, "late.count"); n != late {
			t.Errorf("%d late lines, want %d", n, late)
		}
	}
	until(t, "the connection", func() bool { return carbon.Counts().Accepted > 0 })
	lines()
	file.WriteString(combined(time.Now().Add(-time.Hour), 200, 1))
	told("the lines before the restart", 3, 1)
	lines()
	logfeed.terminate(t)
	lines()
	start(t, carbon, flags...)
	told("all lines", 7, 1)
	if n, _ := ownSum(t, carbon, "rejected.count"); n != 3 {
		t.Errorf("%d rejected lines, want 3", n)
	}
	for _, s := range ownTable {
		if _, points := ownSum(t, carbon, s.ending); points < 2 {
			t.Errorf("%d points of %s", points, s.ending)
		}
	}
	for key := range carbon.Final() {
		if strings.Contains(key.Series, ".logfeed.") && !isOwn(key.Series) {
			t.Errorf("%s is not in the table", key.Series)
		}
	}
}

// TestOwnSeriesOfAFollowerOnly sees none of them from a backfill or a dry run.
func TestOwnSeriesOfAFollowerOnly(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"--once", "--dry-run"} {
		c, flags, wrong := parseArgs([]string{"--from-start", arg, "--prefix", "a", "x.log"})
		if len(wrong.all) > 0 || flags == nil {
			t.Fatal(wrong.all)
		}
		p, err := newPipeline(c, time.Now(), nil, nil, newLogger(c, os.Stderr))
		if err != nil || p.own != nil {
			t.Errorf("%s: %v, %v", arg, p.own, err)
		}
	}
}

func TestOwnBuckets(t *testing.T) {
	o := newOwn(rollup.Options{Prefix: "p", Interval: time.Minute})
	o.patience = 0
	c := &condition{}
	at := func(unix int64) []string {
		var got []string
		for _, p := range o.tick(time.Unix(unix, 0), c) {
			if slices.Contains([]string{"p.logfeed.lines.count", "p.logfeed.lag.bytes", "p.logfeed.lag.seconds"}, p.Series) {
				got = append(got, fmt.Sprintf("%s %v %d", strings.TrimPrefix(p.Series, "p.logfeed."), p.Value, p.Time))
			}
		}
		return got
	}
	expect := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	c.Lines, c.lagSeconds = 100, -1 // of the runs before
	expect(at(610))
	c.Lines, c.lagBytes = 103, 7
	expect(at(650))
	c.Lines, c.lagBytes = 105, 2
	expect(at(660), "lines.count 5 600", "lag.bytes 7 600")
	c.lagSeconds = 9
	expect(at(719))
	c.lagSeconds = 0
	// Nothing was seen for two minutes.
	expect(at(850), "lines.count 0 660", "lag.bytes 2 660", "lag.seconds 9 660")
	expect(at(900), "lines.count 0 840", "lag.bytes 2 840", "lag.seconds 0 840")

	c.Lines = 107
	expect(at(930))
	c.Lines = 108 // read after the last tick
	state := o.state(c)
	o = newOwn(rollup.Options{Prefix: "p", Interval: time.Minute})
	o.resume(state)
	expect(at(940))
	c.Lines = 110
	expect(at(960), "lines.count 5 900", "lag.bytes 2 900", "lag.seconds 0 900")

	o = newOwn(rollup.Options{Prefix: "p", Interval: time.Minute})
	o.resume(state)
	expect(at(1000), "lines.count 3 900")
	c.Lines = 111
	expect(at(1020), "lines.count 1 960", "lag.bytes 2 960", "lag.seconds 0 960")

	o = newOwn(rollup.Options{Prefix: "p", Interval: time.Minute})
	o.resume(ownState{Start: 900, Sums: []int64{1}}) // of another version
	expect(at(1000))

	// They go at the second of this machine's own, as all points do.
	o = newOwn(rollup.Options{Prefix: "p", Interval: time.Minute, Delay: 20 * time.Second})
	o.patience = 0
	expect(at(1000))
	c.Lines = 115
	expect(at(1019))
	expect(at(1039))
	c.Lines = 120
	expect(at(1040), "lines.count 4 960", "lag.bytes 2 960", "lag.seconds 0 960")
	expect(at(1100), "lines.count 5 1020", "lag.bytes 2 1020", "lag.seconds 0 1020")

	// After a first start nothing is told for a while, and nothing is left out.
	o = newOwn(rollup.Options{Prefix: "p", Interval: time.Minute})
	c = &condition{}
	expect(at(1000))
	c.Lines = 3
	expect(at(1030))
	expect(at(1239))
	expect(at(1240), "lines.count 3 960", "lag.bytes 0 960", "lag.seconds 0 960", "lines.count 0 1020", "lag.bytes 0 1020", "lag.seconds 0 1020")
}

// TestOwnNamesAreNobodyElses holds the table apart from the endings of the logs'
// series, so that a virtual host of that name cannot meet them.
func TestOwnNamesAreNobodyElses(t *testing.T) {
	all, err := rollup.Select(nil, ^apachelog.Field(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range ownTable {
		for _, ending := range all.Endings() {
			if s.ending == ending || strings.HasSuffix(s.ending, "."+ending) {
				t.Errorf("%s and %s may be one series", s.ending, ending)
			}
		}
	}
}

// TestSeriesInManual holds the README's table of series and the two tables of
// the program together.
func TestSeriesInManual(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Series\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, s := range ownTable {
		if !strings.Contains(section, "| `"+ownRoot+"."+s.ending+"` |") {
			t.Errorf("the README does not tell of %s.%s", ownRoot, s.ending)
		}
	}
	if n := strings.Count(section, "| `"+ownRoot+"."); n != len(ownTable) {
		t.Errorf("the README tells of %d series of logfeed itself, there are %d", n, len(ownTable))
	}
}
