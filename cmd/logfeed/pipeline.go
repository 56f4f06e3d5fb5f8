package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/tail"
)

// pipeline is the whole program between the logs and the sinks. Its run is
// one loop: what is above the loop variable is pulled, what is below pushed.
// Only the lines of a backlog are summed elsewhere, by the crew.
type pipeline struct {
	config   *config
	follower *tail.Follower
	logs     *accessLogs
	here     *worker // sums in the goroutine of the pipeline
	crew     *crew   // sums a backlog; nil: there are no other goroutines
	behind   bool    // as of the last tick: blocks go to the crew
	ledger   *rollup.Ledger
	wall     *wall
	sink     outlet
	keeper   *keeper // nil: no state is kept
	own      *own    // nil: logfeed tells nothing of itself
	manager  *manager
	board    *board // nil: nobody is shown anything
	shape    string
	since    int64 // bounds of time, 0 is none
	until    int64
	once     bool

	inspection *inspection // with --check

	rejects      rejects
	ages         ages
	totals       totals
	resumed      bool     // there was a state to go on from
	before       counters // of the runs before
	numbers      lineNumbers
	batches      int64
	reached      int64         // no line read was newer, Unix seconds
	points       []point.Point // reused by every tick
	closed       atomic.Int64  // Ledger.Closed, for other goroutines
	lagSeconds   atomic.Int64  // as of the last tick; -1 is not known
	finished     atomic.Bool   // nothing more will be read
	wentOn       atomic.Int64  // when the follower gave something out last, ticks included; Unix nanoseconds
	hangup       atomic.Bool   // SIGHUP has come, and the configuration is to be read again
	log          *slog.Logger
	gauge        gauge  // for the goroutine that shows the progress
	stopProgress func() // may be called again
	following    bool   // everything has been read to its end once
	caughtUp     bool   // the last batch was a tick that left nothing unread
}

// run reads until the follower ends: at the end of a one-shot run or of
// standard input, when ctx is done, or by an error. Buckets that have not
// ended stay in the ledger.
func (p *pipeline) run(ctx context.Context) error {
	if p.crew != nil {
		p.crew.start()
		defer p.crew.stop()
	}
	// The follower's positions are after all batches that it has given out.
	defer p.mergeAll()
	for batch, err := range p.follower.Batches(ctx) {
		if err != nil {
			return err
		}
		p.wentOn.Store(time.Now().UnixNano())
		if tick := batch.Tick; tick != nil {
			if err := p.tick(ctx, *tick); err != nil {
				return err
			}
			continue
		}
		p.sum(batch)
	}
	return nil
}

// tick lets time pass for the buckets and sends those that are due. The end of
// a one-shot run closes nothing: what is flushed then may still be amended by
// a later run that goes on from its state.
func (p *pipeline) tick(ctx context.Context, tick tail.Tick) error {
	p.mergeAll()
	p.behind = tick.Behind
	p.lagSeconds.Store(lagSeconds(tick))
	if tick.Behind || !p.once {
		earliest, _ := p.wall.read(tick.Now)
		p.ledger.CloseUpTo(earliest)
		p.ledger.Advance(tick.Now.Unix(), tick.Low, tick.Behind)
		p.closed.Store(p.ledger.Closed())
	}
	if err := p.give(ctx); err != nil {
		return err
	}
	p.tellOwn(tick)
	p.caughtUp = !tick.Behind
	if p.caughtUp && !p.following && !p.once {
		p.following = true
		p.stopProgress()
		p.log.Info("caught up with the logs", append([]any{"files", p.follower.Stats().Files, "lines", p.totals.lines, "rejected", p.rejects.count, "late", p.totals.late}, p.byFormat()...)...)
	}
	if p.hangup.Swap(false) && !p.once {
		p.reload()
	}
	p.keep(tick.Now)
	p.ready()
	p.publish(tick)
	return nil
}

// sum puts the lines of one batch into their buckets: at once, or on a backlog
// by the crew, side by side with other batches.
func (p *pipeline) sum(batch tail.Batch) {
	p.caughtUp = false
	p.batches++
	_, latest := p.wall.read(batch.Time)
	w := p.here
	if p.behind && p.crew != nil {
		w = p.free()
	}
	w.take(batch, p.logs.of(batch.Log), time.Unix(latest, 0))
	if w == p.here {
		w.sum()
		p.merge(w)
		return
	}
	p.crew.give(w)
	for p.mergeFirst(false) {
	}
}

