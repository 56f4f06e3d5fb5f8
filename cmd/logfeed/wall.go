package main

import (
	"log/slog"
	"time"

	"github.com/logfeed/logfeed/internal/rollup"
)

// wall reads the machine's clock for the pipeline, and says when it was set.
type wall struct {
	begin time.Time     // the monotonic clock counts from here
	hold  time.Duration // how long a step is doubted
	log   *slog.Logger

	clock   rollup.Wall
	stepped bool
}

// read returns the earliest and the latest time, in Unix seconds, that it may
// be at now, which has a monotonic reading.
func (w *wall) read(now time.Time) (earliest, latest int64) {
	earliest, latest = w.clock.Read(now.Unix(), now.Sub(w.begin), w.hold)
	if stepped := earliest != latest; stepped != w.stepped {
		w.stepped = stepped
		if stepped {
			w.log.Warn("the clock of this machine was set, or it was asleep; buckets close by the slower count until it is sure", "seconds", latest-earliest)
		}
	}
	return earliest, latest
}
