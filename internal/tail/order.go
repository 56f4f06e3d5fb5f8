package tail

import (
	"bytes"
	"container/heap"
	"math"
	"time"
)

// A backlog is what a round has to read.
type backlog struct {
	turns turns
	aside turns // packed files for which there is no room; see room.go
}

// A turn is a feed and its place in the order.
type turn struct {
	feed  feed
	order int64
	clock int64
}

// turns are a heap, the lowest clock first.
type turns []turn

func (w *turns) Len() int           { return len(*w) }
func (w *turns) Less(i, j int) bool { return (*w)[i].before((*w)[j]) }
func (w *turns) Swap(i, j int)      { (*w)[i], (*w)[j] = (*w)[j], (*w)[i] }
func (w *turns) Push(t any)         { *w = append(*w, t.(turn)) }
func (w *turns) Pop() any {
	last := len(*w) - 1
	t := (*w)[last]
	*w = (*w)[:last]
	return t
}

// before orders by clock; where clocks are equal, by who came first.
func (t turn) before(u turn) bool {
	if t.order != u.order {
		return t.order < u.order
	}
	return t.feed.number() < u.feed.number()
}

func (f *Follower) backlog() *backlog {
	w := &backlog{}
	for _, x := range f.open {
		w.addUnread(f, x)
	}
	if f.input != nil && f.input.unread() {
		w.add(f, f.input)
	}
	return w
}

// addUnread adds x if there is something in it to be read.
func (w *backlog) addUnread(f *Follower, x *file) {
	if x.unread() {
		f.leaveNew(x)
	}
	if x.unread() {
		w.add(f, x)
	}
}

func (w *backlog) add(f *Follower, s feed) {
	order, clock := f.clock(s)
	heap.Push(&w.turns, turn{s, order, clock})
}

func (w *backlog) empty() bool { return len(w.turns)+len(w.aside) == 0 }

// next returns the feed whose turn it is: the one with the lowest clock for
// which there is room.
func (w *backlog) next(f *Follower) turn {
	if len(w.aside) > 0 && (len(w.turns) == 0 || f.hasRoom(w.aside[0].feed)) {
		heap.Push(&w.turns, heap.Pop(&w.aside))
	}
	for {
		t := w.turns.lowest(f)
		if len(w.turns) == 1 || f.hasRoom(t.feed) {
			return t
		}
		heap.Push(&w.aside, heap.Pop(&w.turns))
	}
}

// end takes out the feed whose turn it was.
func (w *backlog) end() { heap.Pop(&w.turns) }

// low returns the lowest clock.
func (w *backlog) low(f *Follower) int64 {
	low := int64(math.MaxInt64)
	if len(w.turns) > 0 {
		low = w.turns.lowest(f).clock
	}
	if len(w.aside) > 0 {
		low = min(low, w.aside[0].clock)
	}
	return low
}

// lowest returns the first of the turns. The clock of a feed that was read has
// moved on since it was put in its place.
func (w *turns) lowest(f *Follower) turn {
	for {
		t := &(*w)[0]
		order, clock := f.clock(t.feed)
		if order == t.order {
			t.clock = clock
			return *t
		}
		t.order, t.clock = order, clock
		heap.Fix(w, 0)
	}
}

// clock returns what a feed is ordered by and the time up to which its lines
// have been given out, which is math.MinInt64 if it is unknown.
func (f *Follower) clock(s feed) (order, clock int64) {
	x, isFile := s.(*file)
	if isFile && x.newest != 0 {
		return x.newest, x.newest
	}
	if f.o.Clock != nil {
		if t, ok := f.o.Clock(s.number()); ok {
			return t, t
		}
	}
	if !isFile {
		return math.MinInt64, math.MinInt64
	}
	if f.o.TimeOf == nil {
		return x.last.mtime / int64(time.Second), math.MinInt64
	}
	if !x.begun {
		f.lookAtFirst(x)
	}
	if !x.timely {
		return math.MinInt64, math.MinInt64
	}
	return x.first, x.first
}

// moveClock takes the time of the last of the lines that were just read from x.
// The newest time of all lines may be greater, but it is known only when the
// receiver has counted them, and what is read next must not depend on how far
// that is.
func (f *Follower) moveClock(x *file, lines []byte) {
	if f.o.TimeOf == nil {
		return
	}
	if x.newest == 0 && f.o.Clock != nil {
		x.newest, _ = f.o.Clock(x.source) // of an earlier run
	}
	begin := bytes.LastIndexByte(lines[:len(lines)-1], '\n') + 1
	for line := range (Batch{Data: lines[begin:]}).Lines() {
		if t, ok := f.o.TimeOf(x.root, line); ok {
			x.newest = max(x.newest, t)
		}
	}
}

// firstLines is how much of a file is searched for a line with a time.
const firstLines = 64 << 10

// lookAtFirst finds the time of the first line of x that is to be given out.
func (f *Follower) lookAtFirst(x *file) {
	var head []byte
	if x.form.packed() {
		if x.pos == 0 {
			// An error shows itself when the file is read.
			head, _ = x.peek(f, firstLines)
		}
	} else {
		head = make([]byte, min(firstLines, max(0, x.end-x.pos)))
		n, err := f.readAt(x.fd, head, x.pos)
		if err != nil {
			return
		}
		head = head[:n]
	}
	for line := range (Batch{Data: head}).Lines() {
		x.begun = true
		if t, ok := f.o.TimeOf(x.root, line); ok {
			x.first, x.timely = t, true
			return
		}
	}
}
