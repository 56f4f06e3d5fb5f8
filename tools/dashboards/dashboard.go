package main

import "encoding/json"

// A dashboard is a list of panels, and the variables that its reader chooses.
type dashboard struct {
	file      string // its name in deploy/grafana
	title     string
	uid       string
	variables []object // as Grafana has them, beside the data source
	panels    []panel
}

// A panel is one picture with its targets. Without targets it is the heading of
// those that follow.
type panel struct {
	title   string
	unit    string // Grafana's name of it
	stacked bool
	targets []string
}

type object = map[string]any

// source is the data source of everything, a variable too.
var source = object{"type": "graphite", "uid": "${source}"}

// chosen makes a variable out of a query to Graphite for names of nodes.
func chosen(name, label, query string) object {
	return object{"name": name, "type": "query", "label": label, "query": query, "refresh": 2, "datasource": source}
}

// several lets the reader choose more than one value of a variable, or all.
func several(variable object) object {
	variable["multi"], variable["includeAll"], variable["allValue"] = true, true, "*"
	variable["current"] = object{"text": "All", "value": "$__all"}
	return variable
}

// json returns the dashboard as Grafana imports it.
func (d dashboard) json() []byte {
	list := append([]object{{"name": "source", "type": "datasource", "query": "graphite", "label": "Graphite"}}, d.variables...)
	text, err := json.MarshalIndent(object{
		"title": d.title, "uid": d.uid, "schemaVersion": 39, "editable": true,
		"time": object{"from": "now-3h", "to": "now"}, "refresh": "1m",
		"panels": d.drawn(), "templating": object{"list": list},
	}, "", "  ")
	if err != nil {
		panic(err) // of strings and numbers alone
	}
	return append(text, '\n')
}

// The places of panels, in Grafana's 24 columns: two side by side, a heading
// from edge to edge.
const (
	columns       = 24
	panelHeight   = 8
	headingHeight = 1
)

// drawn returns the panels as Grafana has them, each at its place.
func (d dashboard) drawn() []object {
	var all []object
	x, y := 0, 0
	for i, p := range d.panels {
		one := object{"id": i + 1, "title": p.title}
		if p.targets == nil {
			if x > 0 {
				x, y = 0, y+panelHeight
			}
			one["type"], one["gridPos"] = "row", object{"x": 0, "y": y, "w": columns, "h": headingHeight}
			y += headingHeight
		} else {
			one["gridPos"] = object{"x": x, "y": y, "w": columns / 2, "h": panelHeight}
			if x += columns / 2; x == columns {
				x, y = 0, y+panelHeight
			}
			p.draw(one)
		}
		all = append(all, one)
	}
	return all
}

// draw adds what a panel has that is no heading.
func (p panel) draw(one object) {
	var targets []object
	for i, t := range p.targets {
		targets = append(targets, object{"refId": string(rune('A' + i)), "target": t})
	}
	custom := object{"fillOpacity": 10}
	if p.stacked {
		custom = object{"fillOpacity": 30, "stacking": object{"mode": "normal"}}
	}
	one["type"], one["datasource"], one["targets"] = "timeseries", source, targets
	one["fieldConfig"] = object{"defaults": object{"unit": p.unit, "min": 0, "custom": custom}, "overrides": []object{}}
}

// alias gives what an expression shows a name of its own.
func alias(expression, name string) string { return "alias(" + expression + ",'" + name + "')" }

// perMinute turns counts into counts a minute, whatever the step of the archive
// that is read and however many steps Grafana draws as one.
func perMinute(counts string) string { return "scaleToSeconds(" + counts + ",60)" }
