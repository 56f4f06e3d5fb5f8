package tail

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// A counter receives lines and keeps those that count, by the rule of the
// ledger: inside the bounds, and not late by the clock of their own file.
type counter struct {
	since, until, interval, lateness int64
	clocks                           clocks
	lines                            []string
}

func (c *counter) take(b Batch) {
	for line := range b.Lines() {
		if t, ok := timeOf("", line); ok {
			c.clocks[b.Source] = max(c.clocks[b.Source], t)
			if c.counts(t, c.clocks[b.Source]) {
				c.lines = append(c.lines, string(line))
			}
		}
	}
}

func (c *counter) counts(t, clock int64) bool {
	end := t - t%c.interval + c.interval
	return t >= c.since && (c.until == 0 || t < c.until) && end+c.lateness >= clock
}

// counted returns the lines of one file that count.
func (c *counter) counted(piece []string) (lines []string) {
	clock := int64(0)
	for _, line := range piece {
		if t, ok := timeOf("", []byte(line)); ok {
			clock = max(clock, t)
			if c.counts(t, clock) {
				lines = append(lines, strings.TrimSuffix(line, "\n"))
			}
		}
	}
	return lines
}

// A shelf is a directory of old logs, and the lines in it that count.
type shelf struct {
	dir
	rnd   *rand.Rand
	c     counter
	wrote []string // each line once
	begin int64
	end   int64
}

// TestBoundsChangeNoTotal compares, for random logs and bounds, the lines that
// count when what lies outside is left unread with those that count when all
// is read, and with those that were written.
func TestBoundsChangeNoTotal(t *testing.T) {
	first, n := uint64(time.Now().UnixNano()), 40
	if *seed != 0 {
		first, n = *seed, 1
	}
	var skipped, read, whole int64
	for i := range n {
		seed := first + uint64(i)
		s := newShelf(t, rand.New(rand.NewPCG(seed, 2)))
		want := slices.Sorted(slices.Values(s.wrote))
		all, everything := s.count(false)
		got, bounded := s.count(true)
		for what, lines := range map[string][]string{"all read": all, "outside left unread": got} {
			if slices.Sort(lines); !slices.Equal(lines, want) {
				t.Fatalf("seed %d: %s, %d to %d: %s", seed, what, s.c.since, s.c.until, difference(lines, want))
			}
		}
		skipped += bounded.OutsideBytes
		read += bounded.BytesRead
		whole += everything.BytesRead
		if everything.OutsideBytes != 0 {
			t.Errorf("seed %d: %d bytes are skipped without bounds", seed, everything.OutsideBytes)
		}
		s.must(os.RemoveAll(s.path))
	}
	t.Logf("seed %d: %d bytes of lines read out of %d, %d bytes skipped on disk", first, read, whole, skipped)
	if n > 1 && (skipped == 0 || read >= whole) {
		t.Errorf("seed %d: %d bytes of lines were read out of %d, %d bytes skipped", first, read, whole, skipped)
	}
}

func newShelf(t *testing.T, rnd *rand.Rand) *shelf {
	const begin = 1_768_046_400 // a multiple of the interval
	s := &shelf{dir: newDir(t), rnd: rnd, begin: begin, end: begin}
	s.c = counter{interval: 600, lateness: 3000}
	texts := map[string][]string{}
	for _, log := range []string{"a.log", "b.log", "c.log"}[:1+rnd.IntN(3)] {
		texts[log] = s.text(log)
	}
	span := s.end - s.begin
	bound := func() int64 { return s.begin + rnd.Int64N(span+1)/s.c.interval*s.c.interval }
	switch a, b := bound(), bound(); rnd.IntN(4) {
	case 0:
		s.c.since = a
	case 1:
		s.c.until = a
	default:
		s.c.since, s.c.until = min(a, b), max(a, b)+s.c.interval
	}
	for _, log := range slices.Sorted(maps.Keys(texts)) {
		s.rotate(log, texts[log])
	}
	return s
}

// text makes the lines of a log, in the order in which a server writes them:
// each within the lateness of its own time, but for some that come far too
// late, and some without a time.
func (s *shelf) text(log string) []string {
	var text []string
	now := s.begin + s.rnd.Int64N(100_000)
	for i := range s.rnd.IntN(600) {
		now += s.rnd.Int64N(2000)
		switch {
		case i%10 == 5 && s.rnd.IntN(3) == 0:
			text = append(text, "no time in this line\n")
		case i%10 == 0 && i > 0 && s.rnd.IntN(3) == 0:
			text = append(text, fmt.Sprintf("%d %s late line %d\n", now-50_000, log, i))
		default:
			text = append(text, fmt.Sprintf("%d %s line %d\n", now-s.rnd.Int64N(s.c.lateness), log, i))
		}
	}
	s.end = max(s.end, now)
	return text
}

