package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/tail"
)

// What a one-shot run keeps of its points is bounded more tightly than
// --buffer, so that its memory does not grow with the span of the logs.
const (
	// onceAhead is how far reading may be ahead of Carbon: about 87,000
	// points. Half of them may be in doubt, so that reading and sending go on
	// while a receipt is awaited. More would make nothing faster, and the logs
	// wait as well.
	onceAhead = 6 << 20

	// onceHistory bounds the delivered points: about 116,000, which are more
	// than Carbon holds in memory when it keeps up.
	onceHistory = 8 << 20
)

// stopTime is how long points are still sent after a signal to stop.
const stopTime = 8 * time.Second

// feed builds the pipeline, runs it to its end and sends what is left. The
// error says why the run could not finish.
func feed(ctx context.Context, c *config, stdin io.Reader, v view, log *slog.Logger) error {
	started := time.Now()
	c.report(log)
	if unsent := c.unsent(); unsent != nil {
		log.Warn("no --carbon gets the points of these routes, and they are sent nowhere", "routes", strings.Join(unsent, ","))
	}
	for _, d := range c.keeping.doubts(c.series()) {
		log.Warn("retentions: " + d)
	}
	if doubt := c.ownDoubt(); doubt != "" {
		log.Warn("retentions: " + doubt)
	}
	keeper, prior, err := openState(ctx, c, log)
	if err != nil {
		return err
	}
	defer keeper.close()
	c.bound(prior, started, log)
	p, err := newPipeline(c, started, prior, stdin, log)
	if err != nil {
		return err
	}
	p.ledger.LeaveFrom(leaveToFollower(c, log))
	p.closed.Store(math.MinInt64)
	claims, err := takeClaims(ctx, c, p.ownFrom)
	if err != nil {
		return err
	}
	defer claims.close()
	out, err := newOutlet(c, prior, p.ledger, p.own, v.points, log)
	if err != nil {
		return err
	}
	p.sink, p.keeper = out, keeper
	p.closed.Store(p.ledger.Closed())

	p.manager = findManager(c, log)
	defer p.manager.watch(p)()
	defer p.serveStatus(c, started)()
	p.stopProgress = p.showProgress(c, v)
	stopHangups := p.rescanOnHangup()
	reading, stopReading := c.reading(ctx)
	err = p.run(reading)
	stopReading()
	stopHangups()
	p.finished.Store(true)

	if err == nil && ctx.Err() == nil {
		err = p.complete(ctx, out)
	}
	p.stopProgress()
	if ctx.Err() != nil {
		p.manager.tell(daemon.SdNotifyStopping)
		return p.interrupted(c, out)
	}
	if err != nil {
		return errors.Join(err, out.Close(), p.keepLast())
	}
	err = p.unread(c)
	if c.once && err == nil {
		p.completed(c, v, time.Since(started))
	}
	if !c.once {
		log.Info("stopped", append(p.counters().attrs(), p.byFormat()...)...) // at the end of standard input
	}
	return errors.Join(err, out.Close(), p.keepLast())
}

// pipeTime is how long a piped log is still read after a signal to stop.
const pipeTime = time.Second

// reading returns the context of reading, which is done when ctx is. A piped log
// is read on for a while, or until nobody can write to it any more: Apache stops
// its loggers at once when it is restarted, and then answers what it has begun.
// Lines of these requests are in no other place than our pipe.
func (c *config) reading(ctx context.Context) (reading context.Context, stop func()) {
	if !c.standardInput() || c.once {
		return ctx, func() {}
	}
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	// Both end with the time, at most.
	stopWaiting := context.AfterFunc(ctx, func() { time.AfterFunc(pipeTime, cancel) })
	return reading, func() { stopWaiting(); cancel() }
}

