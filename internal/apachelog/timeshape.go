package apachelog

// part is one component of an instant.
type part uint8

const (
	partNone part = iota // checked for its form, says nothing that is used
	partYear
	partCentury
	partYear2
	partMonth
	partDay
	partYearDay
	partHour
	partHour12
	partHalf // 0 before noon, 1 after
	partMinute
	partSecond
	partZone // seconds east of Greenwich
	partZoneName
	partEpoch
	partEpochMilli
	partEpochMicro
	partMilli
	partMicro
	parts // how many there are
)

// partSet is a set of parts.
type partSet uint32

func (s partSet) has(p part) bool          { return s&(1<<p) != 0 }
func (s partSet) hasAll(want partSet) bool { return s&want == want }
func setOfParts(list ...part) (s partSet) {
	for _, p := range list {
		s |= 1 << p
	}
	return s
}

// partValues holds what was read of each part.
type partValues [parts]int64

// piece is one element of a time: digits, a name, a zone, or literal text.
type piece struct {
	part  part
	kind  pieceKind
	lit   string
	names []string
	width int  // digits: exactly so many bytes, padding included; 0: one digit or more
	most  int  // digits without a width: at most so many
	pad   byte // '0' or ' ', what stands in front of short numbers
	min   int64
	max   int64
}

type pieceKind uint8

const (
	pieceLit pieceKind = iota
	pieceDigits
	pieceName
	pieceZone       // ±hhmm
	piecePaddedZone // a sign, and hhmm as a number of width bytes, 0: as few as it takes
	pieceISOZone    // Z, or ±hh, ±hhmm, ±hh:mm for a width of 1, 2, 3
	pieceNothing    // no bytes: the part is 0 in every line
	pieceZoneName   // letters, or ±hh, at the right of width bytes
)

// timeShape is what one time directive logs.
type timeShape struct {
	pieces []piece
	set    byteSet
	first  byteSet
	last   byteSet
	fixed  int     // length of every value, 0 if they differ
	closed bool    // the value's end follows from its beginning
	gives  partSet // parts that it tells
	vague  bool    // digits of no fixed number meet further digits
}

// newShape derives from the pieces what scanning needs to know.
func newShape(ps []piece) *timeShape {
	sh := &timeShape{pieces: ps, closed: true}
	length := 0
	for i, p := range ps {
		set, n := p.set(), p.length()
		sh.set.union(set)
		if length >= 0 && n >= 0 {
			length += n
		} else {
			length = -1
		}
		if p.part != partNone {
			sh.gives |= 1 << p.part
		}
		if n < 0 && p.kind != pieceName && p.kind != pieceISOZone {
			switch {
			case i == len(ps)-1:
				sh.closed = false
			case set.meets(ps[i+1].firstSet()):
				sh.vague, sh.closed = true, false
			}
		}
	}
	sh.fixed = max(length, 0)
	if len(ps) > 0 {
		sh.first = ps[0].firstSet()
		sh.last = ps[len(ps)-1].lastSet()
	}
	if sh.vague {
		sh.gives = 0
	}
	return sh
}

// length returns how many bytes the piece takes, -1 if that differs.
func (p *piece) length() int {
	switch p.kind {
	case pieceLit:
		return len(p.lit)
	case pieceNothing:
		return 0
	case pieceZone:
		return len("+0000")
	case pieceName:
		for _, n := range p.names {
			if len(n) != len(p.names[0]) {
				return -1
			}
		}
		return len(p.names[0])
	case pieceDigits:
		if p.width > 0 {
			return p.width
		}
	case piecePaddedZone:
		if p.width > 0 {
			return 1 + p.width
		}
	}
	return -1
}

// set returns the bytes that the piece can hold.
func (p *piece) set() (s byteSet) {
	switch p.kind {
	case pieceLit:
		for i := range len(p.lit) {
			s.add(p.lit[i])
		}
	case pieceName:
		s = setOf("A-Za-z")
		s.add(p.names[0][0])
	case pieceDigits:
		s = setDigits
		if p.pad == ' ' {
			s.add(' ')
		}
	case pieceZone:
		s = setOf("0-9+-")
	case pieceISOZone:
		s = setOf("0-9Z:+-")
	case piecePaddedZone:
		s = setOf("0-9+ -")
	case pieceZoneName:
		s = setOf("A-Za-z0-9+-")
		if p.width > 0 {
			s.add(p.pad)
		}
	}
	return s
}

func (p *piece) firstSet() byteSet {
	if p.kind == pieceLit {
		return setOf(p.lit[:1])
	}
	return p.set()
}

func (p *piece) lastSet() byteSet {
	if p.kind == pieceLit {
		return setOf(p.lit[len(p.lit)-1:])
	}
	return p.set()
}