// free returns a worker of the crew without a batch.
func (p *pipeline) free() *worker {
	w := p.crew.free()
	for w == nil {
		p.mergeFirst(!p.crew.help())
		w = p.crew.free()
	}
	return w
}

// mergeAll waits for the batches that the crew still has, so that everything
// that was read is in the ledger.
func (p *pipeline) mergeAll() {
	for p.crew != nil && p.crew.help() {
	}
	for p.mergeFirst(true) {
	}
}

// mergeFirst merges the oldest batch that the crew has, and says whether there
// was one. Unless wait is set, it is left if it has not been summed yet.
func (p *pipeline) mergeFirst(wait bool) bool {
	if p.crew == nil {
		return false
	}
	w := p.crew.first(wait)
	if w == nil {
		return false
	}
	p.merge(w)
	p.crew.merged()
	return true
}

// merge puts the sums of a worker's batch into the ledger. Batches are merged
// in the order in which they were read, because which line is late depends on
// the lines before it in its source.
func (p *pipeline) merge(w *worker) {
	batch := w.batch
	number, rejected := p.numbers.before(batch), p.rejects.count
	p.rejects.lines(w, number)
	p.numbers.after(batch, number, w.lines)
	out := p.ledger.Merge(w.table)
	if out.Refused != (rollup.Refused{}) {
		p.rejects.why.times(w, number, out.Refused)
	}
	p.count(batch, out)
	p.board.read(batch.Source, w.lines, p.rejects.count-rejected)
	p.gauge.read(w.lines, p.rejects.count)
	if clock, ok := p.ledger.Clock(batch.Source); ok {
		p.reached = max(p.reached, clock+1)
	}
	batch.Release()
}

// givePoints is how many points are given to the sinks at a time. A backlog of
// years is read so fast that there may be hundreds of thousands at one tick.
const givePoints = 4096

// give sends the buckets that are due.
func (p *pipeline) give(ctx context.Context) error {
	for pt := range p.ledger.Changed() {
		p.points = append(p.points, pt)
		if len(p.points) < givePoints {
			continue
		}
		if err := p.write(ctx); err != nil {
			return err
		}
	}
	return p.write(ctx)
}

// write gives the points at hand to the sinks.
func (p *pipeline) write(ctx context.Context) error {
	points := p.points
	p.points = points[:0]
	if len(points) == 0 {
		return nil
	}
	p.ages.see(points, time.Now())
	p.totals.sent(points)
	p.gauge.points.Store(p.totals.points)
	p.board.given(points)
	return p.sink.Write(ctx, points)
}

// tellOwn sends what logfeed has to say of itself. That never waits, and is left
// out where there is no room for it.
func (p *pipeline) tellOwn(tick tail.Tick) {
	if p.own == nil {
		return
	}
	if points := p.own.tick(tick.Now, p.condition(tick)); len(points) > 0 {
		p.sink.Offer(points)
	}
}

// flush sends every bucket, ended or not.
func (p *pipeline) flush(ctx context.Context) error {
	p.ledger.Flush()
	return p.give(ctx)
}

// skip accounts for what stands in a file and is in no batch.
func (p *pipeline) skip(s tail.Skip) {
	p.mergeAll() // the lines before it are counted first
	p.numbers.skip(s)
	switch {
	case p.inspection != nil:
		p.inspection.skipped(s)
	case !s.Unfinished:
		p.rejects.tooLong(s)
	default:
		p.log.Warn("the last line of a file has no newline and is not counted", "path", s.Path, "bytes", s.Bytes)
	}
}

func (p *pipeline) count(batch tail.Batch, out rollup.Outcome) {
	p.totals.lines += out.Counted
	p.totals.late += out.Late
	p.totals.tooOld += out.TooOld
	if out.Other > 0 && p.totals.other == 0 {
		p.log.Warn("there are as many series as --max-series allows: lines of further values count in _other")
	}
	p.totals.other += out.Other
	p.totals.left += out.Left
	p.totals.outside += out.Refused.Outside
	p.totals.filtered += out.LeftOut
	p.totals.span(out.Oldest, out.Newest)
	p.rejects.times(batch.Time, batch.Path, out.Refused.Future, out.Refused.Ancient, out.Late, out.TooOld)
}
