package apachelog

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// The quick way reads lines of a Block. It takes a line only if every value is
// of the common kind: no escapes where a text ends, no minus signs, numbers of a
// few digits. What it takes, match would take with the same result; it says
// nothing about other lines, which are then left to match. So it needs no errors,
// and no step needs to look at more than the few bytes that decide.

// quickOp says of which common kind a value is.
type quickOp uint8

const (
	quickNothing quickOp = iota // there is no value, only the literal
	quickWord                   // ends before a space or control byte, or a quotation mark that is not escaped
	quickPort                   // a word, a byte and digits
	quickDigits
	quickStatus
	quickCLF
	quickQuoted // a text up to a quotation mark
	quickText   // a text up to another byte, without quotation marks in it
	quickTime   // a time of fixed length
	quickAddress
	quickState // a connection's, one byte
	quickStep  // anything else: the step itself reads it
)

// quick is one move: a value and the literal that follows.
type quick struct {
	lit  uint64 // the first bytes of the literal
	mask uint64 // which bytes of lit there are
	size int    // of the whole literal
	text string // all of it
	more bool   // it is longer, or dashes may stand in its place

	// Where words follow that are "-" in nearly every line, and that nobody asked
	// for, dashes is the literal with these words and what follows them. If it
	// stands there, the next steps are left out.
	dashes     uint64
	dashMask   uint64
	dashSize   int
	dashedOver int

	op    quickOp
	slot  slot
	keep  bool
	empty bool // the value may be empty
	dash  bool // it may be "-" though it is a number
	dir   int32
	scale int64
	clf   *clfCache
	step  *step
}

// quicken makes the quick way of a Parser whose steps are fitted.
func (p *Parser) quicken() {
	for i := range p.top.left {
		p.quickenStep(&p.top.left[i])
	}
	for i := range p.quick {
		p.dashOver(i)
	}
	p.simple = len(p.top.right) == 0 && !p.top.lone && !p.top.search
}

func (p *Parser) quickenStep(st *step) {
	lit := st.lit
	if st.skip > 0 {
		lit = string(st.cut) + lit
	}
	if st.op == opGroup && (p.quickenGuess(st, lit) || p.quickenPort(st, lit)) {
		return
	}
	p.addQuick(quickOf(st), st, lit)
}

// addQuick adds a step and the literal that follows it.
func (p *Parser) addQuick(op quickOp, st *step, lit string) {
	q := quick{
		op: op, step: st, dir: st.dir, keep: st.keep, slot: st.slot & 7, scale: st.scale, dash: st.dash, clf: st.clf,
		empty: st.value != token && st.value != userText, size: len(lit), text: lit,
	}
	q.lit, q.mask = firstBytes(lit)
	q.more = len(lit) > 8
	p.quick = append(p.quick, q)
}

// firstBytes returns the first eight bytes of a literal, as they are read from a
// line, and which of them there are.
func firstBytes(lit string) (word, mask uint64) {
	var head, there [8]byte
	for i := range copy(head[:], lit) {
		there[i] = 0xff
	}
	return binary.LittleEndian.Uint64(head[:]), binary.LittleEndian.Uint64(there[:])
}

// dashOver lets step i take words along that follow it.
func (p *Parser) dashOver(i int) {
	q := &p.quick[i]
	lit := q.text
	for n, next := range p.quick[i+1:] {
		if lit == "" || next.op != quickWord || next.keep || next.size == 0 {
			return
		}
		if lit += "-" + next.text; len(lit) > 8 {
			return
		}
		q.dashes, q.dashMask = firstBytes(lit)
		q.dashSize, q.dashedOver, q.more = len(lit), n+1, true
	}
}

// quickOf says how a step's value can be read.
func quickOf(st *step) quickOp {
	switch st.op {
	case opLiteral:
		return quickNothing
	case opToken:
		return quickWord
	case opNumber:
		return quickDigits
	case opStatus:
		return quickStatus
	case opCLF:
		return quickCLF
	case opAddress:
		return quickAddress
	case opText:
		switch st.value {
		case text, pathText, userText:
			if st.cut == '"' {
				return quickQuoted
			}
			return quickText
		case queryText:
			if st.cut != '"' {
				return quickText
			}
		}
	case opField:
		switch {
		case st.value == formatTime && st.time.shape.fixed > 0 && !st.time.shape.set.has('\n') && !st.dash:
			return quickTime
		case st.value == connState:
			return quickState
		}
	}
	return quickStep
}

