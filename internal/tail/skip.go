package tail

import "bytes"

// A Skip is something that stands in a file and is in no batch.
type Skip struct {
	Source int
	Path   string
	// End is the offset, of the content, after what was skipped.
	End int64
	// Unfinished says that it is what stands behind the last newline of a
	// file that is read no further. Otherwise it is a line longer than MaxLine.
	Unfinished bool
	// Bytes is how long that is, but for NUL bytes before it; 0 of a line longer
	// than MaxLine.
	Bytes int64
	// Text is what is unfinished, nil if that is longer than MaxLine. It may be
	// used until the call is over.
	Text []byte
}

// skipLine tells that a line which is too long was left out.
func (f *Follower) skipLine(source int, path string, end int64) {
	if f.o.Skipped != nil {
		f.o.Skipped(Skip{Source: source, Path: path, End: end})
	}
}

// skipRest tells of what stands behind a last newline, if anything does.
func (f *Follower) skipRest(rest *Skip) {
	if rest != nil && f.o.Skipped != nil {
		f.o.Skipped(*rest)
	}
}

// plainRest returns what a plain file holds behind its last newline. A file
// that has grown meanwhile is still being written: its last line was only
// caught half-way.
func (f *Follower) plainRest(x *file) *Skip {
	from := max(x.pos, x.nul) // no line begins with the NUL bytes before
	if x.limit <= from {
		return nil
	}
	if info, err := x.fd.Stat(); err != nil || info.Size() > x.limit {
		return nil
	}
	s := &Skip{Source: x.source, Path: x.path, End: x.limit, Unfinished: true, Bytes: x.limit - from}
	if s.Bytes <= int64(f.o.MaxLine) {
		b := make([]byte, s.Bytes)
		k, err := f.readAt(x.fd, b, from)
		if err != nil {
			return nil // the bytes are counted as unfinished all the same
		}
		s.Text = b[:k]
	}
	return s
}

// streamRest is plainRest for content that can be read only once. The text is
// the cutter's.
func (f *Follower) streamRest(source int, path string, c *cutter) *Skip {
	if c.unfinished() <= 0 {
		return nil
	}
	s := &Skip{Source: source, Path: path, End: c.off, Unfinished: true, Bytes: c.unfinished()}
	if !c.skipping {
		if s.Text = bytes.TrimLeft(c.tail, "\x00"); len(s.Text) == 0 {
			return nil
		}
		s.Bytes = int64(len(s.Text))
	}
	return s
}
