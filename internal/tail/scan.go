package tail

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// An entry is a regular file that a pattern leads to.
type entry struct {
	path string
	st   status
	link bool // path is a symbolic link
}

// scan looks for what the patterns lead to now, opens what is new, and sees
// which files have lost their names.
func (f *Follower) scan(now time.Time) {
	first := f.scanned.IsZero()
	f.scanned, f.scannedAll = now, now
	if f.o.Once && !first {
		return
	}
	f.beginPlaces()
	defer f.endPlaces(now)
	entries := f.list()
	if first {
		f.noteLiterals()
	}
	found := make(map[*file]bool, len(entries))
	left := map[identity]bool{}
	shown := make(map[string]identity, len(entries))
	for _, e := range entries {
		old := f.byID[f.shown[e.path]]
		x := f.adopt(e, first, now)
		if x == nil && f.reserve.full {
			left[e.st.id] = true
		}
		if x == nil {
			continue
		}
		shown[e.path] = x.id
		f.nameShows(e.path, x, old, first)
		if !found[x] || e.path == f.shownPath(x) {
			f.rename(x, e.path)
		}
		found[x] = true
	}
	if f.o.Once && len(left) > 0 {
		f.lineUp(entries, left, now)
		for _, x := range f.open {
			found[x] = true
		}
	}
	if f.o.Once && f.o.Resume == nil {
		return
	}
	for path := range f.shown {
		if _, ok := shown[path]; !ok {
			f.suspect(path)
		}
	}
	f.shown = shown
	for _, x := range slices.Clone(f.open) {
		if x.named || found[x] {
			f.renamed(x, found[x], now)
		}
	}
	for _, x := range f.closed {
		x.named = found[x]
	}
	f.trim()
	f.noteChanges()
	f.searchSiblings(first, now)
	f.searchTargets(first, now)
	f.listing = listing{}
	f.watch.follow(f.watched(entries), now)
}

// shownPath returns the path that led to x at the last scan, if it was one of
// several: a hard link beside it must not rename it.
func (f *Follower) shownPath(x *file) string {
	if f.shown[x.path] == x.id {
		return x.path
	}
	return ""
}

// nameShows compares what a path shows with what it showed before.
func (f *Follower) nameShows(path string, x, old *file, first bool) {
	was, known := f.shown[path]
	switch {
	case first:
		// What was rotated away before the start is history.
		if f.o.Resume != nil {
			f.suspect(path)
		} else {
			f.suspects[path] = 0
		}
	case !known:
		f.suspect(path)
	case was != x.id:
		if old != nil && old != x {
			x.replaces = old
			f.supplanted(old)
		}
		f.suspect(path)
	}
}

// noteLiterals has the first scan look beside the paths that are followed by
// name, also where nothing stands yet.
func (f *Follower) noteLiterals() {
	for _, g := range f.globs {
		if _, ok := f.suspects[g.path]; !ok && !g.meta {
			f.suspects[g.path] = 0
		}
	}
}

// list returns the regular files that the patterns lead to, each path once.
func (f *Follower) list() []entry {
	var entries []entry
	listed := map[string]bool{}
	for _, g := range f.globs {
		for _, path := range f.expand(g) {
			if listed[path] || f.excluded(path) {
				continue
			}
			listed[path] = true
			if e, ok := f.inspect(path); ok {
				entries = append(entries, e)
			}
		}
	}
	return entries
}

func (f *Follower) expand(g pattern) []string {
	if !g.meta {
		f.note(filepath.Dir(g.path), false)
		return []string{g.path}
	}
	paths, err := f.expandGlob(g)
	if err != nil {
		f.say(g.path, "cannot look for files", err)
		return nil
	}
	if len(paths) == 0 {
		base, _ := doublestar.SplitPattern(g.path)
		d, err := os.Open(base)
		if err != nil {
			f.say(g.path, "cannot look for files yet; trying again", err)
			return nil
		}
		_ = d.Close() // only opened to see whether it can be
		if !f.o.Once {
			f.say(g.path, "no file matches a pattern yet; waiting for one", fs.ErrNotExist)
			return nil
		}
	}
	delete(f.said, g.path)
	return paths
}

