// Command fleetboard makes deploy/grafana/logfeed-fleet.json, a Grafana dashboard
// on the Graphite data source for many servers that run logfeed with --histogram.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// bounds are those of --histogram without a list, in milliseconds.
var bounds = []int{1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000}

// servers is the variable that the dashboard is asked for: one server, several,
// or all.
const servers = "apache.$server"

func main() {
	if _, err := os.Stdout.Write(board()); err != nil {
		fmt.Fprintln(os.Stderr, "fleetboard:", err)
		os.Exit(1)
	}
}

// A panel is one picture with its targets.
type panel struct {
	title   string
	unit    string // Grafana's name of it
	targets []string
}

// panels are all pictures of the dashboard.
func panels() []panel {
	all := func(series string) string { return "sumSeries(" + servers + "." + series + ")" }
	return []panel{
		{"Requests a minute, all servers", "short", []string{"alias(" + all("requests.count") + ",'requests')"}},
		{"Requests a minute, by server", "short", []string{"aliasByNode(" + servers + ".requests.count,1)"}},
		{"Bytes a minute, all servers", "bytes", []string{"alias(" + all("bytes.count") + ",'bytes')"}},
		{"Status, all servers", "short", []string{
			"alias(" + all("status.2xx.count") + ",'2xx')", "alias(" + all("status.3xx.count") + ",'3xx')",
			"alias(" + all("status.4xx.count") + ",'4xx')", "alias(" + all("status.5xx.count") + ",'5xx')"}},
		{"Duration, all servers: percentiles from the counts", "ms", []string{
			"alias(" + percentile(0.50, servers) + ",'p50')", "alias(" + percentile(0.95, servers) + ",'p95')", "alias(" + percentile(0.99, servers) + ",'p99')"}},
		{"Share of requests within 250 ms", "percent", []string{
			"alias(asPercent(" + all("duration.ms.le_250.count") + "," + all("duration.ms.le_inf.count") + "),'within 250 ms')"}},
		{"Reading behind, seconds", "s", []string{"aliasByNode(highestMax(" + servers + ".logfeed.lag.seconds,10),1)"}},
		{"Lost or refused", "short", []string{
			"alias(" + all("logfeed.dropped.count") + ",'points dropped')", "alias(" + all("logfeed.rejected.count") + ",'lines rejected')",
			"alias(" + all("logfeed.late.count") + ",'lines late')"}},
	}
}

// percentile makes the share q of the durations of many servers out of their
// counts. Of each step between two bounds it takes the part that lies below the
// percentile, which is (q*all - below)/(within - below) kept between 0 and 1, times
// the width of the step. Where there are no requests there is no value.
func percentile(q float64, servers string) string {
	count := func(bound string) string { return "sumSeries(" + servers + ".duration.ms.le_" + bound + ".count)" }
	wanted := fmt.Sprintf("scale(%s,%g)", count("inf"), q)
	var steps []string
	low := 0
	for i, b := range bounds {
		within := count(fmt.Sprint(b))
		need, have := wanted, "offset("+within+",0.000001)"
		if i > 0 {
			below := count(fmt.Sprint(low))
			need = "diffSeries(" + wanted + "," + below + ")"
			have = "offset(diffSeries(" + within + "," + below + "),0.000001)"
		}
		part := "divideSeries(" + need + "," + have + ")"
		steps = append(steps, fmt.Sprintf("scale(%s,%d)", clamp(part), b-low))
		low = b
	}
	some := "pow(removeBelowValue(" + count("inf") + ",0.5),0)" // 1 where there are requests
	return "multiplySeries(sumSeries(" + strings.Join(steps, ",") + ")," + some + ")"
}

// clamp keeps values between 0 and 1. Graphite has no function for that; null
// counts as 0 in a sum.
func clamp(part string) string {
	rest := "offset(scale(" + part + ",-1),1)" // what is missing to 1
	rest = "transformNull(removeBelowValue(" + rest + ",0),0)"
	return "removeBelowValue(offset(scale(" + rest + ",-1),1),0)"
}

// board returns the dashboard as Grafana imports it.
func board() []byte {
	type object = map[string]any
	var drawn []object
	for i, p := range panels() {
		var targets []object
		for k, t := range p.targets {
			targets = append(targets, object{"refId": string(rune('A' + k)), "target": t})
		}
		drawn = append(drawn, object{
			"id": i + 1, "type": "timeseries", "title": p.title, "datasource": object{"type": "graphite", "uid": "${source}"},
			"gridPos":     object{"x": 12 * (i % 2), "y": 8 * (i / 2), "w": 12, "h": 8},
			"fieldConfig": object{"defaults": object{"unit": p.unit, "min": 0, "custom": object{"fillOpacity": 10}}, "overrides": []object{}},
			"targets":     targets,
		})
	}
	text, err := json.MarshalIndent(object{
		"title": "logfeed: many servers", "uid": "logfeed-fleet", "schemaVersion": 39, "editable": true,
		"time": object{"from": "now-3h", "to": "now"}, "refresh": "1m", "panels": drawn,
		"templating": object{"list": []object{
			{"name": "source", "type": "datasource", "query": "graphite", "label": "Graphite"},
			{"name": "server", "type": "query", "query": "apache.*", "label": "Server", "refresh": 2, "multi": true, "includeAll": true, "allValue": "*",
				"datasource": object{"type": "graphite", "uid": "${source}"}, "current": object{"text": "All", "value": "$__all"}},
		}},
	}, "", "  ")
	if err != nil {
		panic(err) // of strings and numbers alone
	}
	return append(text, '\n')
}
