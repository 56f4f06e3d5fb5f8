package carbon

// A slot is the place of one point in the slab. The first ones are the ends
// of the lists.
type slot = uint32

// The lists of an outbox. Every point is in exactly one. The points that are
// held hang on a list for each series; they are only counted together.
const (
	waiting    slot = iota // never sent with its present value, or sent in vain
	held                   // the same, of a series that is not admitted yet; see introduce.go
	resting                // between two archives; see ages.go
	inDoubt                // sent on the present connection, no receipt yet
	replaying              // had a receipt, has to go again
	delivered0             // had a receipt, the first planned repetition is to come
	delivered1             // had a receipt, a later one is to come
	delivered2             // had a receipt, no repetition planned
	lists
)

// An entry is one series at one time with its newest total. It takes 32 bytes
// and the garbage collector finds no pointer in it.
type entry struct {
	value      float64
	series     uint32
	time       uint32 // Unix seconds, as wide as Whisper stores it
	prev, next slot
	at         uint32 // when it was last confirmed, in the outbox's ticks
	list       uint8
	owed       bool  // its present value never had a receipt
	step       uint8 // index of its step among those of the outbox
	tries      uint8 // 0 while it was never sent, else see below
}

// The tries of a point that was sent are 1 and, while it is owed, the strikes
// against it: the times that it was alone on a connection that the peer broke.
// Once it is delivered they are 1 and the planned repetitions made.
const sent = 1

// repetitions returns the planned repetitions that were made of a delivered
// point.
func (e *entry) repetitions() int { return int(e.tries) - sent }

const (
	chunkBits = 12
	chunkSize = 1 << chunkBits
)

// A slab holds entries in chunks, so that growing copies nothing, and keeps
// them in circular doubly linked lists, so that any of them can be moved in
// constant time.
type slab struct {
	chunks [][]entry
	used   slot // slots ever given out
	free   slot // first of the free ones, linked by next; 0 is none
	count  [lists]int
}

func (s *slab) at(i slot) *entry { return &s.chunks[i>>chunkBits][i&(chunkSize-1)] }

func (s *slab) start() {
	s.chunks = [][]entry{make([]entry, chunkSize)}
	s.used = lists
	for l := range lists {
		*s.at(l) = entry{prev: l, next: l, list: uint8(l)}
	}
}

// alloc gives a slot that is in no list yet.
func (s *slab) alloc() slot {
	if i := s.free; i != 0 {
		s.free = s.at(i).next
		return i
	}
	if int(s.used) == len(s.chunks)*chunkSize {
		s.chunks = append(s.chunks, make([]entry, chunkSize))
	}
	s.used++
	return s.used - 1
}

func (s *slab) release(i slot) {
	s.unlink(i)
	s.giveBack(i)
}

func (s *slab) giveBack(i slot) {
	*s.at(i) = entry{next: s.free}
	s.free = i
}

// begin gives the slot of an empty list of its own, and end takes it back when
// it is empty again.
func (s *slab) begin() slot {
	i := s.alloc()
	*s.at(i) = entry{prev: i, next: i}
	return i
}

func (s *slab) end(head slot) { s.giveBack(head) }

func (s *slab) unlink(i slot) {
	e := s.at(i)
	s.at(e.prev).next = e.next
	s.at(e.next).prev = e.prev
	s.count[e.list]--
}

// insert puts i, which is in no list, behind the slot after in list l.
func (s *slab) insert(l, after, i slot) {
	e, a := s.at(i), s.at(after)
	e.prev, e.next, e.list = after, a.next, uint8(l)
	s.at(a.next).prev = i
	a.next = i
	s.count[l]++
}

func (s *slab) toBack(l, i slot) {
	s.unlink(i)
	s.insert(l, s.at(l).prev, i)
}

func (s *slab) toFront(l, i slot) {
	s.unlink(i)
	s.insert(l, l, i)
}

// first and last return 0, false for an empty list.
func (s *slab) first(l slot) (slot, bool) { i := s.at(l).next; return i, i != l }
func (s *slab) last(l slot) (slot, bool)  { i := s.at(l).prev; return i, i != l }
