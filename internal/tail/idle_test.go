package tail

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestIdle looks at the time between two ticks a while after something has
// happened in the directory of a log that was idle.
func TestIdle(t *testing.T) {
	const (
		line           = "a line\n"
		poll, idlePoll = time.Second, 5 * time.Second
	)
	told := func(f *Follower) { f.watch.hint() } // there are no events with NoWatch
	renamed := func(f *Follower) { f.watch.renamed.Store(true); told(f) }
	const soon, later, muchLater = 5500 * time.Millisecond, 10500 * time.Millisecond, time.Minute
	for name, c := range map[string]struct {
		happens func(d dir, f *Follower)
		after   time.Duration
		pause   time.Duration
	}{
		"nothing":                       {func(dir, *Follower) {}, muchLater, idlePoll},
		"a line just now":               {func(d dir, f *Follower) { d.write("a.log", line); told(f) }, soon, poll},
		"a line":                        {func(d dir, f *Follower) { d.write("a.log", line); told(f) }, muchLater, idlePoll},
		"a line without event":          {func(d dir, f *Follower) { d.write("a.log", line) }, muchLater, poll},
		"a new log":                     {func(d dir, f *Follower) { d.write("b.log", line); renamed(f) }, muchLater, idlePoll},
		"a new log, and a hangup":       {func(d dir, f *Follower) { d.write("b.log", line); f.Rescan() }, muchLater, idlePoll},
		"a new log without event":       {func(d dir, f *Follower) { d.write("b.log", line) }, muchLater, poll},
		"another name, just now":        {func(d dir, f *Follower) { d.write("other", line) }, later, poll},
		"another name":                  {func(d dir, f *Follower) { d.write("other", line) }, muchLater, idlePoll},
		"a shortened log, just now":     {func(d dir, f *Follower) { d.must(os.Truncate(d.at("a.log"), int64(len(line)))) }, soon, poll},
		"a rotation":                    {func(d dir, f *Follower) { d.rename("a.log", "a.log.1"); d.write("a.log", line); renamed(f) }, muchLater, poll},
		"a log that cannot be opened":   {func(d dir, f *Follower) { d.must(os.Symlink("b.log", d.at("b.log"))); renamed(f) }, muchLater, poll},
		"a directory on NFS":            {func(d dir, f *Follower) { f.watch.partial[d.at("")] = true }, muchLater, poll},
		"a directory that is unwatched": {func(d dir, f *Follower) { f.watch.failed[d.at("")] = failedWatch{} }, muchLater, poll},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDir(t)
			d.write("a.log", line+line)
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				f, err := New(Options{Patterns: []string{d.at("a.log"), d.at("?.log")}, NoWatch: true, FromStart: true, Poll: poll, IdlePoll: idlePoll})
				d.must(err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				var last, happened time.Time
				for b, err := range f.Batches(ctx) {
					d.must(err)
					if b.Tick == nil {
						continue
					}
					pause := b.Tick.Now.Sub(last)
					last = b.Tick.Now
					switch {
					case happened.IsZero() && time.Since(f.began) > time.Minute:
						if pause != idlePoll {
							t.Errorf("at first the time between two ticks is %s", pause)
						}
						happened = time.Now()
						c.happens(d, f)
					case !happened.IsZero() && time.Since(happened) > c.after:
						if pause != c.pause {
							t.Errorf("the time between two ticks is %s, not %s", pause, c.pause)
						}
						return
					}
				}
			})
		})
	}
}

// TestIdleEnds writes a line, and has an event tell of it, while the next look is
// far away.
func TestIdleEnds(t *testing.T) {
	const line = "a line\n"
	d := newDir(t)
	d.write("a.log", line)
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		f, err := New(Options{Patterns: []string{d.at("a.log")}, NoWatch: true, Poll: time.Second, IdlePoll: time.Hour})
		d.must(err)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		var written time.Time
		time.AfterFunc(time.Hour/2, func() {
			d.write("a.log", line)
			written = time.Now()
			f.watch.hint()
		})
		for b, err := range f.Batches(ctx) {
			d.must(err)
			if b.Data != nil {
				if late := time.Since(written); late != 0 {
					t.Errorf("the line is given out %s after its event", late)
				}
				return
			}
		}
		t.Error("the line does not come")
	})
}
