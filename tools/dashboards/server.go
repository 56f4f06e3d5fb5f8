package main

// server is the dashboard of one server, whose virtual hosts have levels of their
// own (--by vhost) or have not.
func server() dashboard {
	vhosts := chosen("vhost", "Virtual host", "apache.$server.*")
	// Beside the groups stand the first levels of the metrics.
	vhosts["regex"] = "/^(?!(bytes|bytes_in|requests|status|duration|logfeed)$)/"
	return dashboard{
		file: "logfeed.json", title: "logfeed: one server", uid: "logfeed",
		variables: []object{chosen("server", "Server", "apache.*"), several(vhosts)},
		panels: []panel{
			{title: "Traffic"},
			{title: "Requests a minute", unit: "short", targets: []string{counted("requests.count", "requests")}},
			{title: "Bytes a minute", unit: "bytes", targets: []string{counted("bytes.count", "sent"), counted("bytes_in.count", "received")}},
			{title: "Status a minute", unit: "short", stacked: true, targets: []string{
				counted("status.2xx.count", "2xx"), counted("status.3xx.count", "3xx"), counted("status.4xx.count", "4xx"), counted("status.5xx.count", "5xx")}},
			{title: "Share of errors", unit: "percent", targets: []string{share("status.4xx.count", "4xx"), share("status.5xx.count", "5xx")}},
			{title: "Duration; of several virtual hosts the slowest one's", unit: "ms", targets: []string{
				slowest("duration.ms.p50", "p50"), slowest("duration.ms.p95", "p95"), slowest("duration.ms.p99", "p99")}},
			{title: "Mean duration and extremes", unit: "ms", targets: []string{
				alias("minSeries("+either("duration.ms.min")+")", "min"), slowest("duration.ms.mean", "mean of the slowest"), slowest("duration.ms.max", "max")}},

			{title: "By virtual host (--by vhost): the ten with the most"},
			{title: "Requests a minute, by virtual host", unit: "short", stacked: true, targets: []string{byHost(perMinute(group + ".requests.count"))}},
			{title: "Bytes a minute, by virtual host", unit: "bytes", stacked: true, targets: []string{byHost(perMinute(group + ".bytes.count"))}},
			{title: "Errors (5xx) a minute, by virtual host", unit: "short", stacked: true, targets: []string{byHost(perMinute(group + ".status.5xx.count"))}},
			{title: "p95 of the duration, by virtual host", unit: "ms", targets: []string{byHost(group + ".duration.ms.p95")}},

			{title: "logfeed itself"},
			{title: "Reading behind, log time", unit: "s", targets: []string{worst("lag.seconds", "seconds")}},
			{title: "Reading behind, bytes", unit: "bytes", targets: []string{worst("lag.bytes", "bytes")}},
			{title: "Lines and points a minute", unit: "short", targets: []string{
				own("lines.count", "lines"), own("filtered.count", "lines left out by --where"), own("points.count", "points")}},
			{title: "Lines not counted, a minute", unit: "short", targets: []string{
				own("rejected.count", "rejected"), own("late.count", "late"), own("too_old.count", "too old"), own("oversize.count", "too long")}},
			{title: "Points waiting for Carbon", unit: "short", targets: []string{worst("lag.points", "points")}},
			{title: "Connections broken or not made, a minute", unit: "short", targets: []string{own("breaks.count", "breaks")}},
			{title: "Lost: bytes of logs, a minute", unit: "bytes", targets: []string{own("gap_bytes.count", "vanished before they were read")}},
			{title: "Lost: points; overflow: lines in _other, a minute", unit: "short", targets: []string{
				own("dropped.count", "points dropped"), own("other.count", "lines in _other")}},
		},
	}
}

// group is the virtual hosts that are chosen.
const group = "apache.$server.$vhost"

// either names a series where it may be: in the virtual hosts that are chosen, or
// directly below the server's name. Graphite passes over what is not there.
func either(series string) string { return "apache.$server." + series + "," + group + "." + series }

// counted is a count a minute.
func counted(series, name string) string {
	return alias(perMinute("sumSeries("+either(series)+")"), name)
}

// share is a count in percent of the requests. Where it has no point there was
// none of it.
func share(series, name string) string {
	return alias("asPercent(transformNull(sumSeries("+either(series)+"),0),sumSeries("+either("requests.count")+"))", name)
}

// slowest is the highest of several virtual hosts, since percentiles and means
// do not add up.
func slowest(series, name string) string { return alias("maxSeries("+either(series)+")", name) }

// byHost shows ten virtual hosts under their own names.
func byHost(series string) string { return "aliasByNode(highestAverage(" + series + ",10),2)" }

// tells names what all logfeeds of the server tell of themselves: that of
// logfeed.service, and those of logfeed@.service a level below.
func tells(series string) string {
	return "apache.$server.logfeed." + series + ",apache.$server.*.logfeed." + series
}

// own is a count a minute of what logfeed tells of itself.
func own(series, name string) string {
	return alias(perMinute("sumSeries("+tells(series)+")"), name)
}

// worst is the highest of several logfeeds.
func worst(series, name string) string { return alias("maxSeries("+tells(series)+")", name) }
