package tail

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPackedForms(t *testing.T) {
	text := lines("a", 0, 30000)
	for _, end := range []string{".gz", ".zst", ".xz", ".bz2"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			d := newDir(t)
			// The name says nothing; content decides.
			d.write("a.log", string(pack(t, end, []byte(text))))
			r := once(t, Options{Patterns: []string{d.at("a.log")}, NoWatch: true, BlockSize: 8 << 10})
			if got := strings.Join(r.lines, "\n") + "\n"; got != text {
				t.Errorf("%d lines, want 30000", len(r.lines))
			}
			if end := r.batches[len(r.batches)-1].End.Offset; end != int64(len(text)) {
				t.Errorf("the position at the end is %d, want %d", end, len(text))
			}
		})
	}
}

func TestPackedOfManyMembers(t *testing.T) {
	for _, end := range []string{".gz", ".zst", ".xz", ".bz2"} {
		d := newDir(t)
		for i := range 5 {
			d.write("a"+end, string(pack(t, end, []byte(lines("a", i*10, 10)))))
		}
		r := once(t, Options{Patterns: []string{d.at("a" + end)}, NoWatch: true})
		if got := strings.Join(r.lines, "\n") + "\n"; got != lines("a", 0, 50) {
			t.Errorf("%s: %d lines, want 50", end, len(r.lines))
		}
	}
}

func TestDamaged(t *testing.T) {
	text := lines("a", 0, 20000)
	for _, end := range []string{".gz", ".zst", ".xz", ".bz2"} {
		whole := pack(t, end, []byte(text))
		for name, content := range map[string][]byte{
			"cut off":        whole[:len(whole)*3/4],
			"flipped":        append(append(bytes.Clone(whole[:len(whole)*3/4]), 0xff^whole[len(whole)*3/4]), whole[len(whole)*3/4+1:]...),
			"garbage behind": append(bytes.Clone(whole), "garbage, not zeros"...),
			"magic alone":    whole[:10],
		} {
			t.Run(name+end, func(t *testing.T) {
				t.Parallel()
				d := newDir(t)
				d.write("a"+end, string(content))
				d.write("b.log", lines("b", 0, 10))
				r := once(t, Options{Patterns: []string{d.at("a" + end), d.at("b.log")}, NoWatch: true})
				if s := r.f.Stats(); s.Damaged != 1 {
					t.Errorf("%d damaged, want 1: %+v", s.Damaged, s)
				}
				if !strings.Contains(r.log.String(), "damaged or cut off") {
					t.Error("the damage is not said")
				}
				var a, b int
				for _, l := range r.lines {
					switch {
					case l == fmt.Sprintf("%d 192.0.2.1 a line %d", a, a):
						a++
					case strings.Contains(l, " b "):
						b++
					}
				}
				if a+b != len(r.lines) && name != "flipped" {
					t.Errorf("of %d lines %d are whole and in order", len(r.lines), a+b)
				}
				if b != 10 {
					t.Errorf("%d lines of the other file, want 10", b)
				}
				if name == "garbage behind" && a != 20000 {
					t.Errorf("%d lines before the garbage, want 20000", a)
				}
			})
		}
	}
}

// TestPackedGrows lets a compressor take its time.
func TestPackedGrows(t *testing.T) {
	for _, end := range []string{".gz", ".zst", ".xz", ".bz2"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			d := newDir(t)
			text := lines("a", 0, 20000)
			packed := pack(t, end, []byte(text))
			// Ten looks without growth would count as damage: a busy machine must
			// not pause the writing for so long.
			r := started(t, Options{Patterns: []string{d.at("*")}, Poll: 40 * testPoll})
			for part := range 5 {
				d.write("a.log.2"+end, string(packed[len(packed)*part/5:len(packed)*(part+1)/5]))
				time.Sleep(20 * testPoll)
			}
			r.want(text)
			if s := r.f.Stats(); s.Damaged != 0 {
				t.Error("a file that grows is called damaged")
			}
		})
	}
}

// TestCompressedRotation is the .gz of a file in every state of that file.
func TestCompressedRotation(t *testing.T) {
	for _, n := range []int{1, 3, 100, 5000} {
		for _, end := range []string{".gz", ".zst", ".xz", ".bz2"} {
			t.Run(fmt.Sprint(n, end), func(t *testing.T) {
				t.Parallel()
				d := newDir(t)
				r := started(t, Options{Patterns: []string{d.at("a.log*")}, Quiet: 8 * testPoll})
				d.write("a.log", lines("a", 0, n))
				r.want(lines("a", 0, n))
				d.rename("a.log", "a.log.1")
				d.write("a.log", lines("b", 0, 5))
				d.compress("a.log.1", "a.log.1"+end)
				r.want(lines("a", 0, n), lines("b", 0, 5))
				r.until("the files are closed", func() bool { return r.f.Stats().Held == 0 })
				// Packed again by somebody else, and moved on.
				d.must(os.WriteFile(d.at("a.log.2.gz"), pack(t, ".gz", []byte(lines("a", 0, n))), 0o644))
				d.remove("a.log.1" + end)
				r.polls(10)
				r.want(lines("a", 0, n), lines("b", 0, 5))
			})
		}
	}
}

// TestTwinsAreReadOnce is a backfill while a compressor is at work.
func TestTwinsAreReadOnce(t *testing.T) {
	d := newDir(t)
	d.write("a.log.1", lines("a", 0, 1000))
	d.pack("a.log.1", "a.log.1.gz")
	d.write("a.log.2", lines("b", 0, 1000))
	whole := pack(t, ".gz", d.read("a.log.2"))
	d.write("a.log.2.gz", string(whole[:len(whole)/2]))
	r := once(t, Options{Patterns: []string{d.at("a.log*")}, NoWatch: true})
	if len(r.lines) != 2000 {
		t.Errorf("%d lines, want 2000\n%s", len(r.lines), r.report())
	}
}

func TestGzipBesideAnotherLog(t *testing.T) {
	// Two logs that begin with the same lines are two logs.
	d := newDir(t)
	same := lines("health", 0, 60)
	r := started(t, Options{Patterns: []string{d.at("*")}})
	d.write("a.log", same+lines("a", 60, 10))
	d.write("b.log", same+lines("b", 60, 10))
	r.want(same, same, lines("a", 60, 10), lines("b", 60, 10))
	d.write("a.log.1.gz", string(pack(t, ".gz", []byte(same+lines("other", 60, 200)))))
	r.want(same, same, same, lines("a", 60, 10), lines("b", 60, 10), lines("other", 60, 200))
}

// TestManyPacked sees that no file is forgotten, and read again, as long as a
// pattern leads to it.
func TestManyPacked(t *testing.T) {
	d := newDir(t)
	const n = keptClosed + 100
	for i := range n {
		d.write(fmt.Sprintf("%d.gz", i), string(pack(t, ".gz", []byte(lines("a", i, 1)))))
	}
	o := Options{Patterns: []string{d.at("*")}, FromStart: true}
	r := follow(t, o)
	r.want(lines("a", 0, n))
	r.stop()
	o.Resume = r.keep(t)
	r = follow(t, o)
	d.write("more", lines("b", 0, 1))
	r.want(lines("b", 0, 1))
}