// newPipeline builds the way from the logs to the sink. prior is the state of
// an earlier run to go on from, or nil.
func newPipeline(c *config, started time.Time, prior *state, stdin io.Reader, log *slog.Logger) (*pipeline, error) {
	p := &pipeline{
		config:  c,
		shape:   c.shape(),
		since:   c.rollup.Since,
		until:   c.rollup.Until,
		once:    c.once,
		logs:    c.logs,
		here:    newWorker(c, c.check),
		crew:    newCrew(c, c.workers),
		ledger:  rollup.NewLedger(c.rollup),
		wall:    &wall{begin: started, hold: c.rollup.Lateness, log: log},
		rejects: rejects{log: log},
		ages:    ages{log: log, off: c.keeping.given() || c.check},
		log:     log,
		totals:  newTotals(),
		numbers: make(lineNumbers),
	}
	p.rejects.why = newReasons(p.here.table)
	if !c.once && !c.dryRun {
		p.own = newOwn(c.rollup)
	}
	var since int64
	var resume *tail.State
	if prior == nil {
		since = p.closeTheStart(c, started)
	} else {
		resume, p.before, p.reached = &prior.Files, prior.Counters, prior.Until
		p.resumed = true
		if err := p.goOn(c, prior, log); err != nil {
			return nil, err
		}
	}
	if c.rollup.Since != 0 {
		// What is passed over before it must not be begun by a later run.
		p.ledger.CloseBefore(c.rollup.Since)
	}
	times := newParserSet(c, false)
	follower, err := tail.New(tail.Options{
		Resume:    resume,
		Patterns:  c.files,
		Exclude:   c.exclude,
		FromStart: c.fromStart,
		Once:      c.once,
		LookBack:  since,
		// A line is late by the end of its bucket, so it may be older still.
		Lateness:  int64((c.rollup.Lateness + c.rollup.Interval) / time.Second),
		Since:     c.rollup.Since,
		Until:     c.rollup.Until,
		BlockSize: c.blockSize,
		IdlePoll:  c.idlePoll(),
		Ahead:     len(p.crew.all),
		Stdin:     stdin,
		Skipped:   p.skip,
		TimeOf: func(log string, line []byte) (int64, bool) {
			return times.of(p.logs.of(log).formats).timeOf(line)
		},
		Clock: p.ledger.Clock,
		Log:   log,
	})
	p.follower = follower
	return p, err
}

// idlePoll is how far apart looks are that wait for nothing in particular. Each
// brings a tick, of which the points of an interval, and a watchdog, need some.
func (c *config) idlePoll() time.Duration {
	pause := min(5*time.Second, c.rollup.Interval/4, c.rollup.Interval-c.rollup.Delay)
	if watchdog, err := daemon.SdWatchdogEnabled(false); err == nil && watchdog > 0 {
		pause = min(pause, watchdog/pingsPerWatchdog)
	}
	return pause
}

// closeTheStart closes the buckets that cannot be whole because reading begins
// at the end of the files, and returns the time from which lines are needed.
// Files are looked back into for the bucket in progress; a pipe cannot be, and
// what an earlier logfeed has sent of that bucket must not be overwritten by a
// part.
func (p *pipeline) closeTheStart(c *config, started time.Time) (since int64) {
	if c.fromStart || c.once {
		return 0
	}
	interval := int64(c.rollup.Interval / time.Second)
	since = started.Unix() - started.Unix()%interval
	if c.standardInput() {
		since += interval
	}
	p.ledger.CloseBefore(since)
	return since
}

// goOn takes over the buckets of an earlier run. Where they mean something
// else, because a flag has changed, they are left as they were sent last, and
// counting begins with the first bucket after them.
func (p *pipeline) goOn(c *config, prior *state, log *slog.Logger) error {
	if now := hostName(); prior.Host != "" && prior.Host != now {
		log.Warn("the state was kept on another machine: if that one still feeds the same series, each overwrites the totals of the other; give them different --prefix",
			"prefix", c.rollup.Prefix, "then", prior.Host, "now", now)
	}
	if prior.Shape == p.shape {
		if p.own != nil {
			p.own.resume(prior.Own)
		}
		return p.ledger.Restore(prior.Ledger)
	}
	interval := int64(c.rollup.Interval / time.Second)
	begin := (prior.Until + interval - 1) / interval * interval
	p.ledger.CloseBefore(begin)
	log.Warn("the flags give the sums another meaning than in the run before: buckets are not mixed, and counting begins anew",
		"from", time.Unix(begin, 0).UTC().Format(time.RFC3339), "changed", changedLines(prior.Shape, p.shape))
	return nil
}

// rescanOnHangup makes SIGHUP look for new files, and read httpd's configuration
// again, until the returned function is called.
func (p *pipeline) rescanOnHangup() (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	var wait sync.WaitGroup
	// Ends when the channel is closed below.
	wait.Go(func() {
		for range hangups {
			p.hangup.Store(true)
			p.follower.Rescan()
		}
	})
	return func() {
		signal.Stop(hangups)
		close(hangups)
		wait.Wait()
	}
}

