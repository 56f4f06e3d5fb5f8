package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// A table is what was measured, as Markdown.
type table struct {
	mark string // of the part of the document that it replaces
	head string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", t.head)
	for i, row := range t.rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "%s|\n", strings.Repeat("|---", len(row)))
		}
	}
	return b.String()
}

// machine says where and when a measurement was made.
func machine(what string) string {
	cpu := "unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo") // unknown it is then
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s %s, %d cores of an %s, Linux %s, %s.",
		what, time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), cpu, kernel(), runtime.Version())
}

func kernel() string {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return "of unknown version"
	}
	var b strings.Builder
	for _, c := range u.Release {
		if c == 0 {
			break
		}
		b.WriteByte(byte(c))
	}
	return b.String()
}

// replaceIn puts text between the two marks in the document at path.
func replaceIn(path, mark, text string) error {
	document, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := fmt.Sprintf("<!-- begin %s -->\n", mark), fmt.Sprintf("<!-- end %s -->\n", mark)
	before, rest, found := bytes.Cut(document, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !found || !closed {
		return fmt.Errorf("%s: the marks %q and %q are missing", path, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(begin + text + end)
	b.Write(after)
	return os.WriteFile(path, b.Bytes(), 0o644)
}
