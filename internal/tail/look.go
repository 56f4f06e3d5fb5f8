package tail

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// look finds out how far x is to be read in this round.
func (f *Follower) look(x *file, now time.Time) {
	x.doubted = false
	if !f.retryDue(x, now) {
		return
	}
	st, err := f.statOf(x.fd)
	if err != nil {
		f.readFailed(x, err, now)
		return
	}
	fresh := x.looked.IsZero()
	if st.size != x.last.size || st.mtime != x.last.mtime {
		x.changed = now
	}
	if fresh {
		// What nobody has written to for some time is stable at first sight.
		if t := time.Unix(0, st.mtime); t.Before(now) {
			x.changed = t
		}
	}
	prev := x.last
	if x.form == undecided && !f.decideForm(x, st) {
		x.stood = x.stood || now.Sub(x.found) >= 2*f.o.Poll
		x.last, x.looked = st, now
		return
	}
	if x.form.packed() {
		x.last, x.looked = st, now
		f.lookPacked(x, now)
		return
	}
	f.lookPlain(x, prev, st, now)
}

// decideForm looks at the first bytes of x, as soon as there are enough.
func (f *Follower) decideForm(x *file, st status) bool {
	b := make([]byte, min(st.size, sniffSize))
	n, err := f.readAt(x.fd, b, 0)
	if err != nil {
		return false
	}
	if x.form = sniff(b[:n]); x.form == undecided && f.o.Once {
		// Nothing more is waited for.
		x.form = plain
	}
	return x.form != undecided
}

func (f *Follower) lookPlain(x *file, prev, st status, now time.Time) {
	v := f.judge(x, st, now)
	x.recheck = false
	if v == doubtful {
		if x.doubt.IsZero() {
			x.doubt = now
		}
		x.doubted, x.end, x.looked = st.size > 0, x.pos, now
		// The old size stays, so that what was lost can be measured.
		x.last.mtime, x.last.links = st.mtime, st.links
		return
	}
	x.doubt = time.Time{}
	if v == truncated {
		f.restart(x, st, now)
		if !f.decideForm(x, st) {
			return
		}
		if x.form.packed() {
			f.lookPacked(x, now)
			return
		}
	}
	if st.size < x.seen {
		// Only an unfinished line was cut off; its bytes are lost.
		f.gap(x, prev.size-st.size)
		x.seen, x.nul = x.pos, 0
	}
	x.last, x.looked = st, now
	x.end = st.size
	if f.o.Once && x.limit < 0 {
		x.limit = st.size
	}
	if x.limit >= 0 {
		x.end = min(x.end, x.limit)
	}
	if v != same {
		f.growHead(x, st.size)
	}
	if !x.placed {
		f.placePlain(x, now)
	}
	if x.copyOf != nil {
		f.lookPlainCopy(x)
	}
	if x.placed && x.copyOf == nil {
		f.passOld(x)
	}
}

const (
	// failLimit is how long a file that cannot be read holds back the ticks:
	// a network file system comes back, a broken disk does not.
	failLimit = time.Minute
	// retryLimit is the longest pause between two attempts to read it.
	retryLimit = 30 * time.Second
)

// readFailed notes that x cannot be read now. It is neither at its end nor
// truncated; reading is tried again, more and more seldom.
func (f *Follower) readFailed(x *file, err error, now time.Time) {
	f.stats.ReadErrors++
	if x.failing.IsZero() {
		x.failing = now
	}
	f.say(x.path, "cannot read a followed file; trying again", err)
	pause := min(max(f.o.Poll, now.Sub(x.failing)), retryLimit)
	x.retry = now.Add(pause)
	x.end, x.ready, x.doubted = x.seen, false, true
	x.closeStream()
	if errors.Is(err, unix.ESTALE) {
		f.reopen(x)
	}
}

// reopen replaces the descriptor of x, which a network file system has given
// up, if the path still leads to the same file.
func (f *Follower) reopen(x *file) {
	fd, st, err := openRegular(x.path)
	if err != nil {
		return
	}
	old := x.fd
	if st.id != x.id {
		old = fd
	} else {
		x.fd = fd
	}
	// Nothing was written through it, so there is nothing to lose.
	_ = old.Close()
}

// retryDue says whether x may be looked at, and keeps one that fails back.
func (f *Follower) retryDue(x *file, now time.Time) bool {
	if x.failing.IsZero() {
		return true
	}
	if now.Before(x.retry) {
		x.end, x.ready = x.seen, false
		x.doubted = now.Sub(x.failing) < failLimit
		return false
	}
	return true
}

// readWorked notes that x can be read again.
func (f *Follower) readWorked(x *file) {
	if !x.failing.IsZero() {
		x.failing = time.Time{}
		f.unsay(x.path)
	}
}
