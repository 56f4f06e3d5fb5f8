//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/graphiteweb"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

// The units, as the package has installed them. That of the whole server makes a
// level of each virtual host. Durations are counted where every format has them, so
// the API, whose format has, has a logfeed of its own, at the place in the tree where
// the other one would have put it.
const (
	serviceUnit  = "/usr/lib/systemd/system/logfeed.service"
	instanceUnit = "/usr/lib/systemd/system/logfeed@.service"
	instance     = "api_example"
)

// leastLoad is for how long the server is under load at least.
const leastLoad = 10 * time.Second

// TestInstalled follows a server that is under load and whose logs are rotated,
// through a kill of logfeed, and compares what graphite-web answers with what the
// logs hold, cell by cell. Then it asks for everything that the dashboard shows.
func TestInstalled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	g := startGraphite(t)
	s := startSite(t)
	server, api := configure(t, g, s)
	for _, f := range []*feed{server, api} {
		f.backfill(ctx)
		f.start(ctx)
	}
	stop := s.load()
	defer stop()
	s.rotate()
	if err := server.service.Kill(); err != nil {
		t.Fatal(err)
	}
	s.rotate() // while it is away
	if err := server.service.AwaitReady(ctx, 2); err != nil {
		t.Fatal(err)
	}
	// What logfeed tells of itself comes after the end of a minute.
	minute := time.Now().Add(leastLoad).Truncate(time.Minute).Add(time.Minute)
	time.Sleep(time.Until(minute.Add(2 * time.Second)))
	stop()
	if err := s.server.Stop(); err != nil {
		t.Fatal(err)
	}

	var all []request
	bad := 0
	for _, f := range []*feed{server, api} {
		counted, rejected := 0, 0
		for _, log := range f.logs {
			requests, wrong := s.requests(log)
			all, counted, rejected = append(all, requests...), counted+len(requests), rejected+wrong
		}
		f.finish(counted, rejected)
		bad += rejected
	}
	if bad != badLines {
		t.Errorf("%d lines are in no format, want %d", bad, badLines)
	}
	g.compare(points(all))
	g.compareLogs(all)
	for _, host := range []string{"*", instance} {
		t.Run("dashboard of "+host, func(t *testing.T) { g.seeDashboard(t, host, all) })
	}
	if dir := os.Getenv("SHOTS"); dir != "" {
		g.draw(dir, s.before)
	}
}

// prefix is --prefix by default.
func prefix() string {
	name, err := os.Hostname()
	if err != nil {
		panic(err) // Linux knows it
	}
	return "apache." + regexp.MustCompile(`[^A-Za-z0-9_-]`).ReplaceAllString(name, "_")
}

// A graphite is a carbon-cache with the stanzas of deploy/graphite, and a
// graphite-web.
type graphite struct {
	t      *testing.T
	carbon *carboncache.Server
	web    *graphiteweb.Server
}

func startGraphite(t *testing.T) *graphite {
	t.Helper()
	dir := t.TempDir()
	o := carboncache.Options{Dir: filepath.Join(dir, "carbon"), Prefix: "apache", Creates: "inf"}
	for name, text := range map[string]*string{"storage-schemas.conf": &o.Schemas, "storage-aggregation.conf": &o.Aggregation} {
		content, err := os.ReadFile(filepath.Join("../../deploy/graphite", name))
		if err != nil {
			t.Fatal(err)
		}
		*text = string(content) + "\n"
	}
	g := &graphite{t: t}
	var err error
	if g.carbon, err = carboncache.New(o); err != nil {
		t.Fatal(err)
	}
	if err := g.carbon.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.carbon.Kill() })
	if g.web, err = graphiteweb.Start(t.Context(), filepath.Join(dir, "web"), g.carbon); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.web.Stop() })
	return g
}

// compare waits until graphite-web answers with exactly these points.
func (g *graphite) compare(want roundtrip.Points) {
	g.t.Helper()
	cells := 0
	for _, minutes := range want {
		cells += len(minutes)
	}
	var targets []string
	for _, ending := range []string{"requests.count", "bytes.count", "bytes_in.count", "status.*.count"} {
		targets = append(targets, prefix()+".*."+ending)
	}
	var differences []roundtrip.Difference
	for limit := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		got, err := g.web.Render(g.t.Context(), time.Now().Add(-span).Unix(), time.Now().Unix(), targets...)
		if err != nil {
			g.t.Fatal(err)
		}
		if differences = roundtrip.Compare(want, got); len(differences) == 0 {
			g.t.Logf("%d cells of %d series are right", cells, len(want))
			return
		}
		if time.Now().After(limit) {
			break
		}
	}
	for _, d := range differences[:min(20, len(differences))] {
		g.t.Error(d)
	}
	g.t.Fatalf("graphite-web and the logs differ in %d of %d cells", len(differences), cells)
}

// compareLogs compares the totals of each log, which is those of a format, with the
// sums that graphite-web makes.
func (g *graphite) compareLogs(all []request) {
	g.t.Helper()
	for log, names := range hosts {
		var requests, sent float64
		for _, r := range all {
			if r.log == log {
				requests++
				sent += float64(r.sent)
			}
		}
		group := prefix() + ".{" + level(strings.Join(names, ",")) + "}"
		for ending, want := range map[string]float64{"requests.count": requests, "bytes.count": sent} {
			if got := g.sum("sumSeries(" + group + "." + ending + ")"); got != want || want == 0 {
				g.t.Errorf("%s of %s: %.0f in Graphite, %.0f in the log", ending, log, got, want)
			}
		}
		g.t.Logf("%s: %.0f requests, %.0f bytes", log, requests, sent)
	}
}

// span is how far back graphite-web is asked for points, as the dashboard does.
const span = 3 * time.Hour

// sum is that of all points of a target.
func (g *graphite) sum(target string) float64 {
	g.t.Helper()
	answer, err := g.web.Render(g.t.Context(), time.Now().Add(-span).Unix(), time.Now().Unix(), target)
	if err != nil {
		g.t.Fatal(err)
	}
	sum := 0.0
	for _, points := range answer {
		for _, v := range points {
			sum += v
		}
	}
	return sum
}
