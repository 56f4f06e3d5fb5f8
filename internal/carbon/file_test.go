package carbon

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/point/pointtest"
)

// fileOptions are those of a destination below a directory of the test, whose
// files are full at the given size.
func fileOptions(t testing.TB, size int64, kept int) (o Options, path string) {
	path = filepath.Join(t.TempDir(), "points")
	o = Options{Address: Address{Network: "file", Path: path}, timing: quick()}
	o.timing.fileSize, o.timing.filesKept = size, kept
	return o, path
}

// filesOf returns the files of a destination in the order of their lines.
func filesOf(t testing.TB, path string) []string {
	t.Helper()
	full, err := filepath.Glob(path + ".[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		full = append(full, path)
	}
	return full
}

// linesIn reads files as Carbon would, and fails at a line that is none.
func linesIn(t testing.TB, paths ...string) []carbontest.Line {
	t.Helper()
	var all []carbontest.Line
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			l, ok := carbontest.Parse(strings.TrimSuffix(line, "\n"))
			if !ok || !strings.HasSuffix(line, "\n") {
				t.Fatalf("%s has the line %q", path, line)
			}
			all = append(all, l)
		}
	}
	return all
}

// checkFiles wants the last line of every cell to be the truth.
func (w truth) checkFiles(t testing.TB, paths ...string) {
	t.Helper()
	final := truth{}
	for _, l := range linesIn(t, paths...) {
		final[carbontest.Key{Series: l.Series, Time: l.Time}] = l.Value
	}
	if !maps.Equal(final, w) {
		t.Errorf("the files hold %d cells, want %d, or others", len(final), len(w))
	}
}

func TestFileIsASink(t *testing.T) {
	pointtest.Run(t, pointtest.Suite{
		Open: func(t *testing.T) (point.Sink, func() []point.Point) {
			o, path := fileOptions(t, 100_000, 100)
			return startGroup(t, GroupOptions{}, o), func() []point.Point {
				var points []point.Point
				for _, l := range linesIn(t, filesOf(t, path)...) {
					p := point.Point{Series: l.Series, Time: l.Time}
					if _, err := fmt.Sscan(l.Value, &p.Value); err != nil {
						t.Fatal(err)
					}
					points = append(points, p)
				}
				return points
			}
		},
		Blocked: func(t *testing.T) point.Sink {
			o, path := fileOptions(t, 1, 1)
			putFile(t, path+".000001", "a.b 1 1768046400\n")
			o.Buffer = 100 * pointBytes
			return &killed{startGroup(t, GroupOptions{}, o)}
		},
	})
}

func putFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Full files have names that sort by age, are no larger than they may be, and
// are not counted from the beginning again while one of them is there.
func TestFileRotates(t *testing.T) {
	goroutines(t)
	o, path := fileOptions(t, 20_000, 100)
	g, w := startGroup(t, GroupOptions{}, o), truth{}
	step := func(at int64) {
		w.write(t, g, some(100, at)...)
		drain(t, g)
	}
	for i := range int64(20) {
		step(base + 60*i)
	}
	files := filesOf(t, path)
	if len(files) < 4 || filepath.Base(files[0]) != "points.000001" {
		t.Fatalf("files %v", files)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Size() > 20_000 || info.Size() == 0 {
			t.Errorf("%v, %v", info, err)
		}
	}
	w.checkFiles(t, files...)

	for _, f := range files[:2] {
		if err := os.Rename(f, f+".sent"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range int64(20) {
		step(base + 60*(20+i))
	}
	if _, err := os.Stat(files[0]); err == nil {
		t.Errorf("%s came again", files[0])
	}
	if n := len(linesIn(t, append([]string{files[0] + ".sent", files[1] + ".sent"}, filesOf(t, path)[2:]...)...)); n != 4000 {
		t.Errorf("%d lines, want 4000", n)
	}
}

// What is there already is written behind, whatever a kill did to its end, and
// only to files of points.
func TestFileThatIsThere(t *testing.T) {
	const before = "old.a 1 1768046400\nold.b 2 1768046400\n"
	for name, tt := range map[string]struct{ text, kept string }{
		"empty":                  {"", ""},
		"points":                 {before, before},
		"torn name":              {before + "old.c", before},
		"torn time":              {before + "old.c 3 17680", before},
		"torn in its only line":  {"old.a 1 17", ""},
		"zeros of a lost write":  {before + "\x00\x00\x00", before},
		"torn far from the line": {before + strings.Repeat("x", 5000), before},
	} {
		t.Run(name, func(t *testing.T) {
			o, path := fileOptions(t, fileSize, 1)
			putFile(t, path, tt.text)
			g := startGroup(t, GroupOptions{}, o)
			truth{}.write(t, g, some(1, base)...)
			drain(t, g)
			got, err := os.ReadFile(path)
			if want := tt.kept + "apache.web1.s000.count 400 1768046400\n"; err != nil || string(got) != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
	for name, text := range map[string]string{
		"a log":               `192.0.2.1 - - [10/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5` + "\n",
		"three words":         "these are words\n",
		"a long line":         strings.Repeat("x", 10_000),
		"points, then others": before + "<html>",
	} {
		t.Run(name, func(t *testing.T) {
			o, path := fileOptions(t, fileSize, 1)
			putFile(t, path, text)
			g := startGroup(t, GroupOptions{}, o)
			truth{}.write(t, g, some(1, base)...)
			until(t, "an error", func() bool { return g.Stats()[0].LastError != "" })
			if got, err := os.ReadFile(path); err != nil || string(got) != text {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// A kill in the middle of a write is mended by whoever writes next, also when
// that one has had the file open for long.
func TestFileTornByAnother(t *testing.T) {
	o, path := fileOptions(t, fileSize, 1)
	g, w := startGroup(t, GroupOptions{}, o), truth{}
	for i := range int64(20) {
		w.write(t, g, some(10, base+60*i)...)
		drain(t, g)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("apache.web1.s000.cou"); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	w.write(t, g, some(10, base)...)
	drain(t, g)
	w.checkFiles(t, path)
}

// With as many full files as there may be, points wait until some of them are
// taken away, and none is lost.
func TestFileAtItsBound(t *testing.T) {
	o, path := fileOptions(t, 5_000, 2)
	o.timing.chunk = 100
	g, w := startGroup(t, GroupOptions{}, o), truth{}
	for i := range int64(10) {
		w.write(t, g, some(100, base+60*i)...)
	}
	until(t, "the bound", func() bool { return strings.Contains(g.Stats()[0].LastError, "take away those that have been sent") })
	var taken []string
	for n := 0; g.Stats()[0].Undelivered > 0; time.Sleep(time.Millisecond) {
		files := filesOf(t, path)
		if len(files) > 3 {
			t.Fatalf("files %v", files)
		}
		if len(files) < 3 {
			continue
		}
		n++
		taken = append(taken, fmt.Sprintf("%s.taken%03d", path, n))
		if err := os.Rename(files[0], taken[n-1]); err != nil {
			t.Fatal(err)
		}
	}
	w.checkFiles(t, append(taken, filesOf(t, path)...)...)
	if st := g.Stats()[0]; st.Shed != 0 || st.Dropped != 0 || st.Replays != 0 || st.Breaks == 0 {
		t.Errorf("%+v", st)
	}
}

// Whoever has the lock may move the file away: points wait meanwhile, and go
// into a new one.
func TestFileMovedUnderItsLock(t *testing.T) {
	o, path := fileOptions(t, fileSize, 1)
	g, w := startGroup(t, GroupOptions{}, o), truth{}
	w.write(t, g, some(100, base)...)
	drain(t, g)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// A write may be under way.
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	w.write(t, g, some(100, base+60)...)
	until(t, "a write that waits in vain", func() bool { return strings.Contains(g.Stats()[0].LastError, "locked by another program") })
	if n := len(linesIn(t, path)); n != 100 {
		t.Errorf("%d lines while it is locked", n)
	}
	if err := os.Rename(path, path+".now"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	drain(t, g)
	w.checkFiles(t, path+".now", path)
	if n := len(linesIn(t, path)); n != 100 {
		t.Errorf("%d lines in the new file", n)
	}
}

// Several write to one file, and rotate it under each other's hands: every
// line is whole, and none is lost.
func TestFileOfSeveral(t *testing.T) {
	o, path := fileOptions(t, 10_000, 1000)
	var groups []*Group
	for range 3 {
		groups = append(groups, startGroup(t, GroupOptions{}, o))
	}
	w := truth{}
	for i := range int64(30) {
		for n, g := range groups {
			points := some(50, base+60*i)
			for k := range points {
				points[k].Series = fmt.Sprintf("of%d.%s", n, points[k].Series)
			}
			w.write(t, g, points...)
		}
		time.Sleep(time.Millisecond)
	}
	for _, g := range groups {
		drain(t, g)
	}
	w.checkFiles(t, filesOf(t, path)...)
}

// What was confirmed is on the disk: a break replays nothing, and nothing is
// repeated later.
func TestFileIsNotWrittenTwice(t *testing.T) {
	o, path := fileOptions(t, fileSize, 1)
	o.timing.repeat = nil
	g, w := startGroup(t, GroupOptions{}, o), truth{}
	w.write(t, g, some(100, base)...)
	drain(t, g)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	w.write(t, g, some(100, base+60)...)
	until(t, "an error", func() bool { return g.Stats()[0].Failures > 0 })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	drain(t, g)
	if n := len(linesIn(t, path)); n != 100 {
		t.Errorf("%d lines, want those without a receipt: 100", n)
	}
}
