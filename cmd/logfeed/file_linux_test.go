package main

import (
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// cellsIn returns the cells of a file of points, as Graphite would have them
// after it was sent, and fails at a line that is no point.
func cellsIn(t *testing.T, path string) map[carbontest.Key]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	cells := make(map[carbontest.Key]string)
	for line := range strings.Lines(string(text)) {
		l, ok := carbontest.Parse(strings.TrimSuffix(line, "\n"))
		if !ok || !strings.HasSuffix(line, "\n") {
			t.Fatalf("%s has the line %q", path, line)
		}
		cells[carbontest.Key{Series: l.Series, Time: l.Time}] = l.Value
	}
	return cells
}

// TestFileAfterKills kills logfeed at random while it writes a file and feeds
// a Carbon. What was torn comes again, and both hold the same in the end.
func TestFileAfterKills(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	carbon, dir := listen(t), t.TempDir()
	points := filepath.Join(dir, "points")
	args := []string{"--from-start", "--state-dir", filepath.Join(dir, "state"), "--carbon", "file://" + points, realLog}
	for range 12 {
		p := start(t, carbon, args...)
		time.Sleep(time.Duration(chance.Int64N(int64(150 * time.Millisecond))))
		p.cmd.Process.Kill()
		<-p.ended
		if half := chance.IntN(2) == 0; half {
			tear(t, points, chance)
		}
	}
	p := start(t, carbon, args...)
	until(t, "the points at both", func() bool {
		return maps.Equal(carbon.Final(), truth(t)) && strings.Contains(p.stderr.String(), "caught up")
	})
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if d := difference(cellsIn(t, points), truth(t)); d != "" {
		t.Error(d)
	}
}

// tear leaves a part of a line behind, as a kill in the middle of a write does.
func tear(t *testing.T, path string, chance *rand.Rand) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const line = "apache.web1.requests.count 99999 1431857100"
	if _, err := f.WriteString(line[:1+chance.IntN(len(line))]); err != nil {
		t.Fatal(err)
	}
}

// TestFileWithoutRoom lets a file meet the largest size that the system allows
// it, which is how a full disk looks to a write: a part goes, then none.
// Points wait until there is room, and every line stays whole.
func TestFileWithoutRoom(t *testing.T) {
	t.Parallel()
	carbon, points := listen(t), filepath.Join(t.TempDir(), "points")
	p := launch(t, exec.Command("sh", "-c", `ulimit -S -f 6; exec logfeed "$@"`, "sh",
		"--prefix", "apache.web1", "--from-start", "--carbon", carbon.Addr(), "--carbon", "file://"+points, realLog))
	until(t, "the end of the room", func() bool { return strings.Contains(p.stderr.String(), "cannot write points to the file") })
	// The Carbon beside it waits for nothing.
	until(t, "the points at Carbon", func() bool { return maps.Equal(carbon.Final(), truth(t)) })
	if n := len(cellsIn(t, points)); n >= len(truth(t)) {
		t.Errorf("%d cells have found room", n)
	}

	var limit unix.Rlimit
	if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, nil, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil); err != nil {
		t.Fatal(err)
	}
	until(t, "the points in the file", func() bool { return maps.Equal(cellsIn(t, points), truth(t)) })
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if said := p.stderr.String(); !strings.Contains(said, "points are written to the file again") || strings.Count(said, "cannot write points") != 1 {
		t.Error("the end of it is not told, or the beginning more than once")
	}
}
