package tail

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/sys/unix"
)

// What the patterns lead to changes only when a name in one of a few
// directories does, or a link leads elsewhere. So between two scans it is
// enough to look at those places, which costs one system call each, and not
// one or two for every file.
//
// A place that has changed is not trusted at once: a file system may write the
// same time for two changes, of which only the first was seen.

const (
	// settlePolls is for how many polls after a change it is scanned on. Times
	// in file systems are exact to two seconds at least.
	settlePolls = 3
	// trustPolls is after how many polls it is scanned in any case: for a file
	// that something was mounted over, a closed file that has grown, a server
	// whose directories keep their times.
	trustPolls = 10
	// leisurely is how many times longer than such work the pause before it is,
	// where nothing hints at a change: it takes 2 % of a core.
	leisurely = 50
	// leisurePolls bounds that pause. What took long may only have waited for a
	// disk or a server, and what was written must not wait for minutes for that.
	leisurePolls = 5
)

// leisure returns how long after the last time work that took cost is done
// again where nothing hints at a change.
func (f *Follower) leisure(cost time.Duration) time.Duration {
	return min(max(f.o.Poll, leisurely*cost), leisurePolls*f.o.Poll)
}

// A place is what a path led to just before names were read there.
type place struct {
	id           identity // zero where there was nothing
	mtime, ctime int64    // when a name or a right in the directory last changed; 0 for a link
	link         bool     // only where it leads matters, not what is written there
}

func placeAt(path string, link bool) place {
	var sys unix.Stat_t
	if err := unix.Stat(path, &sys); err != nil {
		return place{link: link} // that there is nothing may change, too
	}
	p := place{id: identity{uint64(sys.Dev), uint64(sys.Ino)}, link: link}
	if !link {
		p.mtime, p.ctime = sys.Mtim.Nano(), sys.Ctim.Nano()
	}
	return p
}

// note remembers a place before it is read.
func (f *Follower) note(path string, link bool) {
	if _, noted := f.places[path]; noted {
		return
	}
	p := f.placeAt(path, link)
	f.places[path] = p
	if f.placesBefore[path] != p {
		f.restless = true
	}
}

// beginPlaces starts a new set of places, to be compared with the one before.
func (f *Follower) beginPlaces() {
	f.placesBefore, f.places, f.restless = f.places, make(map[string]place, len(f.places)), false
}

// endPlaces notes when a place was last seen to have changed.
func (f *Follower) endPlaces(now time.Time) {
	if f.placesBefore = nil; f.restless {
		f.restlessAt = now
	}
}

// namesMayDiffer says whether a scan at now may find anything but what the last
// one did. While something is searched for, every poll is a new attempt.
func (f *Follower) namesMayDiffer(now time.Time) bool {
	since := now.Sub(f.scannedAll)
	if since >= trustPolls*f.o.Poll {
		return true
	}
	if since >= leisurely*f.scanCost && (f.searching() || now.Sub(f.restlessAt) < settlePolls*f.o.Poll) {
		return true
	}
	return f.placesChanged()
}

// searching says whether a path is in trouble, or something is to be looked for
// beside one.
func (f *Follower) searching() bool {
	return len(f.said) > 0 || len(f.suspects) > 0 || f.reserve.full
}

// placesChanged says whether a place has changed since the last scan.
func (f *Follower) placesChanged() bool {
	for path, p := range f.places {
		if f.placeAt(path, p.link) != p {
			return true
		}
	}
	return false
}

// expandGlob returns the paths that match g, and notes where it looked.
func (f *Follower) expandGlob(g pattern) ([]string, error) {
	// Wildcards leave hidden files out, as a shell does: editors keep theirs
	// there. Under ** a link to a directory could lead round in a circle.
	opts := []doublestar.GlobOption{doublestar.WithNoHidden()}
	if g.deep {
		opts = append(opts, doublestar.WithNoFollow())
	}
	base, rest := doublestar.SplitPattern(g.path)
	paths, err := doublestar.Glob(noting{f, base, os.DirFS(base)}, rest, opts...)
	for i, path := range paths {
		paths[i] = filepath.Join(base, path)
	}
	return paths, err
}

// noting is the tree below base, and notes the directories on which depends
// what is found in it.
type noting struct {
	f    *Follower
	base string
	tree fs.FS
}

func (n noting) note(name string) { n.f.note(filepath.Join(n.base, name), false) }

func (n noting) Open(name string) (fs.File, error) {
	n.note(filepath.Dir(name))
	return n.tree.Open(name)
}

func (n noting) ReadDir(name string) ([]fs.DirEntry, error) {
	n.note(name)
	return fs.ReadDir(n.tree, name)
}

func (n noting) Stat(name string) (fs.FileInfo, error) {
	n.note(filepath.Dir(name))
	return fs.Stat(n.tree, name)
}
