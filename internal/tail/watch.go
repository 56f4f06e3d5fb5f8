package tail

import (
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A watchSet is what should be watched: directories without symbolic links in
// their paths, and the files in them whose writes matter.
type watchSet struct {
	dirs  map[string]bool
	names map[string]bool
}

// A watcher turns events in directories into hints that a look may pay. It
// watches directories, never files, because a watch on a file ends at the
// first rotation. Whatever fails, polling goes on.
//
// fsnotify can hold its lock while it waits for somebody to take an error.
// Therefore one goroutine takes errors, another takes events, neither calls
// the Watcher, and only the follower's own goroutine adds and removes.
type watcher struct {
	log  *slog.Logger
	off  bool
	wake chan struct{} // of capacity 1: a hint came

	names     atomic.Pointer[map[string]bool]
	renamed   atomic.Bool // names may have changed since the last scan
	overflows atomic.Int64
	errors    atomic.Int64

	open     func() (*fsnotify.Watcher, error)
	notify   *fsnotify.Watcher
	wg       sync.WaitGroup
	watched  map[string]identity
	partial  map[string]bool // watched, and more may happen than events tell of
	crowd    crowd
	resting  map[string]resting // crowded directories, which are not watched for a while
	restTime time.Duration
	failed   map[string]failedWatch // by directory; "" is watching as such
	said     map[string]bool
}

// A failedWatch says when and why a directory could not be watched.
type failedWatch struct {
	at  time.Time
	err error
}

// retryWatch is how often a failed watch is tried again. The limits that make
// it fail are set by administrators, not by the minute.
const retryWatch = time.Minute

func newWatcher(log *slog.Logger, off bool) *watcher {
	return &watcher{
		log: log, off: off, wake: make(chan struct{}, 1), open: fsnotify.NewWatcher,
		watched: map[string]identity{}, partial: map[string]bool{}, crowd: crowd{many: crowdEvents}, resting: map[string]resting{}, restTime: restTime,
		failed: map[string]failedWatch{}, said: map[string]bool{},
	}
}

// follow watches what set names and nothing else.
func (w *watcher) follow(set watchSet, now time.Time) {
	if w.off || w.notify == nil && len(set.dirs) == 0 || !w.start(now) {
		return
	}
	w.names.Store(&set.names)
	for dir := range maps.Clone(w.watched) {
		if !set.dirs[dir] {
			w.drop(dir)
		}
	}
	maps.DeleteFunc(w.resting, func(dir string, _ resting) bool { return !set.dirs[dir] })
	for dir := range set.dirs {
		w.add(dir, now)
	}
}

// start opens the watcher, or tries again after a while.
func (w *watcher) start(now time.Time) bool {
	if w.notify != nil {
		return true
	}
	if !w.due("", now) {
		return false
	}
	n, err := w.open()
	if err != nil {
		w.fail("", "cannot be told of changes; looking once a poll", err, now)
		return false
	}
	w.notify = n
	w.wg.Add(2)
	// Both end when close closes the fsnotify watcher, which closes the channels.
	go w.takeErrors()
	go w.takeEvents()
	return true
}

// add watches dir. A directory that was renamed or made anew has lost its
// watch without notice; its identity shows it.
func (w *watcher) add(dir string, now time.Time) {
	info, err := os.Stat(dir)
	if err != nil {
		w.drop(dir)
		return
	}
	id := statusOf(info).id
	if _, rests := w.resting[dir]; rests || w.watched[dir] == id || !w.due(dir, now) {
		return
	}
	w.drop(dir)
	if err := w.notify.Add(dir); err != nil {
		w.fail(dir, "cannot watch a directory; looking into it once a poll", err, now)
		return
	}
	w.watched[dir] = id
	if !tellsAll(dir) {
		w.partial[dir] = true
	}
	delete(w.failed, dir)
	if w.said[dir] {
		delete(w.said, dir)
		w.log.Info("a directory is watched again", "path", dir)
	}
	// What happened before the watch gave no event.
	w.renamed.Store(true)
	w.hint()
}

func (w *watcher) drop(dir string) {
	if _, ok := w.watched[dir]; !ok {
		return
	}
	delete(w.watched, dir)
	delete(w.partial, dir)
	// The watch may have gone with the directory; that is what was wanted.
	_ = w.notify.Remove(dir)
}

func (w *watcher) due(dir string, now time.Time) bool {
	last, failed := w.failed[dir]
	return !failed || now.Sub(last.at) >= retryWatch
}

func (w *watcher) fail(dir, what string, err error, now time.Time) {
	w.failed[dir] = failedWatch{now, err}
	w.errors.Add(1)
	if !w.said[dir] {
		w.said[dir] = true
		w.log.Warn(what, "path", dir, "error", err)
	}
}

func (w *watcher) takeErrors() {
	defer w.wg.Done()
	for err := range w.notify.Errors {
		if errors.Is(err, fsnotify.ErrEventOverflow) {
			w.overflows.Add(1)
		} else {
			w.errors.Add(1)
		}
		// Whatever was lost, looking everywhere finds it.
		w.renamed.Store(true)
		w.hint()
	}
}

func (w *watcher) takeEvents() {
	defer w.wg.Done()
	for e := range w.notify.Events {
		w.crowd.add(filepath.Dir(e.Name), time.Now())
		if e.Has(fsnotify.Create) || e.Has(fsnotify.Rename) || e.Has(fsnotify.Remove) {
			w.renamed.Store(true)
			w.hint()
			continue
		}
		// Logs that nobody follows are written to in the same directories.
		if names := w.names.Load(); names != nil && (*names)[filepath.Clean(e.Name)] {
			w.hint()
		}
	}
}

func (w *watcher) hint() {
	select {
	case w.wake <- struct{}{}:
	default: // one hint is as good as many
	}
}

func (w *watcher) close() {
	if w.notify == nil {
		return
	}
	// Closing fails only if it was closed before.
	_ = w.notify.Close()
	w.wg.Wait()
}
