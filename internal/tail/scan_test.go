package tail

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPatterns(t *testing.T) {
	d := newDir(t)
	for _, dir := range []string{"v1/logs", "v2/logs", "deep/er/still", ".hidden"} {
		d.must(os.MkdirAll(d.at(dir), 0o755))
	}
	for _, name := range []string{
		"a.log", "b.log", "other.txt", "odd[1].log", "a\nc.log", ".swap.log",
		"v1/logs/access.log", "v2/logs/access.log", "v2/logs/error.log", "deep/er/still/x.log", ".hidden/h.log",
	} {
		d.write(name, name[:1]+filepath.Base(name)+"\n")
	}
	for _, c := range []struct {
		patterns, exclude []string
		want              string
	}{
		{[]string{"a.log"}, nil, "a.log"},
		{[]string{"a.log", "*.log", "./a.log"}, nil, "a\nc.log a.log b.log odd[1].log"},
		{[]string{"odd[1].log"}, nil, "odd[1].log"},
		{[]string{"*.log"}, []string{"b*"}, "a\nc.log a.log odd[1].log"},
		{[]string{"*.log"}, []string{"a*", "odd*"}, "b.log"},
		{[]string{"v*/logs/access.log"}, nil, "v1/logs/access.log v2/logs/access.log"},
		{[]string{"**/*.log"}, []string{"*.log"}, ""},
		{[]string{"**/logs/*.log"}, []string{"**/v1/**"}, "v2/logs/access.log v2/logs/error.log"},
		{[]string{"deep/**"}, nil, "deep/er/still/x.log"},
		{[]string{"{a,b}.log"}, nil, "a.log b.log"},
		{[]string{"?.log"}, nil, "a.log b.log"},
		{[]string{"*"}, []string{"*.txt", "odd*", "a\n*"}, "a.log b.log"},
		{[]string{".*.log"}, nil, ".swap.log"},
	} {
		o := Options{Exclude: c.exclude}
		for _, p := range c.patterns {
			o.Patterns = append(o.Patterns, d.at(p))
		}
		r := once(t, o)
		var got []string
		for _, b := range r.batches {
			rel, err := filepath.Rel(d.path, b.Path)
			d.must(err)
			got = append(got, rel)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q without %q gives %q, want %q", c.patterns, c.exclude, got, c.want)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "no file to follow"},
		{Options{Patterns: []string{""}}, "empty"},
		{Options{Patterns: []string{"/var/log/[a"}}, `"/var/log/[a"`},
		{Options{Patterns: []string{"/x/{a"}}, `"/x/{a"`},
		{Options{Patterns: []string{"/x"}, Exclude: []string{"[b"}}, `"[b"`},
		{Options{Patterns: []string{"-"}}, "standard input"},
		{Options{Patterns: []string{"[a", "[b"}}, `"[b"`},
	} {
		if _, err := New(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %s", c.o, err, c.want)
		}
	}
}

func TestIdentity(t *testing.T) {
	t.Run("hard links", func(t *testing.T) {
		d := newDir(t)
		r := started(t, Options{Patterns: []string{d.at("*.log*")}})
		d.write("a.log.2026011012", lines("a", 0, 10))
		d.must(os.Link(d.at("a.log.2026011012"), d.at("a.log")))
		d.write("a.log", lines("a", 10, 5))
		r.want(lines("a", 0, 15))
		d.remove("a.log")
		d.write("a.log.2026011013", lines("b", 0, 5))
		d.must(os.Link(d.at("a.log.2026011013"), d.at("a.log")))
		r.want(lines("a", 0, 15), lines("b", 0, 5))
	})
	t.Run("two paths to a directory", func(t *testing.T) {
		d := newDir(t)
		d.must(os.Mkdir(d.at("logs"), 0o755))
		d.must(os.Symlink(d.at("logs"), d.at("link")))
		r := started(t, Options{Patterns: []string{d.at("logs/*.log"), d.at("link/*.log")}})
		d.write("logs/a.log", lines("a", 0, 10))
		r.want(lines("a", 0, 10))
	})
	t.Run("symbolic link switched", func(t *testing.T) {
		d := newDir(t)
		d.must(os.Mkdir(d.at("d1"), 0o755))
		d.must(os.Mkdir(d.at("d2"), 0o755))
		d.write("d1/x", "")
		d.must(os.Symlink(d.at("d1/x"), d.at("a.log")))
		r := started(t, Options{Patterns: []string{d.at("a.log")}})
		d.write("d1/x", lines("a", 0, 5))
		r.want(lines("a", 0, 5))
		d.write("d2/y", lines("b", 0, 5))
		d.must(os.Symlink(d.at("d2/y"), d.at("new")))
		d.rename("new", "a.log")
		d.write("d1/x", lines("a", 5, 2))
		r.want(lines("a", 0, 7), lines("b", 0, 5))
	})
	t.Run("target of a link rotated", func(t *testing.T) {
		d := newDir(t)
		d.must(os.Mkdir(d.at("real"), 0o755))
		d.write("real/a.log", "")
		d.must(os.Symlink(d.at("real/a.log"), d.at("a.log")))
		r := started(t, Options{Patterns: []string{d.at("a.log")}})
		for i := range 5 {
			d.write("real/a.log", lines("a", i, 1))
			d.rename("real/a.log", fmt.Sprintf("real/a.log.%d", i))
		}
		d.write("real/a.log", lines("a", 5, 1))
		r.want(lines("a", 0, 6))
	})
	t.Run("equal beginnings", func(t *testing.T) {
		d := newDir(t)
		r := started(t, Options{Patterns: []string{d.at("*")}})
		same := lines("same", 0, 5)
		d.write("a.log", same)
		d.write("b.log", same)
		r.want(same, same)
		d.write("a.log", lines("a", 5, 10))
		d.write("b.log", lines("b", 5, 10))
		// It begins like the others, by its name it could be a copy.
		d.write("a.log.old", same)
		r.polls(5)
		d.write("a.log.old", lines("c", 5, 10))
		r.want(same, same, same, lines("a", 5, 10), lines("b", 5, 10), lines("c", 5, 10))
	})
	t.Run("ten empty files", func(t *testing.T) {
		d := newDir(t)
		r := started(t, Options{Patterns: []string{d.at("*")}})
		want := ""
		for i := range 10 {
			d.write(fmt.Sprintf("a.log.%d", i), "")
		}
		r.polls(5)
		for i := range 10 {
			d.write(fmt.Sprintf("a.log.%d", i), "the same line\n")
			want += "the same line\n"
			if i < 3 {
				r.want(want)
			}
		}
		r.want(want)
	})
	t.Run("inode reused", func(t *testing.T) {
		d := newDir(t)
		r := started(t, Options{Patterns: []string{d.at("a.log")}, Quiet: 2 * testPoll})
		want := ""
		for i := range 5 {
			text := lines(fmt.Sprint("a", i), 0, 100+i)
			want += text
			d.write("a.log", text)
			r.want(want)
			d.remove("a.log")
			r.until("the file is closed", func() bool { return r.f.Stats().Files == 0 })
		}
	})
}

func TestNotRegular(t *testing.T) {
	d := newDir(t)
	d.must(syscall.Mkfifo(d.at("a.log"), 0o644))
	d.must(os.Mkdir(d.at("dir"), 0o755))
	d.must(os.Symlink(d.at("loop"), d.at("loop")))
	r := started(t, Options{Patterns: []string{d.at("*.log"), d.at("dir"), d.at("loop"), d.at("b.log"), "/dev/null"}})
	d.write("b.log", lines("b", 0, 10))
	r.want(lines("b", 0, 10))
	d.remove("a.log")
	d.write("a.log", lines("a", 0, 10))
	r.want(lines("b", 0, 10), lines("a", 0, 10))
	r.stop()
	for what, n := range map[string]int{"only regular files": 2, "leads to a directory": 1, "cannot look at": 1, "does not exist yet": 1} {
		if got := strings.Count(r.log.String(), what); got != n {
			t.Errorf("%q is said %d times, want %d\n%s", what, got, n, r.log)
		}
	}
}

func TestDirectoryComesLater(t *testing.T) {
	for _, pattern := range []string{"x/y/a.log", "x/*/a.log", "x/**/*.log"} {
		d := newDir(t)
		r := started(t, Options{Patterns: []string{d.at(pattern)}})
		d.must(os.MkdirAll(d.at("x/y"), 0o755))
		d.write("x/y/a.log", lines("a", 0, 10))
		r.want(lines("a", 0, 10))
		d.write("x/y/a.log", lines("a", 10, 10))
		r.want(lines("a", 0, 20))
	}
}

// TestTorn is a writer that calls write once a line, read at full speed: a
// read can end at any page.
func TestTorn(t *testing.T) {
	d := newDir(t)
	r := started(t, Options{Patterns: []string{d.at("a.log")}, NoWatch: true, Poll: time.Millisecond})
	w := d.open("a.log")
	defer w.Close()
	line := bytes.Repeat([]byte("x"), 700)
	line[699] = '\n'
	n := 0
	for end := time.Now().Add(time.Second); time.Now().Before(end); n++ {
		_, err := w.Write(line)
		d.must(err)
	}
	r.until("all lines", func() bool { return r.count() >= n })
	r.stop()
	if len(r.lines) != n {
		t.Errorf("%d lines, want %d", len(r.lines), n)
	}
	for _, l := range r.lines {
		if l != string(line[:699]) {
			t.Fatalf("a line is torn: %q", l)
		}
	}
}

// TestByteByByte lets a line come slowly.
func TestByteByByte(t *testing.T) {
	d := newDir(t)
	r := started(t, Options{Patterns: []string{d.at("a.log")}, BlockSize: 16, MaxLine: 64})
	w := d.open("a.log")
	defer w.Close()
	text := "first line of the log\n" + strings.Repeat("o", 80) + "\nthe last one\n"
	for i := range len(text) {
		w.WriteString(text[i : i+1])
		if i%10 == 0 {
			r.caughtUp()
		}
	}
	r.want("first line of the log\nthe last one\n")
}

func TestRescan(t *testing.T) {
	d := newDir(t)
	r := started(t, Options{Patterns: []string{d.at("*.log")}, NoWatch: true, Poll: time.Hour})
	d.write("a.log", lines("a", 0, 10))
	r.f.Rescan()
	r.until("the lines of a file that a rescan found", func() bool { return r.count() == 10 })
}

// TestManyRotations sees that nothing is kept for ever.
func TestManyRotations(t *testing.T) {
	d := newDir(t)
	r := started(t, Options{Patterns: []string{d.at("a.log")}, Quiet: testPoll})
	want := ""
	for i := range 50 {
		text := lines("a", i*3, 3)
		want += text
		d.write("a.log", text)
		r.until("the lines", func() bool { return r.count() == i*3+3 })
		d.rename("a.log", "a.log.1")
	}
	r.want(want)
	r.until("the files are closed", func() bool { return r.f.Stats().Files == 0 })
	r.stop()
	if n := len(r.state.Files); n > keptClosed {
		t.Errorf("%d files are remembered", n)
	}
}
