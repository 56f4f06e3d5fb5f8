//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/logfeed/logfeed/tools/internal/ports"
	"github.com/logfeed/logfeed/tools/internal/unit"
)

// A feed is one logfeed.
type feed struct {
	t        *testing.T
	site     *site
	unit     string // the path of its unit
	instance string
	logs     []string // that it reads
	status   string   // the address of its status page
	service  *unit.Service
}

// configure does what an operator does after the installation. One logfeed takes
// logs and formats from Apache's own configuration, the other one has its format in
// its file of flags, as httpd.conf has it.
func configure(t *testing.T, g *graphite, s *site) (server, api *feed) {
	t.Helper()
	server = &feed{t: t, site: s, unit: serviceUnit, logs: []string{commonLog, combinedLog, vhostsLog}}
	api = &feed{t: t, site: s, unit: instanceUnit, instance: instance, logs: []string{timedLog}}
	for _, f := range []*feed{server, api} {
		port, err := ports.Free()
		if err != nil {
			t.Fatal(err)
		}
		f.status = fmt.Sprintf("127.0.0.1:%d", port)
	}
	const common = "# Of the test.\nretentions 60s:1d,5m:30d,1h:3y\nspread 0s\nstatus %s\n"
	timed := filepath.Join(s.logs, timedLog)
	s.write(flags, fmt.Sprintf(common+"by vhost\nexclude %s\n", server.status, timed), 0o644)
	s.write(defaults, fmt.Sprintf("LOGFEED_OPTS=\"--carbon %s --httpd-conf %s\"\n", g.carbon.Addr(), filepath.Join(s.dir, "conf", "httpd.conf")), 0o644)
	s.write(instanceFlags, fmt.Sprintf(common+"format %s\n", api.status, timedFormat), 0o644)
	s.write(instanceDefaults, fmt.Sprintf("LOGFEED_OPTS=\"--carbon %s %s\"\n", g.carbon.Addr(), timed), 0o644)
	return server, api
}

// backfill sends what the logs hold already, with the rights, the flags and the
// state of the service.
func (f *feed) backfill(ctx context.Context) {
	f.t.Helper()
	more := []string{"--from-start", "--once"}
	for _, log := range f.logs {
		more = append(more, filepath.Join(f.site.logs, log+"*"))
	}
	if err := unit.Run(ctx, f.unit, f.instance, more...); err != nil {
		f.t.Fatal(err)
	}
}

// start starts the service, which ends with the test.
func (f *feed) start(ctx context.Context) {
	f.t.Helper()
	var err error
	if f.service, err = unit.Start(f.unit, f.instance, openDir(f.t)); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		f.service.Stop()
		if f.t.Failed() {
			f.t.Logf("the end of the log of %s %s:\n%s", f.unit, f.instance, f.service.LogTail(30))
		}
	})
	if err := f.service.AwaitReady(ctx, 1); err != nil {
		f.t.Fatal(err)
	}
}

// finish waits until logfeed has counted all lines, over all its runs, and stops
// it: the minutes that have not ended are sent then.
func (f *feed) finish(counted, rejected int) {
	f.t.Helper()
	var told struct {
		Lines   struct{ Counted, Rejected, Late int }
		Reading struct{ Behind bool }
	}
	until(f.t, fmt.Sprintf("%s %s counts %d lines", f.unit, f.instance, counted), func() bool {
		response, err := http.Get("http://" + f.status + "/api/status")
		if err != nil {
			f.t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
			f.t.Fatal(err)
		}
		return told.Lines.Counted >= counted && !told.Reading.Behind
	})
	if told.Lines.Counted != counted || told.Lines.Rejected != rejected || told.Lines.Late != 0 {
		f.t.Errorf("%s %s tells of %+v, the logs have %d lines and %d that are in no format", f.unit, f.instance, told.Lines, counted, rejected)
	}
	if err := f.service.Stop(); err != nil {
		f.t.Fatal(err)
	}
}
