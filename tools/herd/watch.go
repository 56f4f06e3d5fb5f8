package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/relay"
)

// The relay writes all that arrives to one file, and every second how much that
// was to another.
const config = `cluster arrived file %s ;
cluster counted file %s ;
statistics submit every 1 seconds reset counters after interval prefix with herd send to counted stop ;
match * send to arrived stop ;
`

// watch starts the relay and the senders, has everything happen, and tells.
func watch(ctx context.Context, o options) error {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	arrived, counted := filepath.Join(dir, "arrived"), filepath.Join(dir, "counted")
	r, err := relay.NewCRelay(dir, fmt.Sprintf(config, arrived, counted), "-B", "1024", "-q", "1000000")
	if err != nil {
		return err
	}
	if err := r.Start(ctx); err != nil {
		return err
	}
	defer r.Kill()

	begin := time.Now()
	end := begin.Add(o.steady + o.outage)
	if o.outage > 0 {
		end = end.Add(o.recovery)
	}
	until := end.Truncate(interval).Add(-interval).Unix()
	holders, err := start(o, dir, r, until)
	defer func() {
		for _, h := range holders {
			h.Kill()
		}
	}()
	if err != nil {
		return err
	}
	if err := take(ctx, o, r); err != nil {
		return err
	}
	for _, h := range holders {
		limited, cancel := context.WithTimeout(ctx, time.Until(end)+10*time.Minute)
		err := h.Wait(limited)
		cancel()
		if err != nil {
			return fmt.Errorf("senders: %w\n%s", err, h.LogTail(10))
		}
	}
	if !pause(ctx, 3*time.Second) { // until the relay has written what it has
		return ctx.Err()
	}
	return tell(o, dir, arrived, counted, begin, until)
}

// start starts the processes that hold the senders.
func start(o options, dir string, r *relay.Relay, until int64) (holders []*child.Process, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	share := (o.senders + o.processes - 1) / o.processes
	for part := range slices.Chunk(slices.Collect(numbers(o.senders)), share) {
		h, err := child.Start(filepath.Join(dir, fmt.Sprintf("senders.%d.log", part[0])), self,
			"-first", strconv.Itoa(part[0]), "-last", strconv.Itoa(part[len(part)-1]+1),
			"-series", strconv.Itoa(o.series), "-max-rate", strconv.Itoa(o.maxRate),
			"-relay", "127.0.0.1:"+r.Port(), "-until", strconv.FormatInt(until, 10))
		if err != nil {
			return holders, err
		}
		holders = append(holders, h)
	}
	return holders, nil
}

func numbers(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// take lets the relay work, takes it away and brings it back.
func take(ctx context.Context, o options, r *relay.Relay) error {
	if o.outage == 0 {
		return nil
	}
	if !pause(ctx, o.steady) {
		return ctx.Err()
	}
	// It writes what it holds: that logfeed gets over more than that is seen
	// elsewhere.
	if err := r.Stop(syscall.SIGTERM); err != nil {
		return err
	}
	if !pause(ctx, o.outage) {
		return ctx.Err()
	}
	return r.Start(ctx)
}
