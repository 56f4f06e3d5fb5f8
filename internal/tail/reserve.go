package tail

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reserved is how many descriptors are held back: for directories to be
// listed, and for everything else that the process has to open.
const reserved = 8

// A reserve holds descriptors that it gives up when there are no more to be
// had. From then on no new file is opened, until enough have been closed to
// fill the reserve again. What is open stays open and is read to its end.
type reserve struct {
	held []*os.File
	full bool // no more files can be opened
}

// fill takes the descriptors, all or none.
func (r *reserve) fill() {
	for len(r.held) < reserved {
		fd, err := os.Open(os.DevNull)
		if err != nil {
			r.give()
			return
		}
		r.held = append(r.held, fd)
	}
	r.full = false
}

// give closes what is held.
func (r *reserve) give() {
	for _, fd := range r.held {
		_ = fd.Close() // nothing was written to it
	}
	r.held = nil
}

// exhausted says whether err means that there are no more descriptors, and
// gives up the reserve if so.
func (r *reserve) exhausted(err error) bool {
	if !errors.Is(err, unix.EMFILE) && !errors.Is(err, unix.ENFILE) {
		return false
	}
	r.full = true
	r.give()
	return true
}

// freed is told that a file was closed, and how many are still open.
func (r *reserve) freed(open int) {
	if !r.full {
		return
	}
	r.fill()
	if open == 0 {
		r.full = false // whatever others hold, one more can be tried
	}
}
