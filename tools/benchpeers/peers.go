package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

// logfeedOn is a logfeed that feeds go-carbon with a log, below a prefix of its
// own in each run, where everything is read back.
func (b *bench) logfeedOn(name string, l log, flags ...string) *contestant {
	return b.every(time.Minute, name, l, flags...)
}

// every is one with this interval.
func (b *bench) every(interval time.Duration, name string, l log, flags ...string) *contestant {
	c := &contestant{name: name, log: l, runs: b.rounds, scale: 1, ours: true}
	step := int64(interval.Seconds())
	prefix := func(n int) string {
		return fmt.Sprintf("bench.%ds.%s.run%d", step, strings.Map(level, name), n)
	}
	c.args = func(n int) []string {
		args := []string{b.logfeed, "--from-start", "--once", "--carbon", b.carbon.Addr(), "--prefix", prefix(n), "--interval", interval.String()}
		return append(append(args, flags...), l.path)
	}
	c.owed = func(prefix string) roundtrip.Points { return l.truth.Points(prefix).At(step) }
	c.check = func(ctx context.Context, n int) (err error) {
		c.points, err = checkTotals(ctx, b.carbon, prefix(n), c.owed(prefix(n)))
		return err
	}
	return c
}

// level keeps what a level of Graphite's tree may hold.
func level(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return '_'
}

func program(name string, l log, runs int, scale float64, args ...string) *contestant {
	return &contestant{name: name, log: l, runs: runs, scale: scale, args: func(int) []string { return args }}
}

// slowRuns is how often a program is run that takes many seconds.
const slowRuns = 2

// tenth is by how much the log of GoAccess is smaller.
const tenth = 10

// ofPiece is how many lines mtail is given. In one shot it takes time by the
// square of what it reads: ten times the lines, some forty times as long. So
// little of the log is the kindest to it, although its start counts too.
const ofPiece = 10_000

// peers are programs that one would take for the job, on the plain log.
func (b *bench) peers(ctx context.Context) (string, error) {
	wc := program("wc -l", b.plain, b.rounds, 1, "wc", "-l", b.plain.path)
	two := b.logfeedOn("logfeed, 2 workers", b.plain, "--workers", "2")
	one := b.logfeedOn("logfeed, 1 worker", b.plain, "--workers", "1")
	made := []*contestant{wc, two, one}
	aims := []aim{
		atMost("logfeed, 2 workers, to `wc -l`", 2.0, times(two, wc)),
		atMost("logfeed, 1 worker, to `wc -l`", 3.5, times(one, wc)),
	}
	slower := func(c *contestant, aimed float64) {
		made = append(made, c)
		aims = append(aims, atLeast(c.name+", to logfeed, 2 workers", aimed, times(c, two)))
	}
	if path, err := exec.LookPath("python3"); err == nil {
		slower(program("Python generators, one regular expression", b.plain, slowRuns, 1, path, "tools/benchpeers/pipeline.py", b.plain.path), 15)
	}
	if path, err := exec.LookPath("mtail"); err == nil {
		piece, err := makeLog(b.path("piece.log"), b.real, ofPiece, b.start, shape{})
		if err != nil {
			return "", err
		}
		slower(program("mtail", piece, b.rounds, float64(b.lines)/ofPiece, path, "--one_shot", "--logtostderr", "--address", "127.0.0.1", "--port", "0",
			"--progs", "tools/benchpeers/status.mtail", "--logs", piece.path), 100)
	}
	if path, err := exec.LookPath("goaccess"); err == nil {
		part, err := makeLog(b.path("tenth.log"), b.real, b.lines/tenth, b.start, shape{})
		if err != nil {
			return "", err
		}
		slower(program("GoAccess", part, slowRuns, tenth, path, part.path, "--log-format=COMBINED", "--no-progress", "-o", b.path("goaccess.json")), 100)
	}
	if err := b.run(ctx, made); err != nil {
		return "", err
	}
	if b.picture != "" {
		if err := os.WriteFile(b.picture, bars(made), 0o644); err != nil {
			return "", err
		}
	}
	return compared(made) + "\n" + reached(append(aims, memory(made))), nil
}

