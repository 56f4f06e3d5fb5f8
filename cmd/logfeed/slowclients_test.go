// The race detector has memory of its own.

//go:build linux && !race

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestSlowClients has 500 connections to the status address that never end their
// requests, each as long as the server takes it: lines are counted and
// delivered meanwhile, and memory stays where it was.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	const clients, rounds, most = 500, 60, 8 << 20
	// The path of a socket may have about a hundred bytes.
	dir, err := os.MkdirTemp("", "slow")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path, socket := filepath.Join(dir, "access.log"), filepath.Join(dir, "s")
	log, carbon := create(t, path), listen(t)
	logfeed := start(t, carbon, "--interval", "1s", "--from-start", "--status", "unix:"+socket, path)
	lines := 0
	write := func() {
		if _, err := log.WriteString(combined(time.Now(), 200, 1)); err != nil {
			t.Fatal(err)
		}
		lines++
	}
	delivered := func() bool { return linesAt(carbon) == lines }
	write()
	until(t, "the first line", delivered)
	until(t, "the status", func() bool { _, err := os.Stat(socket); return err == nil })

	pid := logfeed.cmd.Process.Pid
	before := resident(t, pid, "VmRSS")
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil { // the peak begins anew
		t.Fatal(err)
	}
	slow := make([]net.Conn, clients)
	for i := range slow {
		if slow[i], err = net.Dial("unix", socket); err != nil {
			t.Fatal(err)
		}
		defer slow[i].Close()
		if _, err := io.WriteString(slow[i], "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "+strings.Repeat("x", 7<<10)); err != nil {
			t.Fatal(err)
		}
	}
	// Longer than the server waits for a request, so that others have their turn.
	for range rounds {
		write()
		for _, c := range slow {
			c.Write([]byte("x")) // those that were cut off fail
		}
		time.Sleep(100 * time.Millisecond)
	}
	until(t, "the lines of that time", delivered)
	peak := resident(t, pid, "VmHWM")
	t.Logf("resident memory: %d KiB before, at most %d KiB with %d slow connections", before>>10, peak>>10, clients)
	if peak-before > most {
		t.Errorf("%d slow connections take %d KiB", clients, (peak-before)>>10)
	}
}

// linesAt returns how many lines are in the buckets that Carbon holds.
func linesAt(carbon *carbontest.Server) (lines int) {
	for key, value := range traffic(carbon) {
		if strings.HasSuffix(key.Series, ".requests.count") {
			n, _ := strconv.Atoi(value)
			lines += n
		}
	}
	return lines
}

// resident returns what Linux tells of a process's memory, in bytes.
func resident(t *testing.T, pid int, field string) int64 {
	t.Helper()
	bytes, ok := memoryOf(pid, field)
	if !ok {
		t.Fatalf("%s is not told", field)
	}
	return bytes
}
