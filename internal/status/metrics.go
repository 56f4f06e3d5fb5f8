package status

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metricsHandler serves the report to Prometheus, with the numbers of the Go
// runtime and of the process, out of a registry of its own.
func metricsHandler(report func() Report) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{report}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true, MaxRequestsInFlight: 4})
}

// A metric is one number of a report, or one for each value of its label.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(r *Report, add func(v float64, labels ...string))
}

func newMetric(name, help string, kind prometheus.ValueType, labels []string, of func(r *Report, add func(v float64, labels ...string))) metric {
	return metric{prometheus.NewDesc("logfeed_"+name, help, labels, nil), kind, of}
}

func one(v func(*Report) float64) func(*Report, func(float64, ...string)) {
	return func(r *Report, add func(float64, ...string)) { add(v(r)) }
}

func each(v func(*Destination) float64) func(*Report, func(float64, ...string)) {
	return func(r *Report, add func(float64, ...string)) {
		for i := range r.Destinations {
			add(v(&r.Destinations[i]), r.Destinations[i].Address)
		}
	}
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// metrics is the table of what Prometheus is told of.
var metrics = []metric{
	newMetric("build_info", "The version that runs; always 1.", gauge, []string{"version", "goversion"}, func(r *Report, add func(float64, ...string)) {
		add(1, r.Version, runtime.Version())
	}),
	newMetric("healthy", "1 while the reader goes round, else 0.", gauge, nil, one(func(r *Report) float64 { return truth(r.Health.OK) })),
	newMetric("lines_total", "Lines read, by what became of them.", counter, []string{"outcome"}, func(r *Report, add func(float64, ...string)) {
		add(float64(r.Lines.Counted), "counted")
		add(float64(r.Lines.Rejected), "rejected")
		add(float64(r.Lines.Late), "late")
		add(float64(r.Lines.TooOld), "too_old")
		add(float64(r.Lines.Oversize), "oversize")
		add(float64(r.Lines.Outside), "outside")
		add(float64(r.Lines.Filtered), "filtered")
	}),
	newMetric("read_bytes_total", "Bytes of logs read.", counter, nil, one(func(r *Report) float64 { return float64(r.Reading.BytesRead) })),
	newMetric("lag_bytes", "Bytes of logs on disk that have not been read.", gauge, nil, one(func(r *Report) float64 { return float64(r.Reading.LagBytes) })),
	newMetric("lag_seconds", "Log time that has not been read, of the log furthest behind; absent where it is not known.", gauge, nil, func(r *Report, add func(float64, ...string)) {
		if r.Reading.LagSeconds != nil {
			add(float64(*r.Reading.LagSeconds))
		}
	}),
	newMetric("reading_waits", "1 while reading waits because no destination has room, else 0.", gauge, nil, one(func(r *Report) float64 { return truth(r.Reading.Full) })),
	newMetric("files", "Log files that are followed.", gauge, nil, one(func(r *Report) float64 { return float64(r.FilesInAll) })),
	newMetric("unreadable_paths", "Paths that cannot be read for now.", gauge, nil, one(func(r *Report) float64 { return float64(r.Reading.Unreadable) })),
	newMetric("rotations_total", "Logs that were rotated.", counter, nil, one(func(r *Report) float64 { return float64(r.Reading.Rotations) })),
	newMetric("truncations_total", "Logs that were truncated.", counter, nil, one(func(r *Report) float64 { return float64(r.Reading.Truncations) })),
	newMetric("gaps_total", "Places where bytes of logs vanished before they were read.", counter, nil, one(func(r *Report) float64 { return float64(r.Reading.Gaps) })),
	newMetric("gap_bytes_total", "Bytes of logs that vanished before they were read.", counter, nil, one(func(r *Report) float64 { return float64(r.Reading.GapBytes) })),
	newMetric("points_total", "Points given out to be sent.", counter, nil, one(func(r *Report) float64 { return float64(r.Series.Points) })),
	newMetric("series", "Series that have had a point since the start.", gauge, nil, one(func(r *Report) float64 { return float64(r.Series.Known) })),
	newMetric("other_lines_total", "Lines counted in _other for want of room below --max-series.", counter, nil, one(func(r *Report) float64 { return float64(r.Series.Other) })),
	newMetric("buckets", "Buckets in memory.", gauge, nil, one(func(r *Report) float64 { return float64(r.Series.Buckets) })),

	newMetric("carbon_connected", "1 unless nobody answers there.", gauge, carbonLabel, each(func(d *Destination) float64 { return truth(d.Connected) })),
	newMetric("carbon_waiting_points", "Points that have still to be sent.", gauge, carbonLabel, each(func(d *Destination) float64 { return float64(d.Waiting) })),
	newMetric("carbon_in_doubt_points", "Points sent that have no receipt yet.", gauge, carbonLabel, each(func(d *Destination) float64 { return float64(d.InDoubt) })),
	newMetric("carbon_replaying_points", "Delivered points that go again.", gauge, carbonLabel, each(func(d *Destination) float64 { return float64(d.Replaying) })),
	newMetric("carbon_buffer_used_bytes", "What the undelivered points take of the buffer.", gauge, carbonLabel, each(func(d *Destination) float64 { return float64(d.BufferUsed) })),
	newMetric("carbon_buffer_size_bytes", "The bound of the buffer.", gauge, carbonLabel, each(func(d *Destination) float64 { return float64(d.BufferSize) })),
	newMetric("carbon_waiting_series", "New series that wait to be introduced.", gauge, carbonLabel, each(func(d *Destination) float64 { return float64(d.NewSeries) })),
	newMetric("carbon_sent_points_total", "Points given to a connection, repetitions included.", counter, carbonLabel, each(func(d *Destination) float64 { return float64(d.Sent) })),
	newMetric("carbon_delivered_points_total", "Points that had a receipt, repetitions included.", counter, carbonLabel, each(func(d *Destination) float64 { return float64(d.Delivered) })),
	newMetric("carbon_connects_total", "Connections opened.", counter, carbonLabel, each(func(d *Destination) float64 { return float64(d.Connects) })),
	newMetric("carbon_connect_failures_total", "Attempts to connect that failed.", counter, carbonLabel, each(func(d *Destination) float64 { return float64(d.Failures) })),
	newMetric("carbon_breaks_total", "Connections that ended in any way but a receipt.", counter, carbonLabel, each(func(d *Destination) float64 { return float64(d.Breaks) })),
	newMetric("carbon_receipts_total", "Receipts.", counter, carbonLabel, each(func(d *Destination) float64 { return float64(d.Receipts) })),
	newMetric("carbon_replays_total", "Full replays begun.", counter, carbonLabel, each(func(d *Destination) float64 { return float64(d.Replays) })),
	newMetric("carbon_incomplete_replays_total", "Full replays that lacked points.", counter, carbonLabel, each(func(d *Destination) float64 { return float64(d.Incomplete) })),
	newMetric("carbon_last_receipt_timestamp_seconds", "When the last receipt came; absent before the first.", gauge, carbonLabel, func(r *Report, add func(float64, ...string)) {
		for _, d := range r.Destinations {
			if d.LastReceipt != nil {
				add(float64(d.LastReceipt.UnixMilli())/1000, d.Address)
			}
		}
	}),
	newMetric("carbon_dropped_points_total", "Points that a destination has not got and will not get, by the reason.", counter, []string{"carbon", "reason"}, func(r *Report, add func(float64, ...string)) {
		for _, d := range r.Destinations {
			add(float64(d.Dropped.Full), d.Address, "buffer_full")
			add(float64(d.Dropped.TooOld), d.Address, "too_old")
			add(float64(d.Dropped.Partial), d.Address, "partial")
			add(float64(d.Dropped.SetAside), d.Address, "set_aside")
			add(float64(d.Dropped.Refused), d.Address, "refused")
			add(float64(d.Dropped.Declined), d.Address, "own")
		}
	}),
}

var carbonLabel = []string{"carbon"}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A collector makes the metrics out of one report.
type collector struct{ report func() Report }

// Describe sends what there may be.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range metrics {
		to <- m.desc
	}
}

// Collect sends what there is.
func (c collector) Collect(to chan<- prometheus.Metric) {
	r := c.report()
	for _, m := range metrics {
		m.of(&r, func(v float64, labels ...string) { to <- prometheus.MustNewConstMetric(m.desc, m.kind, v, labels...) })
	}
}
