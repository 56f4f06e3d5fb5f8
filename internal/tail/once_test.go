package tail

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// once reads everything in the files of o and returns the finished run.
func once(t *testing.T, o Options) *run {
	t.Helper()
	o.Once, o.FromStart = true, true
	r := follow(t, o)
	r.wait()
	if r.err != nil {
		t.Fatal(r.err)
	}
	if n := len(r.ticks); n == 0 || r.ticks[n-1].Behind {
		t.Errorf("the run does not end in a tick that is not behind: %+v", r.ticks)
	}
	return r
}

func TestLines(t *testing.T) {
	huge := strings.Repeat("h", 5000)
	for _, c := range []struct {
		name, text string
		want       []string
		oversize   int64
		nul        int64
		unfinished int64
	}{
		{name: "nothing"},
		{name: "plain", text: "a\nb\n", want: []string{"a", "b"}},
		{name: "empty lines", text: "\n\na\n\n", want: []string{"", "", "a", ""}},
		{name: "carriage returns", text: "a\r\nb\r\r\n\r\nc\rd\n", want: []string{"a", "b\r", "", "c\rd"}},
		{name: "unfinished", text: "a\nbcd", want: []string{"a"}, unfinished: 3},
		{name: "only unfinished", text: "bcd", unfinished: 3},
		{name: "bytes", text: "\xff\xfe\n\xef\xbb\xbfa\n", want: []string{"\xff\xfe", "\xef\xbb\xbfa"}},
		{name: "NUL at line starts", text: "\x00\x00a\n\x00b\nc\x00d\n", want: []string{"a", "b", "c\x00d"}, nul: 3},
		{name: "only NUL", text: strings.Repeat("\x00", 3000), unfinished: 3000},
		{name: "NUL at the end", text: "a\n\x00\x00", want: []string{"a"}, unfinished: 2},
		{name: "many NUL", text: "a\n" + strings.Repeat("\x00", 3000) + "b\n", want: []string{"a", "b"}, nul: 3000},
		{name: "longer than a block", text: "a\n" + huge[:900] + "\nb\n", want: []string{"a", huge[:900], "b"}},
		{name: "as long as allowed", text: "a\n" + huge[:1024] + "\nb\n", want: []string{"a", huge[:1024], "b"}},
		{name: "one longer", text: "a\n" + huge[:1025] + "\nb\n", want: []string{"a", "b"}, oversize: 1},
		{name: "much longer", text: huge + "\nb\n" + huge + "\n" + huge + "\nc\n", want: []string{"b", "c"}, oversize: 3},
		{name: "too long and unfinished", text: "a\n" + huge, want: []string{"a"}, unfinished: 5000},
		{name: "BZh is a word", text: "BZh9 is how it begins\n", want: []string{"BZh9 is how it begins"}},
		{name: "BZh alone", text: "BZ", unfinished: 2},
	} {
		for _, form := range []string{"plain", ".gz", ".zst", "stdin", "stdin.gz"} {
			t.Run(c.name+"/"+form, func(t *testing.T) {
				d := newDir(t)
				o := Options{BlockSize: 64, MaxLine: 1024, NoWatch: true}
				nul, unfinished := c.nul, c.unfinished
				if form != "plain" {
					// In a stream bytes cannot change any more: they are dropped at once.
					k := int64(len(c.text) - len(strings.TrimRight(c.text, "\x00")))
					nul, unfinished = nul+k, unfinished-k
				}
				switch form {
				case "plain":
					d.write("a", c.text)
					o.Patterns = []string{d.at("a")}
				case "stdin":
					o.Patterns, o.Stdin = []string{"-"}, strings.NewReader(c.text)
				case "stdin.gz":
					o.Patterns, o.Stdin = []string{"-"}, bytes.NewReader(pack(t, form, []byte(c.text)))
				default:
					d.write("a"+form, string(pack(t, form, []byte(c.text))))
					o.Patterns = []string{d.at("a" + form)}
				}
				r := once(t, o)
				if len(r.lines) != len(c.want) {
					t.Fatalf("lines %q, want %q", r.lines, c.want)
				}
				for i := range c.want {
					if r.lines[i] != c.want[i] {
						t.Errorf("line %d is %q, want %q", i, r.lines[i], c.want[i])
					}
				}
				s := r.f.Stats()
				if s.OversizeLines != c.oversize || s.NulBytes != nul || s.UnfinishedBytes != unfinished {
					t.Errorf("oversize %d, NUL %d, unfinished %d; want %d, %d, %d",
						s.OversizeLines, s.NulBytes, s.UnfinishedBytes, c.oversize, nul, unfinished)
				}
			})
		}
	}
}

// TestCuts sees that lines do not depend on how the reads were cut.
func TestCuts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 60 {
		var text strings.Builder
		for range rnd.IntN(60) {
			switch rnd.IntN(8) {
			case 0:
				text.WriteString(strings.Repeat("\x00", rnd.IntN(200)))
			case 1:
				text.WriteString(strings.Repeat("l", rnd.IntN(600)))
			case 2:
				text.WriteString("\r")
			default:
				text.WriteString(strings.Repeat("x", rnd.IntN(30)) + "\n")
			}
		}
		text.WriteString("end\n")
		var lists [][]string
		for _, block := range []int{1, 7, 64, 256} {
			for _, form := range []string{"", ".gz"} {
				d := newDir(t)
				content := []byte(text.String())
				if form != "" {
					content = pack(t, form, content)
				}
				d.write("a"+form, string(content))
				r := once(t, Options{Patterns: []string{d.at("a" + form)}, BlockSize: block, MaxLine: 256, NoWatch: true})
				lists = append(lists, append(r.lines, fmt.Sprint(r.f.Stats().OversizeLines, r.f.Stats().NulBytes)))
			}
		}
		for _, l := range lists[1:] {
			if strings.Join(l, "\n") != strings.Join(lists[0], "\n") {
				t.Fatalf("the lines depend on the blocks:\n%q\n%q\nof %q", lists[0], l, text.String())
			}
		}
	}
}

