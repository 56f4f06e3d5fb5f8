package tail

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// clocks is a minimal receiver: the newest time of each source.
type clocks map[int]int64

func (c clocks) of(source int) (int64, bool) { t, ok := c[source]; return t, ok }

func (c clocks) take(b Batch) (first, last int64) {
	first = -1
	for l := range b.Lines() {
		if t, ok := timeOf("", l); ok {
			if first < 0 {
				first = t
			}
			last = max(last, t)
		}
	}
	c[b.Source] = max(c[b.Source], last)
	return first, last
}

// TestOrder gives files in any order, plain and packed, and sees that their
// clocks never differ by more than a block.
func TestOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for range 20 {
		d := newDir(t)
		var names []string
		total := 0
		// Two logs in eleven pieces each, side by side in time.
		for _, log := range []string{"a", "b"} {
			for piece := range 11 {
				name := fmt.Sprintf("%s.log.%d", log, 11-piece)
				text := lines(log, piece*500, 500)
				if rnd.IntN(2) == 0 {
					name += ".gz"
					text = string(pack(t, name, []byte(text)))
				}
				d.write(name, text)
				// When they were copied says nothing.
				d.must(os.Chtimes(d.at(name), time.Time{}, time.Unix(int64(1e9+rnd.IntN(1e6)), 0)))
				names = append(names, d.at(name))
				total += 500
			}
		}
		rnd.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		c := clocks{}
		f, err := New(Options{
			Patterns: names, Once: true, FromStart: true, NoWatch: true,
			BlockSize: 1 << 10, TimeOf: timeOf, Clock: c.of,
		})
		if err != nil {
			t.Fatal(err)
		}
		high, n := int64(0), 0
		for b, err := range f.Batches(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Tick != nil {
				continue
			}
			first, last := c.take(b)
			// A block holds about 40 lines, one a second.
			if first < high-60 {
				t.Fatalf("time %d of %s comes after %d", first, b.Path, high)
			}
			high = max(high, last)
			for range b.Lines() {
				n++
			}
			b.Release()
		}
		if n != total {
			t.Fatalf("%d lines, want %d", n, total)
		}
	}
}

// TestOrderWithoutTimes reads the files that were written to first first.
func TestOrderWithoutTimes(t *testing.T) {
	d := newDir(t)
	for i, name := range []string{"c", "a", "b"} {
		d.write(name, lines(name, 0, 3))
		d.must(os.Chtimes(d.at(name), time.Time{}, time.Unix(int64(1e9+i), 0)))
	}
	r := once(t, Options{Patterns: []string{d.at("*")}, NoWatch: true})
	var order []string
	for _, b := range r.batches {
		order = append(order, b.Path[len(b.Path)-1:])
	}
	if !slices.Equal(order, []string{"c", "a", "b"}) {
		t.Errorf("the order is %v, want c a b", order)
	}
}

// TestTicksBehind sees what the ticks of a long round promise.
func TestTicksBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDir(t)
		d.write("a.log", lines("a", 1000, 1000))
		d.write("b.log", lines("b", 1500, 1000))
		c := clocks{}
		f, err := New(Options{
			Patterns: []string{d.at("*.log")}, Once: true, FromStart: true, NoWatch: true,
			BlockSize: 1 << 10, TimeOf: timeOf, Clock: c.of,
		})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var behind int
		given := int64(math.MinInt64) // no line below it comes any more
		for b := range f.Batches(t.Context()) {
			if b.Tick == nil {
				if first, _ := c.take(b); first < given {
					t.Fatalf("a line of %d comes after a tick with Low %d", first, given)
				}
				time.Sleep(300 * time.Millisecond) // a slow receiver
				continue
			}
			if !b.Tick.Now.Equal(start) {
				t.Errorf("the round began at %v, the tick says %v", start, b.Tick.Now)
			}
			if b.Tick.Behind {
				behind++
				if behind == 1 && b.Tick.Low == math.MinInt64 {
					continue // the one before the first line
				}
				if b.Tick.Low == math.MinInt64 || b.Tick.Low == start.Unix() {
					t.Errorf("the low clock is %d", b.Tick.Low)
				}
				given = b.Tick.Low
			} else if b.Tick.Low != start.Unix() {
				t.Errorf("the last tick has Low %d, want %d", b.Tick.Low, start.Unix())
			}
		}
		// About 60 blocks of 0.3 s each, and a tick a second.
		if behind < 10 || behind > 25 {
			t.Errorf("%d ticks while it was behind", behind)
		}
	})
}

func TestTicksWhenNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDir(t)
		d.write("a.log", lines("a", 0, 10))
		r := follow(t, Options{Patterns: []string{d.at("a.log")}, NoWatch: true, Poll: time.Second})
		time.Sleep(100*time.Second + time.Millisecond)
		r.stop()
		if n := len(r.ticks); n < 100 || n > 102 {
			t.Errorf("%d ticks in 100 s", n)
		}
		if opening := r.ticks[0]; !opening.Behind || opening.Low != math.MinInt64 {
			t.Errorf("the first tick is %+v", opening)
		}
		for _, tick := range r.ticks[1:] {
			if tick.Behind || tick.Low != tick.Now.Unix() {
				t.Fatalf("a tick of a quiet file is %+v", tick)
			}
		}
	})
}

// TestTickAtTheEnd ends a follower with its last batch, and with the last but
// one: only then is something left unread.
func TestTickAtTheEnd(t *testing.T) {
	d := newDir(t)
	d.write("a.log", lines("a", 0, 10))
	d.write("b.log", lines("b", 0, 10))
	for batches, behind := range map[int]bool{2: false, 1: true} {
		f, err := New(Options{Patterns: []string{d.at("*.log")}, FromStart: true, NoWatch: true})
		d.must(err)
		ctx, cancel := context.WithCancel(t.Context())
		var last Batch
		n := 0
		for b, err := range f.Batches(ctx) {
			d.must(err)
			last = b
			if b.Tick == nil {
				if n++; n == batches {
					cancel()
				}
			}
		}
		cancel()
		if n != batches || (last.Tick == nil) != behind || last.Tick != nil && last.Tick.Behind {
			t.Errorf("ended with batch %d, it gave out %d and at last a tick, nil for none: %+v", batches, n, last.Tick)
		}
	}
}

// TestUnknownClock sees that a file whose lines have no time holds back Low.
func TestUnknownClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDir(t)
		d.write("a.log", strings.Repeat("no time here\n", 1000))
		f, err := New(Options{
			Patterns: []string{d.at("*.log")}, Once: true, FromStart: true, NoWatch: true,
			BlockSize: 1 << 10, TimeOf: timeOf,
		})
		if err != nil {
			t.Fatal(err)
		}
		behind := 0
		for b := range f.Batches(t.Context()) {
			if b.Tick == nil {
				time.Sleep(time.Second)
			} else if b.Tick.Behind {
				behind++
				if b.Tick.Low != math.MinInt64 {
					t.Fatalf("the low clock is %d", b.Tick.Low)
				}
			}
		}
		if behind == 0 {
			t.Error("no tick was behind")
		}
	})
}

