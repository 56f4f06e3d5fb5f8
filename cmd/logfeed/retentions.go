package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/retention"
)

// keeping is what --retentions says. The zero value is without the flag.
type keeping struct {
	text    string
	list    retention.List    // where text is a list
	schemas retention.Schemas // where it is a file
	file    bool
}

// parseKeeping takes a list in Graphite's syntax or the path of a
// storage-schemas.conf: whatever is there, has a separator in it, or has no
// colon, which no list is without.
func parseKeeping(text string) (keeping, error) {
	if _, err := os.Stat(text); err != nil && strings.Contains(text, ":") && !strings.ContainsRune(text, filepath.Separator) {
		list, err := retention.Parse(text)
		return keeping{text: text, list: list}, err
	}
	f, err := os.Open(text)
	if err != nil {
		return keeping{}, fmt.Errorf("%w; right would be a list such as 60s:1d,5m:30d,1h:3y, or Graphite's storage-schemas.conf", err)
	}
	defer f.Close()
	schemas, err := retention.ReadSchemas(f, text)
	return keeping{text: text, schemas: schemas, file: true}, err
}

func (k keeping) given() bool { return k.text != "" }

// of returns the archives of one series and the section that gives them; a
// list, which is for every series, has none.
func (k keeping) of(series string) (list retention.List, section string, ok bool) {
	if k.file {
		return k.schemas.For(series)
	}
	return k.list, "", true
}

// doubts tells what may turn out otherwise than the flag says for the given
// series.
func (k keeping) doubts(series []string) []string {
	if !k.file {
		return retention.Doubts(k.text)
	}
	var all []string
	for _, s := range series {
		for _, doubt := range k.schemas.Doubts(s) {
			if !slices.Contains(all, doubt) {
				all = append(all, doubt)
			}
		}
	}
	return all
}

// ownDoubt tells when Carbon will not keep logfeed's own series in steps of the
// interval. It is no mistake: they may be worth less than the others.
func (c *config) ownDoubt() string {
	if !c.keeping.given() || c.once || c.dryRun {
		return ""
	}
	for _, series := range newOwn(c.rollup).names {
		switch list, section, ok := c.keeping.of(series); {
		case !ok:
			return fmt.Sprintf("no section of %s matches logfeed's own series %s: carbon then keeps 60s:7d, and go-carbon nothing", c.keeping.text, series)
		case seconds(list[0].Step) != c.rollup.Interval:
			return fmt.Sprintf("the finest step of logfeed's own series %s is %s by [%s], and of several points in a step Carbon keeps the last", series, short(seconds(list[0].Step)), section)
		}
	}
	return ""
}

// series returns the names of all series of this run, once the prefix and the
// metrics are known, and none where they are mistaken.
func (c *config) series() []string {
	if c.rollup.Prefix == "" {
		return nil
	}
	groups := []string{c.rollup.Prefix}
	if len(c.by.levels) == 0 && len(c.routing.routes) > 0 {
		groups = nil // their names are known, unlike values of --by
		for _, name := range append(c.routing.names(), otherRoute) {
			if c.tagged {
				groups = append(groups, point.AddTag(c.rollup.Prefix, routeTag, name))
			} else {
				groups = append(groups, c.rollup.Prefix+"."+name)
			}
		}
	}
	var all []string
	for _, group := range groups {
		for _, ending := range c.rollup.Metrics.Endings() {
			all = append(all, point.Join(group, ending))
		}
	}
	return all
}

// completeRetentions checks that one interval suits all series of the run, and
// makes it the default.
func (c *config) completeRetentions(flags *flagSet, wrong *mistakes) {
	if !c.keeping.given() {
		return
	}
	c.rollup.Retentions = func(series string) retention.List {
		list, _, _ := c.keeping.of(series)
		return list
	}
	finest, err := c.finestStep()
	switch {
	case err != nil:
		wrong.add("--retentions", err)
	case finest == 0: // without series there is no step, but another mistake
	case finest > day:
		wrong.addf("--retentions", "the finest step is %s, and an interval has a day at most", short(finest))
	case !flags.Lookup("interval").Changed:
		c.rollup.Interval = finest
	case c.rollup.Interval != finest && !wrong.has("--interval"):
		wrong.addf("--interval", "%s is not the finest step of --retentions, and of several points in a step Carbon keeps the last; right would be %s, or no --interval",
			short(c.rollup.Interval), short(finest))
	}
}

// finestStep returns the step of the finest archive, which all series of the
// run must share.
func (c *config) finestStep() (time.Duration, error) {
	if !c.keeping.file {
		return seconds(c.keeping.list[0].Step), nil
	}
	var first, firstSection string
	var finest int64
	for _, series := range c.series() {
		list, section, ok := c.keeping.of(series)
		switch {
		case !ok:
			return 0, fmt.Errorf("no section of %s matches %s: carbon then keeps 60s:7d, and go-carbon nothing; right would be a section for it, which Carbon needs too", c.keeping.text, series)
		case first == "":
			first, firstSection, finest = series, section, list[0].Step
		case list[0].Step != finest:
			return 0, fmt.Errorf("the finest step of %s is %s by [%s], that of %s is %s by [%s], and one --interval cannot be both; right would be the same step for all series below %s",
				first, short(seconds(finest)), firstSection, series, short(seconds(list[0].Step)), section, c.rollup.Prefix)
		}
	}
	return seconds(finest), nil
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// retentionsShape describes the retentions for config.shape: a list for all
// series, or one for each where they differ.
func (c *config) retentionsShape() []string {
	if !c.keeping.given() {
		return nil
	}
	var parts []string
	for _, series := range c.series() {
		list, _, _ := c.keeping.of(series)
		parts = append(parts, "retentions "+list.String())
	}
	if once := slices.Compact(slices.Clone(parts)); len(once) == 1 {
		return once
	}
	for i, series := range c.series() {
		parts[i] += " of " + series
	}
	return parts
}

// ages warns, once, of points older than the finest archive of a usual Carbon
// when nobody has said what this one keeps. A dry run warns as well: it shows
// what the run would do.
type ages struct {
	log *slog.Logger
	off bool // it is known what Carbon keeps, nothing is sent, or the warning was given
}

// see looks at points that are about to be sent.
func (a *ages) see(points []point.Point, now time.Time) {
	if a.off {
		return
	}
	for _, p := range points {
		if when := time.Unix(p.Time, 0); now.Sub(when) > day {
			a.log.Warn("a bucket is older than a day: a Carbon that keeps its finest step no longer than that puts each point straight into a coarser one, where the last overwrites the others and the sum is lost. "+
				"--retentions 60s:1d,5m:30d,1h:3y, or the path of Carbon's storage-schemas.conf, sums old lines to the step that Carbon keeps",
				"first", when.UTC().Format(time.RFC3339))
			a.off = true
			return
		}
	}
}
