//go:build realtest

package realtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/httpd"
	"github.com/logfeed/logfeed/tools/internal/netcut"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

const (
	// mended is how long after a cut everything has to be there.
	mended = time.Minute
	// growth is how much memory logfeed may take more during a cut than before
	// it. The lines of a minute are more than twice that.
	growth = 6 << 20
)

// TestCut lets every packet between logfeed and carbon-cache vanish for a
// while, without a reset, and has the log written and rotated all the time.
func TestCut(t *testing.T) {
	t.Parallel()
	length := time.Minute
	if soak() {
		length = 3 * time.Minute
	}
	dir := t.TempDir()
	pair, err := netcut.New(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pair.Close() })
	carbon := startCarbonCache(t, carboncache.Options{
		Dir: filepath.Join(dir, "carbon"), Interface: pair.Far.Addr, Wrapper: pair.Far.Enter(),
	})
	const prefix = "apache.cut"
	log := filepath.Join(dir, "access.log")
	server := startServer(t, httpd.Options{
		Logs: []string{log}, Rate: 2000, Oldest: 10 * time.Minute, Newest: time.Minute + time.Second,
		Linger: 2 * time.Second, Torn: true, Seed: 1,
	})
	f := newFeed(t, feedOptions{dir: filepath.Join(dir, "logfeed"), carbon: carbon.Addr(), prefix: prefix, logs: log, wrapper: pair.Near.Enter()})
	f.start()
	until(t, "the first series", func() bool { return len(filesOf(t, carbon)) == seriesPerSite })
	before := int64(0)
	watch(10*time.Second, func() { before = max(before, memory(t, f)) })

	if err := pair.Cut(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Totals that change now and never again are sent into the cut.
	if err := server.Burst(1000, 20*time.Minute, 15*time.Minute); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // for carbon-cache to write what it has
	silent := finest(filesOf(t, carbon))
	during := int64(0)
	watch(length/2, func() { during = max(during, memory(t, f)) })
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	if err := server.Reload(); err != nil {
		t.Fatal(err)
	}
	watch(length/2, func() { during = max(during, memory(t, f)) })
	if d := roundtrip.Compare(silent, finest(filesOf(t, carbon))); len(d) > 0 {
		t.Errorf("points have got through the cut, such as %s", d[0])
	}
	want := stopServer(t, server, prefix)
	if err := pair.Mend(t.Context()); err != nil {
		t.Fatal(err)
	}

	end := time.Now()
	read := func() (map[string]whisper.File, error) { return carbon.Files() }
	awaitFiles(t, read, want, mended)
	took := time.Since(end)
	watch(5*time.Second, func() { during = max(during, memory(t, f)) })
	t.Logf("cut for %s, complete %s after it; memory %d KiB before, %d KiB at most since", length, took.Round(time.Second/10), before>>10, during>>10)
	if during > before+growth {
		t.Errorf("logfeed took %d KiB during the cut and %d KiB before it, want it flat", during>>10, before>>10)
	}
	f.stopWhole(server.Lines())
	awaitFiles(t, read, want, 10*time.Second)
}

// watch calls look several times a second, for d.
func watch(d time.Duration, look func()) {
	for limit := time.Now().Add(d); time.Now().Before(limit); time.Sleep(200 * time.Millisecond) {
		look()
	}
}

// memory returns the resident memory of logfeed in bytes.
func memory(t *testing.T, f *feed) int64 {
	t.Helper()
	f.alive()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.process.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		var kib int64
		if _, err := fmt.Sscanf(string(line), "VmRSS: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	t.Fatal("the memory of logfeed cannot be read")
	return 0
}
