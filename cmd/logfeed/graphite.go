package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/retention"
)

// stanzas is what Graphite has to be told of the series of one logfeed.
type stanzas struct {
	Name       string // begins the names of our sections; Carbon wants each name once
	Pattern    string // matches the beginning of our series and nothing else
	Any        string // matches what follows it in a name
	End        string // matches the end of a name
	Retentions string
	Kept       []kept // the sections that keep our series already, instead of Retentions
	File       string // where those are
}

// kept is a section of the user's own storage-schemas.conf.
type kept struct {
	Section, Retentions string
	Series              []string
}

// printGraphiteConfig prints the stanzas for the flags and returns the exit
// code.
func printGraphiteConfig(stdout, stderr io.Writer, c *config) int {
	s := c.stanzas()
	err := schemasTemplate.Execute(stdout, s)
	if err == nil {
		_, err = fmt.Fprintln(stdout)
	}
	if err == nil {
		err = aggregationTemplate.Execute(stdout, s)
	}
	if err != nil {
		fmt.Fprintf(stderr, "logfeed: print the stanzas: %v\n", err)
		return exitFailed
	}
	return exitDone
}

func (c *config) stanzas() stanzas {
	name := point.Name(c.rollup.Prefix)
	s := stanzas{
		Name:    "logfeed." + name,
		Pattern: "^" + regexp.QuoteMeta(name) + `\.`,
		Any:     ".*",
		End:     "$",
	}
	if c.tagged {
		// Patterns are matched with the name and all tags, whose values may
		// look like the end of a name: carbon's writer.py and go-carbon's
		// persister/whisper.go both match what TaggedSeries.path returns, the
		// tags in their order.
		s.Any, s.End = "[^;]*", "(;|$)"
	}
	switch {
	case c.keeping.file:
		s.File, s.Kept = c.keeping.text, c.kept()
	case c.keeping.given():
		s.Retentions = c.keeping.list.String()
	default:
		s.Retentions = usualRetentions(c.rollup.Interval).String()
	}
	return s
}

// kept groups the series of the run by the sections that keep them.
func (c *config) kept() []kept {
	var all []kept
	for _, series := range c.series() {
		list, section, _ := c.keeping.of(series)
		if n := len(all); n > 0 && all[n-1].Section == section {
			all[n-1].Series = append(all[n-1].Series, series)
			continue
		}
		all = append(all, kept{section, list.String(), []string{series}})
	}
	return all
}

// usualRetentions is the stock retention 60s:1d,5m:30d,1h:3y with the interval
// as its finest step. A coarser step becomes the next multiple of the one
// before, which whisper asks for.
func usualRetentions(interval time.Duration) retention.List {
	step := int64(interval / time.Second)
	var list retention.List
	for _, usual := range []retention.Archive{{Step: 60, Span: 86400}, {Step: 300, Span: 30 * 86400}, {Step: 3600, Span: 3 * 365 * 86400}} {
		switch {
		case len(list) > 0:
			step = (usual.Step + step - 1) / step * step
		case usual.Step < 3600 && 5*usual.Step <= step:
			continue // the next one is nearer
		}
		list = append(list, retention.Archive{Step: step, Span: usual.Span / step * step})
	}
	return list
}

// functions of the templates: whisper's tools take archives one by one.
var functions = template.FuncMap{"spaced": func(list string) string { return strings.ReplaceAll(list, ",", " ") }}

// The two texts are the files of deploy/graphite.
var (
	schemasTemplate     = template.Must(template.New("schemas").Funcs(functions).Parse(schemasText))
	aggregationTemplate = template.Must(template.New("aggregation").Parse(aggregationText))
)

const schemasText = `# storage-schemas.conf: in which steps Graphite keeps logfeed's series, and for how long.
{{- if .Kept}}
#
# {{.File}} keeps them already:
{{- range .Kept}}
#   [{{.Section}}] {{.Retentions}}
{{- range .Series}}
#       {{.}}
{{- end}}
{{- end}}
{{- else}}
#
# The first section that matches a series counts, so this belongs before Carbon's catch-all
# (pattern = .*). carbon-cache reads its files again within a minute, go-carbon at SIGHUP.
#
# The finest step has to be logfeed's --interval. With the same list given to logfeed as
# --retentions, lines of any age are summed to the step that is kept at their age.
#
# A whisper file keeps the steps that it was made with, so this acts on new series only. To see
# what a file has, and to change it while Carbon is stopped (outside of Debian with .py):
#   whisper-info FILE.wsp
#   whisper-resize FILE.wsp {{spaced .Retentions}}
# It puts the last of several old points into a coarser step, not their sum (its --aggregate fails
# in whisper 1.1.4). A backfill of the logs with --retentions makes them right again.

[{{.Name}}]
pattern = {{.Pattern}}
retentions = {{.Retentions}}
{{- end}}
`

const aggregationText = `# storage-aggregation.conf: how Graphite makes coarser steps of logfeed's series out of finer ones.
#
# The first section that matches a series counts, so these belong before all others. The example
# file that comes with carbon takes the maximum of .count, which leaves of an hour the count of
# one minute; without a file, as Debian installs it, carbon takes averages. An xFilesFactor of 0
# keeps an hour of which only some minutes had lines.
#
# A whisper file keeps the method that it was made with, so this acts on new series only: install
# it before the first point. To see what a file has, and to change it (outside of Debian with .py;
# steps made before stay as they are):
#   whisper-info FILE.wsp
#   whisper-set-aggregation-method FILE.wsp sum 0

# Counts of lines and bytes add up.
[{{.Name}}.count]
pattern = {{.Pattern}}{{.Any}}\.count{{.End}}
xFilesFactor = 0
aggregationMethod = sum

[{{.Name}}.min]
pattern = {{.Pattern}}{{.Any}}\.min{{.End}}
xFilesFactor = 0
aggregationMethod = min

[{{.Name}}.max]
pattern = {{.Pattern}}{{.Any}}\.max{{.End}}
xFilesFactor = 0
aggregationMethod = max

# How far logfeed is behind: of several the worst.
[{{.Name}}.lag]
pattern = {{.Pattern}}({{.Any}}\.)?logfeed\.lag\.
xFilesFactor = 0
aggregationMethod = max

# Means and percentiles. No method makes the right one out of several; the average comes nearest.
# What logfeed itself sums to a coarse step (--retentions) is right.
[{{.Name}}.other]
pattern = {{.Pattern}}
xFilesFactor = 0
aggregationMethod = average
`
