package main

import (
	"fmt"
	"strings"

	"github.com/logfeed/logfeed/internal/point"
)

// completeNaming makes of --prefix and --by what --naming asks for.
func (c *config) completeNaming(wrong *mistakes) {
	switch {
	case len(c.prefix.levels) == 0: // its mistake is told already
	case !c.tagged && c.prefix.extra:
		wrong.addf("--prefix", "tags behind a semicolon need --naming tags")
	case !c.tagged:
		c.rollup.Prefix = strings.Join(c.prefix.levels, ".")
	case len(c.prefix.name) == 0:
		wrong.addf("--prefix", "with --naming tags the host is a tag, and no name is left; right would be apache.{hostname}")
	default:
		c.completeTags(wrong)
	}
}

// completeTags gives a name of its own to every tag.
func (c *config) completeTags(wrong *mistakes) {
	of := map[string]string{"name": "the series itself"}
	prefix := strings.Join(c.prefix.name, ".")
	for _, t := range c.prefix.tags {
		if of[t.name] != "" {
			wrong.addf("--prefix", "the tag %s is %s already", t.name, of[t.name])
			return
		}
		of[t.name] = "in the prefix"
		prefix = point.AddTag(prefix, t.name, t.value)
	}
	c.rollup.Tags = []string{}
	for i := range c.rollup.Levels {
		flag, field, name := "--route", "the route", routeTag // is behind the levels of --by
		if i < len(c.by.levels) {
			l := c.by.levels[i]
			flag, field, name = "--by", l.name, l.tag()
		}
		if of[name] != "" {
			wrong.addf(flag, "%s would be the tag %s, which is %s already", field, name, of[name])
			return
		}
		of[name] = fmt.Sprintf("that of %s", field)
		c.rollup.Tags = append(c.rollup.Tags, name)
	}
	c.rollup.Prefix = prefix
}

// routeTag is the name of the tag that the level of routes becomes.
const routeTag = "route"

// tag returns the name of the tag that a level becomes: its own, and of a
// directive the name in its braces, such as X-Tenant of %{X-Tenant}i, or its
// letter.
func (l level) tag() string {
	name := l.name
	if i, j := strings.IndexByte(name, '{'), strings.LastIndexByte(name, '}'); i >= 0 && i+1 < j {
		name = name[i+1 : j]
	}
	return point.Component(strings.TrimLeft(name, "%<>"))
}
