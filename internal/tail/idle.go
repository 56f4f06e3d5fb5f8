package tail

import "time"

// One timer that ends wakes several threads of Go's runtime, some of them more
// than once. So a follower that has nothing to do looks less often, where events
// are known to tell it at once of what it looks for.

const (
	// idlePolls is for how many polls nothing has happened by then. What has
	// become of a file is decided in that time.
	idlePolls = 10
	// untoldTime is how long looks stay frequent after one has found lines that
	// no event had told of.
	untoldTime = time.Hour
)

// idle says whether the look after the one at now may wait for Options.IdlePoll.
func (f *Follower) idle(now time.Time) bool {
	return f.o.IdlePoll > f.o.Poll && f.settled(now) && f.told(now)
}

// settled says whether nothing has happened for a while and nothing is to be
// decided.
func (f *Follower) settled(now time.Time) bool {
	pause := idlePolls * f.o.Poll
	return now.Sub(f.stirred) >= pause && now.Sub(f.restlessAt) >= pause && !f.searching() && !f.lastTick(now).Behind
}

// told says whether there are events for all lines, as far as is known. There are
// none that hint at a look for a file that was renamed.
func (f *Follower) told(now time.Time) bool {
	return now.Sub(f.untold) >= untoldTime && len(f.watch.failed) == 0 && len(f.watch.partial) == 0 && f.stats.Held == 0
}

// stir notes what has happened in the round that began at start.
func (f *Follower) stir(start time.Time, read bool) {
	first := f.stirred.IsZero()
	if first || read || f.hinted || len(f.watch.resting) > 0 {
		f.stirred = start
	}
	// The first round reads what was written before there were events.
	if read && !f.hinted && !first {
		f.untold = start
	}
}
