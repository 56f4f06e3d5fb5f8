package carbon

import "time"

// pulse is the length of time in which a pace may be used up at once: long
// enough for a timer to keep it, short enough to be no burst.
const pulse = 20 * time.Millisecond

// A pace says when how many more may go, so that in no stretch of its time
// there are more than it allows. The zero value allows everything.
type pace struct {
	most  int           // at once; 0 is without limit
	every time.Duration // from one time to the next
	next  time.Time
}

// newPace allows n within any stretch of per, evenly and no more than chunk at
// once. Where the n do not come out even in parts, it is up to 2 % slower.
func newPace(n int, per time.Duration, chunk int) pace {
	if n <= 0 {
		return pace{}
	}
	most := min(max(n/int(per/pulse), 1), chunk)
	times := time.Duration(n / most)
	return pace{most: most, every: (per + times - 1) / times}
}

// limit returns how many of n may go at once.
func (p *pace) limit(n int) int {
	if p.most == 0 {
		return n
	}
	return min(n, p.most)
}

func (p *pace) ready(now time.Time) bool { return !now.Before(p.next) }

// spend takes note that some went. However few they were, the next have to
// wait for their time.
func (p *pace) spend(now time.Time) {
	if p.most > 0 {
		p.next = now.Add(p.every)
	}
}
