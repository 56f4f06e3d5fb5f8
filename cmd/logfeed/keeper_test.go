package main

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestFullDisk lets every checkpoint fail for a while, as a full disk does:
// counting goes on, the operator is told once and told when it is over, and
// after kill -9 nothing is missing.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stateDir := filepath.Join(dir, "state")
	log := create(t, filepath.Join(dir, "access.log"))
	carbon := listen(t)
	minute := time.Now().Add(-5 * time.Minute).Truncate(time.Minute)
	line := combined(minute, 200, 10)
	cells := func(n string, bytes string) map[carbontest.Key]string {
		return map[carbontest.Key]string{
			{Series: "apache.web1.bytes.count", Time: minute.Unix()}:      bytes,
			{Series: "apache.web1.requests.count", Time: minute.Unix()}:   n,
			{Series: "apache.web1.status.2xx.count", Time: minute.Unix()}: n,
		}
	}
	logfeed := start(t, carbon, "--state-dir", stateDir, "--from-start", log.Name())
	log.WriteString(line)
	until(t, "the first line", func() bool { return maps.Equal(traffic(carbon), cells("1", "10")) })

	// A directory in the place of the temporary file fails for root as well.
	blocker := filepath.Join(stateDir, "checkpoint.tmp", "x")
	until(t, "the way to be free", func() bool { return os.MkdirAll(blocker, 0o700) == nil })
	log.WriteString(line)
	until(t, "the failure to be told", func() bool { return strings.Contains(logfeed.stderr.String(), "cannot save the checkpoint") })
	log.WriteString(line)
	until(t, "counting to go on", func() bool { return maps.Equal(traffic(carbon), cells("3", "30")) })
	if n := strings.Count(logfeed.stderr.String(), "cannot save the checkpoint"); n != 1 {
		t.Errorf("the failure is told %d times", n)
	}
	if err := os.RemoveAll(filepath.Dir(blocker)); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of it to be told", func() bool { return strings.Contains(logfeed.stderr.String(), "can be saved again") })

	log.WriteString(line)
	logfeed.cmd.Process.Kill()
	<-logfeed.ended
	log.WriteString(line)
	start(t, carbon, "--state-dir", stateDir, "--from-start", log.Name())
	until(t, "all lines", func() bool { return maps.Equal(traffic(carbon), cells("5", "50")) })
}

// TestSecondUserOfAStateDirectoryIsRefused starts two with one directory and
// different prefixes.
func TestSecondUserOfAStateDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	carbon := listen(t)
	first := start(t, carbon, "--state-dir", dir, "--from-start", realLog)
	until(t, "the first to follow", func() bool { return strings.Contains(first.stderr.String(), "caught up") })
	second := start(t, carbon, "--prefix", "apache.web2", "--state-dir", dir, "--once", realLog)
	if code := second.exit(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !strings.Contains(second.stderr.String(), "another logfeed uses it") {
		t.Error("the second does not say why it ended")
	}
}

// TestFirstCheckpointComesBeforeTheFirstLine kills logfeed as early as it can
// be and looks whether the guarantee had begun: a checkpoint is there before
// any point is.
func TestFirstCheckpointComesBeforeTheFirstLine(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	carbon := listen(t)
	start(t, carbon, "--state-dir", dir, "--from-start", realLog)
	until(t, "the first point", func() bool { return carbon.Counts().Lines > 0 })
	if _, err := os.Stat(filepath.Join(dir, "checkpoint")); err != nil {
		t.Error(err)
	}
}

// TestChangedFlagsKeepWhatWaits changes what the sums mean while totals of
// ended buckets wait for a Carbon that is away: they still arrive.
func TestChangedFlagsKeepWhatWaits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 1))
	now := time.Now().Add(-2 * time.Minute).Truncate(time.Minute) // all buckets have ended
	text := recentLog(rnd, now, 200)
	log := create(t, filepath.Join(dir, "access.log"))
	log.WriteString(text)
	carbon := listen(t)
	carbon.Refuse()
	stateDir := filepath.Join(dir, "state")
	first := start(t, carbon, "--state-dir", stateDir, "--from-start", log.Name())
	until(t, "the log to be read", func() bool {
		return strings.Contains(first.stderr.String(), "caught up with the logs\" files=1 lines=200")
	})
	first.terminate(t)
	if err := carbon.Listen(); err != nil {
		t.Fatal(err)
	}
	start(t, carbon, "--state-dir", stateDir, "--metrics", "requests", log.Name())
	want := points(t, text)
	until(t, "what waited", func() bool { return maps.Equal(traffic(carbon), want) })
}
