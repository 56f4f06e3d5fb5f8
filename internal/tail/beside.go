package tail

import (
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
)

// suspect has the next scans look beside path: something was rotated there,
// and what came and went between two looks has only a rotated name.
func (f *Follower) suspect(path string) {
	// A compressor or a slow script may need more than one look.
	const looks = 5
	f.suspects[path] = looks
}

// noteChanges suspects every log in a directory in which names have changed.
// A log that was made and rotated away between two looks shows itself by
// nothing else.
func (f *Follower) noteChanges() {
	changed := map[string]bool{}
	look := func(path string) {
		dir := filepath.Dir(path)
		is, looked := changed[dir]
		if !looked {
			is = f.dirChanged(dir)
			changed[dir] = is
		}
		if is {
			f.suspect(path)
		}
	}
	for _, g := range f.globs {
		if !g.meta {
			look(g.path)
		}
	}
	for path := range f.shown {
		look(path)
		if target, ok := f.links[path]; ok {
			look(target)
		}
	}
	for _, x := range f.open {
		look(x.root)
	}
	for dir := range f.dirTimes {
		if _, ok := changed[dir]; !ok {
			delete(f.dirTimes, dir)
		}
	}
}

// dirChanged says whether names in dir have changed since it was last asked.
// At the first time there is nothing to compare with.
func (f *Follower) dirChanged(dir string) bool {
	f.note(dir, false)
	info, err := os.Stat(dir)
	if err != nil {
		delete(f.dirTimes, dir)
		return false
	}
	st := statusOf(info)
	last, ok := f.dirTimes[dir]
	f.dirTimes[dir] = st
	return ok && (last.mtime != st.mtime || last.id != st.id)
}

// searchSiblings looks beside the suspect paths for rotations of them that are
// not known. At the first scan those that are there are only noted.
func (f *Follower) searchSiblings(first bool, now time.Time) {
	listings := map[string][]string{}
	for path, looks := range f.suspects {
		f.searchBeside(path, listings, first, now)
		if target, ok := f.links[path]; ok {
			f.searchBeside(target, listings, first, now)
		}
		if f.reserve.full {
			continue // what was found may not have been opened
		}
		if looks <= 1 {
			delete(f.suspects, path)
			if _, ok := f.shown[path]; !ok {
				delete(f.links, path)
			}
		} else {
			f.suspects[path] = looks - 1
		}
	}
}

func (f *Follower) searchBeside(path string, listings map[string][]string, first bool, now time.Time) {
	dir, base := filepath.Split(path)
	names, ok := listings[dir]
	if !ok {
		names = listNames(dir)
		listings[dir] = names
	}
	for i := sort.SearchStrings(names, base); i < len(names) && strings.HasPrefix(names[i], base); i++ {
		if rotationOf(names[i], base) {
			f.sibling(filepath.Join(dir, names[i]), path, first, now)
		}
	}
}

// searchTargets looks for what an earlier run was reading through a link, where
// that led then: it may lead elsewhere by now. A file that has the old name is
// taken only if it is the one; another one was perhaps never under the link.
func (f *Follower) searchTargets(first bool, now time.Time) {
	for _, x := range slices.Clone(f.closed) {
		if !x.resumed || x.target == "" {
			continue
		}
		dir, base := filepath.Split(x.target)
		for name := range f.namesFrom(dir, base) {
			path := filepath.Join(dir, name)
			sought := IsRotation(path, x.target)
			if path == x.target {
				sought = f.at(path) == x
			}
			if !sought {
				continue
			}
			if y := f.sibling(path, x.root, first, now); y != nil {
				y.target = x.target
			}
		}
	}
}

// at returns the known file that path leads to, if there is one.
func (f *Follower) at(path string) *file {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return f.byID[statusOf(info).id]
}

// listNames returns the sorted names in dir; none if it cannot be read, which
// is said where the pattern is expanded.
func listNames(dir string) []string {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	slices.Sort(names)
	return names
}

// sibling follows a rotated file that no pattern leads to and that is not
// known: it was born and rotated away between two looks, or is a copy. What is
// new it returns.
func (f *Follower) sibling(path, root string, first bool, now time.Time) *file {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || f.excluded(path) {
		return nil
	}
	if x := f.byID[statusOf(info).id]; x != nil && (x.fd != nil || x.unchanged(statusOf(info))) {
		return nil
	}
	if f.reserve.full {
		return nil
	}
	fd, st, err := openRegular(path)
	if err != nil {
		f.reserve.exhausted(err)
		f.say(path, "cannot open a rotated file; trying again", err)
		return nil
	}
	x, fresh := f.take(path, fd, st, now)
	if !fresh {
		return nil
	}
	x.sibling, x.root, x.present = true, root, first
	if first && f.o.Resume == nil {
		x.last, x.looked, x.changed = st, now, now
		if f.decideForm(x, st) && x.form == plain {
			f.growHead(x, st.size)
		}
		f.ignore(x)
		f.retire(x)
	}
	return x
}
