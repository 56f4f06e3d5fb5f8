package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/guptarohit/asciigraph"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

const (
	// shownDifferences bounds the list below the table: if nothing has arrived,
	// every cell differs.
	shownDifferences = 20
	// chartWidth and chartHeight leave the chart within 80 columns, labels
	// included, and about a third of a screen.
	chartWidth, chartHeight = 70, 8
)

// report writes the totals of the log beside those of Carbon, bucket by bucket,
// a chart of Carbon's requests, and whether they are equal.
func report(out io.Writer, log roundtrip.Count, carbon roundtrip.Points, differences []roundtrip.Difference) error {
	if err := table(out, log, carbon); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n\n", chart(log.Starts(), carbon[prefix+".requests.count"]))

	if len(differences) == 0 {
		total := log.Total()
		fmt.Fprintf(out, "equal: %s buckets, %s lines counted, %s rejected, %s bytes\n",
			number(int64(len(log.Minutes))), number(total.Requests), number(int64(len(log.Rejected))), number(total.Bytes))
		return nil
	}
	fmt.Fprintf(out, "different: %s cells\n", number(int64(len(differences))))
	for i, d := range differences {
		if i == shownDifferences {
			fmt.Fprintf(out, "  and %s more\n", number(int64(len(differences)-i)))
			break
		}
		fmt.Fprintf(out, "  %s\n", d)
	}
	return nil
}

// table writes one line a minute.
func table(out io.Writer, log roundtrip.Count, carbon roundtrip.Points) error {
	want := log.Points(prefix)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\nUTC\trequests\tin Carbon\tbytes\tin Carbon\t2xx\t3xx\t4xx\t5xx\t\n")
	row := func(first string, cell func(series string) (want, got string)) {
		fmt.Fprintf(w, "%s\t", first)
		for _, metric := range []string{"requests.count", "bytes.count"} {
			want, got := cell(prefix + "." + metric)
			fmt.Fprintf(w, "%s\t%s\t", want, got)
		}
		for class := 2; class <= 5; class++ {
			want, got := cell(fmt.Sprintf("%s.status.%dxx.count", prefix, class))
			if want != got { // one number is enough where they are equal
				want += "/" + got
			}
			fmt.Fprintf(w, "%s\t", want)
		}
		fmt.Fprintln(w)
	}
	for _, start := range log.Starts() {
		row(time.Unix(start, 0).UTC().Format("15:04"), func(series string) (string, string) {
			return value(want[series], start), value(carbon[series], start)
		})
	}
	row("total", func(series string) (string, string) { return sum(want[series]), sum(carbon[series]) })
	return w.Flush()
}

// value shows one point, and a point that is not there as a dash.
func value(points map[int64]float64, start int64) string {
	if v, ok := points[start]; ok {
		return show(v)
	}
	return "-"
}

func sum(points map[int64]float64) string {
	total := 0.0
	for _, v := range points {
		total += v
	}
	return show(total)
}

// show writes whole numbers with separators, as all of ours should be.
func show(v float64) string {
	if whole := int64(v); float64(whole) == v {
		return number(whole)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// chart draws the requests that Carbon has a minute.
func chart(starts []int64, requests map[int64]float64) string {
	values := make([]float64, len(starts))
	for i, start := range starts {
		values[i] = requests[start]
	}
	if len(values) == 0 {
		return "no buckets"
	}
	return asciigraph.Plot(values,
		asciigraph.Width(chartWidth), asciigraph.Height(chartHeight), asciigraph.Precision(0), asciigraph.LowerBound(0),
		asciigraph.XAxisRange(float64(starts[0]), float64(starts[len(starts)-1])), asciigraph.XAxisTickCount(5),
		asciigraph.XAxisValueFormatter(func(unix float64) string { return time.Unix(int64(unix), 0).UTC().Format("15:04") }),
		asciigraph.Caption("requests a minute, out of Carbon"))
}

// number writes 1234567 as 1,234,567.
func number(n int64) string { return message.NewPrinter(language.English).Sprintf("%d", n) }
