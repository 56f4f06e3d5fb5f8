//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// seeDashboard asks for every target of the dashboard, as Grafana does when a
// virtual host is chosen, or all. Where the targets are sums of counts they must
// be those of the logs.
func (g *graphite) seeDashboard(t *testing.T, host string, all []request) {
	text, err := os.ReadFile("../../deploy/grafana/logfeed.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Target string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]float64)
	for _, r := range all {
		if host == "*" || host == level(r.host) {
			counts["requests"]++
			counts["sent"] += float64(r.sent)
			counts["received"] += float64(r.received)
			counts[fmt.Sprintf("%dxx", r.status/100)]++
		}
	}
	server := strings.TrimPrefix(prefix(), "apache.")
	targets := 0
	for _, p := range dashboard.Panels {
		for _, asked := range p.Targets {
			targets++
			target := strings.NewReplacer("$server", server, "$vhost", host).Replace(asked.Target)
			answer, err := g.web.Render(t.Context(), time.Now().Add(-span).Unix(), time.Now().Unix(), target)
			if err != nil {
				t.Errorf("%s: %v", p.Title, err)
				continue
			}
			sum, values := 0.0, 0
			for name, points := range answer {
				for _, v := range points {
					sum += v
					values++
				}
				if want, ok := counts[name]; ok && strings.HasSuffix(p.Title, "a minute") && sum != want {
					t.Errorf("%s: %s is %v, and %v in the logs", p.Title, name, sum, want)
				}
			}
			if values == 0 {
				t.Errorf("%s: there are no data for %s", p.Title, target)
			}
		}
	}
	if targets < 25 {
		t.Errorf("the dashboard has %d targets, want all that there are", targets)
	}
}

// draw has graphite-web draw what the logs held before the load.
func (g *graphite) draw(dir string, end time.Time) {
	g.t.Helper()
	settings := url.Values{"title": {"Requests a minute, by virtual host"}, "areaMode": {"stacked"}, "yMin": {"0"},
		"width": {"800"}, "height": {"300"}, "bgcolor": {"white"}, "fgcolor": {"black"}, "fontSize": {"11"}}
	target := "aliasByNode(highestAverage(" + prefix() + ".{www,docs,blog,api}_example.requests.count,10),2)"
	png, err := g.web.Picture(g.t.Context(), end.Add(-80*time.Minute).Unix(), end.Add(-time.Minute).Unix(), settings, target)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "graphite-web.png"), png, 0o644); err != nil {
		g.t.Fatal(err)
	}
}
