package main

import (
	"cmp"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/progress"
)

const (
	// drawEvery is how often the line is drawn: often enough to follow the
	// width of the terminal, seldom enough to be read.
	drawEvery = 250 * time.Millisecond
	// recordEvery is the time between two log records without a terminal.
	recordEvery = 30 * time.Second
	// recordRarely is the same for a follower that catches up. It goes on for
	// years, and its log is for what an operator has to know.
	recordRarely = 5 * time.Minute
	// plainColumns is the width where none can be asked for.
	plainColumns = 80
)

// A view is what people see of a run beside the points.
type view struct {
	screen  *progress.Screen // nil: there is no line
	records bool             // log records stand for the line
	log     io.Writer        // logfeed's own log
	points  io.Writer        // of a dry run
	people  io.Writer        // the summary; nil: there is none
}

// newView decides where progress goes. mode is the value of --progress.
func newView(mode string, stdout, stderr io.Writer) view {
	v := view{log: stderr, points: stdout}
	fd, terminal := terminalOf(stderr)
	switch {
	case mode == "never":
		return v
	case mode == "auto" && (!terminal || os.Getenv("TERM") == "dumb"):
		v.records = true
		return v
	}
	v.screen = progress.NewScreen(stderr, func() int {
		if columns, _, err := term.GetSize(fd); terminal && err == nil && columns > 0 {
			return columns
		}
		return plainColumns
	})
	v.log, v.people = v.screen, v.screen
	if _, same := terminalOf(stdout); same {
		v.points = v.screen.Above(stdout)
	}
	return v
}

// terminalOf returns the descriptor of w if that is a terminal.
func terminalOf(w io.Writer) (fd int, ok bool) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, false
	}
	fd = int(f.Fd())
	return fd, term.IsTerminal(fd)
}

// A gauge is what the goroutine of the pipeline lets another one see. It is
// set once a batch, so that no line costs anything.
type gauge struct {
	lines, rejected, points atomic.Int64
}

func (g *gauge) read(lines, rejected int64) {
	g.lines.Add(lines)
	g.rejected.Store(rejected)
}

// showProgress shows how far the backlog is until stop is called, which takes
// the line away. A piped log that is followed has no backlog.
func (p *pipeline) showProgress(c *config, v view) (stop func()) {
	every := drawEvery
	if v.records {
		if every = recordEvery; !c.once {
			every = recordRarely
		}
	}
	if v.screen == nil && !v.records || c.standardInput() && !c.once {
		return func() {}
	}
	end := make(chan struct{})
	var wait sync.WaitGroup
	// Ends when stop is called.
	wait.Go(func() {
		var meter progress.Meter
		meter.Report(time.Now(), p.progress())
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
			}
			report := meter.Report(time.Now(), p.progress())
			if v.records {
				p.log.Info("progress", report.Attrs()...)
			} else {
				v.screen.Draw(report.Line())
			}
		}
	})
	return sync.OnceFunc(func() {
		close(end)
		wait.Wait()
		if v.screen != nil {
			v.screen.Clear()
		}
	})
}

// progress counts what is done. It may be called from any goroutine.
func (p *pipeline) progress() progress.Count {
	s := p.follower.Stats()
	c := progress.Count{
		Files:     s.Progress.Files,
		FilesDone: s.Progress.FilesDone,
		Bytes:     s.Progress.Bytes,
		BytesDone: s.Progress.BytesDone,
		Content:   s.BytesRead,
		Lines:     p.gauge.lines.Load(),
		Rejected:  p.gauge.rejected.Load(),
		Sent:      p.gauge.points.Load(),
	}
	// Of several destinations the one that is behind says how long it takes.
	if all := p.sink.Stats(); len(all) > 0 {
		slowest := slices.MaxFunc(all, func(a, b carbon.Stats) int {
			return cmp.Or(cmp.Compare(waiting(a), waiting(b)), cmp.Compare(b.Sent, a.Sent))
		})
		c.Sent, c.Waiting = slowest.Sent, waiting(slowest)
	}
	return c
}

// waiting is how many points a destination has still to be sent.
func waiting(s carbon.Stats) int64 { return int64(s.Waiting + s.Held + s.Resting) }
