package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// realDays is how many days the real log spans.
const realDays = 4

// years writes the real log n times, each time for the days after the one
// before, every second file gzipped, and returns the glob that names them and
// the points that they must become. The truth is shifted like the lines and
// owes nothing to logfeed.
func years(t *testing.T, n int) (pattern string, want map[carbontest.Key]string) {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile(realLog)
	if err != nil {
		t.Fatal(err)
	}
	date := regexp.MustCompile(`\[\d\d/May/2015`)
	one := truth(t)
	want = make(map[carbontest.Key]string)
	for i := range n {
		shifted := date.ReplaceAllFunc(data, func(b []byte) []byte {
			day, err := time.Parse("[02/Jan/2006", string(b))
			if err != nil {
				t.Fatal(err)
			}
			return day.AddDate(0, 0, i*realDays).AppendFormat(nil, "[02/Jan/2006")
		})
		path := filepath.Join(dir, fmt.Sprintf("access.log.%d", i))
		if i%2 == 1 {
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			w.Write(shifted)
			w.Close()
			path, shifted = path+".gz", packed.Bytes()
		}
		if err := os.WriteFile(path, shifted, 0o644); err != nil {
			t.Fatal(err)
		}
		for key, v := range one {
			key.Time += int64(i*realDays) * 86400
			want[key] = v
		}
	}
	return filepath.Join(dir, "access.log*"), want
}

// slowly returns flags that make reading so many real logs take about so much
// time of a core: formats that every line is tried with in vain before the right
// one. A log that fits into a test is read in an instant otherwise, with no way
// to be ended on.
func slowly(t *testing.T, files int, long time.Duration) (flags []string) {
	t.Helper()
	inVain := func(n int) (flags []string) {
		for range n {
			flags = append(flags, "--format", `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" and no more`)
		}
		return append(flags, "--format", "combined")
	}
	const sample = 200
	cmd := exec.Command("logfeed", append(inVain(sample), "--from-start", "--once", "--dry-run", realLog)...)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	n := 1 + int(sample*long/time.Duration(files)/cmd.ProcessState.UserTime())
	t.Logf("each line is tried with %d formats", n)
	return inVain(n)
}

// wholeOrAbsent compares what a run that was ended has left in Carbon.
func wholeOrAbsent(t *testing.T, got, want map[carbontest.Key]string) {
	t.Helper()
	for key, v := range got {
		if want[key] != v {
			t.Errorf("%s at %d is %q, want %q or nothing", key.Series, key.Time, v, want[key])
		}
	}
}

// linesOf returns what the record at the end of a backfill says.
func linesOf(t *testing.T, p *program) int {
	t.Helper()
	m := regexp.MustCompile(`msg="backfill complete" lines=(\d+) `).FindStringSubmatch(p.stderr.String())
	if m == nil {
		t.Fatal("no record of the end")
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBackfillIsEndedOnTheWay ends a backfill of several files five times and
// starts it again: by Ctrl-C, which it answers with exit code 1, and by kill -9.
// At no time is there a bucket in Carbon that is not whole, and in the end all
// are there. What was read before Ctrl-C is not read again.
func TestBackfillIsEndedOnTheWay(t *testing.T) {
	const files = 24
	logs, want := years(t, files)
	flags := slowly(t, files, 6*time.Second)
	for name, sign := range map[string]syscall.Signal{"SIGINT": syscall.SIGINT, "SIGKILL": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			rnd := rand.New(rand.NewPCG(seed, 0))
			carbon := listen(t)
			stateDir := filepath.Join(t.TempDir(), "state")
			backfill := func() *program {
				return start(t, carbon, append(slices.Clip(flags), "--from-start", "--once", "--state-dir", stateDir, logs)...)
			}
			for range 5 {
				sent := carbon.Counts().Lines
				p := backfill()
				// The first checkpoint of a run is made before anything is read,
				// the next one a second later.
				p.until(t, "a point", func() bool { return carbon.Counts().Lines > sent })
				// With some luck a checkpoint is made on the way.
				time.Sleep(time.Duration(rnd.IntN(600)) * time.Millisecond)
				p.end(t, sign)
				wholeOrAbsent(t, traffic(carbon), want)
				if len(traffic(carbon)) == len(want) {
					t.Error("all was there before the last end: there was no way to be ended on")
				}
			}
			last := backfill()
			if code := last.exit(t); code != 0 {
				t.Errorf("exit code %d at the end", code)
			}
			if d := difference(traffic(carbon), want); d != "" {
				t.Error(d)
			}
			n := linesOf(t, last)
			t.Logf("the last run has counted %d of %d lines", n, files*9999)
			if n == 0 || sign == syscall.SIGINT && n == files*9999 {
				t.Error("it did not go on from the one before")
			}
		})
	}
}

// until is until while the program runs.
func (p *program) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	until(t, what, func() bool {
		select {
		case <-p.ended:
			t.Fatalf("logfeed has ended before %s", what)
		default:
		}
		return done()
	})
}

// end sends a signal on which a backfill must end, SIGINT with exit code 1.
func (p *program) end(t *testing.T, sign os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sign); err != nil {
		t.Fatalf("logfeed has ended already: %v", err)
	}
	if code := p.exit(t); sign == os.Interrupt && code != 1 {
		t.Errorf("exit code %d after SIGINT, want 1", code)
	}
}

// TestBackfillTwice runs the same backfill again, as somebody does who is not
// sure of the first one: without a state, into the same Carbon.
func TestBackfillTwice(t *testing.T) {
	t.Parallel()
	logs, want := years(t, 4)
	carbon := listen(t)
	for range 2 {
		if code := start(t, carbon, "--from-start", "--once", logs).exit(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
		if d := difference(traffic(carbon), want); d != "" {
			t.Error(d)
		}
	}
	if n := carbon.Counts().Lines; n < 2*len(want) {
		t.Errorf("%d points came, want each of %d twice", n, len(want))
	}
}

// TestInterruptedWithoutAState leaves only whole buckets in Carbon and says
// that it is to be run again; doing so completes them.
func TestInterruptedWithoutAState(t *testing.T) {
	t.Parallel()
	const files = 6
	logs, want := years(t, files)
	carbon := listen(t)
	p := start(t, carbon, append(slowly(t, files, 4*time.Second), "--from-start", "--once", logs)...)
	p.until(t, "a point", func() bool { return carbon.Counts().Lines > 0 })
	p.end(t, os.Interrupt)
	wholeOrAbsent(t, traffic(carbon), want)
	if len(traffic(carbon)) == len(want) {
		t.Error("all was there before the interrupt")
	}
	if code := start(t, carbon, "--from-start", "--once", logs).exit(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if d := difference(traffic(carbon), want); d != "" {
		t.Error(d)
	}
}
