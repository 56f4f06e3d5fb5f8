package main

import (
	"bytes"
	"fmt"
	"time"
)

// The size of the picture and of the field in it.
const (
	width, height            = 960, 360
	left, right, top, bottom = 70, 20, 40, 40
)

// picture draws the points of every second as an SVG.
func picture(o options, seconds []second, s summary, begin time.Time) []byte {
	from, to := begin.Unix(), seconds[len(seconds)-1].unix
	highest := max(3*s.mean, s.peak, s.recovery)
	if o.maxRate > 0 && o.outage > 0 {
		highest = max(highest, float64(o.maxRate*o.senders))
	}
	highest *= 1.05
	x := func(unix int64) float64 {
		return left + float64(unix-from)/float64(max(to-from, 1))*(width-left-right)
	}
	y := func(points float64) float64 { return height - bottom - points/highest*(height-top-bottom) }

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="22" font-size="14">Points that arrive at the relay in each second, from %d senders of %d series each</text>`+"\n", left, o.senders, o.series)
	for _, v := range ticks(highest) {
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end" fill="#444">%.0f</text>`+"\n",
			left, width-right, y(v), y(v), left-6, y(v)+4, v)
	}
	for unix := from; unix <= to; unix += 60 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#444">%d min</text>`+"\n", x(unix), height-bottom+18, (unix-from)/60)
	}
	if o.outage > 0 {
		away, back := begin.Add(o.steady).Unix(), begin.Add(o.steady+o.outage).Unix()
		fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="#f3e3e3"/><text x="%.1f" y="%d" text-anchor="middle" fill="#844">the relay is away</text>`+"\n",
			x(away), top, x(back)-x(away), height-top-bottom, (x(away)+x(back))/2, top+16)
	}
	w := max((width-left-right)/float64(max(to-from, 1)), 0.5)
	for _, one := range seconds {
		fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.2f" height="%.1f" fill="#2b6ca3"/>`+"\n", x(one.unix), y(one.points), w, height-bottom-y(one.points))
	}
	line(&b, y(s.mean), "#c33", fmt.Sprintf("mean %.0f", s.mean))
	line(&b, y(3*s.mean), "#c33", "three times the mean")
	if o.maxRate > 0 && o.outage > 0 {
		line(&b, y(float64(o.maxRate*o.senders)), "#383", fmt.Sprintf("--max-rate %d each", o.maxRate))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func line(b *bytes.Buffer, y float64, colour, text string) {
	fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="%s" stroke-dasharray="6 4"/><text x="%d" y="%.1f" text-anchor="end" fill="%s">%s</text>`+"\n",
		left, width-right, y, y, colour, width-right-4, y-4, colour, text)
}
