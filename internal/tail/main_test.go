package tail

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain sees that nothing is left running when all tests have ended.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	deadline := time.Now().Add(time.Minute)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); code == 0 && n > before {
		buf := make([]byte, 1<<20)
		fmt.Fprintf(os.Stderr, "%d goroutines are left, %d were there before\n%s", n, before, buf[:runtime.Stack(buf, true)])
		code = 1
	}
	os.Exit(code)
}

const testPoll = 5 * time.Millisecond

// A dir is a directory of logs with short ways to do what happens to logs.
type dir struct {
	t    testing.TB
	path string
}

func newDir(t testing.TB) dir {
	// The canonical path, as temporary directories may lie behind a link.
	path, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir{t, path}
}

func (d dir) at(name string) string { return filepath.Join(d.path, name) }

func (d dir) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d dir) open(name string) *os.File {
	d.t.Helper()
	w, err := os.OpenFile(d.at(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	d.must(err)
	return w
}

func (d dir) write(name, text string) {
	d.t.Helper()
	w := d.open(name)
	_, err := w.WriteString(text)
	d.must(err)
	d.must(w.Close())
}

func (d dir) rename(from, to string) { d.t.Helper(); d.must(os.Rename(d.at(from), d.at(to))) }
func (d dir) remove(name string)     { d.t.Helper(); d.must(os.Remove(d.at(name))) }
func (d dir) truncate(name string)   { d.t.Helper(); d.must(os.Truncate(d.at(name), 0)) }

func (d dir) read(name string) []byte {
	d.t.Helper()
	b, err := os.ReadFile(d.at(name))
	d.must(err)
	return b
}

// copy copies a file. A new copy has its content when it is first seen: one that
// stands empty for two polls is a log of its own, and these are short in tests.
func (d dir) copy(from, to string) {
	d.t.Helper()
	if _, err := os.Stat(d.at(to)); err == nil {
		d.must(os.WriteFile(d.at(to), d.read(from), 0o644))
		return
	}
	d.must(os.WriteFile(d.at(".copy"), d.read(from), 0o644))
	d.rename(".copy", to)
}

// compress leaves name packed under to and removes it, as a compressor does.
func (d dir) compress(name, to string) {
	d.t.Helper()
	d.pack(name, to)
	d.remove(name)
}

func (d dir) pack(name, to string) {
	d.t.Helper()
	info, err := os.Stat(d.at(name))
	d.must(err)
	d.must(os.WriteFile(d.at(to), pack(d.t, to, d.read(name)), 0o644))
	d.must(os.Chtimes(d.at(to), time.Now(), info.ModTime()))
}

// lines makes n different lines whose first word is their time.
func lines(what string, from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d 192.0.2.1 %s line %d\n", from+i, what, from+i)
	}
	return b.String()
}

// timeOf reads the time that lines writes.
func timeOf(_ string, line []byte) (int64, bool) {
	var t int64
	n, err := fmt.Sscanf(string(line), "%d ", &t)
	return t, n == 1 && err == nil
}

// A run is a follower at work in another goroutine.
type run struct {
	t      testing.TB
	f      *Follower
	log    *bytes.Buffer
	cancel context.CancelFunc
	ended  chan struct{}

	mu      sync.Mutex
	lines   []string
	batches []Batch // without their data
	ticks   []Tick
	state   State
	err     error
}

func follow(t testing.TB, o Options) *run {
	t.Helper()
	return followWith(t, o, nil)
}

// started follows and waits until the first round is over, so that what is
// written from now on is new.
func started(t testing.TB, o Options) *run {
	t.Helper()
	r := follow(t, o)
	r.until("the first tick", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.ticks) > 0 })
	return r
}

// followWith follows with options changed by the test's table and hooks set.
func followWith(t testing.TB, o Options, hook func(f *Follower)) *run {
	t.Helper()
	r := newRun(t, o)
	if hook != nil {
		hook(r.f)
	}
	// It ends when the batches end, at the latest when stop cancels them.
	go r.collect(r.prepare())
	return r
}

