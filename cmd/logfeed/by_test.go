package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// cells are the lines that a dry run printed, sorted.
func cells(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("logfeed", append([]string{"--from-start", "--once", "--dry-run", "--prefix", "a"}, args...)...).Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	slices.Sort(lines)
	return lines
}

// TestManyVhosts counts the lines of 400 vhosts, in one log by what the lines
// say, and in 400 logs by their names.
func TestManyVhosts(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	var whole strings.Builder
	logs := make([]strings.Builder, 400)
	begin := time.Now().Add(-time.Hour)
	for i := range 20000 {
		vhost := rnd.IntN(len(logs))
		line := combined(begin.Add(time.Duration(i)*100*time.Millisecond), 200+100*rnd.IntN(4), rnd.IntN(1<<20))
		fmt.Fprintf(&whole, "www%d.example:443 %s", vhost, line)
		logs[vhost].WriteString(line)
	}
	for i := range logs {
		writeLog(t, filepath.Join(dir, fmt.Sprintf("www%d.example", i)), logs[i].String())
	}
	one := filepath.Join(dir, "all.log")
	writeLog(t, one, whole.String())
	byVhost := cells(t, "--by", "vhost", "--format", `%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`, one)
	byFile := cells(t, "--by", "file", filepath.Join(dir, "www*"))
	if !slices.Equal(byVhost, byFile) {
		t.Errorf("%d points by vhost, %d by file, and they differ", len(byVhost), len(byFile))
	}
	if n := len(byVhost); n < 400*3 {
		t.Errorf("%d points", n)
	}
}

func writeLog(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestGroupsSurviveKills follows a log of many vhosts, with durations, and is
// killed between the lines. In the end Carbon has what a run without a kill
// makes of the log.
func TestGroupsSurviveKills(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	carbon, dir := listen(t), t.TempDir()
	log := create(t, filepath.Join(dir, "access.log"))
	args := []string{"--by", "vhost", "--max-series", "150", "--interval", "1s", "--format", "%v %t %>s %D"}
	survivesKills(t, rnd, carbon, append([]string{"--state-dir", filepath.Join(dir, "state"), log.Name()}, args...), func() {
		var lines strings.Builder
		for range 300 {
			when := time.Now().Add(-time.Duration(10+rnd.IntN(50)) * time.Second)
			fmt.Fprintf(&lines, "www%d [%s] 200 %d\n", rnd.IntN(20), when.Format("02/Jan/2006:15:04:05 -0700"), rnd.IntN(1<<24))
		}
		log.WriteString(lines.String())
	})
	checkCells(t, carbon, append([]string{log.Name()}, args...))
}

// TestManyVhostsSurviveKills is the same for 400 vhosts, once all in one log, and
// once in a log for each.
func TestManyVhostsSurviveKills(t *testing.T) {
	for name, flags := range map[string][]string{
		"one log":  {"--by", "vhost", "--format", `%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`},
		"400 logs": {"--by", "file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			rnd := rand.New(rand.NewPCG(seed, 0))
			carbon, dir, state := listen(t), t.TempDir(), t.TempDir()
			logs := make(map[string]*os.File)
			flags := append([]string{filepath.Join(dir, "*")}, flags...)
			survivesKills(t, rnd, carbon, append([]string{"--state-dir", state}, flags...), func() {
				for k := range 1200 {
					vhost, when := fmt.Sprintf("www%d.example", k%400), time.Now().Add(-time.Duration(60+rnd.IntN(600))*time.Second)
					line, path := combined(when, 200+100*rnd.IntN(4), rnd.IntN(1<<20)), vhost
					if name == "one log" {
						line, path = vhost+":443 "+line, "all.log"
					}
					if logs[path] == nil {
						logs[path] = create(t, filepath.Join(dir, path))
					}
					logs[path].WriteString(line)
				}
			})
			checkCells(t, carbon, flags)
		})
	}
}

// survivesKills has a logfeed follow logs from their start, calls write again
// and again, and kills it a while after each time, the last time in an orderly way.
func survivesKills(t *testing.T, rnd *rand.Rand, carbon *carbontest.Server, args []string, write func()) {
	t.Helper()
	args = append([]string{"--from-start"}, args...)
	for range 5 {
		write()
		p := start(t, carbon, args...)
		until(t, "the logs", func() bool { return strings.Contains(p.stderr.String(), "caught up") })
		time.Sleep(time.Duration(rnd.IntN(1500)) * time.Millisecond)
		p.cmd.Process.Kill()
		<-p.ended
	}
	p := start(t, carbon, args...)
	until(t, "the logs", func() bool { return strings.Contains(p.stderr.String(), "caught up") })
	p.terminate(t)
}

// cell reads one line of the plaintext protocol.
func cell(t *testing.T, line string) (key carbontest.Key, value string) {
	t.Helper()
	l, ok := carbontest.Parse(line)
	if !ok {
		t.Fatalf("%q is no point", line)
	}
	return carbontest.Key{Series: l.Series, Time: l.Time}, l.Value
}

// checkCells compares what Carbon has with what one run makes of the logs.
func checkCells(t *testing.T, carbon *carbontest.Server, args []string) {
	t.Helper()
	want := make(map[carbontest.Key]string)
	for _, line := range cells(t, append([]string{"--prefix", "apache.web1"}, args...)...) {
		key, value := cell(t, line)
		want[key] = value
	}
	if len(want) == 0 {
		t.Error("there are no cells")
	}
	if d := difference(traffic(carbon), want); d != "" {
		t.Error(d)
	}
}

// TestHostileValues groups by values that a client chooses. Every line at the
// receiver is one of the protocol, and no line is lost.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	values := []string{"", "-", ".", "..", "a.b", "a/../b", `a\nb 1 2`, ";x=1", "Ü", `\xc3\x9c`, "a b", "*", "{a,b}", "_other", strings.Repeat("x", 8190), strings.Repeat(`\"`, 4000)}
	for i := range 500 {
		values = append(values, fmt.Sprintf("tenant%d", i))
	}
	for _, v := range values {
		fmt.Fprintf(&log, "[%s] \"%s\" 200\n", time.Now().Add(-time.Hour).UTC().Format("02/Jan/2006:15:04:05 -0700"), v)
	}
	path := filepath.Join(t.TempDir(), "hostile.log")
	writeLog(t, path, log.String())
	sum, series := 0.0, make(map[string]bool)
	for _, line := range cells(t, "--by", "%{X-Tenant}i", "--max-series", "600", "--format", `%t "%{X-Tenant}i" %>s`, path) {
		l, ok := carbontest.Parse(line)
		if !ok || !regexp.MustCompile(`^a\.[A-Za-z0-9_-]+\.(requests|status\.[1-5]xx)\.count$`).MatchString(l.Series) {
			t.Errorf("%.200q is no line for Carbon", line)
		}
		series[l.Series] = true
		if strings.HasSuffix(l.Series, "requests.count") {
			var n float64
			fmt.Sscan(l.Value, &n)
			sum += n
		}
	}
	if int(sum) != len(values) || len(series) > 600 || !series["a._other.requests.count"] {
		t.Errorf("%v lines in %d series, want %d in no more than 600, one of them for the others", sum, len(series), len(values))
	}
}
