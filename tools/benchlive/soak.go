package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// soak measures the memory of logfeed under load for a long time, of which each
// minute needs 150 MB of disk.
func (b *bench) soak(ctx context.Context, d time.Duration) (t *table, err error) {
	t = &table{mark: "make bench-live SOAK", head: machine(fmt.Sprintf("10,000 lines/s in 100 logs for %s, measured", d))}
	err = b.withCarbon(ctx, func() error { return b.soakInto(ctx, t, d) })
	return t, err
}

// soakParts is how many rows the table has at most, each for at least a minute.
const soakParts = 20

func (b *bench) soakInto(ctx context.Context, t *table, d time.Duration) (err error) {
	s, err := b.site(busyLogs, 1)
	if err != nil {
		return err
	}
	p, _, err := b.follow(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop(syscall.SIGTERM, stopPatience)) }()
	writing, stop := context.WithTimeout(ctx, d)
	defer stop()
	done := make(chan error, 1)
	var lines int64
	// Ends with the time, or by an error.
	go func() {
		var err error
		lines, err = s.write(writing, busyPerSecond)
		done <- err
	}()
	t.add("minutes", "resident memory, least", "and most", "share of a core")
	part := min(max(d/soakParts, time.Minute), d)
	for i := range int(d / part) {
		least, most, cpu, err := b.soakPart(ctx, p.PID(), part)
		if err != nil {
			return err
		}
		row := []string{fmt.Sprintf("%.0f to %.0f", float64(i)*part.Minutes(), float64(i+1)*part.Minutes()), mebibytes(least), mebibytes(most), percent(cpu)}
		t.add(row...)
		b.say("%s", strings.Join(row, ", "))
	}
	if err := <-done; err != nil {
		return err
	}
	t.head += fmt.Sprintf(" %d lines.", lines)
	return nil
}

// soakPart returns the bounds of the resident memory in a time, sampled once a
// second, and the share of a core that was used.
func (b *bench) soakPart(ctx context.Context, pid int, d time.Duration) (least, most int64, share float64, err error) {
	begin := time.Now()
	before, err := used(pid)
	if err != nil {
		return 0, 0, 0, err
	}
	for time.Since(begin) < d {
		if err := sleep(ctx, min(time.Second, d)); err != nil {
			return 0, 0, 0, err
		}
		r := resident(pid)
		if least == 0 || r < least {
			least = r
		}
		most = max(most, r)
	}
	after, err := used(pid)
	return least, most, after.less(before).cpu.Seconds() / time.Since(begin).Seconds(), err
}
