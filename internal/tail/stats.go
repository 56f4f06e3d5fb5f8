package tail

// Stats counts what happened since Batches began. Bytes of compressed files
// are those of their content.
type Stats struct {
	// State at the last look.
	Files   int   // files followed, open or waiting to be read
	Held    int   // open files that have lost their name
	Deleted int   // of these, files that have no name at all any more
	Lag     int64 // bytes on disk that have not been given out
	Trouble int   // paths that cannot be read for now, each said in the log
	Begun   int64 // files begun so far, each generation counted
	Scans   int64 // looks for names so far

	Progress Progress // all but BytesDone as of the last tick

	BytesRead       int64 // given out in batches
	OutsideBytes    int64 // not read because of Since and Until; of compressed files those on disk
	OversizeLines   int64 // skipped because they are longer than MaxLine
	NulBytes        int64 // dropped at the beginning of lines
	UnfinishedBytes int64 // of last lines without a newline in files read no further

	Rotations   int64 // a path shows another file and the old one still has a name
	Replaced    int64 // a path shows another file and the old one has none
	Truncations int64
	Gaps        int64 // places where bytes vanished before they were read
	GapBytes    int64 // bytes known to have vanished there
	Continued   int64 // copies and compressed copies recognised and not read twice

	OpenErrors     int64
	ReadErrors     int64
	Damaged        int64 // compressed files that do not end cleanly
	EventOverflows int64 // times the kernel dropped events
	WatchErrors    int64
}

// Stats returns the counters as they were when the last batch was given out.
// It may be called from any goroutine.
func (f *Follower) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.published
}

// publish makes the loop's own counters visible to others.
func (f *Follower) publish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.published = f.stats
	f.published.Trouble = len(f.said)
	f.published.Begun = int64(f.sources)
}
