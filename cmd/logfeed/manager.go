package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/dustin/go-humanize"
)

// statusEvery is the time between two looks at what STATUS= says.
const statusEvery = 5 * time.Second

// pingsPerWatchdog is how often progress is looked for in the time after which
// the watchdog bites.
const pingsPerWatchdog = 4

// A manager is who started logfeed as a service and wants to know how it goes:
// systemd, or another one that speaks sd_notify(3). A nil manager is nobody.
type manager struct {
	watchdog time.Duration // pings have to come more often; 0 is no watchdog
	log      *slog.Logger
	refused  sync.Once

	// What follows belongs to the goroutine of the pipeline.
	waits bool  // READY=1 is due
	scans int64 // after more scans than these
}

// findManager looks into the environment. A piped log has none: it inherits
// the environment of httpd, whose manager must not take it for httpd.
func findManager(c *config, log *slog.Logger) *manager {
	if os.Getenv("NOTIFY_SOCKET") == "" || c.standardInput() {
		return nil
	}
	m := &manager{log: log, waits: true}
	var err error
	if m.watchdog, err = daemon.SdWatchdogEnabled(false); err != nil {
		log.Warn("the service manager's watchdog is not served", "error", err)
	}
	return m
}

// tell sends what it is given, one assignment a line.
func (m *manager) tell(lines ...string) {
	if m == nil {
		return
	}
	if _, err := daemon.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		m.refused.Do(func() { m.log.Warn("the service manager cannot be told how it goes", "error", err) })
	}
}

// ready tells at the end of a tick that logfeed is ready: at first when the
// files have been found and the first checkpoint is on the disk, however much is
// still to be read; after a reload when it has looked for files once more.
func (p *pipeline) ready() {
	m := p.manager
	if m == nil || !m.waits || p.follower.Stats().Scans <= m.scans {
		return
	}
	m.waits = false
	m.tell(daemon.SdNotifyReady, p.status())
}

// reload does what SIGHUP asks for. The scan that belongs to it comes with the
// next round.
func (p *pipeline) reload() {
	if m := p.manager; m != nil {
		m.tell(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
		m.waits, m.scans = true, p.follower.Stats().Scans
	}
	p.reconfigure()
	p.follower.Rescan()
}

// watch tells how reading and sending go, and that reading goes on at all,
// until stop is called.
func (m *manager) watch(p *pipeline) (stop func()) {
	if m == nil {
		return func() {}
	}
	every := statusEvery
	if m.watchdog > 0 {
		every = min(every, m.watchdog/pingsPerWatchdog)
	}
	end := make(chan struct{})
	var wait sync.WaitGroup
	// Ends when stop is called.
	wait.Go(func() {
		var said string
		var pulse pulse
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
			}
			if pulse.beats(p) && m.watchdog > 0 {
				m.tell(daemon.SdNotifyWatchdog)
			}
			if now := p.status(); now != said {
				m.tell(now)
				said = now
			}
		}
	})
	return sync.OnceFunc(func() {
		close(end)
		wait.Wait()
	})
}

// A pulse tells whether the reader is alive.
type pulse struct{ wentOn int64 }

// beats says whether the reader has gone on since it was asked last, or waits
// because no destination has room, which is as it should be. A Carbon that is
// away therefore never looks like a reader that is stuck.
func (u *pulse) beats(p *pipeline) bool {
	last := p.wentOn.Load()
	on := last != u.wentOn
	u.wentOn = last
	return on || p.sink.Full()
}

// status says in one line how far reading is behind, and how each destination
// is doing. It may be called from any goroutine.
func (p *pipeline) status() string {
	s := p.follower.Stats()
	files := "files"
	if s.Files == 1 {
		files = "file"
	}
	behind := fmt.Sprintf("STATUS=%d %s, %s behind", s.Files, files, humanize.IBytes(uint64(max(s.Lag, 0))))
	if lag := p.lagSeconds.Load(); lag > 0 && s.Lag > 0 {
		behind += fmt.Sprintf(" (%s of log time)", time.Duration(lag)*time.Second)
	}
	said := []string{behind}
	for _, d := range p.sink.Stats() {
		state := "connected"
		if !d.Connected {
			state = "not connected"
		}
		said = append(said, fmt.Sprintf("carbon %s %s, %s points waiting", d.Address, state, humanize.Comma(waiting(d))))
	}
	return strings.Join(said, "; ")
}
