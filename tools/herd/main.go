// Command herd has a thousand senders of logfeed feed one real carbon-c-relay
// for a while, takes the relay away and brings it back, and shows what arrived
// in every second. It checks that every cell the relay has passed on is right.
//
// A sender is what a logfeed on a web server has: internal/carbon with its
// outbox, connection and replay. Its points are made up.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	senders   int
	series    int
	processes int
	maxRate   int
	steady    time.Duration
	outage    time.Duration
	recovery  time.Duration
	dir       string
	picture   string

	// Of a process that holds some of the senders.
	first, last int
	relay       string
	until       int64
}

func main() {
	o := options{}
	flag.IntVar(&o.senders, "senders", 1000, "how many")
	flag.IntVar(&o.series, "series", 50, "series of each")
	flag.IntVar(&o.processes, "processes", 4, "processes that hold the senders")
	flag.IntVar(&o.maxRate, "max-rate", 0, "--max-rate of each sender; 0 is none")
	flag.DurationVar(&o.steady, "steady", 5*time.Minute, "how long nothing happens; the mean is of what comes after two minutes")
	flag.DurationVar(&o.outage, "outage", 0, "how long the relay is away after that; 0 is not at all")
	flag.DurationVar(&o.recovery, "recovery", 5*time.Minute, "how long the senders go on when it is back")
	flag.StringVar(&o.dir, "dir", "build/herd.data", "where the relay and its files are")
	flag.StringVar(&o.picture, "picture", "build/herd.svg", "where the picture goes")
	flag.IntVar(&o.first, "first", -1, "hold the senders from this one on; for the program itself")
	flag.IntVar(&o.last, "last", 0, "up to this one; for the program itself")
	flag.StringVar(&o.relay, "relay", "", "HOST:PORT; for the program itself")
	flag.Int64Var(&o.until, "until", 0, "begin of the last bucket; for the program itself")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	run := watch
	if o.first >= 0 {
		run = hold
	}
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "herd:", err)
		os.Exit(1)
	}
}

// interval is that of a logfeed with default flags.
const interval = time.Minute

// value is the total of one cell; a later sending of it may be the amended one.
func value(sender, series int, bucket int64, amended bool) float64 {
	v := float64(sender)*1000 + float64(series) + float64(bucket/60%1000)
	if amended {
		v += 1e6
	}
	return v
}

// isAmended says which buckets of a sender change a minute after their end.
func isAmended(sender int, bucket int64) bool { return (int64(sender)+bucket/60)%10 == 0 }

func name(sender, series int) string { return fmt.Sprintf("apache.web%d.s%02d.count", sender, series) }

var errWrong = errors.New("not every cell is right")
