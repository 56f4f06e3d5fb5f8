// Package carbon delivers points to Graphite's Carbon in the plaintext
// protocol, over TCP or UDP or into a file, so that the newest total of every
// series and bucket is what Carbon ends up with, whatever happens on the way.
//
// The protocol has no answer, so a write that succeeds means nothing. A point
// counts as delivered when the connection it went out on was closed with a
// receipt: logfeed closes its half and the peer, having read everything,
// closes the other. Connections are renewed this way every minute. Whatever
// else ends a connection is a break, and after a break everything without a
// receipt goes again, and so does everything that had one within the replay
// time, since a Carbon that was killed has lost what it had not yet written to
// disk.
package carbon

import (
	"log/slog"
	"net"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/retention"
)

// Options of one destination. The zero value of every field but Address is
// its default.
type Options struct {
	Address Address

	// Takes says whether a point is for this destination. Default nil, which is
	// for all points.
	Takes func(point.Point) bool

	// Buffer bounds the undelivered points in bytes (an estimate of what they
	// take in memory). Default 64 MiB, about 930,000 points.
	Buffer int64

	// Ahead is how far, in the same bytes, Write may be ahead of the quickest
	// destination before it waits. Default Buffer, which it never exceeds. For
	// a writer that loses nothing by waiting less will do; a destination that
	// others do not wait for may owe a whole Buffer all the same.
	Ahead int64

	// History bounds the delivered points kept for a replay in the same way;
	// past it the oldest go. Default as Buffer.
	History int64

	// Replay is how long delivered points go again after a break. Default 30
	// minutes, negative for none.
	Replay time.Duration

	// ReplayEvery has delivered points go again this long after each delivery
	// until Replay is over, whether or not a connection broke: behind a relay
	// nobody hears of what is lost. Default 0, which is for a Carbon that is
	// reached directly. It is at least Replay/MostRounds.
	ReplayEvery time.Duration

	// ReplayRate is how many points a second are replayed at most; points
	// that were never sent have no limit. Default 5,000: a replay should not
	// fill the cache of a Carbon that has only just come back.
	ReplayRate int

	// MaxRate is how many points a second are sent at most, whether fresh,
	// replayed or repeated. Default 0, which is no limit.
	MaxRate int

	// MaxCreates is how many new series a minute are sent at most. A series is
	// new until it has been introduced by this sender, or by the one whose
	// state is restored; until then its points wait. Default 0, which is no
	// limit.
	MaxCreates int

	// Retentions returns the archives that Carbon keeps of a series, finest
	// first. Points that have waited until Carbon keeps longer steps at their
	// age are then merged into one for the longer step, or, where a part of it
	// has been forgotten, dropped and counted. Nil is for points that go as
	// they are, however old.
	Retentions func(series string) retention.List

	// Once is for a run that ends when all is delivered: totals are not
	// repeated later, and a destination that takes nothing for Replay is an
	// error for Write and Drain.
	Once bool

	// Restore is the state of an earlier sender, or nil. All of it goes
	// again, the delivered points too, since Carbon may have lost them while
	// nobody was connected.
	Restore *Snapshot

	// Log may be nil for none.
	Log *slog.Logger

	timing timing

	// For tests: dial stands in for the network, sending sees every chunk.
	dial    func() (net.Conn, error)
	sending func([]point.Point)
}

// The timing of a sender. Each is a field so that tests can shorten it.
type timing struct {
	dial     time.Duration   // until a connect is given up
	write    time.Duration   // until a chunk is given up
	receipt  time.Duration   // until a receipt is given up
	silence  time.Duration   // until unacknowledged data end a connection
	renew    time.Duration   // a connection's life
	first    time.Duration   // the life of one that follows no other; by chance
	replay   time.Duration   // between the beginnings of two full replays
	settle   time.Duration   // from a replay after a break to one more
	backoff  time.Duration   // first pause after a failure
	pause    time.Duration   // longest pause while nobody answers
	flap     time.Duration   // longest pause while connections open and break
	remind   time.Duration   // between two warnings of one kind
	notable  time.Duration   // least wait of new series that is said
	datagram time.Duration   // pause after a burst of datagrams
	admit    time.Duration   // from the first point of a new series to the others
	repeat   []time.Duration // pauses before the planned repetitions; the last one holds for all that follow
	rounds   int             // planned repetitions; default as many as there are pauses
	inDoubt  int             // points sent until a receipt is asked for
	chunk    int             // points a chunk

	fileSize  int64 // of a file that is full
	filesKept int   // full files
}

func (o Options) withDefaults() Options {
	o.Buffer = or(o.Buffer, 64<<20)
	o.Ahead = min(or(o.Ahead, o.Buffer), o.Buffer)
	o.History = or(o.History, o.Buffer)
	o.Replay = or(o.Replay, 30*time.Minute)
	o.ReplayRate = or(o.ReplayRate, 5000)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	t := &o.timing
	t.dial = or(t.dial, 5*time.Second)
	t.write = or(t.write, 10*time.Second)
	t.receipt = or(t.receipt, 30*time.Second)
	t.silence = or(t.silence, 30*time.Second)
	t.renew = or(t.renew, time.Minute)
	t.replay = or(t.replay, time.Minute)
	t.settle = or(t.settle, 2*time.Minute)
	t.backoff = or(t.backoff, 100*time.Millisecond)
	t.pause = or(t.pause, 30*time.Second)
	t.flap = or(t.flap, 5*time.Second)
	t.remind = or(t.remind, 10*time.Minute)
	t.notable = or(t.notable, 10*time.Second)
	t.datagram = or(t.datagram, 5*time.Millisecond)
	t.admit = or(t.admit, 5*time.Second)
	t.inDoubt = or(t.inDoubt, 100_000)
	t.chunk = or(t.chunk, 500)
	t.fileSize = or(t.fileSize, fileSize)
	t.filesKept = or(t.filesKept, filesKept)
	if o.Address.IsFile() {
		// It takes what comes, and loses nothing that it has taken.
		o.MaxRate, o.MaxCreates, t.repeat = 0, 0, []time.Duration{}
	}
	if t.repeat == nil && !o.Once {
		// About 2 and 15 minutes after the first delivery: stock Carbon makes
		// 50 new series a minute and drops the points of the others, and a
		// straggler of an abandoned connection must not be the last write.
		t.repeat = []time.Duration{2 * time.Minute, 13 * time.Minute}
		if every := o.ReplayEvery; every > 0 {
			first := min(every, t.repeat[0])
			t.repeat = []time.Duration{first, every}
			t.rounds = 1 + int(max(o.Replay-first, 0)/every)
			t.renew = min(t.renew, every) // a round begins with the receipt of the one before
		}
	}
	t.rounds = or(t.rounds, len(t.repeat))
	return o
}

// MostRounds is how many times a point may be planned to go again.
const MostRounds = 200

func or[T int | int64 | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}
