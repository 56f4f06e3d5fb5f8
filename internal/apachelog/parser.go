package apachelog

import (
	"iter"
	"time"
)

// ParserOptions says what of a line is wanted.
type ParserOptions struct {
	Need Field          // numbers to decode; those that the format does not provide stay 0
	Text []int          // indexes, as in Format.Directives, of values to keep for Record.Raw and AppendText
	Zone *time.Location // for times without a zone; nil is time.Local

	// AtEnd makes the end of the request the time of a record, if Format.TellsEnd:
	// a time of the end, else the begin and the duration. Without it a time of
	// the begin is preferred.
	AtEnd bool
}

// Parser applies a Format to lines. It holds caches and is for one goroutine.
type Parser struct {
	format *Format
	need   Field
	plain  bool
	toEnd  bool // the duration is added to the time
	top    *group
	quick  []quick // the quick way through the steps that top has at its left
	simple bool    // they are all of it
	clock  clock
	times  []*timeState // by directive

	// The state of the line being read.
	spans     []span
	nums      [8]int64 // by slot
	absent    Field
	ambiguous bool
	timeAt    int // where the first directive of the time stands
	err       LineError

	// trial and best are the search's working space.
	trial, best []int
}

// NewParser returns a Parser for one goroutine.
func (f *Format) NewParser(o ParserOptions) *Parser { return f.newParser(o, false) }

// newParser makes a Parser that takes the fast ways, or, for tests, one that takes
// the plain way everywhere.
func (f *Format) newParser(o ParserOptions, plain bool) *Parser {
	p := &Parser{format: f, need: o.Need, plain: plain}
	p.clock = clock{plan: &f.clock, zone: o.Zone, stale: true}
	switch {
	case o.AtEnd && f.end.kind != clockNone:
		p.clock.plan = &f.end
	case o.AtEnd:
		p.toEnd = true
		p.need |= Duration
	}
	p.need &= f.provides
	if o.Zone == nil {
		p.clock.zone = time.Local
	}
	keep := make([]bool, len(f.dirs))
	for _, i := range o.Text {
		if i >= 0 && i < len(keep) {
			keep[i] = true
		}
	}
	p.times = make([]*timeState, len(f.dirs))
	p.top = p.own(&f.top, keep)
	if !plain {
		p.quicken()
	}
	return p
}

// own copies a group of the Format and fits its steps to what is wanted.
func (p *Parser) own(g *group, keep []bool) *group {
	c := *g
	for _, list := range []*[]step{&c.left, &c.right, &c.mid} {
		*list = append([]step(nil), *list...)
		for i := range *list {
			st := &(*list)[i]
			p.fit(st, keep)
			if st.group != nil {
				st.group = p.own(st.group, keep)
			}
			if st.guess != nil {
				st.guess = &guess{st.guess.length, p.own(st.guess.group, keep)}
			}
		}
	}
	if n := len(c.mid); n+1 > len(p.trial) {
		p.trial, p.best = make([]int, n+1), make([]int, n+1)
	}
	return &c
}

// fit sets what a step does with its value.
func (p *Parser) fit(st *step, keep []bool) {
	st.keep = st.keep && st.dir >= 0 && keep[st.dir]
	if st.op == opLiteral || st.op == opGroup || st.value == literal {
		return
	}
	if p.plain && st.op != opText {
		st.op = opField
	}
	if st.clf != nil {
		st.clf = &clfCache{}
	}
	if st.time != nil {
		st.time = p.timeState(st)
	}
	d := &p.format.dirs[st.dir]
	plan := p.clock.plan
	switch {
	case plan.uses[int(st.dir)] != 0:
		st.absent = Time
	case plan.kind == clockCLF && plan.first == int(st.dir):
		st.slot, st.absent = slotTime, Time
	}
	source, ok := p.format.sources[d.row.field]
	if !ok || source != int(st.dir) {
		return
	}
	if d.row.scale > 1 {
		st.scale, st.digits = d.row.scale, 9 // no scale is over 1e9
	}
	if p.need&d.row.field == 0 {
		return
	}
	st.absent = d.row.field
	switch d.row.field {
	case Status:
		st.slot = slotStatus
	case Bytes:
		st.slot = slotBytes
		if d.row.dash {
			st.absent = 0 // for %b the dash means 0
		}
	case BytesIn:
		st.slot = slotBytesIn
	case Duration:
		st.slot = slotDuration
	}
}

// timeState returns the state of a time directive. There is one for all steps that
// read the directive, because what it remembers is what the clock's parts hold.
func (p *Parser) timeState(st *step) *timeState {
	if p.times[st.dir] == nil {
		p.times[st.dir] = &timeState{shape: st.time.shape, uses: p.clock.plan.uses[int(st.dir)]}
	}
	return p.times[st.dir]
}

// Parse reads a line, without its newline, into rec. It allocates nothing. An
// error is a *LineError; it and rec's values then hold until the next call, and
// rec is not to be used. A line whose time is "-" is an error if Time is needed.
func (p *Parser) Parse(line []byte, rec *Record) error {
	if rec.owner != p {
		rec.adopt(p)
	}
	p.spans, p.absent, p.ambiguous = rec.spans, 0, false
	if !p.match(p.top, line, 0) {
		return &p.err
	}
	return p.finish(line, rec)
}

// finish makes the record of a line of which every value has been read.
func (p *Parser) finish(line []byte, rec *Record) error {
	plan := p.clock.plan
	if plan.kind > clockCLF || plan.frac != partNone {
		if p.absent&Time == 0 && !p.clock.settle() {
			p.failAt(int32(plan.first), p.timeAt, "a day that exists")
			return &p.err
		}
	}
	if p.absent&p.need&Time != 0 {
		p.failAt(int32(plan.first), p.timeAt, "a time")
		return &p.err
	}
	rec.line = line
	rec.Ambiguous = p.ambiguous
	rec.Absent = p.absent & p.need
	rec.Status = int(p.nums[slotStatus])
	rec.Bytes = p.nums[slotBytes]
	rec.BytesIn = p.nums[slotBytesIn]
	rec.Duration = p.nums[slotDuration]
	if p.need&Time != 0 {
		rec.Time, rec.Nanos = p.clock.unix, p.clock.nanos
		if plan.kind == clockCLF {
			rec.Time = p.nums[slotTime]
		}
		if p.toEnd {
			rec.finish()
		}
	}
	return nil
}

// Records parses lines one by one. The record, or the error in its place, holds
// until the next one is asked for. The record is nil if there is an error.
func (p *Parser) Records(lines iter.Seq[[]byte]) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		var rec Record
		for line := range lines {
			err := p.Parse(line, &rec)
			if err != nil && !yield(nil, err) || err == nil && !yield(&rec, nil) {
				return
			}
		}
	}
}
