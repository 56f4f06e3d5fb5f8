//go:build realtest

package realtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/httpd"
	"github.com/logfeed/logfeed/tools/internal/logrotate"
)

// A rotation is a server with two logs that logrotate rotates, and a logfeed
// that follows both.
type rotation struct {
	t      *testing.T
	dir    string // of the logs
	own    string // of logrotate's state
	stanza logrotate.Stanza
	server *httpd.Server
	feed   *feed
	last   time.Time // when it was rotated last
}

// newRotation starts the server and the logfeed.
func newRotation(t *testing.T, carbon *gocarbon.Server, prefix string, directives []string, o httpd.Options) *rotation {
	t.Helper()
	dir := t.TempDir()
	r := &rotation{t: t, dir: filepath.Join(dir, "log"), own: dir}
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.stanza = logrotate.Stanza{Logs: filepath.Join(r.dir, "*.log"), Directives: directives}
	o.Logs = []string{filepath.Join(r.dir, "access.log"), filepath.Join(r.dir, "ssl_access.log")}
	// These buckets have ended, and are waited for no longer than for the
	// points of the others.
	o.Oldest, o.Newest = 20*time.Minute, time.Minute+time.Second
	r.server = startServer(t, o)
	r.server.ReloadOn(r.reload())
	r.feed = newFeed(t, feedOptions{
		dir: filepath.Join(dir, "logfeed"), carbon: carbon.Addr(), prefix: prefix,
		logs: filepath.Join(r.dir, "*access.log"),
	})
	return r
}

// reload is the file by which logrotate asks the server to restart.
func (r *rotation) reload() string { return filepath.Join(r.own, "reload") }

// A restart says whether logrotate waits for the server.
type restart int

const (
	noRestart       restart = iota
	gracefulRestart         // logrotate goes on while old processes still write to the renamed file
	patientRestart          // logrotate compresses only when they have ended
)

// rotate runs logrotate.
func (r *rotation) rotate(how restart) {
	r.t.Helper()
	until(r.t, "the restart before", func() bool { _, err := os.Lstat(r.reload()); return err != nil })
	// Names with a time in them are by the second.
	for r.last.Unix() == time.Now().Unix() {
		time.Sleep(10 * time.Millisecond)
	}
	r.last = time.Now()
	switch r.stanza.Postrotate = ""; how {
	case gracefulRestart:
		r.stanza.Postrotate = fmt.Sprintf("touch %s", r.reload())
	case patientRestart:
		r.stanza.Postrotate = fmt.Sprintf("touch %[1]s; n=0; while [ -e %[1]s ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done", r.reload())
	}
	if err := logrotate.Rotate(r.t.Context(), r.own, r.stanza); err != nil {
		r.t.Fatal(err)
	}
}

// names returns the names of the logs and of what they were rotated to.
func (r *rotation) names() []string {
	r.t.Helper()
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// without returns the directives but those named.
func without(directives []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(directives), func(d string) bool { return slices.Contains(names, d) })
}

// TestLogrotate rotates logs under logfeed and, several times, while it is
// down, with the stanza that Debian's apache2 comes with and its commonest
// variations.
func TestLogrotate(t *testing.T) {
	t.Parallel()
	carbon := startGoCarbon(t, filepath.Join(t.TempDir(), "go-carbon"), gocarbon.Options{})
	apache := logrotate.Apache()
	tests := []struct {
		name       string
		directives []string
	}{
		{"apache2", apache},
		{"compress", without(apache, "delaycompress")},
		{"dateext", append(without(apache), "dateext", "dateformat -%Y%m%d-%s")},
		{"dateext-compress", append(without(apache, "delaycompress"), "dateext", "dateformat -%Y%m%d-%s")},
	}
	// The subtests have ended when t.Run returns, and with them the need for
	// go-carbon.
	t.Run("rename", func(t *testing.T) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				testRename(t, carbon, "apache."+tt.name, tt.directives)
			})
		}
	})
	copytruncate := append(without(apache, "create 640 root adm"), "copytruncate")
	t.Run("lossy", func(t *testing.T) {
		t.Run("copytruncate", func(t *testing.T) {
			t.Parallel()
			testCopytruncate(t, carbon, "apache.copytruncate", copytruncate)
		})
		t.Run("deleted", func(t *testing.T) {
			t.Parallel()
			testDeleted(t, carbon, "apache.deleted", apache)
		})
		t.Run("truncated", func(t *testing.T) {
			t.Parallel()
			testDeleted(t, carbon, "apache.truncated", copytruncate)
		})
	})
}

// testRename lives through some days of a log, rotated by renaming.
func testRename(t *testing.T, carbon *gocarbon.Server, prefix string, directives []string) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	r := newRotation(t, carbon, prefix, directives, httpd.Options{Rate: 300, Linger: 1500 * time.Millisecond, Torn: true, Seed: seed})
	r.feed.start()
	time.Sleep(time.Second)
	for range 2 {
		r.rotate(gracefulRestart)
		time.Sleep(2500 * time.Millisecond) // longer than the old processes write
	}
	// What was written behind a compressor's back is only in a file without a
	// name: it must have been saved before logfeed is killed.
	r.feed.awaitCheckpoints(2)
	r.feed.kill()
	for range 3 {
		time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
		r.rotate(patientRestart)
	}
	t.Logf("found after the rotations: %q", r.names())
	r.feed.start()
	// Killed somewhere on its way through them, and rotated away in between.
	time.Sleep(time.Duration(random.IntN(500)) * time.Millisecond)
	r.feed.kill()
	r.rotate(patientRestart)
	r.feed.start()
	time.Sleep(time.Duration(random.IntN(2000)) * time.Millisecond)
	r.rotate(gracefulRestart)
	time.Sleep(2 * time.Second)

	want := stopServer(t, r.server, prefix)
	awaitRendered(t, carbon, prefix, want, time.Minute)
	r.feed.stopWhole(r.server.Lines())
	awaitRendered(t, carbon, prefix, want, 10*time.Second)
	t.Logf("%d lines, %d points are right", r.server.Lines(), numberOf(want))
}
