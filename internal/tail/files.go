package tail

import (
	"maps"
	"slices"
)

// A FileStatus is what is known of one followed file as of the last look.
type FileStatus struct {
	Source   int
	Path     string
	Log      string // the followed path that it belongs to
	Size     int64  // on disk; 0 for standard input, which has none
	Position int64  // of the next line, in the content
	Lag      int64  // bytes on disk that have not been given out
	Nameless bool   // rotated away or deleted, and still read
}

// Files appends the state of every file that is followed. It must be called from
// the body of the loop over Batches.
func (f *Follower) Files(to []FileStatus) []FileStatus {
	if f.input != nil {
		to = append(to, FileStatus{Source: f.input.source, Path: standardInput, Log: standardInput, Position: f.input.cutter.position()})
	}
	for _, x := range f.open {
		if x.ignored {
			continue
		}
		to = append(to, FileStatus{Source: x.source, Path: x.path, Log: x.root, Size: x.last.size, Position: x.pos, Lag: x.lag(), Nameless: !x.named})
	}
	return to
}

// Troubles returns paths that cannot be read for now, n at most and in their
// order, and what was said of each. It must be called from the body of the loop
// over Batches.
func (f *Follower) Troubles(n int) (paths, said []string) {
	paths = slices.Sorted(maps.Keys(f.said))
	paths = paths[:min(n, len(paths))]
	for _, path := range paths {
		said = append(said, f.said[path])
	}
	return paths, said
}