// TestQuietHours lets a renamed file be read for an hour, a deleted one for
// ten minutes, and never closes one that has unread lines.
func TestQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDir(t)
		r := follow(t, Options{Patterns: []string{d.at("?.log")}, NoWatch: true, Poll: time.Second})
		r.caughtUp()
		a, b := d.open("a.log"), d.open("b.log")
		defer a.Close()
		defer b.Close()
		a.WriteString("1\n")
		b.WriteString("2\n")
		time.Sleep(5 * time.Second)
		d.rename("a.log", "gone")
		d.remove("b.log")
		held := func(want, deleted int) {
			t.Helper()
			if s := r.f.Stats(); s.Held != want || s.Deleted != deleted {
				t.Errorf("%d held, %d deleted; want %d, %d", s.Held, s.Deleted, want, deleted)
			}
		}
		time.Sleep(9*time.Minute + 50*time.Second)
		held(2, 1)
		b.WriteString("3\n")
		time.Sleep(9*time.Minute + 50*time.Second)
		held(2, 1)
		time.Sleep(20 * time.Second)
		held(1, 0)
		a.WriteString("4\n")
		time.Sleep(59 * time.Minute)
		held(1, 0)
		a.WriteString("5\nunfinished")
		time.Sleep(61 * time.Minute)
		held(0, 0)
		r.stop()
		if len(r.lines) != 5 {
			t.Errorf("%d lines, want 5", len(r.lines))
		}
		if s := r.f.Stats(); s.UnfinishedBytes != int64(len("unfinished")) {
			t.Errorf("%d unfinished bytes", s.UnfinishedBytes)
		}
	})
}

// TestTickTells sees in real time, while a log is written and rotated, that
// whatever was written before the time of a tick has been given out before it.
func TestTickTells(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "")
	f, err := New(Options{Patterns: []string{d.at("a.log")}, Poll: testPoll, FromStart: true})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var written []time.Time // when the write of each line had ended
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begin := time.Now()
	var wg sync.WaitGroup
	// It ends when the context does.
	wg.Go(func() {
		w := d.open("a.log")
		defer w.Close()
		for ctx.Err() == nil {
			fmt.Fprintln(w, "a line")
			mu.Lock()
			written = append(written, time.Now())
			mu.Unlock()
			time.Sleep(100 * time.Microsecond)
		}
	})
	lines, ticks := 0, 0
	for b, err := range f.Batches(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		for range b.Lines() {
			lines++
		}
		if b.Tick == nil || b.Tick.Behind {
			continue
		}
		ticks++
		mu.Lock()
		if lines < len(written) && written[lines].Before(b.Tick.Now) {
			t.Errorf("line %d was written %v before the tick and comes after it", lines, b.Tick.Now.Sub(written[lines]))
		}
		mu.Unlock()
		if ticks >= 10 && time.Since(begin) > time.Second {
			cancel()
		}
	}
	wg.Wait()
	if ticks < 10 {
		t.Errorf("%d ticks in a minute", ticks)
	}
}

// TestMalformedFirstLines reads files first whose first lines say nothing, and
// lets no time pass until it is known how far back they go.
func TestMalformedFirstLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDir(t)
		junk := strings.Repeat("no time here\n", firstLines/10)
		d.write("a.log", lines("a", 2000, 100))
		d.write("b.log", junk+lines("b", 1000, 100))
		d.write("c.log.gz", string(pack(t, ".gz", []byte(junk+lines("c", 1500, 100)))))
		d.write("d.log", "no time here\n"+lines("d", 500, 100))
		d.write("e.log", "")
		d.write("f.log", "no time and no newline")
		c := clocks{}
		f, err := New(Options{
			Patterns: []string{d.at("*")}, Once: true, FromStart: true, NoWatch: true,
			BlockSize: 4 << 10, TimeOf: timeOf, Clock: c.of,
		})
		d.must(err)
		var order []string
		passed := int64(math.MinInt64)
		for b, err := range f.Batches(t.Context()) {
			d.must(err)
			if b.Tick != nil {
				passed = max(passed, b.Tick.Low)
				continue
			}
			first, _ := c.take(b)
			if first >= 0 && first < passed {
				t.Errorf("a line of %d in %s comes after a tick with Low %d", first, b.Path, passed)
			}
			if name := string(b.Path[len(d.path)+1]); first >= 0 && !slices.Contains(order, name) {
				order = append(order, name)
			}
			time.Sleep(time.Second)
		}
		if got := strings.Join(order, ""); got != "bcda" && got != "cbda" {
			t.Errorf("the order is %s", got)
		}
	})
}