// match reads a value at the start of s into v and returns its length, or -1.
// Of digits without a width it takes as many as there are. Of a vague shape it
// only checks the bytes.
func (sh *timeShape) match(s []byte, v *partValues) int {
	pos := 0
	if sh.vague {
		for pos < len(s) && sh.set.has(s[pos]) {
			pos++
		}
		return pos
	}
	for i := range sh.pieces {
		n := sh.pieces[i].match(s[pos:], v)
		if n < 0 {
			return -1
		}
		pos += n
	}
	return pos
}

func (p *piece) match(s []byte, v *partValues) int {
	switch p.kind {
	case pieceLit:
		if len(s) < len(p.lit) || string(s[:len(p.lit)]) != p.lit {
			return -1
		}
		return len(p.lit)
	case pieceDigits:
		return p.matchDigits(s, v)
	case pieceName:
		for i, name := range p.names {
			if len(s) >= len(name) && s[0]|0x20 == name[0]|0x20 && equalFold(s[:len(name)], name) {
				v[p.part] = int64(i) + p.min
				return len(name)
			}
		}
	case pieceZone:
		if offset, ok := parseZone(s); ok {
			v[p.part] = int64(offset)
			return len("+0000")
		}
	case piecePaddedZone:
		return p.matchPaddedZone(s, v)
	case pieceISOZone:
		return p.matchISOZone(s, v)
	case pieceNothing:
		v[p.part] = 0
		return 0
	case pieceZoneName:
		return p.matchZoneName(s, v)
	}
	return -1
}

func (p *piece) matchDigits(s []byte, v *partValues) int {
	if p.width == 2 && p.pad == '0' && len(s) >= 2 { // nearly all of them
		x := int64(twoDigits(s))
		if x < p.min || x > p.max {
			return -1
		}
		v[p.part] = x
		return 2
	}
	n, most := 0, p.most
	if p.width > 0 {
		most = p.width
		if len(s) < most {
			return -1
		}
	}
	if p.pad == ' ' {
		for n < most-1 && n < len(s) && s[n] == ' ' {
			n++
		}
	}
	start, x := n, int64(0)
	for n < most && n < len(s) && s[n]-'0' <= 9 {
		if x > (1<<62)/10 {
			return -1
		}
		x = x*10 + int64(s[n]-'0')
		n++
	}
	if n == start || p.width > 0 && n != p.width || x < p.min || x > p.max {
		return -1
	}
	v[p.part] = x
	return n
}

// matchZoneName reads a zone's abbreviation. Only the names of Greenwich time
// are unique in the world, so it tells 1 for those and 0 for others.
func (p *piece) matchZoneName(s []byte, v *partValues) int {
	pads := 0
	for pads < p.width-1 && pads < len(s) && s[pads] == p.pad {
		pads++
	}
	s = s[pads:]
	n := 0
	for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' || s[n] >= '0' && s[n] <= '9' || s[n] == '+' || s[n] == '-') {
		n++
	}
	if n == 0 || pads > 0 && pads+n != p.width {
		return -1
	}
	v[partZoneName] = 0
	if equalFold(s[:n], "UTC") || equalFold(s[:n], "GMT") || equalFold(s[:n], "Z") {
		v[partZoneName] = 1
	}
	return pads + n
}

// matchPaddedZone reads what a padding flag or a width makes of ±hhmm.
func (p *piece) matchPaddedZone(s []byte, v *partValues) int {
	if len(s) == 0 || s[0] != '+' && s[0] != '-' {
		return -1
	}
	digits := piece{part: partZone, kind: pieceDigits, width: p.width, most: 4, pad: p.pad, max: 2359}
	n := digits.matchDigits(s[1:], v)
	if n < 0 || v[partZone]%100 > 59 {
		return -1
	}
	offset := v[partZone]/100*3600 + v[partZone]%100*60
	if s[0] == '-' {
		offset = -offset
	}
	v[partZone] = offset
	return 1 + n
}

// matchISOZone reads what Java's X makes of a zone.
func (p *piece) matchISOZone(s []byte, v *partValues) int {
	if len(s) > 0 && s[0] == 'Z' {
		v[partZone] = 0
		return 1
	}
	form := [...]string{"+hh", "+hhmm", "+hh:mm"}[min(max(p.width, 1), 3)-1]
	if len(s) < len(form) || p.width > 2 && s[3] != ':' {
		return -1
	}
	digits := [5]byte{s[0], s[1], s[2], '0', '0'}
	if p.width > 1 {
		copy(digits[3:], s[len(form)-2:len(form)])
	}
	offset, ok := parseZone(digits[:])
	if !ok {
		return -1
	}
	v[partZone] = int64(offset)
	return len(form)
}

// equalFold compares bytes, ASCII letters in any case.
func equalFold(s []byte, name string) bool {
	if len(s) != len(name) {
		return false
	}
	for i := range s {
		if s[i] != name[i] && (name[i] < 'A' || s[i]|0x20 != name[i]|0x20) {
			return false
		}
	}
	return true
}
