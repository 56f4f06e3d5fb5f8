package main

import (
	"fmt"
	"strconv"
	"strings"
)

// usualBounds are those of --histogram without a list: about two for each
// doubling where most answers lie, so that a percentile made of the counts is
// seldom off by more than half of the step that it falls into.
const usualBounds = "1,5,10,25,50,100,250,500,1000,2500,5000,10000"

// mostBounds keeps a histogram from becoming more series than all else.
const mostBounds = 30

// parseBounds takes milliseconds in ascending order.
func parseBounds(text string) ([]int64, error) {
	var all []int64
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(word), 10, 32)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no whole number of milliseconds; right would be %s", word, usualBounds)
		}
		if len(all) > 0 && n <= all[len(all)-1] {
			return nil, fmt.Errorf("%d comes after %d; each bound has to be greater than the one before", n, all[len(all)-1])
		}
		all = append(all, n)
	}
	if len(all) > mostBounds {
		return nil, fmt.Errorf("%d bounds; %d at most", len(all), mostBounds)
	}
	return all, nil
}