// quickenGuess reads a group that is a text and fixed shapes, if the text is a
// word: no cut byte can then stand before the one that ends the shapes.
func (p *Parser) quickenGuess(st *step, lit string) bool {
	if st.guess == nil {
		return false
	}
	left := st.guess.group.left
	switch left[0].value {
	case text, userText, pathText:
	default:
		return false
	}
	if left[0].lit == "" || setWord.has(left[0].lit[0]) {
		return false
	}
	for i := range left {
		op, follow := quickOf(&left[i]), left[i].lit
		if i == 0 {
			op = quickWord
		}
		if i == len(left)-1 {
			follow += lit
		}
		p.addQuick(op, &left[i], follow)
	}
	return true
}

// quickenPort reads a group that is a word, a byte that words can hold, and a
// number: a host and its port.
func (p *Parser) quickenPort(st *step, lit string) bool {
	g := st.group
	if len(g.left) > 0 || len(g.right) != 2 || !g.lone || g.mid[0].value != token || setWord.has(st.cut) ||
		g.right[0].value != number || g.right[0].dash || g.right[1].value != literal || len(g.right[1].constant) != 1 {
		return false
	}
	p.addQuick(quickPort, st, lit)
	return true
}

// ParseNext is Parse for the next line of a block, of which there is one.
func (p *Parser) ParseNext(b *Block, rec *Record) error {
	if rec.owner != p {
		rec.adopt(p)
	}
	p.spans, p.absent, p.ambiguous = rec.spans, 0, false
	if p.quick == nil || !p.quickly(b) {
		b.skip()
	} else if p.finish(b.Line(), rec) == nil {
		return nil
	}
	return p.Parse(b.Line(), rec)
}

// quickly reads the next line of a block the quick way, and says whether it
// could. If not, the block stays where it is.
func (p *Parser) quickly(b *Block) bool {
	data, pos := b.data, b.next
	b.place = b.first
	last := len(data) - 8 // from there on no eight bytes are left to look at
	for steps := p.quick; len(steps) > 0; steps = steps[1:] {
		q, from := &steps[0], pos
		switch q.op {
		case quickNothing:
		case quickWord:
			for {
				if pos > last {
					return false
				}
				if m := wordStops(eight(data, pos)); m != 0 {
					pos += trailingBytes(m)
					break
				}
				pos += 8
			}
			if pos == from {
				if !q.empty {
					return false
				}
			} else if data[pos-1] == '\\' { // the quotation mark may be the word's own
				return false
			}
		case quickPort:
			if pos = p.port(q.step, b, pos); pos < 0 {
				return false
			}
		case quickDigits:
			if pos > last {
				return false
			}
			x := eight(data, pos)
			n := leadingDigits(x)
			switch {
			case uint(n-1) < 7:
				if q.slot != slotNone {
					p.nums[q.slot&7] = digitsValue(x, n) * q.scale
				}
			case n != 0 || !q.dash || data[pos] != '-': // none, or too many to be all
				return false
			default:
				n, p.nums[q.slot&7] = 1, 0
				p.absent |= q.step.absent
			}
			pos += n
		case quickStatus:
			if pos > last {
				return false
			}
			v, ok := threeDigits(eight(data, pos))
			if !ok {
				return false
			}
			p.nums[q.slot&7] = v
			pos += 3
		case quickCLF:
			if len(data)-pos < clfLength {
				return false
			}
			v, ok := q.clf.read(data[pos : pos+clfLength])
			if !ok {
				return false
			}
			p.nums[q.slot&7] = v
			pos += clfLength
		case quickQuoted:
			pos = b.stop(pos)
			if pos == from {
				if !q.empty {
					return false
				}
			} else if data[pos-1] == '\\' {
				return false
			}
		default:
			if pos = p.quickRest(q, b, pos); pos < 0 {
				return false
			}
		}
		if q.keep {
			p.spans[q.dir] = span{from - b.next, pos - b.next}
		}
		if pos > last {
			return false
		}
		next := eight(data, pos)
		if next&q.mask != q.lit {
			return false
		}
		pos += q.size
		if q.more {
			if next&q.dashMask == q.dashes && q.dashSize > 0 {
				pos += q.dashSize - q.size
				steps = steps[q.dashedOver:]
			} else if q.size > 8 && (pos > len(data) || string(data[pos-q.size:pos]) != q.text) {
				return false
			}
		}
	}
	return p.quickEnd(b, pos)
}

// eight returns the eight bytes from data[pos] on, the first one lowest.
func eight(data []byte, pos int) uint64 {
	return binary.LittleEndian.Uint64(data[pos : pos+8 : pos+8])
}

// quickEnd reads what is left of a line from data[pos] on, and moves the block
// behind it.
func (p *Parser) quickEnd(b *Block, pos int) bool {
	if !p.simple {
		line := b.peek()
		if pos-b.next > len(line) || !p.matchRest(p.top, line, pos-b.next) {
			return false
		}
		pos = b.next + len(line)
	}
	end := b.stop(pos)
	switch {
	case end == len(b.data) || b.data[end] != '\n':
		return false
	case end == pos:
		if pos > b.next && b.data[pos-1] == '\r' {
			return false // it belongs to the newline, not to the line
		}
	case end > pos+1 || b.data[pos] != '\r':
		return false
	}
	b.pass(pos, end)
	return true
}

