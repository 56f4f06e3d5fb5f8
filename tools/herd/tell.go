package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tell prints what arrived when, draws it, and checks the cells.
func tell(o options, dir, arrived, counted string, begin time.Time, until int64) error {
	seconds, err := perSecond(counted, "herd.metricsReceived")
	if err != nil {
		return err
	}
	logs, err := filepath.Glob(filepath.Join(dir, "senders.*.log"))
	if err != nil {
		return err
	}
	sent := make(map[int64]float64)
	for _, log := range logs {
		own, err := perSecond(log, "sent")
		if err != nil {
			return err
		}
		for _, one := range own {
			sent[one.unix] += one.points
		}
	}
	wrong, cells, lines, err := check(o, arrived, begin.Truncate(interval).Unix(), until)
	if err != nil {
		return err
	}
	s := summarize(o, seconds, begin)
	fmt.Printf("%d senders in %d processes, %d series each, every %s; %d points arrived\n", o.senders, o.processes, o.series, interval, lines)
	fmt.Printf("steady   mean %7.0f points/s   peak %7.0f   ratio %.2f\n", s.mean, s.peak, s.peak/s.mean)
	if o.outage > 0 {
		limit := "no --max-rate"
		if o.maxRate > 0 {
			limit = fmt.Sprintf("--max-rate %d each, %d in all", o.maxRate, o.maxRate*o.senders)
		}
		back, most := begin.Add(o.steady+o.outage).Unix(), 0.0
		for unix, n := range sent {
			if unix >= back {
				most = max(most, n)
			}
		}
		fmt.Printf("recovery sent at most %.0f points in a second (%s)\n", most, limit)
		fmt.Printf("         the relay read at most %.0f in one, and %.0f a second in any %d s; the last second above the steady peak came %s after it was back\n",
			s.recovery, s.recovered, gulp, s.took.Round(time.Second))
	}
	fmt.Printf("cells    %d, wrong %d\n", cells, wrong)
	if err := os.WriteFile(o.picture, picture(o, seconds, s, begin), 0o644); err != nil {
		return err
	}
	if wrong > 0 {
		return errWrong
	}
	return nil
}

// A second says how many points arrived in it.
type second struct {
	unix   int64
	points float64
}

// perSecond reads lines of a name, a number and a time: the relay's own
// statistics, or those of the senders.
func perSecond(path, name string) ([]second, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []second
	for in := bufio.NewScanner(f); in.Scan(); {
		words := strings.Fields(in.Text())
		if len(words) != 3 || words[0] != name {
			continue
		}
		n, err := strconv.ParseFloat(words[1], 64)
		if err != nil {
			return nil, err
		}
		unix, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil {
			return nil, err
		}
		all = append(all, second{unix, n})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: nothing was counted", path)
	}
	return all, nil
}

// A summary is what the seconds come to.
type summary struct {
	mean, peak float64 // while nothing happens, from the third minute on: repetitions begin in it
	recovery   float64 // the peak after the outage
	recovered  float64 // the highest mean of gulp seconds after it
	took       time.Duration
}

// gulp is how many seconds are taken together: a relay on a busy machine reads
// in gulps what has come in over several.
const gulp = 20

func summarize(o options, seconds []second, begin time.Time) summary {
	var s summary
	from, to := begin.Add(2*interval).Unix(), begin.Add(o.steady).Unix()
	n := 0.0
	for _, one := range seconds {
		if one.unix >= from && one.unix < to {
			n++
			s.mean += one.points
			s.peak = max(s.peak, one.points)
		}
	}
	s.mean /= max(n, 1)
	if o.outage > 0 {
		s.recover(seconds, begin.Add(o.steady+o.outage).Unix())
	}
	return s
}

// recover takes the seconds since the relay is back.
func (s *summary) recover(seconds []second, back int64) {
	var recent []float64
	for _, one := range seconds {
		if one.unix < back {
			continue
		}
		recent = append(recent, one.points)
		recent = recent[max(0, len(recent)-gulp):]
		s.recovered = max(s.recovered, sum(recent)/gulp)
		s.recovery = max(s.recovery, one.points)
		if one.points > s.peak {
			s.took = time.Duration(one.unix-back) * time.Second
		}
	}
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

// check compares the last value of every cell with what it should be.
func check(o options, path string, first, until int64) (wrong, cells, lines int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, 0, err
	}
	defer f.Close()
	type cell struct {
		series string
		bucket int64
	}
	got := make(map[cell]string)
	names := make(map[string]string) // each once
	for in := bufio.NewScanner(f); in.Scan(); lines++ {
		words := strings.Fields(in.Text())
		if len(words) != 3 {
			return 0, 0, 0, fmt.Errorf("%s: %q is no point", path, in.Text())
		}
		bucket, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil {
			return 0, 0, 0, err
		}
		if _, ok := names[words[0]]; !ok {
			names[strings.Clone(words[0])] = strings.Clone(words[0])
		}
		got[cell{names[words[0]], bucket}] = strings.Clone(words[1])
	}
	for sender := range o.senders {
		for series := range o.series {
			for bucket := first; bucket <= until; bucket += 60 {
				cells++
				amended := isAmended(sender, bucket) && bucket < until
				want := strconv.FormatFloat(value(sender, series, bucket, amended), 'f', -1, 64)
				if got[cell{name(sender, series), bucket}] != want {
					wrong++
				}
			}
		}
	}
	if extra := len(got) - cells; extra > 0 {
		wrong += extra
	}
	return wrong, cells, lines, nil
}

// ticks are the values at which the axis has a line.
func ticks(highest float64) []float64 {
	step := 1.0
	for _, f := range []float64{1, 2, 5} {
		for e := 1.0; e < 1e9; e *= 10 {
			if c := f * e; highest/c <= 6 && (step == 1 || c < step) {
				step = c
			}
		}
	}
	var all []float64
	for v := 0.0; v <= highest; v += step {
		all = append(all, v)
	}
	slices.SortFunc(all, cmp.Compare)
	return all
}
