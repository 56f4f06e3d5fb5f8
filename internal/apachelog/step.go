package apachelog

import "encoding/binary"

// op says how the end of a step's value is found.
type op uint8

const (
	opField   op = iota // by its grammar, the plain way
	opLiteral           // there is no value, only the literal
	opToken             // the first space, control byte or quotation mark
	opNumber            // the first byte that is no digit
	opAddress           // the first byte that is not of an address without a zone
	opStatus
	opCLF
	opDash  // there is nothing but "-"
	opText  // a text up to a cut byte
	opGroup // several values up to a cut byte
)

// slot is where a number goes.
type slot uint8

const (
	slotNone slot = iota
	slotTime
	slotStatus
	slotBytes
	slotBytesIn
	slotDuration
	slots
)

// step is one move of the matcher: a value, the byte at which it is cut off if
// it is, and the literal that follows. What every line needs comes first, to lie
// in one cache line.
type step struct {
	op     op
	value  value
	slot   slot
	cut    byte
	skip   uint8 // 1 if the cut byte is stepped over
	keep   bool  // the value's place is noted in the record
	quick  bool  // a text that is anything up to the cut byte
	short  bool  // the literal has no more than four bytes
	digits uint8 // up to so many of a number's digits need no look at limits
	litLen int32
	dir    int32
	word   uint32 // the first four bytes of the literal
	mask   uint32 // which bytes of word there are
	clf    *clfCache
	guess  *guess
	group  *group
	lit    string // the literal that follows

	dash     bool
	pair     bool // the group holds a user, who may be two bare quotation marks
	set      byteSet
	scale    int64 // what the number is multiplied by, for opNumber at least 1
	absent   Field // set in the record if the value is "-"
	time     *timeState
	constant string

	want    string // what the value looks like, for people
	wantLit string
	wantCut string
}

// guess is a second way to read a group that is a text and fixed shapes: nearly
// always the text is "-", and if the shapes fit behind it, no cut byte can stand
// before the one that ends them.
type guess struct {
	length int // of the whole group then
	group  *group
}

func newStep(e *element) step {
	st := step{value: e.value, dash: e.dash, dir: int32(e.dir), set: e.set, want: e.value.expected(), keep: e.value != literal}
	switch e.value {
	case literal, constant:
		st.constant = e.lit
		st.want = describe(e.lit)
	case formatTime:
		st.time = &timeState{shape: e.shape}
		st.want = "a time"
	case clfTime:
		st.clf = &clfCache{}
	}
	return st
}

// setWord is setToken and the bytes that httpd would have escaped in one, but
// other writers do not.
var setWord = func() byteSet {
	s := setToken
	for c := 0x7f; c <= 0xff; c++ {
		s.add(byte(c))
	}
	return s
}()

// choose picks the fast way for a value taken from the left, if there is one.
func (st *step) choose(follow byteSet) {
	switch st.value {
	case token, anyWord:
		// Where a byte that only httpd keeps out of tokens delimits this one,
		// nothing beyond httpd's own grammar is tolerated.
		if setWord.meets(follow) {
			return
		}
		st.op, st.set = opToken, setWord
	case number, signed:
		st.op, st.scale, st.digits = opNumber, 1, 18
	case address:
		st.op = opAddress
	case status:
		st.op = opStatus
	case clfTime:
		if !st.dash {
			st.op = opCLF
		}
	}
}

func (st *step) setLiteral(lit, want string) {
	st.lit, st.litLen, st.wantLit, st.short = lit, int32(len(lit)), want, len(lit) <= 4
	var head, mask [4]byte
	for i := range min(len(lit), 4) {
		head[i], mask[i] = lit[i], 0xff
	}
	st.word, st.mask = binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(mask[:])
}

// follows says whether the step's literal stands at line[pos].
func (st *step) follows(line []byte, pos int) bool {
	return len(line)-pos >= len(st.lit) && string(line[pos:pos+len(st.lit)]) == st.lit
}
