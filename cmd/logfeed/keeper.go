package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/logfeed/logfeed/internal/checkpoint"
	"github.com/logfeed/logfeed/internal/tail"
)

const (
	// The time between two checkpoints lies between these.
	keepOften  = time.Second
	keepRarely = 30 * time.Second

	// bytesPerSecond is what checkpoints write to the disk on average at most.
	bytesPerSecond = 1 << 20

	// restPerWork keeps the making of checkpoints below 1 % of a core.
	restPerWork = 100
)

// openState opens and reads the state directory. Without one there is no
// keeper; without a usable checkpoint in it there is no state to go on from.
func openState(ctx context.Context, c *config, log *slog.Logger) (*keeper, *state, error) {
	if c.stateDir == "" || c.dryRun {
		return nil, nil, nil
	}
	store, err := openStore(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	k := &keeper{store: store, log: log}
	loaded, err := store.Load()
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	if loaded.Damage != nil {
		log.Warn("a damaged checkpoint was set aside, the one before it is used if there is one", "error", loaded.Damage)
	}
	if loaded.Payload == nil {
		return k, nil, nil
	}
	prior, err := decodeState(loaded.Payload)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return k, prior, nil
}

// openStore waits for the one before when both are Apache's piped loggers.
func openStore(ctx context.Context, c *config) (*checkpoint.Store, error) {
	limit := time.Now().Add(claimWait)
	for {
		store, err := checkpoint.Open(c.stateDir)
		if !c.standardInput() || !errors.Is(err, checkpoint.ErrLocked) || time.Now().After(limit) || ctx.Err() != nil {
			return store, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// A keeper saves the state now and then. Its methods are called by the
// goroutine of the pipeline; the writing itself happens in another, because a
// busy disk takes its time.
type keeper struct {
	store *checkpoint.Store
	log   *slog.Logger

	begun   bool        // the first checkpoint was made
	next    time.Time   // no checkpoint before this
	writing chan error  // one result of the write under way; nil when there is none
	saved   fingerprint // of the state that is saved or being saved
	failing bool        // the last write failed, and it was said
}

// fingerprint changes whenever a checkpoint would hold something new.
type fingerprint struct {
	batches   int64 // data that was counted
	points    int64 // points given to the sink
	delivered int64 // receipts of all destinations
}

// due says whether a state with this fingerprint is to be saved now.
func (k *keeper) due(now time.Time, f fingerprint) bool {
	k.collect(false)
	return k.writing == nil && f != k.saved && !now.Before(k.next)
}

// save begins to write a state. work is how long it took to make it.
func (k *keeper) save(now time.Time, f fingerprint, payload []byte, work time.Duration) {
	rest := max(keepOften, work*restPerWork, time.Duration(len(payload))*time.Second/bytesPerSecond)
	k.next = now.Add(min(rest, keepRarely))
	k.saved = f
	k.writing = make(chan error, 1)
	done := k.writing
	// Ends when the file is written; collect waits for it.
	go func() { done <- k.store.Save(payload) }()
}

// collect takes the result of a write, if there is one; with wait it waits for
// it. A failed checkpoint is made again, and counting goes on meanwhile.
func (k *keeper) collect(wait bool) {
	if k.writing == nil {
		return
	}
	var err error
	if wait {
		err = <-k.writing
	} else {
		select {
		case err = <-k.writing:
		default:
			return
		}
	}
	k.writing = nil
	switch {
	case err != nil:
		k.saved = fingerprint{batches: -1}
		if !k.failing {
			k.log.Error("cannot save the checkpoint, trying again: after a crash lines since the last one are read once more", "error", err)
		}
	case k.failing:
		k.log.Info("the checkpoint can be saved again")
	}
	k.failing = err != nil
}

// last saves a state and waits until it is on the disk.
func (k *keeper) last(f fingerprint, payload []byte) error {
	k.collect(true)
	if f == k.saved {
		return nil
	}
	return k.store.Save(payload)
}

// close gives the state directory free.
func (k *keeper) close() {
	if k != nil {
		k.collect(true)
		k.store.Close()
	}
}

// keep saves the state if it is time. The first tick comes before the first
// line is given out: that checkpoint is on the disk before it is read.
func (p *pipeline) keep(now time.Time) {
	k := p.keeper
	if k == nil {
		return
	}
	f := p.fingerprint()
	if k.begun && !k.due(now, f) {
		return
	}
	start := time.Now()
	payload, err := p.state().encode()
	if err != nil {
		k.log.Error(err.Error())
		return
	}
	k.save(now, f, payload, time.Since(start))
	if !k.begun {
		k.begun = true
		k.collect(true)
	}
}

// keepLast saves the state at the end of the run.
func (p *pipeline) keepLast() error {
	if p.keeper == nil {
		return nil
	}
	payload, err := p.state().encode()
	if err != nil {
		return err
	}
	return p.keeper.last(p.fingerprint(), payload)
}

func (p *pipeline) fingerprint() fingerprint {
	f := fingerprint{batches: p.batches, points: p.totals.points}
	for _, s := range p.sink.Stats() {
		f.delivered += s.Delivered
	}
	return f
}

// state returns what a checkpoint holds. It is taken between two batches, so
// everything in it belongs together.
func (p *pipeline) state() *state {
	s := &state{
		Shape:    p.shape,
		Host:     hostName(),
		Until:    max(p.ledger.End(), p.reached),
		Since:    p.since,
		Before:   p.until,
		Files:    p.follower.State(),
		Ledger:   p.ledger.Snapshot(),
		Counters: p.counters(),
		Own:      p.own.state(p.condition(tail.Tick{})),
		Outboxes: make(map[string]packedPoints),
	}
	stats := p.sink.Stats()
	for i, box := range p.sink.Snapshots() {
		s.Outboxes[stats[i].Address.String()] = packPoints(box)
	}
	return s
}
