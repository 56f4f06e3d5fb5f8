package tail

import "time"

// A State is what a Follower knows about files: plain data, to be kept beside
// what was counted from them. It belongs to the batches given out so far, the
// current one included.
type State struct {
	Time  time.Time
	Files []FileState
}

// A FileState is what is known about one generation of a file.
type FileState struct {
	Source    int    // as in its batches; it keeps the number in the next run
	Path      string // the name it was last found under
	Log       string // the followed path that it belongs to
	Target    string // where the link led that it was last found under, if it was under one; older states have none
	Dev, Ino  uint64
	Head      Digest    // of its first bytes
	Marker    Digest    // of the bytes before Offset
	Offset    int64     // where the next line begins
	Size      int64     // on disk, when it was last looked at
	Modified  int64     // when it was last changed, Unix nanoseconds
	Form      int       // how it is packed; 0 is not known yet
	Open      bool      // it was being read, or is looked for; else it is only remembered
	Named     bool      // a pattern led to it
	Quiet     time.Time // when its last line was read or it lost its name
	Undecided bool      // it may be a copy of another one
	Ignored   bool      // history that is not read
	Cut       bool      // not read to its end, because of Until
	Lost      int64     // bytes that were lost unless a copy turns up
	Missed    bool      // present at the first start and not to be opened since; up to Offset it is history
}

// State returns what is known now. It must be called from the body of the
// loop over Batches, or after its end.
func (f *Follower) State() State {
	if f.ended {
		return f.final
	}
	s := State{Time: f.scanned}
	for _, x := range f.closed {
		s.Files = append(s.Files, x.state())
	}
	for _, x := range f.open {
		s.Files = append(s.Files, x.state())
	}
	for path, st := range f.missed {
		s.Files = append(s.Files, FileState{Path: path, Log: path, Dev: st.id.dev, Ino: st.id.ino, Offset: st.size, Missed: true})
	}
	return s
}

func (x *file) state() FileState {
	s := FileState{
		Source: x.source, Path: x.path, Log: x.root, Target: x.target, Dev: x.id.dev, Ino: x.id.ino,
		Head: x.head.sum, Marker: x.mark, Offset: x.pos,
		Size: x.last.size, Modified: x.last.mtime, Form: int(x.form),
		// What was not found again yet is still to be found by the next run.
		Open: x.fd != nil || x.resumed, Named: x.named || x.resumed && x.followed, Quiet: x.quiet, Ignored: x.ignored, Cut: x.cut, Lost: x.lost,
	}
	if x.copyOf != nil || x.base != nil || !x.placed {
		s.Undecided, s.Offset, s.Marker = true, 0, Digest{}
	}
	return s
}

// resume takes over what an earlier run knew. The files are closed until a
// name leads to them again.
func (f *Follower) resume(s *State) {
	f.began = s.Time
	for _, r := range s.Files {
		if r.Missed {
			f.missed[r.Path] = status{id: identity{r.Dev, r.Ino}, size: r.Offset}
			continue
		}
		f.sources = max(f.sources, r.Source)
		x := &file{
			source: r.Source, path: r.Path, root: r.Log, target: r.Target, id: identity{r.Dev, r.Ino},
			head: fingerprint{sum: r.Head}, mark: r.Marker, pos: r.Offset, seen: r.Offset,
			form: form(r.Form), limit: -1, named: r.Named, quiet: r.Quiet, ignored: r.Ignored, cut: r.Cut,
			last: status{size: r.Size, mtime: r.Modified, links: 1}, lost: r.Lost, lostAt: time.Now(),
			placed: !r.Undecided, resumed: r.Open, followed: r.Named,
			stems: stemsOf(r.Path, leadsTo(r.Path), r.Log, leadsTo(r.Log), r.Target),
		}
		f.bury(x)
		f.byID[x.id] = x
		// Logs may have come and gone again under its name.
		f.suspect(x.root)
	}
}
