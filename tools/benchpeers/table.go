package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"
)

// compared is a table of medians. The ratio is to the row before that is no
// logfeed, or to the first row where all are.
func compared(made []*contestant) string {
	var b strings.Builder
	b.WriteString("| program | log | time | GB/s | ratio | spread | processor | peak memory | points | runs |\n|---|---|---|---|---|---|---|---|---|---|\n")
	base := made[0]
	for _, c := range made {
		if strings.HasSuffix(c.name, "wc -l") {
			base = c
		}
		took := c.time()
		size := float64(c.log.bytes) * c.scale
		name, points := escaped(c.name), ""
		if c.scale > 1 {
			name += fmt.Sprintf(" (1/%.0f of the log, its time times %.0f)", c.scale, c.scale)
		}
		if c.points > 0 {
			points = grouped(c.points)
		}
		fmt.Fprintf(&b, "| %s | %.2f GB | %.2f s | %.2f | %.2f | %.0f %% | %.2f s | %s | %s | %d |\n", name, size/1e9, took.Seconds(), size/1e9/took.Seconds(),
			took.Seconds()/base.time().Seconds(), 100*c.spread(), c.cpu().Seconds(), c.memory(), points, len(c.times))
	}
	return b.String()
}

func escaped(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// memory is the highest peak of all runs. Of a shell that waits for others it
// says nothing.
func (c *contestant) memory() string {
	if c.args(0)[0] == "sh" {
		return ""
	}
	return fmt.Sprintf("%.0f MiB", float64(c.peak())/(1<<20))
}

// machine says where and when, and how busy the machine is.
func machine() string {
	model := "an unnamed processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	load := "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(text), " ")
	}
	return fmt.Sprintf("%s, on %d cores of %s, %s; load before: %s.", time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), model, runtime.Version(), load)
}

// replaceIn puts a text between the marks of its name in a file, and appends
// both to a file without them.
func replaceIn(path, name, text string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, replaced(old, name, text), 0o644)
}

func replaced(old []byte, name, text string) []byte {
	begin, end := []byte("<!-- "+name+" -->\n"), []byte("<!-- end of "+name+" -->\n")
	before, rest, found := bytes.Cut(old, begin)
	_, after, ended := bytes.Cut(rest, end)
	if !found || !ended {
		before, after = append(bytes.Clone(old), '\n'), nil
	}
	return bytes.Join([][]byte{before, begin, []byte(strings.TrimRight(text, "\n") + "\n"), end, after}, nil)
}
