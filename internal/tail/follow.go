package tail

import (
	"context"
	"errors"
	"iter"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Follower follows files and gives out their lines. Make one with New.
type Follower struct {
	o        Options
	globs    []pattern
	literals map[string]bool // paths that are followed by name
	stdin    bool

	used   atomic.Bool
	rescan chan struct{}

	mu        sync.Mutex
	published Stats

	// All below belongs to the goroutine that ranges over Batches.
	stats   Stats
	buffers *buffers
	readAt  func(fd *os.File, b []byte, off int64) (int, error)
	statOf  func(fd *os.File) (status, error)
	placeAt func(path string, link bool) place
	watch   *watcher
	input   *input
	reserve reserve
	began   time.Time
	sources int

	finishedFiles int   // closed after reading
	bytesDone     int64 // on disk; see Progress

	open   []*file
	closed []*file // the latest last
	byID   map[identity]*file
	kin    map[string][]*file

	scanned    time.Time // when it was last seen that all names are known
	scannedAll time.Time // when all were last looked for
	scanCost   time.Duration
	placesCost time.Duration // of seeing that nothing has changed
	lookTook   time.Duration // the last look at every file
	lookCost   time.Duration // the shorter one of the last two

	places       map[string]place // on which the outcome of a scan depends
	placesBefore map[string]place // those of the scan before, during a scan
	restless     bool             // in this scan a place has changed
	restlessAt   time.Time        // when one was last seen to have changed

	shown    map[string]identity // what each path led to at the last scan
	links    map[string]string   // symbolic links among them, and their targets
	realDirs map[string]realDir  // of the directories that are watched
	suspects map[string]int      // paths to look beside for rotated files, and how often
	dirTimes map[string]status   // directories of followed paths at the last scan
	missed   map[string]status   // present at the first start and not to be opened then
	waits    bool                // a file waits for another one, as of the last look
	queue    []queued            // in a Once run, not opened yet for want of descriptors
	most     int                 // how many files are open then at a time
	listing  listing             // the directory that was looked back in last
	said     map[string]string
	ticked   time.Time
	unticked int64     // bytes given out since
	hinted   bool      // the last wait was not ended by its time alone
	stirred  time.Time // when something was last read or hinted at
	untold   time.Time // when something was last read without a hint

	ended bool
	final State
}

// New checks the options and returns a Follower that has not begun to follow.
// The error names every pattern that is wrong.
func New(o Options) (*Follower, error) {
	o = o.withDefaults()
	globs, stdin, err := o.patterns()
	if err != nil {
		return nil, err
	}
	f := &Follower{
		o: o, globs: globs, literals: literals(globs), stdin: stdin,
		rescan:  make(chan struct{}, 1),
		buffers: &buffers{size: o.BlockSize + markerSize, kept: o.Ahead + 1},
		readAt:  readAt,
		statOf:  statusOfOpen,
		placeAt: placeAt,
		watch:   newWatcher(o.Log, o.NoWatch || o.Once),
		byID:    map[identity]*file{}, kin: map[string][]*file{},
		places: map[string]place{}, shown: map[string]identity{}, links: map[string]string{}, suspects: map[string]int{}, dirTimes: map[string]status{},
		missed: map[string]status{}, said: map[string]string{},
	}
	return f, nil
}

// Follow replaces the patterns by others. It must be called from the body of the
// loop over Batches. What is new is found with the next round and begins at its
// first byte; what no pattern leads to any more is read until it is quiet, like
// a file that was rotated away. With an error, which names every pattern that
// is wrong, nothing changes.
func (f *Follower) Follow(patterns []string) error {
	o := f.o
	o.Patterns = patterns
	globs, stdin, err := o.patterns()
	if err != nil {
		return err
	}
	if stdin != f.stdin {
		return errors.New("standard input cannot be begun or left while logs are followed")
	}
	f.o, f.globs, f.literals = o, globs, literals(globs)
	f.Rescan()
	return nil
}

// Rescan has the follower look for new files now. It may be called from any
// goroutine and returns at once.
func (f *Follower) Rescan() {
	select {
	case f.rescan <- struct{}{}:
	default:
	}
}

var errUsed = errors.New("a follower's batches can be ranged over only once")

// Batches returns the lines of everything that is followed, as a sequence that
// can be ranged over once. It ends without an error when ctx is done, with
// Once when all has been given out, and with standard input alone at its end;
// the last two end in a tick that is not Behind. An error ends it. The first
// batch is a tick that is Behind: the files are found and nothing is given out.
func (f *Follower) Batches(ctx context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		if !f.used.CompareAndSwap(false, true) {
			yield(Batch{}, errUsed)
			return
		}
		defer f.close()
		f.begin()
		for {
			start := time.Now()
			read, ok := f.round(ctx, start, yield)
			if !ok || f.finished() || !f.wait(ctx, start, read) {
				return
			}
		}
	}
}

