package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestMain lets this test binary be the real program as well: scripts and
// tests run it as logfeed.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"logfeed": func() {
		if n := os.Getenv(workersEnv); n != "" {
			os.Args = slices.Insert(os.Args, 1, "--workers", n)
		}
		main()
	}, "logfeed-that-panics": panicking})
}

// workersEnv names the environment variable by which the stories have every
// logfeed take another number of workers.
const workersEnv = "STORY_WORKERS"

// TestScript runs the stories below testdata/script. Each sees the real log
// as $LOG and its points, summed by a slow regular expression, as $POINTS.
func TestScript(t *testing.T) {
	t.Parallel()
	stories(t, "")
}

// TestScriptByWorkers tells those stories anew that are about what is counted,
// with other numbers of workers.
func TestScriptByWorkers(t *testing.T) {
	t.Parallel()
	for _, workers := range []string{"1", "2", "7"} {
		t.Run(workers, func(t *testing.T) {
			t.Parallel()
			stories(t, workers, "bounds", "by", "files", "formats", "real-log", "retentions", "route", "same-points", "state-dir", "summary", "time", "zero")
		})
	}
}

// stories runs those of the given names, or all.
func stories(t *testing.T, workers string, names ...string) {
	var files []string
	for _, name := range names {
		files = append(files, filepath.Join("testdata/script", name+".txtar"))
	}
	dir := "testdata/script"
	if files != nil {
		dir = ""
	}
	log, err := filepath.Abs("../../testdata/apache_logs")
	if err != nil {
		t.Fatal(err)
	}
	points, err := filepath.Abs("testdata/apache_logs.points")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		Files:               files,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LOG", log)
			env.Setenv("POINTS", points)
			env.Setenv("TZ", "UTC")
			env.Setenv(workersEnv, workers)
			env.Values[receiver{}] = new(*carbontest.Server)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"pack":         pack,
			"append":       appendFile,
			"carbon":       carbonCommand,
			"longlines":    longLines,
			"slice":        slice,
			"sums":         sums,
			"unterminated": unterminated,
			"width":        width,
		},
	})
}

// pack SOURCE TARGET compresses a file by the ending of the target's name.
func pack(ts *testscript.TestScript, _ bool, args []string) {
	plain := ts.ReadFile(args[0])
	var packed bytes.Buffer
	switch filepath.Ext(args[1]) {
	case ".gz":
		w := gzip.NewWriter(&packed)
		w.Write([]byte(plain))
		ts.Check(w.Close())
	case ".zst":
		w, err := zstd.NewWriter(&packed)
		ts.Check(err)
		w.Write([]byte(plain))
		ts.Check(w.Close())
	default:
		ts.Fatalf("pack: what is %s?", args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), packed.Bytes(), 0o666))
}

// append SOURCE TARGET appends one file to another.
func appendFile(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[1]), os.O_WRONLY|os.O_APPEND, 0)
	ts.Check(err)
	_, err = f.WriteString(ts.ReadFile(args[0]))
	ts.Check(errors.Join(err, f.Close()))
}

// carbon start begins a receiver at $CARBON; carbon final prints the cells
// that Graphite would hold, in the order of a dry run; carbon connections
// prints how many were made.
func carbonCommand(ts *testscript.TestScript, _ bool, args []string) {
	switch args[0] {
	case "start":
		s, err := carbontest.Start("")
		ts.Check(err)
		ts.Defer(s.Close)
		ts.Setenv("CARBON", s.Addr())
		*ts.Value(receiver{}).(**carbontest.Server) = s
	case "final":
		cells := (*ts.Value(receiver{}).(**carbontest.Server)).Final()
		keys := slices.SortedFunc(maps.Keys(cells), func(a, b carbontest.Key) int {
			return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Series, b.Series))
		})
		for _, k := range keys {
			fmt.Fprintf(ts.Stdout(), "%s %s %d\n", k.Series, cells[k], k.Time)
		}
	case "connections":
		fmt.Fprintln(ts.Stdout(), (*ts.Value(receiver{}).(**carbontest.Server)).Counts().Accepted)
	default:
		ts.Fatalf("carbon: what is %s?", args[0])
	}
}

// receiver is the key of a script's Carbon.
type receiver struct{}

// slice SOURCE FIRST LAST TARGET copies lines FIRST to LAST, from 1.
func slice(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.SplitAfter(ts.ReadFile(args[0]), "\n")
	first, err := strconv.Atoi(args[1])
	ts.Check(err)
	last, err := strconv.Atoi(args[2])
	ts.Check(err)
	part := strings.Join(lines[first-1:min(last, len(lines))], "")
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), []byte(part), 0o666))
}

// unterminated FILE turns the line ends of a file into CRLF and takes the last
// one away.
func unterminated(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n", "\r\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

// longlines TEXT LENGTH TARGET puts a line of LENGTH bytes in the place of each
// that says TEXT.
func longLines(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := strings.ReplaceAll(ts.ReadFile(args[2]), args[0], strings.Repeat("x", n))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o666))
}

// width FILE prints how many characters the longest line has.
func width(ts *testscript.TestScript, _ bool, args []string) {
	most := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		most = max(most, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
	}
	fmt.Fprintln(ts.Stdout(), most)
}

// sums FILE [FROM TO] prints what the last points of each series add up to, and
// the number of buckets. Series are one whose names differ only in the levels
// FROM to TO, from 1.
func sums(ts *testscript.TestScript, _ bool, args []string) {
	last := make(map[string]float64)
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		f := strings.Fields(line)
		v, err := strconv.ParseFloat(f[1], 64)
		ts.Check(err)
		last[f[0]+" "+f[2]] = v
	}
	total, buckets := make(map[string]float64), make(map[string]bool)
	for key, v := range last {
		series, when, _ := strings.Cut(key, " ")
		if len(args) > 1 {
			from, err := strconv.Atoi(args[1])
			ts.Check(err)
			to, err := strconv.Atoi(args[2])
			ts.Check(err)
			series = strings.Join(slices.Delete(strings.Split(series, "."), from-1, to), ".")
		}
		total[series] += v
		buckets[when] = true
	}
	names := make([]string, 0, len(total))
	for series := range total {
		names = append(names, series)
	}
	slices.Sort(names)
	for _, series := range names {
		fmt.Fprintf(ts.Stdout(), "%s %.0f\n", series, total[series])
	}
	fmt.Fprintf(ts.Stdout(), "buckets %d\n", len(buckets))
}
