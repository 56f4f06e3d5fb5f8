package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	// asked finds the series of a target: behind the server stand the level of
	// the virtual hosts, or any level, or none.
	asked = regexp.MustCompile(`apache\.\$server\.(?:\$vhost\.|\*\.)?([a-z0-9_.]+)`)
	// quoted is a series, or its last level, in the README's tables.
	quoted = regexp.MustCompile("`([a-z0-9_.]+)`")
)

// manual returns the names of the README's two tables of series, and which of
// them are logfeed's own.
func manual(t *testing.T) map[string]bool {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Series\n")
	section, _, _ = strings.Cut(section, "\n## ")
	own := make(map[string]bool)
	for line := range strings.Lines(section) {
		first, rest, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` ")
		if !strings.HasPrefix(line, "| `") || !ok {
			continue
		}
		others, _, _ := strings.Cut(rest, "|")
		own[first] = strings.HasPrefix(first, "logfeed.")
		for _, m := range quoted.FindAllStringSubmatch(others, -1) {
			name := m[1]
			if strings.HasPrefix(name, ".") {
				name = first[:strings.LastIndex(first, ".")] + name
			}
			own[name] = false
		}
	}
	return own
}

// ranges are series of which the README names the first and the last.
var ranges = []struct {
	pattern *regexp.Regexp
	ends    []string
}{
	{regexp.MustCompile(`^status\.[1-5]xx\.count$`), []string{"status.1xx.count", "status.5xx.count"}},
	{regexp.MustCompile(`^duration\.ms\.le_(\d+|inf)\.count$`), []string{"duration.ms.le_10.count", "duration.ms.le_inf.count"}},
}

// TestSeries holds the targets of the dashboards to the README's tables of
// series: none asks for what does not exist, and that of one server shows
// everything that logfeed tells of itself.
func TestSeries(t *testing.T) {
	known := manual(t)
	exists := func(name string) bool {
		if _, ok := known[name]; ok {
			return true
		}
		for _, r := range ranges {
			_, first := known[r.ends[0]]
			_, last := known[r.ends[1]]
			if r.pattern.MatchString(name) && first && last {
				return true
			}
		}
		return false
	}
	for _, d := range []dashboard{server(), fleet()} {
		shown := make(map[string]bool)
		for _, p := range d.panels {
			for _, target := range p.targets {
				found := asked.FindAllStringSubmatch(target, -1)
				if len(found) != strings.Count(target, "apache.") || len(found) == 0 {
					t.Errorf("%s, %s: which series does this ask for? %s", d.file, p.title, target)
				}
				for _, m := range found {
					shown[m[1]] = true
					if !exists(m[1]) {
						t.Errorf("%s, %s: there is no series %s", d.file, p.title, m[1])
					}
				}
			}
		}
		for name, own := range known {
			if own && !shown[name] && d.file == server().file {
				t.Errorf("%s does not show %s", d.file, name)
			}
		}
	}
	if len(known) < 25 {
		t.Errorf("the README's tables have %d series, of all that there are", len(known))
	}
}
