package apachelog

import (
	"bytes"
	"math"
	"math/bits"
)

func trailingBytes(m uint64) int { return bits.TrailingZeros64(m) >> 3 }

func statusAt(line []byte, pos int) (int64, bool) {
	if len(line)-pos < 3 {
		return 0, false
	}
	s := line[pos : pos+3]
	a, b, c := s[0]-'0', s[1]-'0', s[2]-'0'
	return int64(a)*100 + int64(b)*10 + int64(c), a <= 9 && b <= 9 && c <= 9
}

// end returns where a value that starts at line[pos] ends by its grammar, -1 if
// none can start there. value decides whether it is one.
func (st *step) end(line []byte, pos int) int {
	dash := st.dash && pos < len(line) && line[pos] == '-'
	n := 0
	switch st.value {
	case literal, constant:
		n = len(st.constant)
		if dash && (n == 0 || st.constant[0] != '-') {
			n = 1
		}
	case connState:
		n = 1
	case status:
		n = 3
		if dash {
			n = 1
		}
	case clfTime:
		n = clfLength
		if dash {
			n = 1
		}
	case number, signed:
		if pos < len(line) && line[pos] == '-' && (dash || st.value == signed) {
			n = 1
		}
		if n == 0 || st.value == signed {
			for pos+n < len(line) && line[pos+n]-'0' <= 9 {
				n++
			}
		}
	case list:
		return listEnd(line, pos)
	case formatTime:
		switch sh := st.time.shape; {
		case st.dash && sh.first.has('-'):
			return st.run(line, pos)
		case dash:
			n = 1
		case sh.fixed > 0:
			n = sh.fixed
		case sh.closed:
			var v partValues
			if n = sh.match(line[pos:], &v); n < 0 {
				return -1
			}
		default:
			return st.run(line, pos)
		}
	default:
		return st.run(line, pos)
	}
	if len(line)-pos < n {
		return -1
	}
	return pos + n
}

// run returns the end of the run of bytes, from line[pos] on, that the value can
// hold.
func (st *step) run(line []byte, pos int) int {
	for i := pos; ; i++ {
		if i == len(line) || !st.set.has(line[i]) && !(st.value.isWord() && line[i] == '"' && escapedAt(line, pos, i)) {
			return i
		}
	}
}

// begin returns where a value that ends at line[hi] begins by its grammar; less
// than lo if there is no room for it.
func (st *step) begin(line []byte, lo, hi int) int {
	dash := st.dash && hi > lo && line[hi-1] == '-'
	switch st.value {
	case literal, constant:
		if dash && !bytes.HasSuffix(line[lo:hi], []byte(st.constant)) {
			return hi - 1
		}
		return hi - len(st.constant)
	case connState:
		return hi - 1
	case status:
		if dash {
			return hi - 1
		}
		return hi - 3
	case clfTime:
		if dash {
			return hi - 1
		}
		return hi - clfLength
	case formatTime:
		switch sh := st.time.shape; {
		case st.dash && sh.last.has('-'):
		case dash:
			return hi - 1
		case sh.fixed > 0:
			return hi - sh.fixed
		}
	}
	i := hi
	for i > lo && (st.set.has(line[i-1]) || st.value.isWord() && line[i-1] == '"' && escapedAt(line, lo, i-1)) {
		i--
	}
	return i
}

// valid says whether s is a value of the step's grammar, without noting it.
func (st *step) valid(s []byte) bool {
	if st.dash && len(s) == 1 && s[0] == '-' {
		return true
	}
	switch st.value {
	case literal, constant:
		return string(s) == st.constant
	case text, pathText:
		return !bareQuote(s)
	case rawText, rawPath:
		return true
	case rawQuery:
		return len(s) == 0 || s[0] == '?'
	case list:
		return len(s) > 0 && listEnd(s, 0) == len(s)
	case decimal:
		_, ok := st.decimal(s)
		return ok
	case userText:
		return len(s) > 0 && (string(s) == `""` || !bareQuote(s))
	case queryText:
		return len(s) == 0 || s[0] == '?' && !bareQuote(s)
	case token, anyWord:
		return (len(s) > 0 || st.value == anyWord) && wordEnd(s, 0) == len(s)
	case number, signed:
		_, ok := st.number(s)
		return ok
	case status:
		_, ok := statusAt(s, 0)
		return ok && len(s) == 3
	case address:
		return isAddress(s)
	case hexNumber, logID:
		return len(s) > 0 && st.run(s, 0) == len(s)
	case connState:
		return len(s) == 1 && (s[0] == 'X' || s[0] == '+' || s[0] == '-')
	case clfTime:
		var c clfCache
		if len(s) != clfLength {
			return false
		}
		_, ok := c.read(s)
		return ok
	case formatTime:
		var v partValues
		return st.time.shape.match(s, &v) == len(s)
	}
	return false
}