// rotate puts the lines of a log into files as a rotation leaves them, packed
// in any way, some of them twice.
func (s *shelf) rotate(log string, text []string) {
	for n := 0; len(text) > 0; n++ {
		piece := text[:min(len(text), s.rnd.IntN(200))]
		text = text[len(piece):]
		name := fmt.Sprintf("%s.%d", log, n) // nobody goes by the number
		s.write(name, strings.Join(piece, ""))
		packed := name + []string{".gz", ".zst", ".bz2", ".xz"}[s.rnd.IntN(4)]
		switch s.rnd.IntN(4) {
		case 0:
			s.compress(name, packed)
			s.date(packed, piece)
		case 1:
			s.pack(name, packed)
			s.date(packed, piece)
			s.date(name, piece)
		default:
			s.date(name, piece)
		}
		s.wrote = append(s.wrote, s.c.counted(piece)...)
	}
}

// date sets when a file was modified: when its last line was written, or later,
// or a time that is made up, which is before its first line.
func (s *shelf) date(name string, piece []string) {
	when := s.end
	switch s.rnd.IntN(3) {
	case 0:
		when = 1
	case 1:
		when = 0
		for _, line := range piece {
			t, _ := timeOf("", []byte(line))
			when = max(when, t)
		}
	}
	s.must(os.Chtimes(s.at(name), time.Time{}, time.Unix(when, 0)))
}

// count reads the shelf and returns the lines that count. Now and then it is
// interrupted and goes on from its state.
func (s *shelf) count(bounded bool) (lines []string, stats Stats) {
	c := s.c
	c.clocks = clocks{}
	o := Options{
		Patterns: []string{s.at("*")}, Once: true, FromStart: true, NoWatch: true, BlockSize: 256 << s.rnd.IntN(6),
		TimeOf: timeOf, Clock: c.clocks.of, Lateness: c.lateness + c.interval, Poll: testPoll,
	}
	if bounded {
		o.Since, o.Until = c.since, c.until
	}
	for again := true; again; {
		f, err := New(o)
		s.must(err)
		again = false
		for b, err := range f.Batches(s.t.Context()) {
			s.must(err)
			c.take(b)
			b.Release()
			if again = s.rnd.IntN(100) == 0; again {
				break
			}
		}
		state := f.State()
		o.Resume = &state
		stats.BytesRead += f.Stats().BytesRead
		stats.OutsideBytes += f.Stats().OutsideBytes
	}
	return c.lines, stats
}

