//go:build realtest

package realtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/httpd"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// startGoCarbon starts a go-carbon, and ends it with the test.
func startGoCarbon(t *testing.T, dir string, o gocarbon.Options) *gocarbon.Server {
	t.Helper()
	o.Binary, o.Dir, o.Prefix = os.Getenv("GO_CARBON_BINARY"), dir, "apache"
	carbon, err := gocarbon.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { carbon.Kill() })
	return carbon
}

// setUpdates has go-carbon write n series a second to its whisper files, as
// one does that has hundreds of thousands of them. 0 is no limit.
func setUpdates(t *testing.T, dir string, carbon *gocarbon.Server, n int) {
	t.Helper()
	path := filepath.Join(dir, "go-carbon.conf")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "max-updates-per-second") {
			continue
		}
		lines = append(lines, line)
		if line == "[whisper]\n" {
			lines = append(lines, fmt.Sprintf("max-updates-per-second = %d\n", n))
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(carbon.PID(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// crashes is one run of TestGoCarbonKilled.
type crashes struct {
	t       *testing.T
	dir     string // of go-carbon
	random  *rand.Rand
	carbon  *gocarbon.Server
	servers []*httpd.Server
	logs    []string
	feeds   []*feed
	rotated int
}

// site returns the prefix of one of the servers.
func site(i int) string { return fmt.Sprintf("apache.web%d", i+1) }

// TestGoCarbonKilled kills go-carbon again and again while its memory holds
// points that are in no file, among them the last that were sent, kills
// logfeed, and rotates its logs.
func TestGoCarbonKilled(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c := &crashes{t: t, dir: filepath.Join(t.TempDir(), "go-carbon"), random: rand.New(rand.NewPCG(seed, 0))}
	c.begin(seed)
	c.rounds()

	want := c.lastWords()
	for i := range c.servers {
		awaitRendered(t, c.carbon, site(i), of(want, site(i)), replayed)
	}
	for i, f := range c.feeds {
		f.stopWhole(c.servers[i].Lines())
	}
	setUpdates(t, c.dir, c.carbon, 0)
	read := func() (map[string]whisper.File, error) { return whisper.ReadTree(c.carbon.WhisperDir()) }
	awaitFiles(t, read, want, 30*time.Second)
	t.Logf("%d points of %d series are right", numberOf(want), len(want))
}

const (
	// receipted is how long after the last point everything has its receipt:
	// connections are renewed every minute.
	receipted = 65 * time.Second
	// replayed is how long after go-carbon is back everything has to be there.
	// It is too short for the totals that go again in any case, two minutes
	// after their receipt, to stand in for what a break has go again.
	replayed = 40 * time.Second
)

// lastWords has go-carbon lose everything that it was told in more than a
// minute, after logfeed had a receipt for it all. It returns what there has to
// be.
func (c *crashes) lastWords() roundtrip.Points {
	c.t.Helper()
	// A logfeed that has just started has begun no replay, of which there is
	// at most one a minute.
	for _, f := range c.feeds {
		f.kill()
	}
	c.carbon.SetMemoryOnly(true)
	c.killCarbon()
	for _, f := range c.feeds {
		f.start()
	}
	c.sleep(time.Second, 4*time.Second)
	want := make(roundtrip.Points)
	for i, server := range c.servers {
		maps.Copy(want, stopServer(c.t, server, site(i)))
	}
	time.Sleep(receipted)
	c.carbon.SetMemoryOnly(false)
	if lost := c.killCarbon(); lost == 0 {
		c.t.Error("go-carbon had nothing to lose, so its end proves nothing")
	}
	return want
}

// begin starts go-carbon, three servers and a logfeed for each.
func (c *crashes) begin(seed uint64) {
	c.t.Helper()
	c.carbon = startGoCarbon(c.t, c.dir, gocarbon.Options{})
	setUpdates(c.t, c.dir, c.carbon, 1)
	for i := range 3 {
		dir := c.t.TempDir()
		log := filepath.Join(dir, "access.log")
		c.logs = append(c.logs, log)
		c.servers = append(c.servers, startServer(c.t, httpd.Options{
			Logs: []string{log}, Rate: 200, Oldest: 20 * time.Minute, Newest: time.Minute + time.Second,
			Linger: 2 * time.Second, Torn: true, Seed: seed + uint64(i),
		}))
		f := newFeed(c.t, feedOptions{dir: filepath.Join(dir, "logfeed"), carbon: c.carbon.Addr(), prefix: site(i), logs: log})
		f.start()
		c.feeds = append(c.feeds, f)
	}
}

// rounds does everything that may happen, in any order.
func (c *crashes) rounds() {
	c.t.Helper()
	actions := []func(){}
	for range 3 {
		actions = append(actions, func() { c.killCarbon() }, c.killFeed, c.killFeed, c.rotate, c.rotate)
	}
	c.random.Shuffle(len(actions), func(i, j int) { actions[i], actions[j] = actions[j], actions[i] })
	for _, act := range actions {
		c.sleep(time.Second, 4*time.Second)
		act()
	}
	c.sleep(time.Second, 4*time.Second)
}

// killCarbon kills go-carbon and starts it anew. It returns how many points
// were in its memory and in no file.
func (c *crashes) killCarbon() (lost int) {
	c.t.Helper()
	lost, err := c.carbon.CachedPoints(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.carbon.Kill(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Logf("go-carbon killed: %d points lost", lost)
	c.sleep(0, 2*time.Second)
	if err := c.carbon.Start(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	setUpdates(c.t, c.dir, c.carbon, 1)
	return lost
}

func (c *crashes) killFeed() {
	c.t.Helper()
	f := c.feeds[c.random.IntN(len(c.feeds))]
	f.kill()
	c.sleep(0, 2*time.Second)
	f.start()
}

// rotate renames a log, and has its server restart gracefully.
func (c *crashes) rotate() {
	c.t.Helper()
	i := c.random.IntN(len(c.logs))
	c.rotated++
	if err := os.Rename(c.logs[i], fmt.Sprintf("%s.%d", c.logs[i], c.rotated)); err != nil {
		c.t.Fatal(err)
	}
	c.sleep(0, time.Second) // all this time they write to the renamed file alone
	if err := c.servers[i].Reload(); err != nil {
		c.t.Fatal(err)
	}
}

func (c *crashes) sleep(least, most time.Duration) {
	time.Sleep(least + time.Duration(c.random.Int64N(int64(most-least))))
}

// of returns the points of one prefix.
func of(points roundtrip.Points, prefix string) roundtrip.Points {
	some := make(roundtrip.Points)
	for series, buckets := range points {
		if strings.HasPrefix(series, prefix+".") {
			some[series] = buckets
		}
	}
	return some
}