func newRun(t testing.TB, o Options) *run {
	t.Helper()
	r := &run{t: t, log: &bytes.Buffer{}, ended: make(chan struct{})}
	if o.Poll == 0 {
		o.Poll = testPoll
	}
	o.Log = slog.New(slog.NewTextHandler(&lockedWriter{mu: &r.mu, w: r.log}, nil))
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.f = f
	return r
}

// prepare has the run stopped at the end of the test.
func (r *run) prepare() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.t.Cleanup(r.stop)
	return ctx
}

func (r *run) collect(ctx context.Context) {
	defer close(r.ended)
	for b, err := range r.f.Batches(ctx) {
		state := r.f.State()
		r.mu.Lock()
		r.err = err
		r.state = state
		if b.Tick != nil {
			r.ticks = append(r.ticks, *b.Tick)
		} else {
			if len(b.Data) > 0 && b.Data[len(b.Data)-1] != '\n' {
				r.err = fmt.Errorf("a batch ends inside a line: %q", b.Data)
			}
			for l := range b.Lines() {
				r.lines = append(r.lines, string(l))
			}
			e := b
			e.Data, e.buf = nil, nil
			r.batches = append(r.batches, e)
		}
		r.mu.Unlock()
		b.Release()
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (w *lockedWriter) Write(b []byte) (int, error) {
	// The follower logs between batches, never while collect holds the lock.
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(b)
}

func (r *run) stop() {
	r.cancel()
	<-r.ended
}

// wait waits for the end of a run that ends by itself.
func (r *run) wait() {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(time.Minute):
		r.t.Fatalf("the run does not end\n%s", r.report())
	}
}

func (r *run) report() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("%d lines, %d ticks, %+v\n%s", len(r.lines), len(r.ticks), r.f.Stats(), r.log)
}

func (r *run) until(what string, cond func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !cond() {
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: not seen in time\n%s", what, r.report())
		}
		time.Sleep(time.Millisecond)
	}
}

func (r *run) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines)
}

// caughtUp waits for a whole round that begins after now.
func (r *run) caughtUp() {
	r.t.Helper()
	now := time.Now()
	r.until("a tick that is not behind", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		n := len(r.ticks)
		return n > 0 && !r.ticks[n-1].Behind && r.ticks[n-1].Now.After(now)
	})
}

// polls waits for some looks, to see that nothing more comes.
func (r *run) polls(n int) {
	r.t.Helper()
	for range n {
		r.caughtUp()
	}
}

// want waits until the lines of text have come and sees that nothing else does.
func (r *run) want(texts ...string) {
	r.t.Helper()
	want := strings.Split(strings.TrimSuffix(strings.Join(texts, ""), "\n"), "\n")
	if len(strings.Join(texts, "")) == 0 {
		want = nil
	}
	slices.Sort(want)
	deadline := time.Now().Add(time.Minute)
	for r.count() < len(want) && time.Now().Before(deadline) && !r.over() {
		time.Sleep(time.Millisecond)
	}
	if !r.over() {
		r.polls(5)
	}
	r.mu.Lock()
	got := slices.Clone(r.lines)
	r.mu.Unlock()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Fatalf("lines differ: %s\n%s", difference(got, want), r.report())
	}
}

func (r *run) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// difference names the lines that are missing and those that are too many.
func difference(got, want []string) string {
	n := map[string]int{}
	for _, l := range want {
		n[l]--
	}
	for _, l := range got {
		n[l]++
	}
	var out []string
	for l, k := range n {
		if k != 0 {
			out = append(out, fmt.Sprintf("%+d %.60q", k, l))
		}
	}
	slices.Sort(out)
	return fmt.Sprintf("%d lines, want %d: %s", len(got), len(want), strings.Join(out[:min(len(out), 4)], ", "))
}
