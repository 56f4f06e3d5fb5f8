package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

var manyHosts = flag.Int("hosts", 50_000, "how many lines, each of a host of its own, TestManyHosts writes")

// TestManyHosts reads a log in which every line has another Host header, and
// sums by it: memory has a bound, and every line is in one of the groups. It
// logs what that costs beside sums of the same lines by one value; see
// `make hosts`.
func TestManyHosts(t *testing.T) {
	log := filepath.Join(t.TempDir(), "access.log")
	writeHosts(t, log, *manyHosts)
	plain := sumHosts(t, "method", log)
	hosts := sumHosts(t, "%{Host}i", log)
	for _, s := range []hostSums{plain, hosts} {
		if s.lines != float64(*manyHosts) {
			t.Errorf("the groups have %v lines together, want %d", s.lines, *manyHosts)
		}
	}
	if runtime.GOOS == "linux" && (hosts.memory == 0 || hosts.memory > 256<<20) {
		t.Errorf("%d MiB of memory, want less than 256", hosts.memory>>20)
	}
	if hosts.groups != 10_000 || plain.groups != 1 {
		t.Errorf("%d hosts and %d methods have a series, want 10000 and 1", hosts.groups, plain.groups)
	}
	t.Logf("%d lines, by method:  %s", *manyHosts, plain)
	t.Logf("%d lines, by host:    %s, %.0f %% of the speed", *manyHosts, hosts, 100*plain.cpu.Seconds()/hosts.cpu.Seconds())
}

func writeHosts(t *testing.T, path string, n int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	begin := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	for i := range n {
		host := uint32(i) * 2654435761 // all different, in no order
		when := begin.Add(time.Duration(i) * 20 * time.Millisecond)
		fmt.Fprintf(w, "www%08x.example.com 192.0.2.%d - - [%s] \"GET /%x HTTP/1.1\" 200 %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\"\n",
			host, i%256, when.Format("02/Jan/2006:15:04:05 -0700"), i, i%50_000)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// hostSums is what one run makes of the lines.
type hostSums struct {
	groups int
	lines  float64
	cpu    time.Duration
	memory int64 // at its peak, as it was seen last, bytes; 0 if it ended too soon
}

func (s hostSums) String() string {
	memory := "memory not seen"
	if s.memory > 0 {
		memory = fmt.Sprintf("%d MiB at the peak", s.memory>>20)
	}
	return fmt.Sprintf("%.2f s of a core, %s, %d groups", s.cpu.Seconds(), memory, s.groups)
}

func sumHosts(t *testing.T, by, log string) hostSums {
	t.Helper()
	cmd := exec.Command("logfeed", "--from-start", "--once", "--dry-run", "--prefix", "a", "--progress", "never", "--metrics", "requests",
		"--by", by, "--format", `%{Host}i %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`, log)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var s hostSums
	groups := make(map[string]bool)
	for n, lines := 0, bufio.NewReader(out); ; n++ {
		line, err := lines.ReadString('\n')
		// What is said of it after its end would count the memory of this process.
		if n%1000 == 0 {
			if peak, ok := memoryOf(cmd.Process.Pid, "VmHWM"); ok {
				s.memory = peak
			}
		}
		if err == io.EOF {
			break
		}
		l, ok := carbontest.Parse(strings.TrimSuffix(line, "\n"))
		if !ok {
			t.Fatalf("%q is no line for Carbon", line)
		}
		var n float64
		fmt.Sscan(l.Value, &n)
		s.lines += n
		groups[l.Series] = true
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	s.groups = len(groups)
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return s
}

// memoryOf returns what Linux tells of the memory of a running process, in bytes.
func memoryOf(pid int, field string) (int64, bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if _, err := fmt.Sscanf(line, field+": %d kB", &kib); err == nil {
			return kib << 10, true
		}
	}
	return 0, false
}
