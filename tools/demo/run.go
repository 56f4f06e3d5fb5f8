package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

const (
	// prefix is the first part of the demo's series.
	prefix = "apache.demo"
	// liveMinutes is how many of the log's last minutes are appended while
	// logfeed follows.
	liveMinutes = 5
	// liveWrites and livePause spread these over about a second, which is
	// longer than logfeed's look at its files.
	liveWrites = 100
	livePause  = 15 * time.Millisecond
	// arrival bounds the wait for each of the two parts. Points leave logfeed
	// within a few seconds; the rest is for slow machines. Both together stay
	// under a minute.
	arrival = 20 * time.Second
	// logfeedPatience is longer than logfeed's own bound for its end, 8 s.
	logfeedPatience = 10 * time.Second
)

// A demo is one run. Its programs write into dir only.
type demo struct {
	out          io.Writer
	logfeedPath  string
	goCarbonPath string
	logPath      string
	dir          string

	carbon  *gocarbon.Server
	logfeed *child.Process
}

// run runs the demo and tells whether Carbon and the log are equal. With keep
// the programs are left running unless something went wrong.
func (d *demo) run(ctx context.Context, keep bool) (equal bool, err error) {
	defer func() {
		if keep && equal && err == nil {
			d.sayHowToGoOn()
			return
		}
		err = errors.Join(err, d.stop())
	}()

	backlog, live, err := d.stampedLog()
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(d.accessLog(), backlog, 0o644); err != nil {
		return false, err
	}
	if err := d.start(ctx); err != nil {
		return false, err
	}
	expected, points, differences, err := d.feed(ctx, backlog, live)
	if ctx.Err() != nil {
		return false, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
	if err != nil {
		return false, fmt.Errorf("%w; the end of logfeed's log:\n%s", err, d.logfeed.LogTail(20))
	}
	if err := report(d.out, expected, points, differences); err != nil {
		return false, err
	}
	if len(differences) > 0 {
		return false, fmt.Errorf("what Carbon has differs from the log; the end of logfeed's log:\n%s", d.logfeed.LogTail(20))
	}
	return true, nil
}

// feed waits for the points of the backlog, appends the live part and waits
// for the points of the whole log. It returns what Carbon should have, what it
// has and where the two differ; if they differ after the backlog already, the
// live part stays away.
func (d *demo) feed(ctx context.Context, backlog, live []byte) (roundtrip.Count, roundtrip.Points, []roundtrip.Difference, error) {
	count, err := roundtrip.CountLog(backlog)
	if err != nil {
		return count, nil, nil, err
	}
	points, differences, err := d.await(ctx, "the backlog", count)
	if err != nil || len(differences) > 0 {
		return count, points, differences, err
	}

	if err := d.appendLive(ctx, live); err != nil {
		return count, nil, nil, err
	}
	count, err = roundtrip.CountLog(slices.Concat(backlog, live))
	if err != nil {
		return count, nil, nil, err
	}
	points, differences, err = d.await(ctx, "everything", count)
	return count, points, differences, err
}

// stampedLog reads the log, moves it into the last minutes and cuts it in two.
func (d *demo) stampedLog() (backlog, live []byte, err error) {
	stamped, err := roundtrip.StampFile(d.logPath, time.Now())
	if err != nil {
		return nil, nil, err
	}
	backlog, live = roundtrip.Split(stamped, liveMinutes)
	fmt.Fprintf(d.out, "log        %s: each hour with lines becomes one of the last minutes\n", d.logPath)
	return backlog, live, nil
}

// start starts go-carbon, and then logfeed on the file of the backlog.
func (d *demo) start(ctx context.Context) error {
	var err error
	d.carbon, err = gocarbon.Start(ctx, gocarbon.Options{
		Binary: d.goCarbonPath,
		Dir:    filepath.Join(d.dir, "go-carbon"),
		Prefix: prefix,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "go-carbon  process %d, takes points at %s, shows them at %s\n", d.carbon.PID(), d.carbon.Addr(), d.carbon.URL())

	args := []string{"--from-start", "--spread", "0s", "--carbon", d.carbon.Addr(), "--prefix", prefix, "--format", "combined", d.accessLog()}
	d.logfeed, err = child.Start(d.logfeedLog(), d.logfeedPath, args...)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "logfeed    process %d: logfeed %s\n", d.logfeed.PID(), strings.Join(args, " "))
	return nil
}

// await waits until Carbon has the points of the count, for a bounded time.
// The differences that remain then are no error.
func (d *demo) await(ctx context.Context, what string, count roundtrip.Count) (roundtrip.Points, []roundtrip.Difference, error) {
	var watch sync.WaitGroup
	defer watch.Wait()
	ctx, cancel := context.WithTimeout(ctx, arrival)
	defer cancel()
	// Ends with ctx, which is cancelled when this function returns.
	watch.Go(func() {
		select {
		case <-d.logfeed.Done():
			cancel() // nothing more is to come
		case <-ctx.Done():
		}
	})

	begin := time.Now()
	points, differences, err := roundtrip.Await(ctx, d.carbon, prefix, count.Points(prefix))
	select {
	case <-d.logfeed.Done():
		return nil, nil, fmt.Errorf("logfeed has ended by itself (%v)", d.logfeed.Err())
	default:
	}
	if err == nil && len(differences) == 0 {
		fmt.Fprintf(d.out, "carbon     has %s after %.1f s: %d buckets\n", what, time.Since(begin).Seconds(), len(count.Minutes))
	}
	return points, differences, err
}

// appendLive appends the rest of the log as a busy server would.
func (d *demo) appendLive(ctx context.Context, live []byte) error {
	seed := rand.Uint64()
	fmt.Fprintf(d.out, "log        grows by %s lines in about %d writes that end within a line (seed %d)\n",
		number(int64(strings.Count(string(live), "\n"))), liveWrites, seed)
	return roundtrip.Append(ctx, d.accessLog(), live, liveWrites, livePause, rand.New(rand.NewPCG(seed, 0)))
}

// stop stops what has been started, logfeed first, so that it can deliver its
// last points.
func (d *demo) stop() error {
	var errs []error
	if d.logfeed != nil {
		if err := d.logfeed.Stop(syscall.SIGTERM, logfeedPatience); err != nil {
			errs = append(errs, fmt.Errorf("stop logfeed: %w; the end of its log:\n%s", err, d.logfeed.LogTail(20)))
		}
	}
	if d.carbon != nil {
		errs = append(errs, d.carbon.Stop())
	}
	return errors.Join(errs...)
}

// sayHowToGoOn tells what has been left running and what can be done with it.
func (d *demo) sayHowToGoOn() {
	fmt.Fprintf(d.out, `
Left running:
  go-carbon  process %d, plaintext at %s, series at %s, log %s
  logfeed    process %d, log %s
  access log %s (whatever you append is counted)

Read the requests of the last two hours out of Carbon:
  curl "%s/render/?format=json&target=%s.requests.count&from=$(($(date +%%s)-7200))&until=$(date +%%s)"

Stop both, and then remove what they wrote:
  kill %d; sleep 1; kill %d
  rm -r %s
`,
		d.carbon.PID(), d.carbon.Addr(), d.carbon.URL(), d.carbon.LogPath(),
		d.logfeed.PID(), d.logfeedLog(),
		d.accessLog(),
		d.carbon.URL(), prefix,
		d.logfeed.PID(), d.carbon.PID(), d.dir)
}

func (d *demo) accessLog() string  { return filepath.Join(d.dir, "access.log") }
func (d *demo) logfeedLog() string { return filepath.Join(d.dir, "logfeed.log") }
