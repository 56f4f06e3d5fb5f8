//go:build torture

package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/logfeed/logfeed/internal/tail"
)

// A rotatedLog is one log of a site, with all that is left of its rotations.
type rotatedLog struct {
	site   *site
	path   string
	rotate func(*rotatedLog) bool // gives the old file another name; false when it cannot yet
	seed   uint64
	number int

	mu          sync.Mutex // held while names change
	rnd         *rand.Rand
	generations int
	rotations   int     // how many numbered names there are
	current     *writer // of the file at path
	previous    *writer // of the one before, at path.1
}

// open makes a new file at path, and a writer that has not started.
func (l *rotatedLog) open() {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		panic(err)
	}
	l.generations++
	l.current = &writer{
		log: l, file: f, generation: l.generations, rnd: seeded(l.seed, 1000*(l.number+1)+l.generations),
		retire: make(chan time.Duration, 1), done: make(chan struct{}),
	}
}

// turn rotates the log. The old writer goes on for a while with its file,
// wherever that is.
func (l *rotatedLog) turn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.rotate(l) {
		return
	}
	l.site.rotations.Add(1)
	l.site.note(l.path, "generation %d is rotated away", l.generations)
	if l.rnd.IntN(3) == 0 {
		time.Sleep(between(l.rnd, 0, 30*time.Millisecond))
	}
	l.previous = l.current
	linger := time.Duration(0)
	if l.rnd.IntN(2) == 0 {
		linger = between(l.rnd, 0, 3*time.Second)
	}
	l.previous.retire <- linger
	l.open()
	l.current.start()
}

// rotateChain is logrotate without compression: .2 becomes .3, .1 becomes .2,
// and the last one is deleted.
func rotateChain(l *rotatedLog) bool {
	for l.rotations >= 4 && l.site.known(l.name(l.rotations)) {
		must(os.Remove(l.name(l.rotations)))
		l.site.deleted.Add(1)
		l.site.note(l.name(l.rotations), "is deleted")
		l.rotations--
	}
	for i := l.rotations; i > 0; i-- {
		rename(l.name(i), l.name(i+1))
	}
	l.rotations++
	rename(l.path, l.name(1))
	return true
}

// rotateDelayed is logrotate with delaycompress: .1 is packed when it becomes
// .2, and by then nobody writes to it.
func rotateDelayed(l *rotatedLog) bool {
	if l.previous != nil {
		if !l.previous.ended() {
			return false
		}
		l.pack(l.name(1))
		for i := l.rotations; i > 0; i-- {
			rename(l.packed(i), l.packed(i+1))
		}
	}
	l.rotations++
	rename(l.path, l.name(1))
	return true
}

// rotatePacked packs .1 as soon as its writer has ended.
func rotatePacked(l *rotatedLog) bool {
	if l.previous != nil {
		if _, err := os.Stat(l.name(1)); err == nil {
			return false
		}
		for i := l.rotations; i > 0; i-- {
			rename(l.packed(i), l.packed(i+1))
		}
	}
	l.rotations++
	rename(l.path, l.name(1))
	l.packWhenEnded(l.current, l.name(1), 0)
	return true
}

// rotateDated is logrotate with dateext, and packs files some time later.
func rotateDated(l *rotatedLog) bool {
	now := time.Now()
	name := fmt.Sprintf("%s-%s-%d", l.path, now.Format("20060102"), now.UnixMilli())
	if _, err := os.Stat(name); err == nil {
		return false
	}
	rename(l.path, name)
	if l.rnd.IntN(3) > 0 {
		l.packWhenEnded(l.current, name, between(l.rnd, 0, 3*time.Second))
	}
	return true
}

func (l *rotatedLog) name(i int) string { return fmt.Sprintf("%s.%d", l.path, i) }

// packed is the name of number i after it was packed.
func (l *rotatedLog) packed(i int) string { return l.name(i) + l.ending() }

func (l *rotatedLog) ending() string {
	if l.number%2 == 0 {
		return ".zst"
	}
	return ".gz"
}

func (l *rotatedLog) packWhenEnded(w *writer, name string, later time.Duration) {
	// Ends soon after the writer does.
	l.site.wait.Go(func() {
		<-w.done
		l.site.pause(later)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.pack(name)
	})
}

// pack does what gzip does: the packed file grows beside the plain one, gets
// its times, and only then the plain one goes.
func (l *rotatedLog) pack(name string) {
	info, err := os.Stat(name)
	must(err)
	plain, err := os.ReadFile(name)
	must(err)
	out, err := os.OpenFile(name+l.ending(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	must(err)
	var w io.WriteCloser = gzip.NewWriter(out)
	if l.ending() == ".zst" {
		w, err = zstd.NewWriter(out, zstd.WithEncoderConcurrency(1))
		must(err)
	}
	half := len(plain) / 2
	_, err = w.Write(plain[:half])
	must(err)
	if l.rnd.IntN(3) == 0 {
		time.Sleep(between(l.rnd, 0, 200*time.Millisecond))
	}
	_, err = w.Write(plain[half:])
	must(errors.Join(err, w.Close(), out.Close(), os.Chtimes(out.Name(), info.ModTime(), info.ModTime()), os.Remove(name)))
	l.site.packed.Add(1)
	l.site.note(out.Name(), "is packed, %d bytes, of %s", len(plain), info.ModTime().Format(clockFormat))
}

// known says whether nobody writes to a file any more and the checkpoint on
// disk holds all of it, so that it may be deleted and nothing is lost.
func (s *site) known(path string) bool {
	info, err := os.Stat(path)
	must(err)
	if time.Since(info.ModTime()) < 5*time.Second { // no writer lingers so long
		return false
	}
	const header = 24 // bytes before the payload
	file, err := os.ReadFile(filepath.Join(s.dir, "state", "checkpoint"))
	if err != nil || len(file) < header {
		return false // it is just being replaced
	}
	state, err := decodeState(file[header:])
	must(err)
	number := info.Sys().(*syscall.Stat_t).Ino
	return slices.ContainsFunc(state.Files.Files, func(f tail.FileState) bool {
		return f.Ino == number && f.Offset == info.Size() && f.Modified == info.ModTime().UnixNano() && !f.Undecided
	})
}

func rename(from, to string) { must(os.Rename(from, to)) }

// must is for what cannot fail in a directory of one's own.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
