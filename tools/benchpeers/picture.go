package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
)

// The size of the picture and of the field in it.
const (
	width, left, right, top = 960, 290, 90, 60
	row, bar                = 34, 20
)

// bars draws the times as an SVG, on a logarithmic scale.
func bars(made []*contestant) []byte {
	shortest, longest := math.Inf(1), 0.0
	for _, c := range made {
		shortest, longest = min(shortest, c.time().Seconds()), max(longest, c.time().Seconds())
	}
	from, to := math.Floor(math.Log10(shortest)), math.Ceil(math.Log10(longest))
	x := func(seconds float64) float64 {
		return left + (math.Log10(seconds)-from)/max(to-from, 1)*(width-left-right)
	}
	height := top + row*len(made) + 20

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="10" y="22" font-size="14">Seconds for %.2f GB of access log (%d lines), logarithmic scale</text>`+"\n", float64(made[0].log.bytes)/1e9, made[0].log.lines)
	for power := from; power <= to; power++ {
		at := x(math.Pow(10, power))
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle" fill="#444">%g s</text>`+"\n",
			at, at, top-8, height-20, at, top-14, math.Pow(10, power))
	}
	for i, c := range made {
		y, seconds, colour := top+row*i, c.time().Seconds(), "#999"
		if c.ours {
			colour = "#2b6ca3"
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#222">%s</text>`+"\n", left-8, y+bar-5, html.EscapeString(c.name))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", left, y, x(seconds)-left, bar, colour)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" fill="#222">%.2f s</text>`+"\n", x(seconds)+6, y+bar-5, seconds)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
