package tail

import (
	"iter"
	"log/slog"
	"os"
	"slices"
	"time"
)

// keptClosed is how many closed files that no pattern leads to any more are
// remembered, so that their compressed copies are recognised.
const keptClosed = 1000

// add begins to follow the open file fd that was found at path.
func (f *Follower) add(path string, fd *os.File, st status, now time.Time) *file {
	f.sources++
	x := &file{
		source: f.sources, path: path, root: path, id: st.id, fd: fd, limit: -1,
		quiet: now, found: now,
	}
	x.call(path)
	f.open = append(f.open, x)
	f.byID[st.id] = x
	f.relate(x)
	return x
}

// retire closes x and remembers what was read of it.
func (f *Follower) retire(x *file) {
	x.closeStream()
	// It was only read from, so closing it cannot lose anything.
	_ = x.fd.Close()
	x.fd = nil
	if !x.ignored && !x.looked.IsZero() {
		f.finishedFiles++
	}
	f.open = slices.DeleteFunc(f.open, func(y *file) bool { return y == x })
	f.closed = append(f.closed, x)
	f.reserve.freed(len(f.open))
}

// bury remembers a generation that has no file of its own any more.
func (f *Follower) bury(x *file) {
	f.closed = append(f.closed, x)
	f.relate(x)
}

// trim forgets the oldest closed files. One that a pattern leads to would be
// taken for new, so it is kept as long as it exists; so is one that an earlier
// run was reading, until it is clear what has become of it. Many logs have
// many rotations, which are all known.
func (f *Follower) trim() {
	spare := func(x *file) bool { return !x.named && !x.resumed }
	n := 0
	for _, x := range f.closed {
		if spare(x) {
			n++
		}
	}
	for excess := n - max(keptClosed, 4*len(f.shown)); excess > 0; excess-- {
		f.forget(f.closed[slices.IndexFunc(f.closed, spare)])
	}
}

// forget drops a closed file altogether.
func (f *Follower) forget(x *file) {
	f.settle(x)
	f.closed = slices.DeleteFunc(f.closed, func(y *file) bool { return y == x })
	if f.byID[x.id] == x {
		delete(f.byID, x.id)
	}
	f.disown(x)
}

// disown makes sure that no other file is taken for a copy of x.
func (f *Follower) disown(x *file) {
	for _, stem := range x.stems {
		rest := slices.DeleteFunc(f.kin[stem], func(y *file) bool { return y == x })
		if f.kin[stem] = rest; len(rest) == 0 {
			delete(f.kin, stem)
		}
	}
}

// relate lets other files be taken for copies of x.
func (f *Follower) relate(x *file) {
	for _, stem := range x.stems {
		if !slices.Contains(f.kin[stem], x) {
			f.kin[stem] = append(f.kin[stem], x)
		}
	}
}

// rename notes the name that x is found under. A log may be rotated under each
// name that it ever had.
func (f *Follower) rename(x *file, path string) {
	if x.path == path {
		return
	}
	x.call(path)
	f.relate(x)
}

// call gives x the name path.
func (x *file) call(path string) {
	x.path = path
	target := leadsTo(path)
	if target != path {
		x.target = target
	}
	for _, stem := range stemsOf(path, target) {
		if !slices.Contains(x.stems, stem) {
			x.stems = append(slices.Clip(x.stems), stem)
		}
	}
}

// mayBeCalled says whether path is a name of a log that x is known to belong to.
func (x *file) mayBeCalled(path string) bool {
	return slices.ContainsFunc(stemsOf(path, leadsTo(path)), func(stem string) bool { return slices.Contains(x.stems, stem) })
}

// relatives yields the other files that belong to the same log as x by one of
// their names.
func (f *Follower) relatives(x *file) iter.Seq[*file] {
	return func(yield func(*file) bool) {
		for i, stem := range x.stems {
			for _, a := range f.kin[stem] {
				again := i > 0 && slices.ContainsFunc(x.stems[:i], func(s string) bool { return slices.Contains(a.stems, s) })
				if a != x && !again && !yield(a) {
					return
				}
			}
		}
	}
}

