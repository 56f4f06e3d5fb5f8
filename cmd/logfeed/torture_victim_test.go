//go:build torture

package main

import (
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A victim is a logfeed that is killed and started again.
type victim struct {
	t    *testing.T
	rnd  *rand.Rand
	site *site
	args []string
	long bool // there is time for long pauses

	running *program // nil while it is down
	began   time.Time
	kills   int
	terms   int
	said    []string // of the last lives
}

// live is one life of the program, and the pause after it.
func (v *victim) live() {
	v.ensure()
	v.sleep(v.lifetime())
	if v.rnd.IntN(10) == 0 {
		v.terminate()
	} else {
		v.kill()
	}
	v.pause()
}

// lifetime is mostly so short that the program is still catching up, and
// often enough so long that it saves what it did.
func (v *victim) lifetime() time.Duration {
	const ms = time.Millisecond
	switch n := v.rnd.IntN(100); {
	case n < 64:
		return between(v.rnd, 10*ms, 400*ms)
	case n < 87:
		return between(v.rnd, 400*ms, 1500*ms)
	case n < 98:
		return between(v.rnd, 1500*ms, 4000*ms)
	default:
		return between(v.rnd, 4000*ms, 6000*ms)
	}
}

// pause leaves the program down, mostly for no time at all. In the long pauses
// logs are rotated, several times, so that some are born and rotated away
// without it.
func (v *victim) pause() {
	const ms = time.Millisecond
	switch n := v.rnd.IntN(100); {
	case n < 75:
	case n < 94:
		time.Sleep(between(v.rnd, 0, 300*ms))
	case n < 98 || !v.long:
		v.site.rotateOften(v.rnd, between(v.rnd, 300*ms, 2000*ms))
	default:
		v.site.rotateOften(v.rnd, tortureLateness+between(v.rnd, 0, 3000*ms))
	}
}

// sleep returns early when the program ends, which it must not.
func (v *victim) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-v.running.ended:
		v.t.Errorf("logfeed ended by itself with exit code %d", v.running.cmd.ProcessState.ExitCode())
	}
}

func (v *victim) ensure() {
	if v.running != nil {
		return
	}
	p := &program{ended: make(chan struct{})}
	workers := []string{"1", "2", "7"}[v.rnd.IntN(3)]
	p.cmd = exec.Command("logfeed", append([]string{"--workers", workers}, v.args...)...)
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	// Ends with the process.
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	v.running, v.began = p, time.Now()
}

// kill ends the program as a crash does.
func (v *victim) kill() {
	if v.running == nil {
		return
	}
	v.running.cmd.Process.Kill()
	v.kills++
	<-v.running.ended
	v.bury("kill -9")
}

// terminate asks the program to stop, and in half of the cases does not wait
// until it has.
func (v *victim) terminate() {
	v.running.cmd.Process.Signal(syscall.SIGTERM)
	v.terms++
	if v.rnd.IntN(2) == 0 {
		select {
		case <-v.running.ended:
		case <-time.After(between(v.rnd, 0, 200*time.Millisecond)):
			v.kill()
			return
		}
	}
	// Its eight seconds are for a Carbon that is away.
	if code := v.running.exit(v.t); code != 0 && code != -1 {
		v.t.Errorf("exit code %d after SIGTERM", code)
	}
	v.bury("SIGTERM")
}

// replace kills the program and starts it again.
func (v *victim) replace() {
	v.ensure()
	v.kill()
	v.ensure()
}

// trouble is what the program never says in a run of which nothing is lost.
var trouble = regexp.MustCompile(`(?m)^.*(DATA RACE|panic|goroutine \d+ \[|level=ERROR|part of a log vanished|is damaged|set a point aside|buffer is full).*$`)

// bury notes what one life of the program has said.
func (v *victim) bury(how string) {
	now := time.Now()
	said := v.running.stderr.String()
	if bad := trouble.FindString(said); bad != "" {
		v.t.Errorf("logfeed says: %s", bad)
		v.t.Log(said)
	}
	if strings.Contains(said, "caught up") && now.Sub(v.began) > 3*time.Second {
		v.site.settled.Store(true)
	}
	const enough = 60
	v.said = append(v.said, "--- started "+v.began.Format(clockFormat)+", ended "+now.Format(clockFormat)+" by "+how+"\n"+said)
	v.said = v.said[max(0, len(v.said)-enough):]
	v.running = nil
}

// finish ends the program in good order and compares its counters with what
// was written.
func (v *victim) finish(truth *tally) {
	if code := v.running.terminate(v.t); code != 0 {
		v.t.Errorf("exit code %d after SIGTERM", code)
	}
	said := v.running.stderr.String()
	v.bury("the end")
	record := stopped.FindStringSubmatch(said)
	if record == nil {
		v.t.Fatalf("no record at the end:\n%s", said)
	}
	for i, want := range []int64{truth.good, truth.refused, truth.stale, 0, 0, 0} {
		if got, _ := strconv.ParseInt(record[i+1], 10, 64); got != want {
			v.t.Errorf("%s is %d, want %d: %s", stoppedNames[i], got, want, record[0])
		}
	}
}

var (
	stoppedNames = []string{"lines", "rejected", "late", "oversize", "gaps", "gap_bytes"}
	stopped      = regexp.MustCompile(`msg=stopped lines=(\d+) rejected=(\d+) late=(\d+) oversize=(\d+) gaps=(\d+) gap_bytes=(\d+)`)
)

// tell shows the last lives when the test has failed.
func (v *victim) tell() {
	if v.t.Failed() {
		v.t.Log(strings.Join(slices.Clip(v.said), ""))
	}
}