// TestOutsideIsLeftUnread counts the bytes that are read from files of 4 MiB
// each, one line a second.
func TestOutsideIsLeftUnread(t *testing.T) {
	const begin, n = 1_768_046_400, 110_000 // seconds, and as many lines
	const most = 4 * sampleSize             // some places in a file
	for _, c := range []struct {
		name, form   string
		since, until int64
		mtime        int64
		read, least  int64 // at most and at least, of the file
		lines        int
	}{
		{name: "all older", since: begin + n + 1000, read: most},
		{name: "all newer", until: begin - 1000, read: most},
		{name: "the end", since: begin + n - 1000, read: 12 * sampleSize, lines: 1000},
		{name: "the beginning", until: begin + 1000, read: 12 * sampleSize, lines: 1000},
		{name: "the middle", since: begin + n/2, until: begin + n/2 + 1000, read: 12 * sampleSize, lines: 1000},
		{name: "everything", since: begin, until: begin + n, read: 10 << 20, least: 4 << 20, lines: n},
		{name: "packed, older", form: ".gz", since: begin + 3*n, mtime: begin + n, read: 4 * sampleSize},
		{name: "packed, of a made-up time", form: ".gz", since: begin + 3*n, mtime: 1, read: 10 << 20, least: 400 << 10},
		{name: "packed, of the same day", form: ".gz", since: begin + n + 1000, mtime: begin + n, read: 10 << 20, least: 400 << 10},
		{name: "packed, newer", form: ".gz", until: begin - 1000, mtime: begin + n, read: 4 * sampleSize},
		{name: "packed, the beginning", form: ".gz", until: begin + 1000, mtime: begin + n, read: 6 * sampleSize, lines: 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDir(t)
			d.write("a.log", lines("line", begin, n))
			name := "a.log" + c.form
			if c.form != "" {
				d.compress("a.log", name)
			}
			if c.mtime != 0 {
				d.must(os.Chtimes(d.at(name), time.Time{}, time.Unix(c.mtime, 0)))
			}
			count := counter{since: c.since, until: c.until, interval: 1, clocks: clocks{}}
			f, err := New(Options{
				Patterns: []string{d.at(name)}, Once: true, FromStart: true, NoWatch: true, BlockSize: sampleSize,
				TimeOf: timeOf, Clock: count.clocks.of, Since: c.since, Until: c.until, Lateness: 10,
			})
			d.must(err)
			var read int64
			f.readAt = func(fd *os.File, b []byte, off int64) (int, error) {
				n, err := readAt(fd, b, off)
				read += int64(n)
				return n, err
			}
			for b, err := range f.Batches(t.Context()) {
				d.must(err)
				count.take(b)
			}
			if len(count.lines) != c.lines {
				t.Errorf("%d lines count, want %d", len(count.lines), c.lines)
			}
			s := f.Stats()
			if read > c.read || read < c.least {
				t.Errorf("%d bytes are read, want %d to %d", read, c.least, c.read)
			}
			if size := int64(len(d.read(name))); c.least == 0 && s.OutsideBytes < size-c.read {
				t.Errorf("%d bytes of %d are said to be skipped", s.OutsideBytes, size)
			}
			if c.least != 0 && s.OutsideBytes != 0 {
				t.Errorf("%d bytes are said to be skipped", s.OutsideBytes)
			}
			if s.UnfinishedBytes != 0 || s.Gaps != 0 {
				t.Errorf("%d bytes are said to be unfinished, %d gaps", s.UnfinishedBytes, s.Gaps)
			}
		})
	}
}

// TestUntilMovesOn reads the rest of files in a later run with other bounds.
func TestUntilMovesOn(t *testing.T) {
	d := newDir(t)
	d.write("a.log", lines("a", 1000, 1000))
	d.write("b.log", lines("b", 1500, 500))
	d.write("c.log.gz", string(pack(t, ".gz", []byte(lines("c", 1000, 1000)))))
	c := counter{interval: 10, lateness: 50, clocks: clocks{}}
	var state *State
	var all []string
	for _, until := range []int64{1200, 1700, 0} {
		o := Options{
			Patterns: []string{d.at("*")}, Once: true, FromStart: true, NoWatch: true, BlockSize: 256,
			TimeOf: timeOf, Clock: c.clocks.of, Lateness: 60, Until: until, Resume: state,
		}
		f, err := New(o)
		d.must(err)
		for b, err := range f.Batches(t.Context()) {
			d.must(err)
			for line := range b.Lines() {
				all = append(all, string(line))
				if at, _ := timeOf("", line); until > 0 && at > until+60+20 {
					t.Fatalf("%q is read, until is %d", line, until)
				}
			}
			c.take(b)
		}
		if s := f.Stats(); (s.OutsideBytes > 0) != (until > 0) {
			t.Errorf("%d bytes are skipped, until is %d", s.OutsideBytes, until)
		}
		s := f.State()
		state = &s
	}
	slices.Sort(all)
	want := strings.Split(strings.TrimSuffix(lines("a", 1000, 1000)+lines("b", 1500, 500)+lines("c", 1000, 1000), "\n"), "\n")
	slices.Sort(want)
	if !slices.Equal(all, want) {
		t.Error(difference(all, want))
	}
}

// TestFollowedBounds sees that a file that is followed is sought in as well,
// and is read to its end whatever the bound.
func TestFollowedBounds(t *testing.T) {
	d := newDir(t)
	d.write("a.log", lines("a", 1000, 1000))
	r := started(t, Options{
		Patterns: []string{d.at("a.log")}, FromStart: true, TimeOf: timeOf, BlockSize: 256,
		Since: 1500, Until: 1600, Lateness: 10,
	})
	r.polls(2)
	if n := r.count(); n < 510 || n > 550 {
		t.Errorf("%d lines are read, want those from 1490 on, and a few before", n)
	}
	n := r.count()
	d.rename("a.log", "a.log.1")
	d.write("a.log", lines("a", 2000, 10))
	r.until("the new lines", func() bool { return r.count() == n+10 })
	if s := r.f.Stats(); s.Gaps != 0 || s.OutsideBytes == 0 || s.Lag != 0 {
		t.Errorf("%+v", s)
	}
}