func (f *Follower) excluded(path string) bool {
	for _, g := range f.o.Exclude {
		if ok, _ := doublestar.PathMatch(g, path); ok {
			return true
		}
		if ok, _ := doublestar.PathMatch(g, filepath.Base(path)); ok {
			return true
		}
	}
	return false
}

// inspect looks at what stands at path. What is not a regular file, or cannot
// be looked at, is said once and tried again at every scan.
func (f *Follower) inspect(path string) (entry, bool) {
	e := entry{path: path}
	var err error
	if e.st, e.link, err = f.statusAt(path); errors.Is(err, fs.ErrNotExist) {
		if f.literal(path) {
			f.say(path, "a file does not exist yet; waiting for it", err)
		}
		return e, false
	}
	if err != nil {
		f.say(path, "cannot look at a file; trying again", err)
		return e, false
	}
	switch {
	case e.st.dir && !f.literal(path):
		return e, false
	case e.st.dir:
		f.say(path, "a path leads to a directory; give its files, for example with /*.log", errNotRegular)
		return e, false
	case !e.st.regular:
		f.say(path, "only regular files are read", errNotRegular)
		return e, false
	}
	return e, true
}

// statusAt returns what path leads to, and whether it is a symbolic link, which
// is then noted as a place.
func (f *Follower) statusAt(path string) (st status, link bool, err error) {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		link = true
		f.note(path, true)
		info, err = os.Stat(path)
	}
	if err != nil {
		return status{}, link, err
	}
	return statusOf(info), link, nil
}

func (f *Follower) literal(path string) bool { return f.literals[path] }

// adopt returns the file that e leads to, opened if it is new.
func (f *Follower) adopt(e entry, first bool, now time.Time) *file {
	x := f.byID[e.st.id]
	if x != nil && (x.fd != nil || x.unchanged(e.st)) {
		if x.failing.IsZero() {
			f.unsay(e.path)
		}
		return x
	}
	if f.reserve.full {
		return nil
	}
	fd, st, err := openRegular(e.path)
	if err != nil {
		f.openFailed(e, err, first)
		return nil
	}
	f.unsay(e.path)
	x, fresh := f.take(e.path, fd, st, now)
	x.present, x.named = first, true
	was, missed := f.missed[e.path]
	delete(f.missed, e.path)
	switch {
	case !fresh:
	case missed && was.id == st.id && was.size <= st.size:
		f.beginAfter(x, st, was.size)
	case first && f.atEnd():
		f.beginPresent(x, st, now)
	}
	return x
}

// atEnd says whether the files that are present at the start are history.
func (f *Follower) atEnd() bool { return !f.o.FromStart && f.o.Resume == nil }

// unchanged says whether a closed file is as it was when it was closed, and
// there is nothing more in it. How far one is read that was cut off depends on
// the bounds of this run.
func (x *file) unchanged(st status) bool {
	if x.resumed || x.cut {
		return false
	}
	return x.last.size == st.size && x.last.mtime == st.mtime || x.ignored && x.form.packed()
}

// take follows the open file fd: as what it was if it is known, else as new.
func (f *Follower) take(path string, fd *os.File, st status, now time.Time) (x *file, fresh bool) {
	x = f.byID[st.id]
	switch {
	case x == nil:
		return f.add(path, fd, st, now), true
	case x.fd != nil:
		_ = fd.Close() // it is open already
		return x, false
	case x.pos == 0 || x.continued:
		// Nothing was read from it that could be recognised, or another file
		// goes on from it already.
		unread := x.pos == 0 && x.resumed && !x.ignored
		other := unread && !x.form.packed() && (st.size < x.last.size || !f.headHolds(&file{fd: fd, head: x.head}, st.size))
		if other || !x.mayBeCalled(path) {
			// The number was given to another file. What x held may still be
			// found under another name, and must then be known; so must the log
			// itself, which may come and go again while nobody looks.
			delete(f.byID, st.id)
			return f.add(path, fd, st, now), true
		}
		x.lost, x.resumed = 0, false
		f.forget(x)
		y := f.add(path, fd, st, now)
		y.expected = unread
		return y, true
	}
	if !f.surpassed(x, fd, st) && f.awake(x, fd, st, now) {
		f.rename(x, path)
		return x, false
	}
	// The number was given to another file, or the file was written anew.
	delete(f.byID, st.id)
	return f.add(path, fd, st, now), true
}

