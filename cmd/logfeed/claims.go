package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"time"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/claim"
)

// claimWait is how long a follower of standard input waits for the one before
// it: Apache starts its piped loggers anew at a graceful restart while the old
// ones still read what is left.
const claimWait = 15 * time.Second

// claims are what this process alone may feed on this machine.
type claims []*claim.Claim

// claimName is the same for two processes that would overwrite each other. This
// machine has several names, and two of its names for one port are hardly ever
// two Carbons; other hosts count by the name that they are given.
func claimName(c *config, addr carbon.Address) string {
	ip, err := netip.ParseAddr(addr.Host)
	if addr.Host == "localhost" || err == nil && ip.Unmap().IsLoopback() {
		addr.Host = "127.0.0.1"
	}
	return c.rollup.Prefix + "\n" + addr.String()
}

// takeClaims claims the prefix at every destination for a follower. from tells
// a one-shot run beside it which buckets are this follower's.
func takeClaims(ctx context.Context, c *config, from func() int64) (claims, error) {
	var all claims
	if c.dryRun || c.once {
		return nil, nil
	}
	for _, addr := range c.destinations {
		one, err := takeClaim(ctx, c, claimName(c, addr.Address), from)
		if err != nil {
			all.close()
			if errors.Is(err, claim.ErrTaken) {
				err = fmt.Errorf("another logfeed on this machine already feeds %s to carbon %s, and each would overwrite the totals of the other: give one of them another --prefix", c.rollup.Prefix, addr)
			}
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func takeClaim(ctx context.Context, c *config, name string, from func() int64) (*claim.Claim, error) {
	limit := time.Now().Add(claimWait)
	for {
		one, err := claim.Take(name, from)
		if !c.standardInput() || !errors.Is(err, claim.ErrTaken) || time.Now().After(limit) || ctx.Err() != nil {
			return one, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (all claims) close() {
	for _, one := range all {
		one.Close()
	}
}

// leaveToFollower returns the time from which on a follower on this machine
// writes the same series as this one-shot run, the latest possible if there is
// none.
func leaveToFollower(c *config, log *slog.Logger) int64 {
	leave := int64(math.MaxInt64)
	if c.dryRun || !c.once {
		return leave
	}
	for _, addr := range c.destinations {
		from, held := claim.Ask(claimName(c, addr.Address))
		if !held {
			continue
		}
		leave = min(leave, from)
		log.Warn("a logfeed that follows feeds the same series: the buckets that it may still send are left alone",
			"prefix", c.rollup.Prefix, "carbon", addr, "from", momentOrStart(from))
	}
	return leave
}

func momentOrStart(unix int64) string {
	if unix < 0 {
		return "the beginning"
	}
	return time.Unix(unix, 0).UTC().Format(time.RFC3339)
}

// ownFrom is the time before which this follower sends nothing any more: its
// oldest open bucket, or the oldest that may be replayed. As long as no bucket
// is closed there may be no sink to ask yet.
func (p *pipeline) ownFrom() int64 {
	from := p.closed.Load()
	if from == math.MinInt64 {
		return from
	}
	if oldest, ok := p.sink.Oldest(p.own.has); ok {
		from = min(from, oldest)
	}
	return from
}