func (f *Follower) begin() {
	f.began = time.Now()
	f.ticked = f.began
	f.reserve.fill()
	if f.o.Resume != nil {
		f.resume(f.o.Resume)
	}
	if f.stdin {
		f.input = f.openInput()
	}
}

func (f *Follower) close() {
	f.final = f.State()
	f.ended = true
	f.watch.close()
	if f.input != nil {
		f.input.close()
	}
	for len(f.open) > 0 {
		f.retire(f.open[0])
	}
	f.reserve.give()
}

// A feed is something that lines are read from.
type feed interface {
	number() int
	name() string
	log() string
	unread() bool
	next(f *Follower) (lines, buf []byte, err error)
}

// round gives out everything that is there now, oldest first.
func (f *Follower) round(ctx context.Context, now time.Time, yield func(Batch, error) bool) (read, ok bool) {
	first := f.scanned.IsZero()
	f.watch.relieve(now)
	f.scanIfDue(now)
	f.admit(now)
	f.lookAll(now)
	// The first files and their positions can be kept before a line is read.
	if first && !f.tick(yield, Tick{Now: now, Low: math.MinInt64, Behind: true}) {
		return false, false
	}
	work := f.backlog()
	for !work.empty() {
		if ctx.Err() != nil {
			return read, false
		}
		t := work.next(f)
		b, err := f.readCounted(t.feed)
		if err != nil {
			yield(Batch{}, err)
			return read, false
		}
		if b.Data != nil {
			read = true
			f.publish()
			if !yield(b, nil) {
				return read, false
			}
		}
		f.leaveNew(t.feed)
		if !t.feed.unread() {
			work.end()
			if x, isFile := t.feed.(*file); isFile {
				f.finish(work, x, now)
			}
		}
		if !work.empty() && (time.Since(f.ticked) >= f.o.Poll || f.unticked >= tickBytes) {
			f.arrivals(work)
			if !f.tick(yield, Tick{Now: now, Low: min(work.low(f), f.lastTick(now).Low), Behind: true}) {
				return read, false
			}
		}
	}
	f.closeAll(now)
	// Also when ctx is done: the receiver should know that it has everything.
	return read, f.tick(yield, f.lastTick(now)) && ctx.Err() == nil
}

// scanIfDue looks for names when something hints at a change, and once a poll
// whether there is a sign of one. Hints do not make it take more than a tenth
// of the time, the polls not much more than a fiftieth.
func (f *Follower) scanIfDue(now time.Time) {
	asked := false
	select {
	case <-f.rescan:
		asked = true
	default:
	}
	hinted := f.watch.renamed.Load() && now.Sub(f.scannedAll) >= 10*f.scanCost
	switch {
	case f.scanned.IsZero() || asked || hinted:
	case now.Sub(f.scanned) < f.leisure(f.placesCost):
		return
	case !f.namesMayDiffer(now):
		f.scanned = now
		f.placesCost = time.Since(now)
		return
	}
	f.watch.renamed.Store(false)
	f.scan(now)
	f.stats.Scans++
	f.scanCost = time.Since(now)
}

func (f *Follower) lookAll(now time.Time) {
	begin := time.Now()
	defer func() {
		// Of two looks, because others may have the processor during one, or a
		// new file be begun.
		took := time.Since(begin)
		f.lookTook, f.lookCost = took, min(took, f.lookTook)
	}()
	f.watch.lookAtResting()
	f.waits = false
	fresh := false
	for _, x := range slices.Clone(f.open) {
		fresh = fresh || x.looked.IsZero()
		f.look(x, now)
		if x.ignored {
			f.retire(x)
		}
	}
	if fresh {
		// Some may have waited only for others to be looked at.
		f.lookAtWaiting(slices.Values(f.open), now)
	}
	if f.input != nil {
		f.input.begin(now)
	}
}

// arrivals adds to a long round the files that have appeared since it began,
// so that they are open before they are rotated away.
func (f *Follower) arrivals(work *backlog) {
	now := time.Now()
	f.scanIfDue(now)
	for _, x := range slices.Clone(f.open) {
		if x.looked.IsZero() {
			f.look(x, now)
			if x.ignored {
				f.retire(x)
			} else {
				work.addUnread(f, x)
			}
		}
	}
}