// surpassed says whether the content behind fd, whose number was that of the
// closed file x, goes as far as another rotation of the log was read: then it
// is a copy of that one, which was given the number of x.
func (f *Follower) surpassed(x *file, fd *os.File, st status) bool {
	if x.form != plain {
		return false
	}
	y := &file{fd: fd, last: st}
	for a := range f.relatives(x) {
		if a.pos <= x.pos || a.form != plain || st.size < a.pos {
			continue
		}
		if d, err := y.before(f, a.pos, a.mark.Len); err == nil && d == a.mark && f.headHolds(&file{fd: fd, head: a.head}, st.size) {
			return true
		}
	}
	return false
}

// awake goes on with a closed file that has changed or was taken over from an
// earlier run, if it still holds what was read from it.
func (f *Follower) awake(x *file, fd *os.File, st status, now time.Time) bool {
	x.fd = fd
	head := make([]byte, sniffSize)
	n, err := f.readAt(fd, head, 0)
	if err == nil && sniff(head[:n]) != x.form ||
		x.form == plain && (st.size < x.pos || !f.markHolds(x) || !f.headHolds(x, st.size)) {
		x.fd = nil
		return false
	}
	if x.form == plain {
		f.readHead(x, int64(x.head.size()))
	}
	f.closed = slices.DeleteFunc(f.closed, func(y *file) bool { return y == x })
	f.open = append(f.open, x)
	f.relate(x)
	if !x.resumed {
		x.quiet = now
	}
	x.begun, x.timely, x.resumed, x.recheck, x.done = false, false, false, true, false
	x.newest, x.passed, x.cut = 0, false, false
	x.seen, x.nul = x.pos, 0
	return true
}

// openFailed notes a file that cannot be opened. At the first start its size
// is remembered: what it holds now is history when it can be read later.
func (f *Follower) openFailed(e entry, err error, first bool) {
	f.stats.OpenErrors++
	if f.reserve.exhausted(err) && f.o.Once {
		return // it waits in the queue
	}
	if first && f.atEnd() {
		f.missed[e.path] = e.st
	}
	f.say(e.path, "cannot open a file; trying again", err)
}

// watched returns the directories in which something may happen, and the names
// in them that matter.
func (f *Follower) watched(entries []entry) watchSet {
	w := watchSet{dirs: map[string]bool{}, names: map[string]bool{}}
	real := make(map[string]realDir, len(f.realDirs))
	add := func(dir string) string {
		r, ok := real[dir]
		if !ok {
			r = f.realDir(dir)
			real[dir] = r
			if r.path != "" {
				w.dirs[r.path] = true
			}
		}
		return r.path
	}
	defer func() { f.realDirs = real }()
	for _, g := range f.globs {
		dir := filepath.Dir(g.path)
		if g.meta {
			dir, _ = doublestar.SplitPattern(g.path)
		}
		add(dir)
	}
	for _, e := range entries {
		dir := add(filepath.Dir(e.path))
		w.names[filepath.Join(dir, filepath.Base(e.path))] = true
		if e.link {
			if target, err := filepath.EvalSymlinks(e.path); err == nil {
				add(filepath.Dir(target))
				w.names[target] = true
				f.links[e.path] = target
			}
		}
	}
	return w
}

// A realDir is the path of a directory without symbolic links, empty where
// there is none.
type realDir struct {
	id   identity // of the directory
	path string
}

// realDir follows the links on the way to dir, unless what it found before still
// leads to the same directory.
func (f *Follower) realDir(dir string) realDir {
	id := f.placeAt(dir, false).id
	if known, ok := f.realDirs[dir]; ok && id == known.id && id != (identity{}) && f.placeAt(known.path, false).id == id {
		return known
	}
	path, err := filepath.EvalSymlinks(dir)
	if err != nil {
		path = ""
	}
	return realDir{id, path}
}
