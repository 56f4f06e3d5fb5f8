package main

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"slices"
	"strings"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/tail"
)

// state is everything that survives the end of the process, as one version:
// the positions belong to exactly the lines that are in the buckets, and every
// bucket that has left the ledger is in the outboxes.
type state struct {
	Shape    string // what the sums mean; see config.shape
	Host     string // name of the machine
	Until    int64  // end of the newest bucket, and of the newest line read, Unix seconds
	Since    int64  // lines are counted from this time on, and
	Before   int64  // before this one; 0 is no bound
	Files    tail.State
	Ledger   rollup.Snapshot
	Counters counters
	Own      ownState
	Outboxes map[string]packedPoints // by address
}

// packedPoints holds the points of one outbox in columns: a series name is
// written once, and numbers that are alike take a byte or two.
type packedPoints struct {
	Names       []string
	Series      []uint32 // index into Names
	Times       []int64  // each less the one before
	Steps       []int64  // seconds
	Values      []float64
	Repetitions []int            // planned ones that were made, -1 for an undelivered point
	Introduced  []uint32         // series that need no introduction, indexes into Names
	Forgotten   map[uint32]int64 // ends of forgotten buckets, by index into Names
}

func (s *state) encode() ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(s); err != nil {
		return nil, fmt.Errorf("encode checkpoint: %w", err)
	}
	return b.Bytes(), nil
}

func decodeState(payload []byte) (*state, error) {
	s := new(state)
	if err := gob.NewDecoder(bytes.NewReader(payload)).Decode(s); err != nil {
		return nil, fmt.Errorf("decode checkpoint: %w", err)
	}
	return s, nil
}

// shape describes what a sum means. Sums of two shapes must never meet in one
// cell.
func (c *config) shape() string {
	parts := []string{"prefix " + c.rollup.Prefix, "interval " + c.rollup.Interval.String(), "zone " + c.zone.String()}
	for _, ending := range c.rollup.Metrics.Endings() {
		parts = append(parts, "series "+ending)
	}
	if c.atEnd {
		parts = append(parts, "time end")
	}
	for _, l := range c.by.levels {
		parts = append(parts, "by "+l.name)
	}
	if c.tagged {
		parts = append(parts, "naming tags")
	}
	parts = append(parts, c.routing.shape()...)
	parts = append(parts, c.retentionsShape()...)
	var formats []string
	for _, f := range c.formats {
		format := "format " + f.String()
		if f.Dialect() != apachelog.Apache {
			format = "format of " + f.Dialect().String() + " " + f.String()
		}
		formats = append(formats, format)
	}
	if c.apache != nil {
		slices.Sort(formats) // which log comes first in a configuration means nothing
	}
	return strings.Join(slices.Concat(parts, formats, c.bounds.shape()), "\n")
}

// changedLines names the lines of a shape that are new and those that are gone.
func changedLines(before, now string) string {
	old, present := strings.Split(before, "\n"), strings.Split(now, "\n")
	var changed []string
	for _, line := range present {
		if !slices.Contains(old, line) {
			changed = append(changed, line)
		}
	}
	for _, line := range old {
		if !slices.Contains(present, line) {
			changed = append(changed, "no longer "+line)
		}
	}
	return strings.Join(changed, ", ")
}

func packPoints(s carbon.Snapshot) packedPoints {
	p := packer{ids: make(map[string]uint32)}
	for _, pt := range s.Undelivered {
		p.add(pt, -1)
	}
	for _, d := range s.Delivered {
		p.add(d.Point, d.Repetitions)
	}
	for _, series := range s.Introduced {
		p.out.Introduced = append(p.out.Introduced, p.id(series))
	}
	if s.Forgotten != nil {
		p.out.Forgotten = make(map[uint32]int64, len(s.Forgotten))
	}
	for series, end := range s.Forgotten {
		p.out.Forgotten[p.id(series)] = end
	}
	return p.out
}

type packer struct {
	ids  map[string]uint32
	last int64
	out  packedPoints
}

func (p *packer) id(series string) uint32 {
	id, ok := p.ids[series]
	if !ok {
		id = uint32(len(p.out.Names))
		p.ids[series] = id
		p.out.Names = append(p.out.Names, series)
	}
	return id
}

func (p *packer) add(pt point.Point, repetitions int) {
	p.out.Series = append(p.out.Series, p.id(pt.Series))
	p.out.Times = append(p.out.Times, pt.Time-p.last)
	p.out.Steps = append(p.out.Steps, pt.Step)
	p.out.Values = append(p.out.Values, pt.Value)
	p.out.Repetitions = append(p.out.Repetitions, repetitions)
	p.last = pt.Time
}

// unpack returns the points of buckets that are not open. The newest totals of
// the others are in the ledger, and what was sent of them must not be sent
// again before the lines since have been counted.
func (p packedPoints) unpack(open func(series string, start int64) bool) (*carbon.Snapshot, error) {
	n := len(p.Series)
	if len(p.Times) != n || len(p.Steps) != n || len(p.Values) != n || len(p.Repetitions) != n {
		return nil, fmt.Errorf("columns of %d, %d, %d, %d and %d points", n, len(p.Times), len(p.Steps), len(p.Values), len(p.Repetitions))
	}
	s, err := p.series()
	if err != nil {
		return nil, err
	}
	when := int64(0)
	for i, id := range p.Series {
		when += p.Times[i]
		if int(id) >= len(p.Names) {
			return nil, fmt.Errorf("series %d of %d", id, len(p.Names))
		}
		pt := point.Point{Series: p.Names[id], Value: p.Values[i], Time: when, Step: p.Steps[i]}
		switch {
		case open(pt.Series, when):
		case p.Repetitions[i] < 0:
			s.Undelivered = append(s.Undelivered, pt)
		default:
			s.Delivered = append(s.Delivered, carbon.Delivered{Point: pt, Repetitions: p.Repetitions[i]})
		}
	}
	return s, nil
}

// series returns what is known of whole series.
func (p packedPoints) series() (*carbon.Snapshot, error) {
	s := new(carbon.Snapshot)
	for _, id := range p.Introduced {
		if int(id) >= len(p.Names) {
			return nil, fmt.Errorf("introduced series %d of %d", id, len(p.Names))
		}
		s.Introduced = append(s.Introduced, p.Names[id])
	}
	if p.Forgotten != nil {
		s.Forgotten = make(map[string]int64, len(p.Forgotten))
	}
	for id, end := range p.Forgotten {
		if int(id) >= len(p.Names) {
			return nil, fmt.Errorf("forgotten points of series %d of %d", id, len(p.Names))
		}
		s.Forgotten[p.Names[id]] = end
	}
	return s, nil
}
