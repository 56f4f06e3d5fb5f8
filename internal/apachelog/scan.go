package apachelog

import (
	"bytes"
	"encoding/binary"
)

// match reads line[lo:] by a group, all of it. On failure p.err says why.
func (p *Parser) match(g *group, line []byte, lo int) bool {
	pos := lo
	for i := range g.left {
		st := &g.left[i]
		from := pos
		switch st.op {
		case opLiteral:
		case opToken:
			pos = wordEnd(line, pos)
			if pos == from && st.value == token {
				return p.fail(st, from)
			}
		case opNumber:
			v := int64(0)
			for pos < len(line) && line[pos]-'0' <= 9 {
				v = v*10 + int64(line[pos]-'0')
				pos++
			}
			p.nums[st.slot&7] = v * st.scale
			if uint(pos-from-1) >= uint(st.digits) { // none, or so many that they may not fit
				if pos = p.field(st, line, from); pos < 0 {
					return false
				}
			}
		case opAddress:
			for pos < len(line) && addressBytes[line[pos]] {
				pos++
			}
			if pos == from || pos < len(line) && setIP.has(line[pos]) { // nothing, or more to look at
				if pos = p.field(st, line, from); pos < 0 {
					return false
				}
			}
		case opStatus:
			if v, ok := statusAt(line, pos); ok {
				p.nums[st.slot&7] = v
				pos += 3
			} else if pos = p.field(st, line, from); pos < 0 {
				return false
			}
		case opCLF:
			if len(line)-pos < clfLength {
				return p.fail(st, from)
			}
			v, ok := st.clf.read(line[pos : pos+clfLength])
			if !ok {
				return p.fail(st, from)
			}
			p.nums[st.slot&7] = v
			pos += clfLength
		case opText:
			n := bytes.IndexByte(line[pos:], st.cut)
			if st.quick && (n == 0 || n > 0 && line[pos+n-1] != '\\') {
				pos += n
			} else if pos = p.text(st, line, pos); pos < 0 {
				return false
			}
		case opDash:
			pos++
		case opGroup:
			if pos = p.group(st, line, pos); pos < 0 {
				return false
			}
		default:
			if pos = p.field(st, line, pos); pos < 0 {
				return false
			}
		}
		if st.keep {
			p.spans[st.dir] = span{from, pos}
		}
		pos += int(st.skip)
		if st.litLen == 0 {
			continue
		}
		if len(line)-pos >= 4 && st.short {
			if binary.LittleEndian.Uint32(line[pos:])&st.mask != st.word {
				return p.failAt(st.dir, pos, st.wantLit)
			}
		} else if !st.follows(line, pos) {
			return p.failAt(st.dir, pos, st.wantLit)
		}
		pos += int(st.litLen)
	}
	return p.matchRest(g, line, pos)
}

// matchRest reads line[lo:] by what a group holds behind the steps from the left.
func (p *Parser) matchRest(g *group, line []byte, lo int) bool {
	hi := len(line)
	for i := range g.right {
		if hi = p.fieldBack(&g.right[i], line, lo, hi); hi < 0 {
			return false
		}
	}
	switch {
	case g.lone:
		return p.value(&g.mid[0], line, lo, hi)
	case g.search:
		return p.search(g.mid, line, lo, hi)
	case lo != hi:
		return p.failAt(p.lastDirective(g), lo, "the end")
	}
	return true
}

// lastDirective returns the directive in front of the place where a group
// without a middle ends.
func (p *Parser) lastDirective(g *group) int32 {
	if n := len(g.left); n > 0 {
		return g.left[n-1].dir
	}
	return -1
}

// fail notes that a step's value does not stand at line[pos:].
func (p *Parser) fail(st *step, pos int) bool {
	return p.failAt(st.dir, pos, st.want)
}

func (p *Parser) failAt(dir int32, pos int, want string) bool {
	p.err = LineError{Column: pos + 1, Expected: want}
	if dir >= 0 {
		p.err.Directive = p.format.dirs[dir].source
	}
	return false
}

// wordEnd returns the end of the word that starts at line[pos]: the first space,
// control byte or quotation mark that is not escaped.
func wordEnd(line []byte, pos int) int {
	const ones = 0x0101010101010101
	for from := pos; ; {
		for len(line)-pos >= 8 {
			x := binary.LittleEndian.Uint64(line[pos:])
			// The lowest marked byte is exact: below 0x21, or a quotation mark.
			q := x ^ '"'*ones
			m := ((x - 0x21*ones) &^ x) | ((q - ones) &^ q)
			if m &= 0x80 * ones; m != 0 {
				pos += trailingBytes(m)
				goto stop
			}
			pos += 8
		}
		for pos < len(line) && line[pos] > ' ' && line[pos] != '"' {
			pos++
		}
	stop:
		if pos == len(line) || line[pos] != '"' || !escapedAt(line, from, pos) {
			return pos
		}
		pos++
	}
}