const (
	combined = `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`
	vhosts   = 400
	long     = `%v:%p ` + combined + ` "%!200,206,304{Cookie}i" %400,404,500{X-Request-Id}i "%{Accept-Language}i" %X %k %{local}p %{UNIQUE_ID}e "%200{Content-Type}o" %I`
	longTail = ` "-" - "en-US,en;q=0.9,de;q=0.5" + 3 443 ZWjH4cCoAAEAAAIRAAAAAAB "text/html; charset=UTF-8" 712`
)

// formats are logs of as many lines in other formats, beside the plain one.
func (b *bench) formats(ctx context.Context) (string, error) {
	plain := b.logfeedOn("combined", b.plain)
	made := []*contestant{plain}
	var aims []aim
	for _, f := range []struct {
		name     string
		interval time.Duration
		shape    shape
		flags    []string
	}{
		{"combined with %D", time.Minute, shape{tail: " 18342"}, []string{"--format", combined + " %D"}},
		{"a long format with conditions", time.Minute, shape{vhosts: 1, tail: longTail}, []string{"--format", long}},
		{"vhost_combined --by vhost, 400 hosts", time.Minute, shape{vhosts: vhosts, octets: true}, byVhost()},
		{"vhost_combined --by vhost, 400 hosts, --interval 1h", time.Hour, shape{vhosts: vhosts, octets: true}, byVhost()},
	} {
		l, err := makeLog(b.path(fmt.Sprintf("format%d.log", len(made))), b.real, b.lines, b.start, f.shape)
		if err != nil {
			return "", err
		}
		c := b.every(f.interval, f.name, l, f.flags...)
		made = append(made, c)
		aims = append(aims, atMost(f.name+", to combined", 1.6, times(c, plain)))
		if l.vhosts > 1 {
			made = append(made, b.bareSender("the points of that, by a bare sender", f.interval, c))
		}
	}
	if err := b.run(ctx, made); err != nil {
		return "", err
	}
	return compared(made) + "\n" + reached(append(aims, memory(made))), nil
}

func byVhost() []string { return []string{"--format", "vhost_combined", "--by", "vhost"} }

// packed are compressed logs, each behind the shell's way to count its lines.
func (b *bench) packed(ctx context.Context) (string, error) {
	var made []*contestant
	var aims []aim
	for _, p := range []struct {
		suffix, pack, unpack string
		aimed                float64
	}{
		{"gz", "gzip -1 <%s >%s", "zcat", 0.6},
		{"zst", "zstd -q -3 <%s >%s", "zstd -dc", 1.8},
	} {
		if _, err := exec.LookPath(strings.Fields(p.pack)[0]); err != nil {
			continue
		}
		packed := b.plain
		packed.path += "." + p.suffix
		if out, err := exec.CommandContext(ctx, "sh", "-c", fmt.Sprintf(p.pack, b.plain.path, packed.path)).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", p.pack, err, out)
		}
		wc := program(p.unpack+" | wc -l", packed, b.rounds, 1, "sh", "-c", p.unpack+" "+packed.path+" | wc -l")
		c := b.logfeedOn("logfeed, ."+p.suffix, packed)
		made = append(made, wc, c)
		aims = append(aims, atMost(c.name+", to `"+wc.name+"`", p.aimed, times(c, wc)))
	}
	if len(made) == 0 {
		return "", fmt.Errorf("neither gzip nor zstd is installed")
	}
	if err := b.run(ctx, made); err != nil {
		return "", err
	}
	return compared(made) + "\n" + reached(append(aims, memory(made))), nil
}

// cold are programs that read the plain log from the disk.
func (b *bench) cold(ctx context.Context) (string, error) {
	made := []*contestant{
		program("wc -l", b.plain, b.rounds, 1, "wc", "-l", b.plain.path),
		b.logfeedOn("logfeed, 2 workers, from the disk", b.plain, "--workers", "2"),
		b.logfeedOn("logfeed, 1 worker, from the disk", b.plain, "--workers", "1"),
	}
	for _, c := range made {
		c.before = func(int) error { return forget(c.log.path) }
	}
	if err := b.run(ctx, made); err != nil {
		return "", err
	}
	return compared(made), nil
}
