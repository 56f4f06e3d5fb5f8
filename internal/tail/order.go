package tail

import (
	"bytes"
	"container/heap"
	"math"
	"time"
)

// A backlog is what a round has to read, the lowest clock first.
type backlog struct{ turns []turn }

// A turn is a feed and its place in the order.
type turn struct {
	feed  feed
	order int64
	clock int64
}

func (w *backlog) Len() int           { return len(w.turns) }
func (w *backlog) Less(i, j int) bool { return w.turns[i].before(w.turns[j]) }
func (w *backlog) Swap(i, j int)      { w.turns[i], w.turns[j] = w.turns[j], w.turns[i] }
func (w *backlog) Push(t any)         { w.turns = append(w.turns, t.(turn)) }
func (w *backlog) Pop() any {
	last := len(w.turns) - 1
	t := w.turns[last]
	w.turns = w.turns[:last]
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
	heap.Push(w, turn{s, order, clock})
}

// lowest returns the feed that is next. The clock of one that was read has
// moved on since it was put in its place.
func (w *backlog) lowest(f *Follower) turn {
	for {
		t := &w.turns[0]
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
