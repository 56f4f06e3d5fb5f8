package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

// sizes are logs of a tenth, once and nearly four times the lines, and logs
// whose lines make more and more series.
func (b *bench) sizes(ctx context.Context) (string, error) {
	lines, err := b.byLines(ctx)
	if err != nil {
		return "", err
	}
	series, err := b.bySeries(ctx)
	return lines + "\n" + series, err
}

func (b *bench) byLines(ctx context.Context) (string, error) {
	var made []*contestant
	for _, lines := range []int{b.lines / tenth, b.lines, b.lines * 38 / 10} {
		l := b.plain
		if lines != b.lines {
			var err error
			if l, err = makeLog(b.path(fmt.Sprintf("lines%d.log", lines)), b.real, lines, b.start, shape{}); err != nil {
				return "", err
			}
		}
		made = append(made, b.logfeedOn(fmt.Sprintf("%.2f GB", float64(l.bytes)/1e9), l))
	}
	if err := b.run(ctx, made); err != nil {
		return "", err
	}
	return growth("log", made), nil
}

// bySeries has one series for each virtual host and a point an hour in each of
// them, so that the lines stay the same and so do nearly all other costs.
func (b *bench) bySeries(ctx context.Context) (string, error) {
	var made []*contestant
	for series := 1; series <= 10_000; series *= 10 {
		l, err := makeLog(b.path(fmt.Sprintf("series%d.log", series)), b.real, b.lines, b.start, shape{vhosts: series, octets: true})
		if err != nil {
			return "", err
		}
		c := b.every(time.Hour, fmt.Sprint(series), l, append(byVhost(), "--metrics", "requests")...)
		c.runs = min(c.runs, 3)
		c.owed = func(prefix string) roundtrip.Points {
			requests := prefix + ".requests.count"
			return roundtrip.Points{requests: l.truth.Points(prefix).At(3600)[requests]}
		}
		made = append(made, c)
	}
	if err := b.run(ctx, made); err != nil {
		return "", err
	}
	return growth("series", made) + "\n" + reached([]aim{memory(made)}), nil
}

// growth is a table of runs that differ in size.
func growth(what string, made []*contestant) string {
	var s strings.Builder
	fmt.Fprintf(&s, "| %s | lines | points | time | spread | ns/line | processor, ns/line | peak memory | runs |\n|---|---|---|---|---|---|---|---|---|\n", what)
	for _, c := range made {
		lines := float64(c.log.lines)
		fmt.Fprintf(&s, "| %s | %s | %s | %.2f s | %.0f %% | %.0f | %.0f | %s | %d |\n", c.name, grouped(c.log.lines), grouped(c.points),
			c.time().Seconds(), 100*c.spread(), float64(c.time())/lines, float64(c.cpu())/lines, c.memory(), len(c.times))
	}
	return s.String()
}

// points shows what one point costs: to be written as text, and end to end.
func (b *bench) points(ctx context.Context) (string, error) {
	text, err := encoding(ctx)
	if err != nil {
		return "", err
	}
	l, err := makeLog(b.path("points.log"), b.real, b.lines, b.start, shape{vhosts: vhosts, octets: true})
	if err != nil {
		return "", err
	}
	var made []*contestant
	for _, minutes := range []int{60, 10, 2, 1} {
		c := b.every(time.Duration(minutes)*time.Minute, fmt.Sprintf("%d min", minutes), l, byVhost()...)
		c.runs = min(c.runs, 3)
		made = append(made, c)
	}
	if err := b.run(ctx, made); err != nil {
		return "", err
	}
	var s strings.Builder
	s.WriteString(text + "\n| interval | points | time | spread | each point more | processor of logfeed | peak memory | runs |\n|---|---|---|---|---|---|---|---|\n")
	for i, c := range made {
		took, cpu := "", ""
		if i > 0 {
			more := float64(c.points - made[0].points)
			took = fmt.Sprintf("%.2f µs", float64((c.time()-made[0].time()).Microseconds())/more)
			cpu = fmt.Sprintf("%.2f µs", float64((c.cpu()-made[0].cpu()).Microseconds())/more)
		}
		fmt.Fprintf(&s, "| %s | %s | %.2f s | %.0f %% | %s | %s | %s | %d |\n", c.name, grouped(c.points), c.time().Seconds(), 100*c.spread(), took, cpu, c.memory(), len(c.times))
	}
	return s.String(), nil
}

// encoding is what one point costs as text, by the benchmark that compares our
// way with the library's.
func encoding(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkEncode$", "-count", "5", "./internal/carbon").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("BenchmarkEncode: %w: %s", err, out)
	}
	return encoded(string(out))
}

var encodeLine = regexp.MustCompile(`(?m)^BenchmarkEncode/(\S+?)(?:-\d+)?\s.*?([\d.]+) ns/point`)

// encoded makes a table of what BenchmarkEncode has said, of medians.
func encoded(out string) (string, error) {
	seen := make(map[string][]time.Duration)
	var names []string
	for _, m := range encodeLine.FindAllStringSubmatch(out, -1) {
		ns, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return "", err
		}
		if seen[m[1]] == nil {
			names = append(names, m[1])
		}
		seen[m[1]] = append(seen[m[1]], time.Duration(ns*1000)) // thousandths
	}
	if len(names) == 0 {
		return "", fmt.Errorf("BenchmarkEncode has told nothing of points: %s", out)
	}
	var s strings.Builder
	s.WriteString("| a point as text | ns/point |\n|---|---|\n")
	for _, name := range names {
		fmt.Fprintf(&s, "| %s | %.0f |\n", strings.ReplaceAll(name, "_", " "), float64(median(seen[name]))/1000)
	}
	return s.String(), nil
}

// grouped writes a whole number with commas.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
