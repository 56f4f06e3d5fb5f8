package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A usage is what processes have used so far.
type usage struct {
	cpu      time.Duration
	switches int64 // voluntary context switches: how often a thread went to sleep
}

func (u usage) less(before usage) usage {
	return usage{u.cpu - before.cpu, u.switches - before.switches}
}

// ticksPerSecond is the unit of times in /proc/PID/stat, the same on all
// machines that Go knows.
const ticksPerSecond = 100

// used adds up what the processes of a session have used: the one that began
// it, which pid names, and all that it has started.
func used(pid int) (usage, error) {
	var sum usage
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return sum, err
	}
	found := false
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		// Behind the name in brackets: state, parent, group, session, …
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) < 13 || fields[3] != strconv.Itoa(pid) {
			continue
		}
		found = true
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		sum.cpu += time.Duration(user+system) * time.Second / ticksPerSecond
		sum.switches += switches(filepath.Dir(path))
	}
	if !found {
		return sum, fmt.Errorf("process %d has ended", pid)
	}
	return sum, nil
}

// switches adds up the voluntary context switches of all threads.
func switches(process string) (sum int64) {
	threads, _ := filepath.Glob(process + "/task/*/status") // the pattern is well-formed
	for _, path := range threads {
		sum += number(path, "voluntary_ctxt_switches:")
	}
	return sum
}

// resident returns the memory of a process, in bytes.
func resident(pid int) int64 {
	return number(fmt.Sprintf("/proc/%d/status", pid), "VmRSS:") << 10
}

// number returns the number behind a word at the beginning of a line of a
// status file, 0 if the thread has ended.
func number(path, word string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, word); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}