// value checks line[from:to] as the step's value and notes what is wanted of it.
func (p *Parser) value(st *step, line []byte, from, to int) bool {
	s := line[from:to]
	ok := true
	switch {
	case st.dash && len(s) == 1 && s[0] == '-':
		p.nums[st.slot&7] = 0
		p.absent |= st.absent
	case st.value == number || st.value == signed:
		p.nums[st.slot&7], ok = st.number(s)
	case st.value == decimal:
		p.nums[st.slot&7], ok = st.decimal(s)
	case st.value == status:
		p.nums[st.slot&7], ok = statusAt(s, 0)
		ok = ok && len(s) == 3
	case st.value == clfTime:
		if ok = len(s) == clfLength; ok {
			p.nums[st.slot&7], ok = st.clf.read(s)
		}
	case st.value == formatTime:
		ok = st.time.read(s, p)
	default:
		ok = st.valid(s)
	}
	if !ok {
		return p.fail(st, from)
	}
	if st.absent&Time != 0 && int(st.dir) == p.clock.plan.first {
		p.timeAt = from
	}
	if st.keep {
		p.spans[st.dir] = span{from, to}
	}
	return true
}

// number reads s and multiplies it by the step's scale.
func (st *step) number(s []byte) (int64, bool) {
	v, ok := parseNumber(s, st.value == signed)
	if st.scale > 1 {
		if v > math.MaxInt64/st.scale || v < -math.MaxInt64/st.scale {
			return 0, false
		}
		v *= st.scale
	}
	return v, ok
}

// decimal reads s and multiplies it by the step's scale.
func (st *step) decimal(s []byte) (int64, bool) {
	negative := len(s) > 0 && s[0] == '-'
	if negative || len(s) > 0 && s[0] == '+' {
		s = s[1:]
	}
	whole, fraction, point := bytes.Cut(s, []byte("."))
	v, ok := st.number(whole)
	if !ok || point && len(fraction) == 0 {
		return 0, false
	}
	unit := max(st.scale, 1)
	for _, c := range fraction {
		if c-'0' > 9 {
			return 0, false
		}
		unit /= 10
		v += int64(c-'0') * unit // what is finer than a nanosecond adds nothing
	}
	if negative {
		v = -v
	}
	return v, v >= 0 || negative
}

// listEnd returns where the list that starts at line[pos] ends. Behind a word that
// ends in a comma, and behind a colon between spaces, there is another word.
func listEnd(line []byte, pos int) int {
	end := wordEnd(line, pos)
	for end > pos {
		next := end
		switch {
		case line[end-1] == ',' && end < len(line) && line[end] == ' ':
			next = end + 1
		case bytes.HasPrefix(line[end:], []byte(" : ")):
			next = end + len(" : ")
		}
		after := wordEnd(line, next)
		if after == next || next == end {
			break
		}
		end = after
	}
	return end
}

// bareQuote says whether s holds a quotation mark that is not escaped.
func bareQuote(s []byte) bool { return indexCut(s, 0, '"') >= 0 }

// isAddress checks for digits, points and colons as addresses have them, and the
// name of a zone behind a percent sign.
func isAddress(s []byte) bool {
	zone := 0
	for i, c := range s {
		switch {
		case zone > 0 && c != '%' && c != ':' && setIP.has(c):
		case zone == 0 && addressBytes[c]:
		case zone == 0 && c == '%' && i > 0:
			zone = i
		default:
			return false
		}
	}
	return len(s) > zone+min(zone, 1)
}
