package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/point"
)

// hold runs some of the senders until they have sent their last bucket and it
// is delivered.
func hold(ctx context.Context, o options) error {
	address, err := carbon.ParseAddress(o.relay)
	if err != nil {
		return err
	}
	var groups []*carbon.Group
	var all sync.WaitGroup
	errs := make(chan error, o.last-o.first)
	for i := o.first; i < o.last; i++ {
		s := carbon.NewSender(carbon.Options{
			Address: address, MaxRate: o.maxRate, ReplayEvery: 5 * time.Minute,
			Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		})
		group := carbon.NewGroup(carbon.GroupOptions{}, s)
		groups = append(groups, group)
		// Ends after the last bucket, or with ctx.
		all.Go(func() {
			if err := send(ctx, o, i, group); err != nil {
				errs <- fmt.Errorf("sender %d: %w", i, err)
			}
			group.Stop(ctx)
		})
	}
	ended := make(chan struct{})
	// Ends when the senders have.
	go report(groups, ended)
	all.Wait()
	close(ended)
	close(errs)
	return <-errs // one of them is enough
}

// report prints, once a second, how many points were sent in the second before.
func report(groups []*carbon.Group, ended <-chan struct{}) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	before := int64(0)
	for {
		select {
		case now := <-every.C:
			sent := int64(0)
			for _, g := range groups {
				sent += g.Stats()[0].Sent
			}
			fmt.Println("sent", sent-before, now.Unix())
			before = sent
		case <-ended:
			return
		}
	}
}

// send gives the points of each bucket at the second of this sender's own.
func send(ctx context.Context, o options, sender int, group *carbon.Group) error {
	offset := carbon.Offset(fmt.Sprintf("web%d.example\napache.web%d", sender, sender), carbon.Spread(interval))
	first := time.Now().Truncate(interval).Unix()
	for bucket := first; bucket <= o.until; bucket += int64(interval / time.Second) {
		if !pause(ctx, time.Until(time.Unix(bucket, 0).Add(interval+offset))) {
			return ctx.Err()
		}
		if err := group.Write(ctx, points(sender, o.series, bucket, false)); err != nil {
			return err
		}
		if before := bucket - int64(interval/time.Second); before >= first && isAmended(sender, before) {
			if err := group.Write(ctx, points(sender, o.series, before, true)); err != nil {
				return err
			}
		}
	}
	return group.Drain(ctx)
}

func points(sender, series int, bucket int64, amended bool) []point.Point {
	all := make([]point.Point, series)
	for i := range all {
		all[i] = point.Point{Series: name(sender, i), Value: value(sender, i, bucket, amended), Time: bucket}
	}
	return all
}

// pause waits and tells whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
