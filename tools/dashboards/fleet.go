package main

import (
	"fmt"
	"strings"
)

// bounds are those of --histogram without a list, in milliseconds.
var bounds = []int{1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000}

// servers is the variable that the fleet's dashboard is asked for: one server,
// several, or all.
const servers = "apache.$server"

// fleet is the dashboard of many servers that run logfeed with --histogram.
func fleet() dashboard {
	all := func(series string) string { return "sumSeries(" + servers + "." + series + ")" }
	counts := func(series, name string) string { return alias(perMinute(all(series)), name) }
	return dashboard{
		file: "logfeed-fleet.json", title: "logfeed: many servers", uid: "logfeed-fleet",
		variables: []object{several(chosen("server", "Server", "apache.*"))},
		panels: []panel{
			{title: "Requests a minute, all servers", unit: "short", targets: []string{counts("requests.count", "requests")}},
			{title: "Requests a minute, by server", unit: "short", targets: []string{"aliasByNode(" + perMinute(servers+".requests.count") + ",1)"}},
			{title: "Bytes a minute, all servers", unit: "bytes", targets: []string{counts("bytes.count", "bytes")}},
			{title: "Status a minute, all servers", unit: "short", targets: []string{
				counts("status.2xx.count", "2xx"), counts("status.3xx.count", "3xx"), counts("status.4xx.count", "4xx"), counts("status.5xx.count", "5xx")}},
			{title: "Duration, all servers: percentiles from the counts", unit: "ms", targets: []string{
				alias(percentile(0.50, servers), "p50"), alias(percentile(0.95, servers), "p95"), alias(percentile(0.99, servers), "p99")}},
			{title: "Share of requests within 250 ms", unit: "percent", targets: []string{
				alias("asPercent("+all("duration.ms.le_250.count")+","+all("duration.ms.le_inf.count")+")", "within 250 ms")}},
			{title: "Reading behind, seconds", unit: "s", targets: []string{"aliasByNode(highestMax(" + servers + ".logfeed.lag.seconds,10),1)"}},
			{title: "Lost or refused a minute", unit: "short", targets: []string{
				counts("logfeed.dropped.count", "points dropped"), counts("logfeed.rejected.count", "lines rejected"), counts("logfeed.late.count", "lines late")}},
		},
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