// ignore closes x and gives nothing of it out, now or later.
func (f *Follower) ignore(x *file) {
	x.ignored, x.placed, x.done = true, true, true
	if x.form == plain {
		pos := x.last.size
		if d, err := x.before(f, pos, markerSize); err == nil {
			x.moveTo(pos, d)
		}
	}
	x.end = x.pos
}

// gap counts bytes of x that vanished before they were read.
func (f *Follower) gap(x *file, n int64) {
	if n <= 0 {
		return
	}
	f.stats.Gaps++
	f.stats.GapBytes += n
	f.o.Log.Warn("part of a log vanished before it was read", "path", x.path, "bytes", n, "position", x.pos)
}

// settle counts as a gap what a closed file had unread, if no copy of it has
// turned up.
func (f *Follower) settle(x *file) {
	if x.vanished() {
		f.gone(x)
	} else {
		f.gap(x, x.lost)
	}
	x.lost, x.resumed = 0, false
}

// vanished says whether an earlier run was reading x under a followed name, and
// this one has not found it again. A file that was empty then cannot be
// recognised; what it became is new.
func (x *file) vanished() bool { return x.resumed && x.followed && x.head.size() > 0 }

// gone counts a file that vanished between two runs. What was written to it
// since nobody can tell, so it is a gap even where no byte is known to be
// missing.
func (f *Follower) gone(x *file) {
	f.stats.Gaps++
	f.stats.GapBytes += x.lost
	f.o.Log.Warn("a log that was being read is gone, with all that was written to it since",
		"path", x.path, "bytes", x.lost, "position", x.pos)
}

// settleGaps settles those that have waited for long enough: a copy is there
// before the truncation, and compressed within seconds. What an earlier run was
// reading and nobody has found again is a gap, of at least the size seen then.
func (f *Follower) settleGaps(now time.Time, all bool) {
	if len(f.queue) > 0 {
		return // what was not found may still be opened
	}
	for _, x := range f.closed {
		if !all && now.Sub(x.lostAt) < 5*f.o.Poll {
			continue
		}
		if x.resumed {
			x.lost = max(x.lost, x.last.size-x.pos)
		}
		if (x.lost > 0 || x.vanished()) && f.heldElsewhere(x) {
			x.lost, x.resumed = 0, false
		}
		if x.lost > 0 || x.resumed {
			f.settle(x)
		}
	}
}

// heldElsewhere says whether the content of the closed file x, as far as it
// was seen, is in another file that was read or will be.
func (f *Follower) heldElsewhere(x *file) bool {
	for a := range f.relatives(x) {
		if x.head.size() == 0 || x.head.begins(a.head.raw) != yes {
			continue
		}
		if a.form.packed() {
			if a.pos >= x.last.size {
				return true
			}
			continue
		}
		if a.fd != nil && a.last.size >= x.last.size {
			d, err := a.before(f, x.pos, x.mark.Len)
			if err == nil && d == x.mark {
				return true
			}
		}
	}
	return false
}

// unfinished counts what stands behind the last newline of a file that is not
// read any further. It is logged unless the user of the follower is told.
func (f *Follower) unfinished(path string, n int64, rest *Skip) {
	if n <= 0 {
		return
	}
	f.stats.UnfinishedBytes += n
	if rest != nil && f.o.Skipped != nil {
		return
	}
	f.o.Log.Warn("the last line of a file has no newline and is not counted", "path", path, "bytes", n)
}

// saidLimit bounds the paths whose state is remembered as said.
const saidLimit = 10_000

// say logs a state of path once, until it changes.
func (f *Follower) say(path, what string, err error) {
	text := what + ": " + err.Error()
	if f.said[path] == text {
		return
	}
	if len(f.said) >= saidLimit {
		clear(f.said) // better said twice than kept for ever
	}
	f.said[path] = text
	f.o.Log.Warn(what, "path", path, "error", err)
}

func (f *Follower) unsay(path string) {
	if _, ok := f.said[path]; ok {
		delete(f.said, path)
		f.o.Log.Info("a file can be read now", slog.String("path", path))
	}
}