func TestOversizeIsBounded(t *testing.T) {
	d := newDir(t)
	d.write("a.log", lines("a", 0, 5))
	w := d.open("a.log")
	chunk := bytes.Repeat([]byte("x"), 1<<20)
	for range 64 {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprint(w, "\n"+lines("b", 5, 5))
	w.Close()
	for _, name := range []string{"a.log", "a.gz"} {
		if name == "a.gz" {
			d.write(name, string(pack(t, name, d.read("a.log"))))
		}
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := once(t, Options{Patterns: []string{d.at(name)}, NoWatch: true})
		runtime.ReadMemStats(&after)
		if len(r.lines) != 10 || r.f.Stats().OversizeLines != 1 {
			t.Errorf("%s: %d lines, %d oversize; want 10, 1", name, len(r.lines), r.f.Stats().OversizeLines)
		}
		// Blocks, the longest line with its growth by doubling, and the decompressor.
		if n := after.TotalAlloc - before.TotalAlloc; n > 40<<20 {
			t.Errorf("%s: %d bytes were allocated for a line of 64 MiB", name, n)
		}
	}
}

func TestZerosArePassed(t *testing.T) {
	d := newDir(t)
	var b bytes.Buffer
	for range 20 {
		b.Write(pack(t, ".gz", make([]byte, 10<<20)))
	}
	d.write("zero.gz", b.String())
	r := once(t, Options{Patterns: []string{d.at("zero.gz")}, NoWatch: true})
	if s := r.f.Stats(); len(r.lines) != 0 || s.NulBytes != 200<<20 {
		t.Errorf("%d lines, %d NUL bytes; want 0, %d", len(r.lines), s.NulBytes, 200<<20)
	}
}

// TestOnceEndsWhereTheFilesEnded sees that what is written during the run is
// left to the next one.
func TestOnceEndsWhereTheFilesEnded(t *testing.T) {
	d := newDir(t)
	d.write("a.log", lines("a", 0, 100))
	f, err := New(Options{Patterns: []string{d.at("*.log")}, FromStart: true, Once: true, BlockSize: 128})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b, err := range f.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			d.write("a.log", lines("late", 0, 10))
			d.write("b.log", lines("late", 0, 10))
		}
		for range b.Lines() {
			n++
		}
		b.Release()
	}
	if n != 100 {
		t.Errorf("%d lines, want 100", n)
	}
	if got := f.State().Files; len(got) != 1 || got[0].Offset != int64(len(lines("a", 0, 100))) {
		t.Errorf("the state does not tell where the next run goes on: %+v", got)
	}
}

// TestBatchesAreKept sees that a batch stays as it is until it is released.
func TestBatchesAreKept(t *testing.T) {
	d := newDir(t)
	text := lines("a", 0, 5000)
	d.write("a.log", text)
	f, err := New(Options{Patterns: []string{d.at("a.log")}, FromStart: true, Once: true, BlockSize: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	var kept []Batch
	var got []byte
	for b := range f.Batches(t.Context()) {
		if kept = append(kept, b); len(kept) < 20 {
			continue
		}
		for _, b := range kept {
			got = append(got, b.Data...)
			b.Release()
		}
		kept = nil
	}
	for _, b := range kept {
		got = append(got, b.Data...)
	}
	if string(got) != text {
		t.Error("a batch changed before it was released")
	}
	if n := len(f.buffers.free); n > f.buffers.kept {
		t.Errorf("%d buffers are kept", n)
	}
}

func TestUsedOnce(t *testing.T) {
	d := newDir(t)
	f, err := New(Options{Patterns: []string{d.at("a")}, FromStart: true, Once: true})
	if err != nil {
		t.Fatal(err)
	}
	for range f.Batches(t.Context()) {
		break
	}
	for _, err := range f.Batches(t.Context()) {
		if err == nil {
			t.Error("the batches can be ranged over twice")
		}
	}
}

func TestReadErrorsAreNotTheEnd(t *testing.T) {
	for _, end := range []string{"", ".gz"} {
		synctest.Test(t, func(t *testing.T) {
			d := newDir(t)
			start := time.Now()
			text := lines("a", 0, 20000)
			content := []byte(text)
			if end != "" {
				content = pack(t, end, content)
			}
			d.write("a.log", string(content))
			o := Options{Patterns: []string{d.at("a.log")}, FromStart: true, NoWatch: true, BlockSize: 1000}
			r := followWith(t, o, func(f *Follower) {
				f.readAt = func(fd *os.File, b []byte, off int64) (int, error) {
					if off > 5000 && time.Since(start) < time.Second {
						return 0, &fs.PathError{Op: "read", Path: "a.log", Err: syscall.EIO}
					}
					return readAt(fd, b, off)
				}
			})
			r.want(text)
			if s := r.f.Stats(); s.ReadErrors < 3 || s.Truncations != 0 || s.Damaged != 0 {
				t.Errorf("%d read errors, %d truncations, %d damaged; want some, 0, 0", s.ReadErrors, s.Truncations, s.Damaged)
			}
			if n := strings.Count(r.log.String(), "cannot read"); n != 1 {
				t.Errorf("it is said %d times, want once", n)
			}
			for _, tick := range r.ticks {
				if !tick.Behind && tick.Now.Sub(start) < time.Second {
					t.Error("a tick says that all was read while reading failed")
				}
			}
			r.stop()
		})
	}
}
