package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/status"
)

// stuckTime is how long the reader may take for one round. It looks at least
// once a second; a network file system can hold it up for a while.
const stuckTime = 30 * time.Second

// serveStatus serves the status until stop is called.
func (p *pipeline) serveStatus(c *config, started time.Time) (stop func()) {
	p.wentOn.Store(started.UnixNano())
	if c.status == (status.Address{}) {
		return func() {}
	}
	p.board = newBoard(c.rollup.Interval, started)
	p.rejects.why.watched = true
	server := status.Start(status.Options{
		Address: c.status,
		Report:  func() status.Report { return p.report(c, started, time.Now()) },
		Charts:  func() { p.board.watched.Store(time.Now().UnixNano()) },
		History: p.board.history,
		Log:     p.log,
	})
	return server.Close
}

// report says how everything is. It may be called from any goroutine. c is the
// configuration of the start: what SIGHUP changes is not in it.
func (p *pipeline) report(c *config, started, now time.Time) status.Report {
	n, s := p.board.newest.Load(), p.follower.Stats()
	r := status.Report{
		Time: now, Version: version, Started: started, Prefix: c.rollup.Prefix, Health: p.health(now),
		Reading: status.Reading{
			Behind: n.behind, Full: p.sink.Full(), Finished: p.finished.Load(),
			LagBytes: s.Lag, LagSeconds: known(n.lagSeconds), BytesRead: s.BytesRead, LinesRate: n.linesRate, Unreadable: s.Trouble,
			Rotations: s.Rotations + s.Replaced, Truncations: s.Truncations, Gaps: n.Gaps, GapBytes: n.GapBytes,
		},
		Lines: status.Lines{
			Counted: n.Lines, Rejected: n.Rejected, RejectedRate: n.rejectedRate, Late: n.Late, TooOld: n.TooOld,
			Oversize: n.Oversize, Outside: n.Outside, Filtered: n.Filtered,
		},
		Series:     status.Series{Known: n.series, Max: c.rollup.MaxSeries, Other: n.Other, Buckets: n.buckets, Points: n.points},
		Files:      n.files,
		FilesInAll: len(n.files),
		Unreadable: n.troubles,
		Rejections: n.rejections,
		Flags:      c.inForce,
	}
	times := make(map[string]int)
	for _, d := range p.sink.Stats() {
		one := shown(d)
		if times[one.Address]++; times[one.Address] > 1 {
			one.Address += fmt.Sprintf(" (%d)", times[one.Address]) // given twice
		}
		r.Destinations = append(r.Destinations, one)
	}
	r.Judge()
	return r
}

// health says whether the reader goes round. One that waits because no
// destination has room is well, and so is one that has come to its end.
func (p *pipeline) health(now time.Time) status.Health {
	still := now.Sub(time.Unix(0, p.wentOn.Load()))
	switch {
	case p.finished.Load():
		return status.Health{OK: true, Reason: "everything has been read"}
	case p.sink.Full():
		return status.Health{OK: true, Reason: "reading waits until a destination has room"}
	case still > stuckTime:
		return status.Health{Reason: fmt.Sprintf("the reader has not gone round for %s", still.Round(time.Second))}
	}
	return status.Health{OK: true, Reason: "the reader goes round"}
}

func known(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

func timeOrNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// shown is how a destination is told of.
func shown(s carbon.Stats) status.Destination {
	return status.Destination{
		Address: s.Address.String(), Connected: s.Connects > 0 && s.Away.IsZero(), Away: timeOrNone(s.Away),
		Waiting: waiting(s), InDoubt: int64(s.InDoubt), Replaying: int64(s.Replaying), Kept: int64(s.Kept),
		BufferUsed: s.WaitingBytes, BufferSize: s.Bound, NewSeries: int64(s.NewSeries),
		Sent: s.Sent, Delivered: s.Delivered, Connects: s.Connects, Failures: s.Failures, Breaks: s.Breaks,
		Receipts: s.Receipts, LastReceipt: timeOrNone(s.LastReceipt), Replays: s.Replays, Incomplete: s.Incomplete,
		Dropped: status.Dropped{
			Full: s.Shed, TooOld: s.TooOld, Partial: s.Partial, SetAside: s.SetAside, Refused: s.Refused, Declined: s.Declined,
		},
		LastError: s.LastError,
	}
}

// inForce lists the flags with the values that hold.
func (f *flagSet) inForce() []status.Flag {
	var all []status.Flag
	f.VisitAll(func(one *pflag.Flag) {
		v, ok := one.Value.(*value)
		if !ok || one.Name == "help" || one.Name == "version" {
			return
		}
		if !one.Changed {
			all = append(all, status.Flag{Name: one.Name, Value: v.initial})
			return
		}
		for _, text := range v.given {
			all = append(all, status.Flag{Name: one.Name, Value: text, Given: true})
		}
	})
	for _, file := range f.Args() {
		all = append(all, status.Flag{Name: "FILE", Value: file, Given: true})
	}
	return all
}
