//go:build torture

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestDamagedCheckpoint starts the program with a newest checkpoint that is cut
// short or has a wrong byte, while Carbon has lost all that it had: the program
// says so, goes on from the checkpoint before, and Carbon ends up with the
// whole truth.
func TestDamagedCheckpoint(t *testing.T) {
	t.Parallel()
	rnd := seeded(chooseSeed(t), 3)
	w := wreck(t, rnd)
	newest, err := os.ReadFile(filepath.Join(w.state, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string][]byte{"empty": {}, "zeros": make([]byte, len(newest))}
	for range 12 {
		n := rnd.IntN(len(newest))
		damaged[fmt.Sprintf("cut at %d of %d", n, len(newest))] = newest[:n]
	}
	for range 12 {
		i, bits := rnd.IntN(len(newest)), byte(1+rnd.IntN(255))
		flipped := bytes.Clone(newest)
		flipped[i] ^= bits
		damaged[fmt.Sprintf("byte %d xor %x", i, bits)] = flipped
	}
	for name, data := range damaged {
		t.Run(name, func(t *testing.T) {
			// A start without the checkpoint before would begin at the end.
			w.recover(t, data, nil)
		})
	}
	t.Run("both", func(t *testing.T) {
		// Nothing is known then, and --from-start reads it all again, as the
		// pattern leads to what was rotated too.
		w.recover(t, newest[:len(newest)/2], newest[:len(newest)-1], "--from-start")
	})
}

// A wrecked logfeed was killed in the middle of its work. It leaves its state,
// its logs, some of them rotated, and lines that it has not read.
type wrecked struct {
	args   []string
	state  string
	carbon *carbontest.Server
	truth  *tally
}

func wreck(t *testing.T, rnd *rand.Rand) *wrecked {
	t.Helper()
	dir := t.TempDir()
	w := &wrecked{state: filepath.Join(dir, "state"), carbon: listen(t), truth: newTally()}
	path := filepath.Join(dir, "access.log")
	w.args = []string{"--interval", "1s", "--lateness", "3s", "--replay", "1h", path + "*", "--state-dir"}
	file := create(t, path)
	appendLines := func() {
		for range 1 + rnd.IntN(20) {
			l := line{when: time.Now(), status: 200 + 100*rnd.IntN(3), bytes: rnd.IntN(1000)}
			if _, err := file.WriteString(combined(l.when, l.status, l.bytes)); err != nil {
				t.Fatal(err)
			}
			w.truth.count(l, "")
		}
	}
	appendLines()
	logfeed := start(t, w.carbon, slices.Concat(w.args, []string{w.state, "--from-start"})...)
	// Long enough for closed buckets, delivered points and several checkpoints.
	for began := time.Now(); time.Since(began) < 6*time.Second; time.Sleep(100 * time.Millisecond) {
		appendLines()
		if rnd.IntN(20) == 0 {
			if err := os.Rename(path, fmt.Sprintf("%s-%d", path, time.Now().UnixMilli())); err != nil {
				t.Fatal(err)
			}
			file = create(t, path)
		}
	}
	logfeed.cmd.Process.Kill()
	<-logfeed.ended
	appendLines()
	return w
}

// recover starts the program with other checkpoints in place of those that
// were left, and waits for the truth at a Carbon that has nothing.
func (w *wrecked) recover(t *testing.T, newest, before []byte, more ...string) {
	w.carbon.Kill(time.Hour)
	until(t, "carbon's port", func() bool { return w.carbon.Listen() == nil })
	state := filepath.Join(t.TempDir(), "state")
	if before == nil {
		var err error
		if before, err = os.ReadFile(filepath.Join(w.state, "checkpoint.1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"checkpoint": newest, "checkpoint.1": before} {
		if err := os.WriteFile(filepath.Join(state, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := w.truth.want()
	logfeed := start(t, w.carbon, slices.Concat(w.args, []string{state}, more)...)
	for end := time.Now().Add(patience); difference(traffic(w.carbon), want) != ""; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(difference(traffic(w.carbon), want))
		}
	}
	if said := logfeed.stderr.String(); !strings.Contains(said, "damaged checkpoint was set aside") {
		t.Error("it does not say that the checkpoint is damaged")
	}
	if code := logfeed.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if d := difference(traffic(w.carbon), want); d != "" {
		t.Errorf("after the end: %s", d)
	}
}
