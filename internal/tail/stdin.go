package tail

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	// pipeBlock is what one read from standard input may bring: the capacity
	// of a pipe.
	pipeBlock = 64 << 10
	// pipeBlocks may wait between the reading goroutine and the follower.
	pipeBlocks = 16
	// pipePause is how long a read must have waited to count as blocked.
	pipePause = 5 * time.Millisecond
	// closePause is given to a read under way when the follower ends.
	closePause = 50 * time.Millisecond
)

// An input is standard input, read by a goroutine of its own, because a read
// from a pipe cannot be asked whether it would block.
type input struct {
	source int
	blocks chan inputBlock
	empty  chan []byte // buffers on their way back
	quit   chan struct{}
	ended  chan struct{} // closed when the goroutine has ended

	reading atomic.Int64 // since when a read is under way, Unix nanoseconds; 0 if none is
	stream  io.Reader

	cutter  cutter
	have    []inputBlock // at most one: taken from the channel and not yet cut
	eof     bool
	tallied bool // its unfinished line is counted
	err     error
	until   time.Time // this round reads what came before
	backed  bool      // it is a file's content as well: behind until its end
}

type inputBlock struct {
	data []byte
	buf  []byte // what data is a part of
	err  error
	at   time.Time // when the read began that brought it
}

func (f *Follower) openInput() *input {
	f.sources++
	in := &input{
		source: f.sources,
		blocks: make(chan inputBlock, pipeBlocks),
		empty:  make(chan []byte, pipeBlocks),
		quit:   make(chan struct{}),
		ended:  make(chan struct{}),
		stream: f.o.Stdin,
		cutter: cutter{max: f.o.MaxLine, stats: &f.stats},
		backed: f.o.FromStart || f.o.Once,
	}
	in.cutter.long = func(end int64) { f.skipLine(in.source, standardInput, end) }
	// It ends at the end of the input or an error. When quit is closed it ends
	// with the read under way; see close.
	go in.run()
	return in
}

func (in *input) run() {
	defer close(in.ended)
	defer close(in.blocks)
	r, err := unpackInput(&timedReader{in: in})
	for err == nil {
		var b []byte
		select {
		case b = <-in.empty:
		default:
			b = make([]byte, pipeBlock)
		}
		var n int
		at := time.Now()
		n, err = r.Read(b)
		if n == 0 && err == nil {
			continue
		}
		select {
		case in.blocks <- inputBlock{data: b[:n], buf: b, err: err, at: at}:
		case <-in.quit:
			return
		}
	}
	if r == nil {
		select {
		case in.blocks <- inputBlock{err: err, at: time.Now()}:
		case <-in.quit:
		}
	}
}

// A timedReader notes when a read of the input itself is under way.
type timedReader struct{ in *input }

func (r *timedReader) Read(b []byte) (int, error) {
	r.in.reading.Store(time.Now().UnixNano())
	defer r.in.reading.Store(0)
	return r.in.stream.Read(b)
}

// unpackInput recognises compressed input by its first bytes. It waits for no
// more of them than it needs: a line of text is told by its first letter.
func unpackInput(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, pipeBlock)
	for n := 1; n <= sniffSize; n++ {
		head, err := b.Peek(n)
		m := sniff(head)
		if m.packed() {
			return unpack(m, b)
		}
		if m == plain || err != nil {
			return b, nil
		}
	}
	return b, nil
}

// close ends the reading. A read that waits for somebody to write cannot be
// ended where the input has no deadlines; then the goroutine is left to end
// with that read, holding no more than one block.
func (in *input) close() {
	close(in.quit)
	if d, ok := in.stream.(interface{ SetReadDeadline(time.Time) error }); ok && d.SetReadDeadline(time.Unix(1, 0)) == nil {
		<-in.ended
		return
	}
	select {
	case <-in.ended:
	case <-time.After(closePause):
	}
}

func (in *input) number() int  { return in.source }
func (in *input) name() string { return standardInput }
func (in *input) log() string  { return standardInput }

// begin prepares a round that began at now. A read is given a moment: only
// when it has waited for that long, nothing more is there.
func (in *input) begin(now time.Time) { in.until = now }

// unread says whether a block has come that belongs to this round.
func (in *input) unread() bool {
	if in.err != nil || in.eof {
		return in.err != nil
	}
	in.fetch()
	return len(in.have) > 0 && !in.have[0].at.After(in.until)
}

func (in *input) fetch() {
	for len(in.have) == 0 && !in.eof {
		select {
		case b, ok := <-in.blocks:
			in.fetched(b, ok)
			return
		default:
		}
		since := in.reading.Load()
		if since != 0 && time.Since(time.Unix(0, since)) >= pipePause {
			return // blocked
		}
		select {
		case b, ok := <-in.blocks:
			in.fetched(b, ok)
		case <-time.After(pipePause):
			if since == 0 {
				return // unpacking takes long; there is more to come
			}
		}
	}
}

func (in *input) fetched(b inputBlock, ok bool) {
	if !ok {
		in.eof = true
		return
	}
	in.have = append(in.have, b)
}

// behind says whether input is expected that belongs to what was there at the
// start, though it has not come yet.
func (in *input) behind() bool { return in.backed && !in.eof }

// next cuts what has come, up to a block.
func (in *input) next(f *Follower) (lines, buf []byte, err error) {
	if in.err != nil {
		return nil, nil, in.err
	}
	buf, old := in.cutter.room(f.buffers, f.o.BlockSize)
	n := old
	for in.unread() && len(buf)-n >= 1 {
		b := &in.have[0]
		k := copy(buf[n:], b.data)
		n += k
		if b.data = b.data[k:]; len(b.data) > 0 {
			break
		}
		if b.err != nil && !errors.Is(b.err, io.EOF) {
			// The lines before it come first.
			in.err = fmt.Errorf("read standard input: %w", b.err)
		}
		select {
		case in.empty <- b.buf:
		default:
		}
		in.have = in.have[:0]
		if len(in.blocks) == 0 || in.err != nil {
			break
		}
	}
	lines = in.cutter.cut(buf[:n], old)
	if lines == nil {
		f.buffers.put(buf)
		buf = nil
	}
	return lines, buf, nil
}
