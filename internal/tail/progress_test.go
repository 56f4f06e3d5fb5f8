package tail

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// measured reads everything that o leads to and returns the progress at every
// block and at every tick, of which one follows every block.
func measured(t *testing.T, o Options, stopAfter int) (all []Progress, last *State) {
	t.Helper()
	o.Once, o.FromStart, o.Poll, o.BlockSize = true, true, time.Nanosecond, 4<<10
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for b, err := range f.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Stats().Progress)
		if b.Tick != nil {
			continue
		}
		if len(all) > 1 && all[len(all)-1].BytesDone == all[len(all)-2].BytesDone && strings.HasSuffix(b.Path, "a.log") {
			t.Error("a block was read and nothing is done")
		}
		if blocks++; blocks == stopAfter {
			break
		}
	}
	state := f.State()
	for i, p := range all[1:] {
		if p.BytesDone < all[i].BytesDone || p.FilesDone < all[i].FilesDone {
			t.Errorf("from %+v back to %+v", all[i], p)
		}
	}
	for _, p := range all {
		if p.BytesDone > p.Bytes || p.FilesDone > p.Files {
			t.Errorf("more is done than there is: %+v", p)
		}
	}
	return all, &state
}

// noise returns lines that can hardly be compressed.
func noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 1))
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, "%016x%016x\n", rnd.Uint64(), rnd.Uint64())
	}
	return b
}

// TestProgress reads files of every kind: what is to be read is known before
// the first line, in bytes on disk, and all of it is done at the end.
func TestProgress(t *testing.T) {
	for _, ending := range []string{".gz", ".zst", ".bz2"} {
		t.Run("plain and "+ending, func(t *testing.T) {
			d := newDir(t)
			d.write("a", lines("a", 0, 10))
			d.write("b"+ending, string(pack(t, "b"+ending, noise(1<<20))))
			d.write("empty", "")
			size := int64(len(d.read("a")) + len(d.read("b"+ending)))

			all, _ := measured(t, Options{Patterns: []string{d.at("*")}}, 0)
			first, last := all[0], all[len(all)-1]
			if first.Files != 3 || first.Bytes != size || first.BytesDone != 0 {
				t.Errorf("at first %+v, want 3 files of %d bytes", first, size)
			}
			if last != (Progress{Files: 3, FilesDone: 3, Bytes: size, BytesDone: size}) {
				t.Errorf("at the end %+v, want 3 files of %d bytes", last, size)
			}
			steps := make(map[int64]bool)
			for _, p := range all {
				steps[p.BytesDone] = true
			}
			if len(steps) < 6 {
				t.Errorf("%d steps on the way through the files", len(steps))
			}
		})
	}
}

// TestProgressOfTheRest goes on from a state: only the rest of a plain file is
// still to be read.
func TestProgressOfTheRest(t *testing.T) {
	d := newDir(t)
	d.write("a.log", lines("a", 0, 5000))
	_, state := measured(t, Options{Patterns: []string{d.at("a.log")}}, 3)
	rest := int64(len(d.read("a.log")) - 3*(4<<10))

	all, _ := measured(t, Options{Patterns: []string{d.at("a.log")}, Resume: state}, 0)
	first, last := all[0], all[len(all)-1]
	// Blocks end with their last whole line.
	if first.Bytes < rest || first.Bytes > rest+500 || last.BytesDone != first.Bytes {
		t.Errorf("at first %+v, at the end %+v, want about %d bytes", first, last, rest)
	}
}

// TestProgressOfStandardInput has no end that is known.
func TestProgressOfStandardInput(t *testing.T) {
	all, _ := measured(t, Options{Patterns: []string{"-"}, Stdin: strings.NewReader(lines("a", 0, 1000))}, 0)
	if last := all[len(all)-1]; last != (Progress{}) {
		t.Errorf("%+v", last)
	}
}

// TestProgressOfDamage ends although not all could be read.
func TestProgressOfDamage(t *testing.T) {
	d := newDir(t)
	d.write("a.gz", string(pack(t, "a.gz", []byte(lines("a", 0, 50000)))))
	if err := os.Truncate(d.at("a.gz"), int64(len(d.read("a.gz"))/2)); err != nil {
		t.Fatal(err)
	}
	all, _ := measured(t, Options{Patterns: []string{d.at("*")}}, 0)
	if last := all[len(all)-1]; last.Files != last.FilesDone || last.Bytes != last.BytesDone || last.Bytes == 0 {
		t.Errorf("at the end %+v", last)
	}
}
