package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
)

const (
	// settle is how long after its start a program is left alone, until it has
	// made its first connections and collected its first garbage.
	settle = 10 * time.Second
	// startPatience bounds the wait for a program to have read what is there.
	startPatience = 2 * time.Minute
	// stopPatience bounds the wait for its end.
	stopPatience = 30 * time.Second

	busyLogs      = 100
	busyPerSecond = 10_000
)

// A bench measures. Its measurements do not overlap.
type bench struct {
	logfeed, goCarbon, latencyTest string

	dir    string
	time   time.Duration // of each measurement; see short
	carbon *gocarbon.Server
	sites  int
	say    func(format string, a ...any)
}

// all makes the measurements, or only the one of that name.
func (b *bench) all(ctx context.Context, only string) (*table, error) {
	t := &table{mark: "make bench-live", head: machine("Measured")}
	t.add("", "measured", "wanted")
	measurements := []struct {
		name string
		run  func(context.Context, *table) error
	}{
		{"idle", b.idle},
		{"many", b.many},
		{"spread", b.spread},
		{"busy", b.busy},
		{"latency", b.latency},
		{"quiet", b.quiet},
	}
	for _, m := range measurements {
		if only != "" && only != m.name {
			continue
		}
		b.say("%s …", m.name)
		if err := b.withCarbon(ctx, func() error { return m.run(ctx, t) }); err != nil {
			return t, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return t, nil
}

// short is how long those measurements take for which less time is enough.
func (b *bench) short() time.Duration { return b.time / 2 }

// withCarbon calls measure while a go-carbon runs that knows no series yet.
func (b *bench) withCarbon(ctx context.Context, measure func() error) (err error) {
	b.sites++
	b.carbon, err = gocarbon.Start(ctx, gocarbon.Options{Binary: b.goCarbon, Dir: b.at("carbon"), Prefix: "apache.bench"})
	if err != nil {
		return err
	}
	return errors.Join(measure(), b.carbon.Kill())
}

// at returns a path of this measurement.
func (b *bench) at(name string) string {
	return filepath.Join(b.dir, fmt.Sprintf("%d-%s", b.sites, name))
}

// site makes the logs of this measurement.
func (b *bench) site(logs, directories int) (*site, error) {
	return newSite(b.at("logs"), logs, directories)
}

// follow starts logfeed, as a service would, and waits until it has read what
// is there. It returns how long that took.
func (b *bench) follow(ctx context.Context, s *site) (*child.Process, time.Duration, error) {
	begin := time.Now()
	p, err := child.Start(b.at("logfeed.log"), b.logfeed, "--carbon", b.carbon.Addr(), "--prefix", "apache.bench", "--state-dir", b.at("state"), s.pattern)
	if err != nil {
		return nil, 0, err
	}
	if err := b.await(ctx, p, b.at("logfeed.log"), "caught up with the logs"); err != nil {
		return nil, 0, errors.Join(err, p.Kill())
	}
	return p, time.Since(begin), nil
}

// await waits until p has written a text into its log.
func (b *bench) await(ctx context.Context, p *child.Process, log, text string) error {
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); {
		written, err := os.ReadFile(log)
		if err != nil {
			return err
		}
		if bytes.Contains(written, []byte(text)) {
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("%s has ended:\n%s", filepath.Base(log), written)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return fmt.Errorf("%q is not in %s after %s", text, log, startPatience)
}

// over returns what the sessions use in a time.
func (b *bench) over(ctx context.Context, d time.Duration, pids ...int) ([]usage, error) {
	before := make([]usage, len(pids))
	for i, pid := range pids {
		var err error
		if before[i], err = used(pid); err != nil {
			return nil, err
		}
	}
	if err := sleep(ctx, d); err != nil {
		return nil, err
	}
	uses := make([]usage, len(pids))
	for i, pid := range pids {
		after, err := used(pid)
		if err != nil {
			return nil, err
		}
		uses[i] = after.less(before[i])
	}
	return uses, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// A resting logfeed is what following costs when nothing is written.
type restingLogfeed struct {
	start    time.Duration
	share    float64 // of a core
	switches float64 // a second
	resident int64
}

func (b *bench) rest(ctx context.Context, logs, directories int, d time.Duration) (r restingLogfeed, err error) {
	s, err := b.site(logs, directories)
	if err != nil {
		return r, err
	}
	p, start, err := b.follow(ctx, s)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.Stop(syscall.SIGTERM, stopPatience)) }()
	if err := sleep(ctx, settle); err != nil {
		return r, err
	}
	uses, err := b.over(ctx, d, p.PID())
	if err != nil {
		return r, err
	}
	return restingLogfeed{
		start:    start,
		share:    uses[0].cpu.Seconds() / d.Seconds(),
		switches: float64(uses[0].switches) / d.Seconds(),
		resident: resident(p.PID()),
	}, nil
}

func (b *bench) idle(ctx context.Context, t *table) error {
	for _, logs := range []int{10, busyLogs} {
		b.sites++
		r, err := b.rest(ctx, logs, 1, b.time)
		if err != nil {
			return err
		}
		t.add(fmt.Sprintf("idle, %d logs: voluntary context switches a second", logs), fmt.Sprintf("%.1f", r.switches), "≤ 10")
		t.add(fmt.Sprintf("idle, %d logs: share of a core", logs), percent(r.share), "")
		t.add(fmt.Sprintf("idle, %d logs: resident memory", logs), mebibytes(r.resident), "≤ 24 MiB")
	}
	return nil
}

func (b *bench) many(ctx context.Context, t *table) error {
	return b.tenThousand(ctx, t, "10,000 logs in one directory", 1, true)
}

func (b *bench) spread(ctx context.Context, t *table) error {
	if err := b.tenThousand(ctx, t, "10,000 logs in 100 directories", 100, true); err != nil {
		return err
	}
	b.sites++
	return b.tenThousand(ctx, t, "10,000 logs in 10,000 directories", 10_000, false)
}

func (b *bench) tenThousand(ctx context.Context, t *table, what string, directories int, wanted bool) error {
	r, err := b.rest(ctx, 10_000, directories, b.short())
	if err != nil {
		return err
	}
	aims := []string{"< 2 s", "< 3 %", "< 100 MiB"}
	if !wanted {
		aims = make([]string, 3)
	}
	t.add(what+": start until all are read", seconds(r.start), aims[0])
	t.add(what+": share of a core, idle", percent(r.share), aims[1])
	t.add(what+": resident memory", mebibytes(r.resident), aims[2])
	return nil
}

// busy has logfeed, mtail and tail follow the same logs at the same time.
func (b *bench) busy(ctx context.Context, t *table) (err error) {
	s, err := b.site(busyLogs, 1)
	if err != nil {
		return err
	}
	names, processes, err := b.followers(ctx, s)
	for _, p := range processes {
		defer func() { err = errors.Join(err, stopSession(p)) }()
	}
	if err != nil {
		return err
	}
	writing, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	// Ends when the measurement is over, or by an error.
	go func() {
		_, err := s.write(writing, busyPerSecond)
		done <- err
	}()
	if err := sleep(ctx, settle); err != nil {
		return err
	}
	var pids []int
	for _, p := range processes {
		pids = append(pids, p.PID())
	}
	uses, err := b.over(ctx, b.time, pids...)
	if err != nil {
		return err
	}
	memory := resident(pids[0])
	stop()
	if err := <-done; err != nil {
		return err
	}
	for i, name := range names {
		aim := ""
		if i == 0 {
			aim = "< 6 %"
		}
		t.add(fmt.Sprintf("10,000 lines/s in 100 logs: CPU seconds of %s in %.0f s", name, b.time.Seconds()),
			fmt.Sprintf("%.2f s (%s of a core)", uses[i].cpu.Seconds(), percent(uses[i].cpu.Seconds()/b.time.Seconds())), aim)
	}
	t.add("10,000 lines/s in 100 logs: resident memory of logfeed", mebibytes(memory), "≤ 24 MiB")
	return nil
}

// followers starts all that are compared, logfeed first.
func (b *bench) followers(ctx context.Context, s *site) (names []string, processes []*child.Process, err error) {
	logfeed, _, err := b.follow(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	names, processes = append(names, "logfeed"), append(processes, logfeed)
	count, err := child.Start(b.at("tail.log"), "sh", "-c", "tail -F "+s.pattern+" 2>/dev/null | wc -l")
	if err != nil {
		return names, processes, err
	}
	names, processes = append(names, "`tail -F \\| wc -l`"), append(processes, count)
	if _, err := exec.LookPath("mtail"); err != nil {
		b.say("mtail is missing (Debian's package mtail): its row is left out")
		return names, processes, nil
	}
	programs := b.at("mtail")
	if err := os.MkdirAll(programs, 0o755); err != nil {
		return names, processes, err
	}
	if err := os.WriteFile(filepath.Join(programs, "combined.mtail"), []byte(mtailProgram), 0o644); err != nil {
		return names, processes, err
	}
	mtail, err := child.Start(b.at("mtail.log"), "mtail", "--progs", programs, "--logs", s.pattern, "--port", "0", "--address", "127.0.0.1")
	if err != nil {
		return names, processes, err
	}
	return append(names, "mtail"), append(processes, mtail), nil
}

// mtailProgram counts requests by status and bytes, which is what logfeed does
// by default.
const mtailProgram = `counter requests by status
counter bytes
/^\S+ \S+ \S+ \[[^\]]+\] "[^"]*" (?P<status>\d{3}) (?P<bytes>\d+|-) / {
  requests[$status]++
  $bytes != "-" {
    bytes += int($bytes)
  }
}
`

// stopSession ends a program and what it has started.
func stopSession(p *child.Process) error {
	_ = syscall.Kill(-p.PID(), syscall.SIGTERM) // it may have ended by itself
	return p.Stop(syscall.SIGTERM, stopPatience)
}

func (b *bench) latency(ctx context.Context, t *table) error {
	return b.delays(ctx, t, "10,000 lines/s in 100 logs", "p99 ≤ 50 ms", b.short(), func(ctx context.Context, s *site) error {
		_, err := s.write(ctx, busyPerSecond)
		return err
	})
}

func (b *bench) quiet(ctx context.Context, t *table) error {
	return b.delays(ctx, t, "about 7 lines/s in 100 logs", "≤ 20 ms", b.time, func(ctx context.Context, s *site) error {
		return s.trickle(ctx)
	})
}

// delays measures how long after its write a line is counted.
func (b *bench) delays(ctx context.Context, t *table, what, aim string, d time.Duration, write func(context.Context, *site) error) error {
	s, err := b.site(busyLogs, 1)
	if err != nil {
		return err
	}
	p, err := child.Start(b.at("latency.log"), b.latencyTest, "-test.run", "^TestLatency$", "-test.timeout", "2h", "-latency.of", s.pattern)
	if err != nil {
		return err
	}
	if err := sleep(ctx, settle); err != nil {
		return errors.Join(err, p.Kill())
	}
	writing, stop := context.WithTimeout(ctx, d)
	defer stop()
	if err := write(writing, s); err != nil {
		return errors.Join(err, p.Kill())
	}
	if err := sleep(ctx, time.Second); err != nil {
		return errors.Join(err, p.Kill())
	}
	if err := p.Stop(syscall.SIGTERM, stopPatience); err != nil {
		return err
	}
	_, result, found := strings.Cut(p.LogTail(20), "latency ")
	if !found {
		return fmt.Errorf("no result:\n%s", p.LogTail(20))
	}
	result, _, _ = strings.Cut(result, "\n")
	t.add(what+": from write to counted", result, aim)
	return nil
}

func percent(share float64) string   { return fmt.Sprintf("%.2f %%", 100*share) }
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
func mebibytes(bytes int64) string   { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