// complete sends what is left at the end of the input and waits until it is
// delivered.
func (p *pipeline) complete(ctx context.Context, out outlet) error {
	if err := p.flush(ctx); err != nil {
		return err
	}
	return out.Drain(ctx)
}

// interrupted ends a run that a signal has stopped. A bucket that has not
// ended goes out only when nothing that could belong to it is left unread, and
// never from a one-shot run, which is to be run again as a whole.
func (p *pipeline) interrupted(c *config, out outlet) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	var err error
	if p.caughtUp && !c.once {
		err = p.flush(ctx)
	}
	left := out.Stop(ctx)
	saved := p.keepLast()
	if p.keeper == nil || saved != nil {
		for _, l := range left {
			err = errors.Join(err, fmt.Errorf("carbon %s: %d points could not be delivered and are lost", l.Address, l.Points))
		}
	}
	err = errors.Join(err, saved)
	p.log.Info("stopped", append(p.counters().attrs(), p.byFormat()...)...)
	if c.once {
		err = errors.Join(err, errors.New("interrupted: not everything was read and delivered; run it again"))
	}
	return err
}

// unread is an error when a one-shot run could not read all that it was given.
func (p *pipeline) unread(c *config) error {
	if !c.once || c.standardInput() {
		return nil
	}
	switch s := p.follower.Stats(); {
	case s.Begun == 0 && s.Trouble == 0:
		return fmt.Errorf("no file matches %s", strings.Join(c.files, " "))
	case s.Trouble+int(s.Damaged) > 0:
		return fmt.Errorf("not everything could be read: %d paths could not be opened or read, %d compressed files are damaged; what could be read is delivered", s.Trouble, s.Damaged)
	}
	return nil
}

// An outlet is the sink at the end of the pipeline, with what its end and a
// checkpoint need.
type outlet interface {
	point.Sink
	Snapshots() []carbon.Snapshot
	Stats() []carbon.Stats
	Full() bool                                                    // a Write waits because no destination has room
	Offer(points []point.Point)                                    // where there is room
	Oldest(without func(series string) bool) (unix int64, ok bool) // of the points that may still be sent
	Drain(ctx context.Context) error                               // waits until everything is delivered
	Stop(ctx context.Context) (left []carbon.Left)                 // sends until ctx is done
}

func newOutlet(c *config, prior *state, ledger *rollup.Ledger, own *own, stdout io.Writer, log *slog.Logger) (outlet, error) {
	if c.dryRun {
		return printed{point.NewWriter(stdout)}, nil
	}
	var options []carbon.Options
	for _, d := range c.destinations {
		o := carbon.Options{Address: d.Address, Takes: d.takes(), Buffer: c.buffer, Replay: c.replayOrNone(), ReplayEvery: c.replayEvery, MaxRate: c.maxRate, MaxCreates: c.maxCreates, Once: c.once, Log: log, Retentions: c.rollup.Retentions}
		if c.once {
			o.Ahead, o.History = onceAhead, min(c.buffer, onceHistory)
		}
		if prior != nil {
			// Open buckets are left to the ledger, unless it begins anew.
			open := func(series string, start int64) bool { return !own.has(series) && ledger.IsOpen(series, start) }
			if prior.Shape != c.shape() {
				open = func(string, int64) bool { return false }
			}
			var err error
			if o.Restore, err = prior.Outboxes[d.String()].unpack(open); err != nil {
				return nil, fmt.Errorf("checkpoint: points for carbon %s: %w", d, err)
			}
		}
		options = append(options, o)
	}
	var senders []*carbon.Sender
	for _, o := range options {
		senders = append(senders, carbon.NewSender(o))
	}
	// What is piped into logfeed as it happens cannot wait: Apache would.
	return carbon.NewGroup(carbon.GroupOptions{Shed: c.standardInput() && !c.once}, senders...), nil
}

// replayOrNone tells --replay 0 from a replay that was not given.
func (c *config) replayOrNone() time.Duration {
	if c.replay == 0 {
		return -1
	}
	return c.replay
}

// printed is the outlet of a dry run: what is written is delivered.
type printed struct{ point.Sink }

func (printed) Snapshots() []carbon.Snapshot                   { return nil }
func (printed) Full() bool                                     { return false }
func (printed) Stats() []carbon.Stats                          { return nil }
func (printed) Offer([]point.Point)                            {}
func (printed) Oldest(func(string) bool) (unix int64, ok bool) { return 0, false }
func (printed) Drain(context.Context) error                    { return nil }
func (printed) Stop(context.Context) []carbon.Left             { return nil }
