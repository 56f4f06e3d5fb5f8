// Package tail reads growing files, whole line by whole line, across rotation,
// truncation, compression and deletion, and gives every line out exactly once.
//
// A Follower turns patterns into one sequence of batches. Everything it does
// happens in the goroutine that ranges over the sequence, except for the
// watching of directories and the reading of standard input; therefore the
// callbacks in Options need no locks.
//
// The work is cut into rounds. A round notes the time, looks at the size of
// every file, and gives out what lies before those sizes, always from the file
// with the lowest clock. At its end a tick says that everything written before
// the noted time has been given out.
package tail

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// Options says what to follow and how. Only Patterns must be set; the zero
// value of everything else is its default.
type Options struct {
	// Patterns are paths and globs, "**" too; "-" is standard input.
	Patterns []string
	// Exclude are globs for what is left out, matched against the path as it
	// was found and against its last component.
	Exclude []string
	// FromStart begins the files that are present at the first start at their
	// first byte. Otherwise they begin at their end, or where LookBack says.
	// Files found later always begin at their first byte.
	FromStart bool
	// Once ends the sequence when everything has been given out that the
	// files held when Batches began.
	Once bool
	// LookBack, in Unix seconds, makes the files that are present at the first
	// start begin at their first line that is not older; 0 is for their end.
	// It needs TimeOf and has no meaning with FromStart.
	LookBack int64
	// Lateness, in seconds, is how much older than a line before it a line may
	// be. The look-back ends at a line that is older than LookBack by more.
	Lateness int64
	// Since and Until, in Unix seconds, tell that nothing is done with lines
	// of an earlier time than Since, or of Until and later; 0 is no bound. What
	// surely holds no other lines, by Lateness, may be left unread. It needs
	// TimeOf. Lines outside are given out all the same where they are read.
	Since, Until int64
	// Resume continues where an earlier Follower's State was taken. Non-nil,
	// even if it holds no files, it makes this start not the first one.
	Resume *State

	// Stdin is read for the pattern "-".
	Stdin io.Reader
	// TimeOf tells the time of one line in Unix seconds. Without it files are
	// ordered by when they were modified, and there is no look-back.
	// log is the followed path that its file belongs to, as in a Batch.
	TimeOf func(log string, line []byte) (unix int64, ok bool)
	// Clock tells the newest time that has been counted from a source, by an
	// earlier Follower too.
	Clock func(source int) (unix int64, ok bool)

	// Skipped is told of what is in no batch: a line longer than MaxLine, at its
	// place between the batches of its source, and after the last batch of a file
	// that is read to its end in a Once run what stands behind the last newline.
	Skipped func(Skip)

	// Poll is the time between two looks when nothing hints at a change; 1 s.
	Poll time.Duration
	// IdlePoll is the time between two looks once nothing has happened for ten
	// polls, unless something is still to be decided or could not be watched. It
	// has no effect where it is shorter than Poll.
	IdlePoll time.Duration
	// Quiet is how long a renamed file is still read after its last line;
	// 1 h. An unlinked one takes up disk space and is kept 10 min at most.
	Quiet time.Duration
	// BlockSize bounds the bytes of one batch; 1 MiB. It never exceeds MaxLine.
	// A single longer line still comes whole.
	BlockSize int
	// Ahead is how many batches the receiver may hold at a time; 8. No more
	// memory is kept for them. It is no limit.
	Ahead int
	// MaxLine bounds the bytes of a line without its newline; DefaultMaxLine. A longer
	// line is skipped and counted.
	MaxLine int
	// NoWatch leaves out fsnotify, so that changes are noticed by polling alone.
	NoWatch bool
	// Log takes what an operator should know; nil discards it.
	Log *slog.Logger
}

// DefaultMaxLine is the longest line that is given out, in bytes. Under httpd's
// default limits a line can have three million.
const DefaultMaxLine = 4 << 20

const (
	defaultPoll      = time.Second
	defaultQuiet     = time.Hour
	quietUnlinked    = 10 * time.Minute
	defaultBlockSize = 1 << 20
	defaultAhead     = 8

	// standardInput is the pattern and the path of standard input.
	standardInput = "-"
)

func (o Options) withDefaults() Options {
	if o.Poll <= 0 {
		o.Poll = defaultPoll
	}
	if o.Quiet <= 0 {
		o.Quiet = defaultQuiet
	}
	if o.MaxLine <= 0 {
		o.MaxLine = DefaultMaxLine
	}
	if o.BlockSize <= 0 {
		o.BlockSize = defaultBlockSize
	}
	if o.Ahead <= 0 {
		o.Ahead = defaultAhead
	}
	// A line inside a block is then never longer than MaxLine, whatever the cut.
	o.BlockSize = min(o.BlockSize, o.MaxLine)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// patterns splits what the user gave into globs, cleaned and absolute, and
// whether standard input is among them.
func (o Options) patterns() (globs []pattern, stdin bool, err error) {
	if len(o.Patterns) == 0 {
		return nil, false, errors.New("no file to follow: give a path, a glob, or - for standard input")
	}
	var errs []error
	for _, p := range o.Patterns {
		if p == standardInput {
			stdin = true
			continue
		}
		g, err := newPattern(p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		globs = append(globs, g)
	}
	for _, p := range o.Exclude {
		if p == "" || !doublestar.ValidatePathPattern(p) {
			errs = append(errs, fmt.Errorf("exclude pattern %q is malformed: is a bracket or brace left open?", p))
		}
	}
	if stdin && o.Stdin == nil {
		errs = append(errs, errors.New("standard input is to be followed, but there is none"))
	}
	return globs, stdin, errors.Join(errs...)
}

// literals returns the paths among the globs.
func literals(globs []pattern) map[string]bool {
	paths := map[string]bool{}
	for _, g := range globs {
		if !g.meta {
			paths[g.path] = true
		}
	}
	return paths
}

// A pattern is one path or glob to look for.
type pattern struct {
	path string // cleaned and absolute
	meta bool   // it holds wildcards
	deep bool   // it holds **
}

func newPattern(p string) (pattern, error) {
	if p == "" {
		return pattern{}, errors.New("a file name is empty")
	}
	abs, err := filepath.Abs(p)
	if err != nil {
		return pattern{}, fmt.Errorf("find the directory of %q: %w", p, err)
	}
	g := pattern{path: abs}
	if _, err := os.Lstat(abs); err == nil {
		// The name exists as it stands, wildcards and all.
		return g, nil
	}
	if !doublestar.ValidatePathPattern(abs) {
		return pattern{}, fmt.Errorf("pattern %q is malformed: is a bracket or brace left open?", p)
	}
	g.meta = hasMeta(abs)
	g.deep = hasDoubleStar(abs)
	return g, nil
}
