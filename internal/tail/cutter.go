package tail

import "bytes"

// A cutter makes whole lines of a stream that can be read only once: standard
// input and what comes out of a decompressor. It keeps the unfinished line
// between two blocks, never more than max bytes of it.
type cutter struct {
	max   int
	stats *Stats
	long  func(end int64) // told of a line that is longer than max and ends there; nil is not

	off      int64  // of the stream, after all that was taken in
	tail     []byte // the unfinished line
	skipping bool   // inside a line that is longer than max
	skipFrom int64  // where that line begins
	before   []byte // bytes of the stream right before the position, for the marker
}

// keptTail is the largest tail whose memory is kept for the next line.
const keptTail = 64 << 10

// position returns where the first line begins that has not been given out.
func (c *cutter) position() int64 {
	if c.skipping {
		return c.skipFrom
	}
	return c.off - int64(len(c.tail))
}

// unfinished returns how many bytes lie behind the last newline.
func (c *cutter) unfinished() int64 { return c.off - c.position() }

// room returns a buffer for the next block with the unfinished line at its
// beginning; read into it from index n on.
func (c *cutter) room(p *buffers, block int) (b []byte, n int) {
	// Growing with the line keeps the copying of a long one linear.
	b = p.get(max(block, 2*len(c.tail)))
	return b, copy(b, c.tail)
}

// cut takes in b, whose first old bytes are the unfinished line and whose rest
// is new, and returns the whole lines in it, a part of b.
func (c *cutter) cut(b []byte, old int) []byte {
	c.off += int64(len(b) - old)
	data, run := c.dropNUL(c.dropOversize(b, old))

	end := bytes.LastIndexByte(data, '\n') + 1
	c.keep(data[end:])
	if end == 0 {
		return nil
	}
	given := data[min(run, end):end]
	if len(given) < markerSize {
		given = append(bytes.Clone(c.before), given...)
	}
	c.before = bytes.Clone(lastBytes(given, markerSize))
	return data[:end]
}

// dropOversize removes the end of a line that is too long from the beginning
// of b. All other lines fit, because a block is no longer than max.
func (c *cutter) dropOversize(b []byte, old int) []byte {
	if !c.skipping && old == 0 {
		return b
	}
	i := bytes.IndexByte(b[old:], '\n')
	if c.skipping {
		if i < 0 {
			return nil
		}
	} else if i < 0 || old+i <= c.max {
		return b
	}
	c.skipping = false
	c.stats.OversizeLines++
	if c.long != nil {
		c.long(c.off - int64(len(b)-old-i-1))
	}
	c.before = nil
	return b[old+i+1:]
}

// keep remembers the unfinished line, or that it is too long to be remembered.
func (c *cutter) keep(rest []byte) {
	if c.skipping {
		return
	}
	if len(rest) > c.max {
		c.skipping = true
		c.skipFrom = c.off - int64(len(rest))
		rest = nil
	}
	if cap(c.tail) > keptTail && len(rest) <= keptTail {
		c.tail = nil
	}
	c.tail = append(c.tail[:0], rest...)
}

// dropNUL removes the NUL bytes at line starts from data, which begins at one.
// From index run on, the rest follows in the stream without a hole.
func (c *cutter) dropNUL(data []byte) (rest []byte, run int) {
	if bytes.IndexByte(data, 0) < 0 {
		return data, 0
	}
	w, start := 0, true
	for _, ch := range data {
		if start && ch == 0 {
			c.stats.NulBytes++
			c.before, run = nil, w
			continue
		}
		start = ch == '\n'
		data[w] = ch
		w++
	}
	return data[:w], run
}
