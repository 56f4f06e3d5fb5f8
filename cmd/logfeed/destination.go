package main

import (
	"slices"
	"strings"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/point"
)

// A destination is what points are sent to.
type destination struct {
	carbon.Address
	routes []string // whose points it gets; nil is all points
}

// parseDestination reads ADDR or NAME=ADDR. A name has none of the signs that
// come first in an address.
func parseDestination(text string) (destination, error) {
	var d destination
	if name, addr, ok := strings.Cut(text, "="); ok && !strings.ContainsAny(name, ":/[") {
		d.routes, text = []string{name}, addr
	}
	var err error
	d.Address, err = carbon.ParseAddress(text)
	return d, err
}

// joinDestinations makes one destination of those with one address: that has
// one outbox, and gets what any of them gets.
func joinDestinations(given []destination) []destination {
	var all []destination
	for _, d := range given {
		i := slices.IndexFunc(all, func(one destination) bool { return one.Address == d.Address })
		switch {
		case i < 0:
			all = append(all, d)
		case all[i].routes == nil || d.routes == nil:
			all[i].routes = nil
		default:
			all[i].routes = append(all[i].routes, d.routes...)
		}
	}
	return all
}

// takes returns what says whether a point is for the destination, nil if all of
// them are.
func (d destination) takes() func(point.Point) bool {
	if d.routes == nil {
		return nil
	}
	return func(p point.Point) bool { return slices.Contains(d.routes, p.Route) }
}

// checkRoutes checks the names of --carbon NAME=ADDR.
func (c *config) checkRoutes(wrong *mistakes) {
	for _, d := range c.destinations {
		for _, name := range d.routes {
			switch {
			case len(c.routing.given) == 0:
				wrong.addf("--carbon", "%s=%s gets the points of a route, and there is no --route", name, d.Address)
			case name != otherRoute && !slices.Contains(c.routing.names(), name):
				wrong.addf("--carbon", "%q is no route; known are %s, %s", name, strings.Join(c.routing.names(), ", "), otherRoute)
			}
		}
	}
}

// unsent returns the routes whose points go to no destination.
func (c *config) unsent() []string {
	if len(c.routing.routes) == 0 || c.dryRun || c.check {
		return nil
	}
	var unsent []string
	for _, name := range append(c.routing.names(), otherRoute) {
		if !slices.ContainsFunc(c.destinations, func(d destination) bool { return d.routes == nil || slices.Contains(d.routes, name) }) {
			unsent = append(unsent, name)
		}
	}
	return unsent
}

// checkSeries checks that there is room for the series of every route.
func (c *config) checkSeries(wrong *mistakes) {
	most := c.rollup.MaxSeries
	if n := c.routing.values() * len(c.rollup.Metrics.Endings()); most > 0 && n > most {
		wrong.addf("--max-series", "%d are too few: the routes alone have %d series", most, n)
	}
}