// read reads one block of a feed. What goes wrong with a file is a state of
// that file; only standard input can fail for good.
func (f *Follower) read(s feed) (Batch, error) {
	lines, buf, err := s.next(f)
	x, isFile := s.(*file)
	if !isFile && err != nil {
		return Batch{}, err
	}
	now := time.Now()
	if isFile {
		switch {
		case errors.Is(err, errRewritten):
			f.rewritten(x, now)
			return Batch{}, nil
		case err != nil:
			f.readFailed(x, err, now)
			return Batch{}, nil
		}
		if lines != nil || x.done || !x.form.packed() {
			// Passing over what was read before proves nothing.
			f.readWorked(x)
		}
	}
	if lines == nil {
		return Batch{}, nil
	}
	f.stats.BytesRead += int64(len(lines))
	f.unticked += int64(len(lines))
	b := Batch{Source: s.number(), Path: s.name(), Log: s.log(), Data: lines, Time: now, home: f.buffers, buf: buf}
	if isFile {
		x.quiet = now
		f.moveClock(x, lines)
		b.End.Offset = x.pos
	} else {
		b.End.Offset = f.input.cutter.position()
	}
	return b, nil
}

// rewritten looks again at a file whose content changed after the look.
func (f *Follower) rewritten(x *file, now time.Time) {
	x.recheck = true
	if !x.form.packed() {
		f.look(x, now)
		return
	}
	if x.base != nil {
		f.mistaken(x)
	} else {
		f.restart(x, x.last, now)
		x.placed = false
	}
	// Another look in the next round decides what it is.
	x.ready = false
}

// tickBytes is how much is given out at most without a tick: the receiver sums
// up until then, and a fast disk may hold years in a second.
const tickBytes = 16 << 20

// tick gives the time out.
func (f *Follower) tick(yield func(Batch, error) bool, t Tick) bool {
	f.ticked, f.unticked = time.Now(), 0
	f.count()
	f.publish()
	return yield(Batch{Time: f.ticked, Tick: &t}, nil)
}

// lastTick ends a round: caught up, unless something is undecided.
func (f *Follower) lastTick(now time.Time) Tick {
	t := Tick{Now: now, Low: now.Unix()}
	hold := func(s feed) {
		_, clock := f.clock(s)
		t.Behind = true
		t.Low = min(t.Low, clock)
	}
	for _, x := range f.open {
		if x.doubted {
			hold(x)
		}
	}
	if f.input != nil && f.input.behind() {
		hold(f.input)
	}
	if len(f.queue) > 0 {
		t.Behind = true
		t.Low = min(t.Low, f.queue[0].clock)
	}
	return t
}

func (f *Follower) count() {
	s := &f.stats
	s.Files, s.Held, s.Deleted, s.Lag = len(f.open), 0, 0, 0
	for _, x := range f.open {
		s.Lag += x.lag()
		if x.named {
			continue
		}
		s.Held++
		if x.last.links == 0 {
			s.Deleted++
		}
	}
	s.Progress = f.progress()
	s.EventOverflows = f.watch.overflows.Load()
	s.WatchErrors = f.watch.errors.Load()
}

// settlePause is the least time between two looks while something is being
// written, so that a busy log costs few looks with many lines each.
const settlePause = 20 * time.Millisecond

// wait returns when it is time for the next round, false when ctx is done.
func (f *Follower) wait(ctx context.Context, start time.Time, read bool) bool {
	unwatched := len(f.watch.resting) > 0
	f.stir(start, read)
	if (read || f.hinted || unwatched) && (f.input == nil || len(f.input.blocks) == 0) {
		// A look at thousands of files is not to take more than a tenth of the time.
		pause := min(max(settlePause, 10*f.lookCost), f.o.Poll)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false
		}
	}
	next := start.Add(f.leisure(f.lookCost))
	if f.idle(start) {
		next = start.Add(max(f.o.IdlePoll, f.leisure(f.lookCost)))
	}
	if unwatched {
		next = start
	}
	if scan := f.scannedAll.Add(10 * f.scanCost); f.watch.renamed.Load() && scan.Before(next) {
		next = scan
	}
	f.hinted = true
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	var blocks <-chan inputBlock
	if f.input != nil && len(f.input.have) == 0 && !f.input.eof {
		blocks = f.input.blocks
	} else if f.input != nil && len(f.input.have) > 0 {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		f.hinted = unwatched || f.watch.renamed.Load()
	case <-f.watch.wake:
	case b, ok := <-blocks:
		f.input.fetched(b, ok)
	case <-f.rescan:
		f.Rescan()
	}
	return true
}
