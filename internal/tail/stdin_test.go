package tail

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func TestStdinFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		r := follow(t, Options{Patterns: []string{"-"}, Stdin: in})
		r.caughtUp()
		for i := range 10 {
			io.WriteString(out, lines("a", i, 1)[:5])
			r.caughtUp()
			io.WriteString(out, lines("a", i, 1)[5:])
			r.caughtUp()
			if n := r.count(); n != i+1 {
				t.Fatalf("%d lines, want %d", n, i+1)
			}
		}
		io.WriteString(out, "unfinished")
		out.Close()
		r.wait()
		if n := len(r.ticks); r.ticks[n-1].Behind {
			t.Error("the last tick is behind")
		}
		if len(r.lines) != 10 {
			t.Errorf("%d lines, want 10", len(r.lines))
		}
		if b := r.batches[0]; b.Path != "-" || b.Source == 0 || b.End.Offset == 0 {
			t.Errorf("the batch does not say where it is from: %+v", b)
		}
		if s := r.f.Stats(); s.UnfinishedBytes != 10 {
			t.Errorf("%d unfinished bytes, want 10", s.UnfinishedBytes)
		}
	})
}

// TestStdinOfOld sees that with FromStart or Once the input is behind until
// its end, however long nothing comes.
func TestStdinOfOld(t *testing.T) {
	for _, o := range []Options{{FromStart: true}, {Once: true}, {FromStart: true, Once: true}} {
		synctest.Test(t, func(t *testing.T) {
			in, out := io.Pipe()
			o.Patterns, o.Stdin, o.Poll = []string{"-"}, in, time.Second
			r := follow(t, o)
			io.WriteString(out, "a\n")
			time.Sleep(time.Hour)
			r.mu.Lock()
			ticks := slices.Clone(r.ticks)
			r.mu.Unlock()
			for _, tick := range ticks {
				if !tick.Behind {
					t.Fatal("a tick says that the input has been read")
				}
			}
			if len(ticks) < 100 {
				t.Errorf("%d ticks in an hour", len(ticks))
			}
			io.WriteString(out, "b\n")
			out.Close()
			r.wait()
			if tick := r.ticks[len(r.ticks)-1]; tick.Behind || len(r.lines) != 2 {
				t.Errorf("%d lines and the last tick %+v; want 2, not behind", len(r.lines), tick)
			}
		})
	}
}

func TestStdinFails(t *testing.T) {
	failure := errors.New("the disk is on fire")
	r := follow(t, Options{Patterns: []string{"-"}, Stdin: io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(failure))})
	r.wait()
	if !errors.Is(r.err, failure) || len(r.lines) != 2 {
		t.Errorf("error %v after %d lines; want %v after 2", r.err, len(r.lines), failure)
	}
}

func TestStdinBesideFiles(t *testing.T) {
	d := newDir(t)
	in, out := io.Pipe()
	r := started(t, Options{Patterns: []string{"-", d.at("a.log")}, Stdin: in})
	d.write("a.log", lines("a", 0, 10))
	io.WriteString(out, lines("b", 0, 10))
	r.want(lines("a", 0, 10), lines("b", 0, 10))
	out.Close()
	d.write("a.log", lines("a", 10, 10))
	r.want(lines("a", 0, 20), lines("b", 0, 10))
}

// TestStdinStuck ends while nobody writes.
func TestStdinStuck(t *testing.T) {
	for name, wrap := range map[string]func(in *os.File) io.Reader{
		"with deadlines":    func(in *os.File) io.Reader { return in },
		"without deadlines": func(in *os.File) io.Reader { return struct{ io.Reader }{in} },
	} {
		// A pipe of its own: a goroutine that is left in its read keeps others
		// from reading the same one.
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		r := follow(t, Options{Patterns: []string{"-"}, Stdin: wrap(in)})
		r.caughtUp()
		start := time.Now()
		r.stop()
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: it ends only after %v", name, took)
		}
		// What is left in its read ends with the next byte.
		out.Write([]byte("\n"))
		out.Close()
	}
}

func TestStdinInPieces(t *testing.T) {
	text := lines("a", 0, 20000)
	for _, end := range []string{"", ".gz", ".zst", ".xz", ".bz2"} {
		content := []byte(text)
		if end != "" {
			content = pack(t, end, content)
		}
		r := follow(t, Options{Patterns: []string{"-"}, Stdin: iotest.HalfReader(iotest.DataErrReader(bytes.NewReader(content)))})
		r.wait()
		if got := strings.Join(r.lines, "\n") + "\n"; got != text {
			t.Errorf("%q: %d lines, want 20000", end, len(r.lines))
		}
	}
}

// TestStdinWaitsForNoMagic sees that one short line is given out at once.
func TestStdinWaitsForNoMagic(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	r := follow(t, Options{Patterns: []string{"-"}, Stdin: in})
	for i, line := range []string{"B\n", "P\n", "x\n"} {
		io.WriteString(out, line)
		r.until(line, func() bool { return r.count() == i+1 })
	}
}

// TestStdinIsBounded sees that the input is not read ahead of the receiver.
func TestStdinIsBounded(t *testing.T) {
	taken := 0
	endless := readerFunc(func(b []byte) (int, error) {
		taken += len(b)
		return copy(b, bytes.Repeat([]byte("0123456789abcde\n"), len(b)/16)), nil
	})
	f, err := New(Options{Patterns: []string{"-"}, Stdin: endless})
	if err != nil {
		t.Fatal(err)
	}
	given := 0
	for b := range f.Batches(t.Context()) {
		given += len(b.Data)
		b.Release()
		if given > 10<<20 {
			break
		}
	}
	if ahead := taken - given; ahead > 4<<20 {
		t.Errorf("%d bytes were read ahead", ahead)
	}
}

type readerFunc func(b []byte) (int, error)

func (r readerFunc) Read(b []byte) (int, error) { return r(b) }
