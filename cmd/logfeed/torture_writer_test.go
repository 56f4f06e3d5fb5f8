//go:build torture

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A writer is the web server as one file sees it. It keeps its descriptor when
// the file gets another name.
type writer struct {
	log        *rotatedLog
	file       *os.File
	generation int
	rnd        *rand.Rand
	good       int // lines of the present

	retire chan time.Duration // how long it still writes after a rotation
	done   chan struct{}      // closed with the file
}

// A line is one line of a log and what is to become of it.
type line struct {
	text   string // with its newline
	kind   lineKind
	live   bool // written at about its own time
	when   time.Time
	status int
	bytes  int
}

type lineKind int

const (
	counted lineKind = iota
	refused
	stale
)

// start lets the writer write until it is retired or the site is stopped.
func (w *writer) start() {
	// Ends as said, or panics.
	w.log.site.wait.Go(func() {
		defer close(w.done)
		defer w.close()
		var end <-chan time.Time
		for {
			select {
			case <-w.log.site.end:
				return
			case <-end:
				return
			case d := <-w.retire:
				end = time.After(d)
			case <-time.After(between(w.rnd, 0, 120*time.Millisecond)):
				for range 1 + w.rnd.IntN(w.burst()) {
					w.write(w.line(time.Now()))
				}
			}
		}
	})
}

func (w *writer) close() {
	info, err := w.file.Stat()
	must(errors.Join(err, w.file.Close()))
	w.log.site.note(w.log.path, "generation %d ends with %d bytes", w.generation, info.Size())
}

// burst is how many lines come at once.
func (w *writer) burst() int {
	if w.rnd.IntN(50) == 0 {
		return 100
	}
	return 4
}

func (w *writer) ended() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// backlog writes a line from before the start.
func (w *writer) backlog(now time.Time) {
	l := w.line(now)
	l.live = false
	w.put(l.text)
	w.log.site.tally.count(l, filepath.Base(w.log.path)+" backlog")
}

// write appends a line, some in two parts with a pause between.
func (w *writer) write(l line) {
	if w.rnd.IntN(40) == 0 {
		at := w.rnd.IntN(len(l.text))
		w.put(l.text[:at])
		time.Sleep(between(w.rnd, 0, 300*time.Millisecond))
		l.text = l.text[at:]
	}
	w.put(l.text)
	w.log.site.tally.count(l, fmt.Sprintf("%s generation %d", filepath.Base(w.log.path), w.generation))
}

func (w *writer) put(text string) {
	_, err := w.file.WriteString(text)
	must(err)
}

func (w *writer) line(now time.Time) line {
	switch n := w.rnd.IntN(1000); {
	case n < 15:
		return line{kind: refused, text: w.refused(now) + "\n"}
	case n < 25 && w.good > 0 && w.log.site.settled.Load():
		return line{kind: stale, text: w.format(now.Add(-time.Hour), 200, 1) + "\n"}
	}
	delay := time.Duration(0)
	if w.rnd.IntN(4) == 0 {
		delay = between(w.rnd, 0, maxDelay)
	}
	w.good++
	l := line{when: now.Add(-delay), live: true, status: 100*(1+w.rnd.IntN(5)) + w.rnd.IntN(60), bytes: w.rnd.IntN(1 << 16)}
	l.text = w.format(l.when, l.status, l.bytes) + "\n"
	return l
}

func (w *writer) format(when time.Time, status, bytes int) string {
	agent := "test"
	if w.rnd.IntN(100) == 0 {
		agent = strings.Repeat("very long ", w.rnd.IntN(4000))
	}
	return fmt.Sprintf(`192.0.2.%d - - [%s] "GET /%x HTTP/1.1" %d %d "-" "%s"`,
		w.rnd.IntN(256), when.Format("02/Jan/2006:15:04:05 -0700"), w.rnd.Uint32(), status, bytes, agent)
}

// refused is a line that no bucket takes.
func (w *writer) refused(now time.Time) string {
	switch w.rnd.IntN(5) {
	case 0:
		return ""
	case 1:
		return w.format(now.Add(time.Hour), 200, 1)
	case 2:
		return w.format(time.Unix(800_000_000, 0), 200, 1)
	case 3:
		return strings.Replace(w.format(now, 200, 1), "[", "[x", 1)
	}
	return "AH00558: this is none of the lines that belong here"
}
