package tail

import "io"

// Progress is how much of what is to be read has been read, in bytes as they
// lie on disk: those of a compressed file are compressed ones. Standard input,
// whose end is not known, is not in it. What an earlier run has read of a plain
// file is not in it either; a compressed file has to be unpacked from its
// beginning again.
type Progress struct {
	Files     int // found so far, files closed again in this run included
	FilesDone int // of these, read to where reading ends for now
	Bytes     int64
	BytesDone int64
}

// progress adds up what the follower knows of its files.
func (f *Follower) progress() Progress {
	p := Progress{
		Files:     f.finishedFiles + len(f.queue),
		FilesDone: f.finishedFiles,
		Bytes:     f.bytesDone,
		BytesDone: f.bytesDone,
	}
	for _, q := range f.queue {
		p.Bytes += q.st.size
	}
	for _, x := range f.open {
		if x.ignored {
			continue
		}
		p.Files++
		if !x.unread() && !x.doubted && !x.looked.IsZero() {
			p.FilesDone++
		}
		p.Bytes += x.remaining()
	}
	return p
}

// readCounted is read, and counts what it takes off the backlog.
func (f *Follower) readCounted(s feed) (Batch, error) {
	x, isFile := s.(*file)
	if !isFile {
		return f.read(s)
	}
	before := x.remaining()
	b, err := f.read(s)
	f.bytesDone += max(0, before-x.remaining())
	f.stats.Progress.BytesDone = f.bytesDone
	return b, err
}

// remaining is how many bytes on disk are still to be read of x.
func (x *file) remaining() int64 {
	switch {
	case x.fd == nil || x.copyOf != nil || x.ignored || x.cut:
		return 0
	case x.form.packed():
		if x.done || x.stuck != nil {
			return 0
		}
		if x.stream == nil {
			return x.last.size
		}
		taken, _ := x.stream.packed.Seek(0, io.SeekCurrent) // it only tells
		return max(0, x.last.size-taken)
	}
	end := x.last.size
	if x.limit >= 0 {
		end = min(end, x.limit)
	}
	return max(0, end-max(x.pos, x.seen, x.nul))
}
