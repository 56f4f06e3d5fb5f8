package carbon

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/point/pointtest"
)

// slow is the smallest destination there can be: it takes everything, and
// every write takes its time.
type slow struct {
	net.Conn // nil, for the methods that nobody calls
	delay    time.Duration
	taken    *taken
	ended    sync.Once
	end      chan struct{}
}

// taken is what a destination has got over all of its connections.
type taken struct {
	mu    sync.Mutex
	lines []carbontest.Line
}

func (s *slow) Write(lines []byte) (int, error) {
	time.Sleep(s.delay)
	s.taken.mu.Lock()
	defer s.taken.mu.Unlock()
	for line := range bytes.Lines(lines) {
		l, ok := carbontest.Parse(string(bytes.TrimSuffix(line, []byte{'\n'})))
		if !ok {
			panic("malformed line: " + string(line))
		}
		s.taken.lines = append(s.taken.lines, l)
	}
	return len(lines), nil
}

func (s *slow) CloseWrite() error { return s.Close() }

func (s *slow) Close() error {
	s.ended.Do(func() { close(s.end) })
	return nil
}

func (s *slow) Read([]byte) (int, error) {
	<-s.end
	return 0, io.EOF
}

func (s *slow) SetWriteDeadline(time.Time) error { return nil }

// slowly returns the options of a destination that takes a chunk of points
// each time the delay has passed.
func slowly(delay time.Duration) (Options, *taken) {
	all := new(taken)
	return Options{dial: func() (net.Conn, error) {
		return &slow{delay: delay, taken: all, end: make(chan struct{})}, nil
	}}, all
}

func (t *taken) got() []carbontest.Line {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines)
}

func TestSlowIsASink(t *testing.T) {
	pointtest.Run(t, pointtest.Suite{
		Open: func(t *testing.T) (point.Sink, func() []point.Point) {
			o, all := slowly(time.Millisecond)
			return startGroup(t, GroupOptions{}, o), func() []point.Point {
				return pointsOf(t, all.got())
			}
		},
		Blocked: func(t *testing.T) point.Sink {
			o, _ := slowly(time.Second)
			o.Buffer = 100 * pointBytes
			return &killed{startGroup(t, GroupOptions{}, o)}
		},
	})
}

// A destination that takes half of what comes loses its oldest points, and
// those beside it, of every kind, have each point as soon as if it were not
// there.
func TestSlowDestinationDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sluggard, all := slowly(time.Minute)
		sluggard.Buffer = 5000 * pointBytes
		onDisk, path := fileOptions(t, fileSize, 1)
		onDisk.timing = timing{}
		quick := newFake()
		g := NewGroup(GroupOptions{}, NewSender(sluggard), quick.sender(Options{timing: timing{repeat: []time.Duration{}}}, nil), NewSender(onDisk))
		defer stopNow(g)
		w := truth{}
		for i := range 60 {
			begin := time.Now()
			w.write(t, g, some(1000, base+60*int64(i))...)
			within(t, "Write", time.Since(begin), 0, 0)
			time.Sleep(time.Second)
			if n := len(quick.got()); n != 1000*(i+1) {
				t.Fatalf("%d points at Carbon a second after bucket %d", n, i)
			}
			if n := len(linesIn(t, path)); n != 1000*(i+1) {
				t.Fatalf("%d points in the file a second after bucket %d", n, i)
			}
			time.Sleep(time.Minute - time.Second)
		}
		w.checkFiles(t, path)
		st := g.Stats()
		if n := len(all.got()); n < 25_000 || n > 35_000 || st[0].Shed == 0 || st[1].Shed+st[2].Shed != 0 {
			t.Errorf("the slow one has %d points; %+v", n, st)
		}
	})
}