// quickRest reads the values that are not so common, and returns their end, -1 if
// it cannot be told.
func (p *Parser) quickRest(q *quick, b *Block, pos int) int {
	switch st, data := q.step, b.data; q.op {
	case quickText:
		n := bytes.IndexByte(data[pos:b.stop(pos)], st.cut)
		if n < 0 || n == 0 && !q.empty || n > 0 && st.value == queryText && data[pos] != '?' {
			return -1
		}
		return pos + n
	case quickTime:
		end := pos + st.time.shape.fixed
		if end > len(data) || !st.time.read(data[pos:end], p) {
			return -1
		}
		return end
	case quickAddress:
		end := pos
		for end < len(data) && addressBytes[data[end]] {
			end++
		}
		if end == pos || end < len(data) && setIP.has(data[end]) { // nothing, or more to look at
			return -1
		}
		return end
	case quickState:
		if pos == len(data) || data[pos] != '+' && data[pos] != '-' && data[pos] != 'X' {
			return -1
		}
		return pos + 1
	}
	if end := p.quickField(q.step, b.peek(), pos-b.next); end >= 0 {
		return b.next + end
	}
	return -1
}

// quickField has the step itself read a value of a line.
func (p *Parser) quickField(st *step, line []byte, pos int) int {
	switch {
	case pos > len(line):
		return -1
	case st.op == opGroup:
		return p.group(st, line, pos)
	case st.op == opText:
		return p.text(st, line, pos)
	}
	return p.field(st, line, pos)
}

// port reads the group of a host and its port up to the byte that ends it.
func (p *Parser) port(st *step, b *Block, pos int) int {
	data, end := b.data, pos
	for {
		if len(data)-end < 8 {
			return -1
		}
		if m := wordStops(eight(data, end)); m != 0 {
			end += trailingBytes(m)
			break
		}
		end += 8
	}
	port, between, host := &st.group.right[0], st.group.right[1].constant[0], &st.group.mid[0]
	if end < 8 {
		return -1
	}
	before := eight(data, end-8)
	n := trailingDigits(before)
	from := end - n
	if uint(n-1) >= 7 || from-1 <= pos || data[from-1] != between {
		return -1
	}
	if port.slot != slotNone {
		p.nums[port.slot&7] = digitsValue(before>>(64-8*n), n)
	}
	if port.keep {
		p.spans[port.dir] = span{from - b.next, end - b.next}
	}
	if host.keep {
		p.spans[host.dir] = span{pos - b.next, from - 1 - b.next}
	}
	return end
}

// wordStops marks the bytes of x that end a word: those below 0x21, and quotation
// marks. The lowest mark is exact.
func wordStops(x uint64) uint64 {
	const ones = 0x0101010101010101
	q := x ^ '"'*ones
	return (((x - 0x21*ones) &^ x) | ((q - ones) &^ q)) & (0x80 * ones)
}

// threeDigits returns the number that the first three bytes of x are, the lowest
// first, and whether they are digits.
func threeDigits(x uint64) (v int64, ok bool) {
	x ^= '0' * 0x010101
	ok = ((x&0xffffff+0x767676)|x)&0x808080 == 0
	return int64(x&0xff*100 + x>>8&0xff*10 + x>>16&0xff), ok
}

// trailingDigits returns how many of the eight bytes of x, the highest first, are
// digits up to one that is none.
func trailingDigits(x uint64) int {
	const ones = 0x0101010101010101
	x ^= '0' * ones
	m := (x&(0x7f*ones) + 0x76*ones | x) & (0x80 * ones)
	return bits.LeadingZeros64(m) >> 3 // 8 if none is marked
}

// leadingDigits returns how many of the eight bytes of x, the lowest first, are
// digits up to one that is none.
func leadingDigits(x uint64) int {
	const ones = 0x0101010101010101
	x ^= '0' * ones
	// The lowest marked byte is exact: more than nine.
	m := ((x + 0x76*ones) | x) & (0x80 * ones)
	return bits.TrailingZeros64(m) >> 3 // 8 if none is marked
}

// digitsValue returns what the first n bytes of x, the lowest first, are as digits.
func digitsValue(x uint64, n int) int64 {
	x ^= '0' * 0x0101010101010101
	x <<= 64 - 8*n  // zeros in front; nothing is left of x for n = 0
	x = x*10 + x>>8 // pairs of digits in every second byte
	const pair = 0x000000ff000000ff
	return int64(((x&pair)*(100+1000000<<32) + (x>>16&pair)*(1+10000<<32)) >> 32)
}
