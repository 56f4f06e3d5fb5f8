package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/rollup"
)

// TestReasonsAreBounded meets more reasons than are told apart.
func TestReasonsAreBounded(t *testing.T) {
	r := newReasons(rollup.NewTable(rollup.Options{}))
	reject := func(n, times int) {
		for range times {
			batch := newRefusals()
			batch.add(1, []byte("text"), &apachelog.LineError{Directive: "%t", Expected: fmt.Sprint("reason ", n), Column: 1})
			r.add("log", numbering{line: int64(n) - 1}, batch.all[0])
		}
	}
	for n := range 3 * maxReasons {
		reject(n, 1)
	}
	reject(7, 5)
	reject(9, 6)
	reject(2*maxReasons, 100)
	if len(r.format) != maxReasons || r.others != 2*maxReasons+100 {
		t.Errorf("%d reasons and %d lines beyond", len(r.format), r.others)
	}
	var got []string
	for _, one := range r.top(3) {
		got = append(got, fmt.Sprint(one.expected, " ", one.lines, " ", one.line))
	}
	if want := "reason 9 7 9, reason 7 6 7, reason 0 1 0"; strings.Join(got, ", ") != want {
		t.Errorf("%s, want %s", strings.Join(got, ", "), want)
	}
}

// BenchmarkRejected is what a line costs beside the parsing when every line is
// rejected, as in a log of another format.
func BenchmarkRejected(b *testing.B) {
	r := newRefusals()
	err := error(&apachelog.LineError{Directive: "%t", Expected: "[", Column: 20})
	line := []byte(strings.Repeat("x", 200))
	b.ReportAllocs()
	for b.Loop() {
		r.add(12, line, err)
	}
}
