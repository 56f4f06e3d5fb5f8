package tail

import (
	"bytes"
	"iter"
	"sync"
	"time"
)

// A Batch is a block of whole lines of one file, or a tick.
type Batch struct {
	// Source numbers one generation of a file, from 1. A file that was
	// truncated or replaced has a new number; none is used twice in a run.
	Source int
	Path   string
	// Log is the followed path that the file belongs to: that of the log
	// itself, also when Path is the name of a rotated one.
	Log string
	// Data holds whole lines, each ending in a newline. It belongs to the
	// receiver until Release.
	Data []byte
	// End is the position after Data.
	End Position
	// Time is when Data was read.
	Time time.Time
	// Tick is non-nil in a batch without data.
	Tick *Tick

	home *buffers
	buf  []byte
}

// A Tick lets time flow down the same pipe as lines.
type Tick struct {
	// Now is the beginning of the round. Unless Behind, every line that was
	// written before it to a followed file has been given out.
	Now time.Time
	// Low, in Unix seconds, is Now unless Behind. Then it is the lowest clock
	// of the files still behind, math.MinInt64 if one of them is unknown.
	Low int64
	// Behind says that bytes which were there at Now are still unread.
	Behind bool
}

// Lines yields the lines of b without their newline and without one carriage
// return before it. The slices belong to the batch.
func (b Batch) Lines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		data := b.Data
		for len(data) > 0 {
			i := bytes.IndexByte(data, '\n')
			if i < 0 {
				return
			}
			line := data[:i]
			data = data[i+1:]
			if i > 0 && line[i-1] == '\r' {
				line = line[:i-1]
			}
			if !yield(line) {
				return
			}
		}
	}
}

// Release gives the memory of Data back. Call it once, from any goroutine;
// after it neither Data nor a line of it may be used. A batch that is never
// released is left to the garbage collector.
func (b Batch) Release() {
	if b.home != nil {
		b.home.put(b.buf)
	}
}

// buffers is a free list of equally large blocks. Idle files hold none.
type buffers struct {
	size int
	kept int // blocks at most
	mu   sync.Mutex
	free [][]byte
}

// get returns a buffer of n bytes. Only those that fit the common size are
// recycled, so that one huge line does not leave huge buffers behind.
func (p *buffers) get(n int) []byte {
	if n > p.size {
		return make([]byte, n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.free) - 1; last >= 0 {
		b := p.free[last]
		p.free = p.free[:last]
		return b[:n]
	}
	return make([]byte, p.size)[:n]
}

func (p *buffers) put(b []byte) {
	if cap(b) != p.size {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < p.kept {
		p.free = append(p.free, b[:p.size])
	}
}
