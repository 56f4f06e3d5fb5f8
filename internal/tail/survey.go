package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// An Outlook says what a Follower would find if it began now, and whether this
// process could read and watch it.
type Outlook struct {
	Files  []Prospect // by pattern, each path once
	Blanks []Blank    // patterns that lead to nothing
	Dirs   []WatchedDir
	// Watch is why no directory can be watched at all, nil if they can.
	// Without watching, changes are noticed once a poll.
	Watch error
}

// A Prospect is a file that a pattern leads to.
type Prospect struct {
	Path string
	Form string // plain, gzip, zstd, bzip2, xz, empty, or undecided while it is too short to tell
	Size int64  // bytes on disk
	Err  error  // why it cannot be read; nil if it can
}

// A Blank is a pattern that leads to nothing, and why.
type Blank struct {
	Pattern string // absolute
	Err     error
}

// A WatchedDir is a directory in which something may happen to a file.
type WatchedDir struct {
	Path string
	Err  error // why it cannot be watched; nil if it can
}

// Survey looks for what the patterns lead to without following it. It opens
// each file and reads its first bytes only. The error names every pattern that
// is wrong.
func Survey(o Options) (*Outlook, error) {
	f, err := New(o)
	if err != nil {
		return nil, err
	}
	out := &Outlook{}
	listed := map[string]bool{}
	var entries []entry
	for _, g := range f.globs {
		found := false
		for _, path := range f.expand(g) {
			if f.excluded(path) {
				continue
			}
			p, st, ok := prospect(path, !g.meta)
			if found = found || ok; !ok || listed[path] {
				continue
			}
			listed[path] = true
			out.Files = append(out.Files, p)
			_, link, _ := f.statusAt(path) // what went wrong is in p
			entries = append(entries, entry{path, st, link})
		}
		if !found {
			out.Blanks = append(out.Blanks, Blank{g.path, whyBlank(g)})
		}
	}
	out.surveyWatches(f, entries)
	return out, nil
}

// prospect looks at one path. Nothing there, or a directory that a glob leads
// to, is none.
func prospect(path string, named bool) (p Prospect, st status, ok bool) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Prospect{}, status{}, false
	}
	p.Path = path
	if err != nil {
		p.Err = denied(path, err)
		return p, status{}, true
	}
	st = statusOf(info)
	p.Size = st.size
	if st.dir {
		p.Err = fmt.Errorf("it is a directory; give its files, for example %s", filepath.Join(path, "*.log"))
		return p, st, named
	}
	fd, _, err := openRegular(path)
	if err != nil {
		p.Err = denied(path, err)
		return p, st, true
	}
	defer fd.Close() // only read from
	head := make([]byte, sniffSize)
	n, err := readAt(fd, head, 0)
	if p.Form, p.Err = sniff(head[:n]).String(), err; n == 0 {
		p.Form = "empty"
	}
	return p, st, true
}

// whyBlank says why a pattern leads to no file.
func whyBlank(g pattern) error {
	dir := filepath.Dir(g.path)
	if g.meta {
		dir, _ = doublestar.SplitPattern(g.path)
	}
	d, err := os.Open(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the directory %s does not exist", firstMissing(dir))
	case err != nil:
		return denied(dir, err)
	}
	_ = d.Close() // only opened to see whether it can be
	if g.meta {
		return errors.New("no file matches")
	}
	return errors.New("there is no such file")
}

// firstMissing returns the topmost directory on the way to dir that is missing.
func firstMissing(dir string) string {
	for {
		parent := filepath.Dir(dir)
		if _, err := os.Stat(parent); parent == dir || !errors.Is(err, fs.ErrNotExist) {
			return dir
		}
		dir = parent
	}
}

// surveyWatches tries to watch what a Follower would.
func (o *Outlook) surveyWatches(f *Follower, entries []entry) {
	set := f.watched(entries)
	if len(set.dirs) == 0 {
		return
	}
	f.watch.follow(set, time.Now())
	defer f.watch.close()
	if why, failed := f.watch.failed[""]; failed {
		o.Watch = watchLimit(why.err)
		return
	}
	for dir := range set.dirs {
		d := WatchedDir{Path: dir}
		if why, failed := f.watch.failed[dir]; failed {
			d.Err = watchLimit(denied(dir, why.err))
		}
		o.Dirs = append(o.Dirs, d)
	}
	slices.SortFunc(o.Dirs, func(a, b WatchedDir) int { return strings.Compare(a.Path, b.Path) })
}

// watchLimit names the limit of the kernel that an error comes from, as
// inotify(7) tells them.
func watchLimit(err error) error {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("too many inotify instances of this user (%s), or too many open files (ulimit -n): %w", inotifyLimit("max_user_instances"), err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("too many watches of this user (%s): %w", inotifyLimit("max_user_watches"), err)
	}
	return err
}

func inotifyLimit(name string) string {
	b, err := os.ReadFile("/proc/sys/fs/inotify/" + name)
	if err != nil {
		return "fs.inotify." + name
	}
	return "fs.inotify." + name + " is " + strings.TrimSpace(string(b))
}