// escapedAt says whether an odd number of backslashes stands before line[pos],
// not counting any in front of line[lo].
func escapedAt(line []byte, lo, pos int) bool {
	n := 0
	for pos-n > lo && line[pos-n-1] == '\\' {
		n++
	}
	return n&1 == 1
}

// indexCut returns where the first cut byte from line[pos] stands that is not
// escaped, -1 if there is none. Only a quotation mark can be escaped.
func indexCut(line []byte, pos int, cut byte) int {
	for at := pos; ; {
		n := bytes.IndexByte(line[at:], cut)
		if n < 0 {
			return -1
		}
		at += n
		if cut != '"' || at == pos || line[at-1] != '\\' || !escapedAt(line, pos, at) {
			return at
		}
		at++
	}
}

// text reads a text that reaches to a cut byte and returns where that stands, -1
// if the line does not match.
func (p *Parser) text(st *step, line []byte, pos int) int {
	end := indexCut(line, pos, st.cut)
	if end < 0 {
		p.failAt(st.dir, len(line), st.wantCut)
		return -1
	}
	if st.quick {
		return end
	}
	if st.cut == '"' && end == pos && st.value == userText && pos+2 < len(line) && line[pos+1] == '"' && line[pos+2] == '"' {
		return pos + 2
	}
	if !p.value(st, line, pos, end) {
		return -1
	}
	return end
}

// group reads several values that reach to a cut byte and returns where that
// stands, -1 if the line does not match.
func (p *Parser) group(st *step, line []byte, pos int) int {
	if g := st.guess; g != nil && !p.plain {
		end := pos + g.length
		if end < len(line) && line[pos] == '-' && line[end] == st.cut && p.match(g.group, line[:end], pos) {
			return end
		}
	}
	end := indexCut(line, pos, st.cut)
	if end < 0 {
		p.failAt(st.dir, len(line), st.wantCut)
		return -1
	}
	absent, ambiguous := p.absent, p.ambiguous
	if p.match(st.group, line[:end], pos) {
		return end
	}
	if st.pair && st.cut == '"' && end+1 < len(line) && line[end+1] == '"' {
		// An empty user is two bare quotation marks, the only ones in a value.
		failure := p.err
		p.absent, p.ambiguous = absent, ambiguous
		end = indexCut(line, end+2, st.cut)
		if end >= 0 && p.match(st.group, line[:end], pos) {
			return end
		}
		p.err = failure
	}
	return -1
}

// field reads a value from the left the plain way and returns its end, -1 if the
// line does not match.
func (p *Parser) field(st *step, line []byte, pos int) int {
	end := st.end(line, pos)
	if end < 0 {
		p.fail(st, pos)
		return -1
	}
	if !p.value(st, line, pos, end) {
		return -1
	}
	return end
}

// fieldBack reads a value that ends at line[hi] and returns its beginning, -1 if
// the line does not match.
func (p *Parser) fieldBack(st *step, line []byte, lo, hi int) int {
	if st.op == opGroup {
		at := bytes.LastIndexByte(line[lo:hi], st.cut)
		if at < 0 {
			p.failAt(st.dir, lo, st.wantCut)
			return -1
		}
		if !p.match(st.group, line[:hi], lo+at+1) {
			return -1
		}
		return lo + at + 1
	}
	if !p.plain {
		switch st.value {
		case literal:
			return p.literalBack(st, line, lo, hi)
		case number:
			if from := p.numberBack(st, line, lo, hi); from >= 0 {
				return from
			}
		}
	}
	from := st.begin(line, lo, hi)
	if from < lo {
		p.fail(st, lo)
		return -1
	}
	if !p.value(st, line, from, hi) {
		return -1
	}
	return from
}

// literalBack is fieldBack for a literal.
func (p *Parser) literalBack(st *step, line []byte, lo, hi int) int {
	from := hi - len(st.constant)
	if from < lo || string(line[from:hi]) != st.constant {
		p.fail(st, max(lo, from))
		return -1
	}
	return from
}

// numberBack is fieldBack for digits that fit and have nothing before them that
// could be of the value; -1 says that the plain way has to look.
func (p *Parser) numberBack(st *step, line []byte, lo, hi int) int {
	v, unit, from := int64(0), int64(1), hi
	for from > lo && line[from-1]-'0' <= 9 {
		from--
		v += int64(line[from]-'0') * unit
		unit *= 10
	}
	if uint(hi-from-1) >= 18 || from > lo && st.set.has(line[from-1]) {
		return -1
	}
	p.nums[st.slot&7] = v
	if st.keep {
		p.spans[st.dir] = span{from, hi}
	}
	return from
}
