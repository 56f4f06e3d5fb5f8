package main

import (
	"os"
	"time"

	"github.com/logfeed/logfeed/internal/carbon"
)

// completeSending completes when points are sent, and sent again.
func (c *config) completeSending(flags *flagSet, wrong *mistakes) {
	switch {
	case !flags.Lookup("spread").Changed:
		c.spread = carbon.Spread(c.rollup.Interval)
	case c.spread >= c.rollup.Interval:
		wrong.addf("--spread", "%s is not below the interval, %s; the point of a bucket has to go before that of the next", short(c.spread), short(c.rollup.Interval))
	}
	c.rollup.Delay = c.sendingDelay()
	switch {
	case c.replayEvery == 0:
	case c.replayEvery > c.replay:
		wrong.addf("--replay-every", "%s is longer than --replay, %s; right would be a few times in that time", short(c.replayEvery), short(c.replay))
	case c.replay/c.replayEvery > carbon.MostRounds:
		wrong.addf("--replay-every", "%s is more than %d times in --replay, %s; right would be %s or more", short(c.replayEvery), carbon.MostRounds, short(c.replay), c.replay/carbon.MostRounds)
	}
}

// hostName is that of this machine, "" if it has none.
func hostName() string {
	name, _ := os.Hostname()
	return name
}

// sendingDelay is how long after its end a bucket is first sent. Each follower
// has a delay of its own within --spread, so that a thousand machines do not
// send in the second in which their minute ends. A bucket that closes is never
// held back, so the delay is no longer than the lateness.
func (c *config) sendingDelay() time.Duration {
	if c.once || c.dryRun {
		return 0
	}
	return carbon.Offset(hostName()+"\n"+c.rollup.Prefix, min(c.spread, c.rollup.Lateness))
}
