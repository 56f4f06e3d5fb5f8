package apachelog

import (
	"fmt"
	"time"
)

type clockKind uint8

const (
	clockNone     clockKind = iota
	clockCLF                // one %t
	clockEpoch              // one count since 1970
	clockCalendar           // year, month, day, hour … out of one directive or several
)

// clockPlan says which time directives make up the instant of a record. All
// directives of the request's begin log the same instant, and all of its end, so
// that their parts combine wherever they stand.
type clockPlan struct {
	kind  clockKind
	atEnd bool            // it is the end of the request
	uses  map[int]partSet // the parts to take from each directive
	base  part            // of clockEpoch: in which unit
	frac  part            // partMilli, partMicro or partNone
	gives partSet
	first int // the directive to name when the parts make no date
}

// planClock prefers the begin of the request to its end, and directives without
// a condition to those that may log "-".
func planClock(els []element) clockPlan {
	for _, atEnd := range []bool{false, true} {
		for _, conditional := range []bool{false, true} {
			if plan := planSide(els, atEnd, conditional); plan.kind != clockNone {
				return plan
			}
		}
	}
	return clockPlan{}
}

// planEnd makes an instant of the directives of the end alone, if they tell it
// in every line.
func planEnd(els []element) clockPlan { return planSide(els, true, false) }

// planSide makes an instant of the directives of the request's begin or of its
// end. Those with a condition count if conditional is set.
func planSide(els []element, atEnd, conditional bool) clockPlan {
	var side []*element
	for i := range els {
		e := &els[i]
		isTime := e.value == clfTime || e.value == formatTime
		if isTime && e.atEnd == atEnd && (conditional || !e.dash) {
			side = append(side, e)
		}
	}
	plan := clockPlan{atEnd: atEnd, uses: map[int]partSet{}}
	plan.takeFraction(side)
	if plan.takeEpoch(side) {
		return plan
	}
	for _, e := range side {
		if e.shape == nil {
			continue
		}
		if fresh := e.shape.gives &^ plan.gives &^ fractions; fresh != 0 {
			if plan.gives&^fractions == 0 {
				plan.first = e.dir
			}
			plan.uses[e.dir] |= fresh
			plan.gives |= fresh
		}
	}
	if len(plan.gives.lacks()) > 0 {
		return clockPlan{}
	}
	plan.kind = clockCalendar
	return plan
}

var fractions = setOfParts(partMilli, partMicro)

// takeFraction picks the finest fraction of a second.
func (plan *clockPlan) takeFraction(side []*element) {
	for _, want := range []part{partMicro, partMilli} {
		for _, e := range side {
			if e.shape != nil && e.shape.gives.has(want) {
				plan.frac = want
				plan.uses[e.dir] |= 1 << want
				plan.gives |= 1 << want
				return
			}
		}
	}
}

// takeEpoch picks the finest directive that tells the instant by itself.
func (plan *clockPlan) takeEpoch(side []*element) bool {
	for _, want := range []part{partEpochMicro, partEpochMilli, partEpoch} {
		for _, e := range side {
			if e.value == clfTime && want == partEpoch {
				plan.kind, plan.first = clockCLF, e.dir
				return true
			}
			if e.shape != nil && e.shape.gives.has(want) {
				plan.kind, plan.base, plan.first = clockEpoch, want, e.dir
				if want != partEpoch {
					plan.uses, plan.frac = map[int]partSet{}, partNone
				}
				plan.uses[e.dir] |= 1 << want
				return true
			}
		}
	}
	return false
}

// lacks names what is missing for an instant to the minute.
func (s partSet) lacks() (missing []string) {
	if !s.has(partYear) && !s.has(partYear2) {
		missing = append(missing, "year")
	}
	if !s.hasAll(setOfParts(partMonth, partDay)) && !s.has(partYearDay) {
		missing = append(missing, "day")
	}
	if !s.has(partHour) && !s.has(partHour12) {
		missing = append(missing, "hour")
	}
	if !s.has(partMinute) {
		missing = append(missing, "minute")
	}
	return missing
}

// warnings says what is doubtful about the time.
func (plan *clockPlan) warnings(els []element) (list []string) {
	switch plan.kind {
	case clockNone:
		return noTime(els)
	case clockCalendar:
		if !plan.gives.has(partZone) {
			list = append(list, "the time has no zone as a number (%z): it is taken to be in the configured time zone")
		}
		if !plan.gives.has(partHour) && !plan.gives.has(partHalf) {
			list = append(list, "the time has hours to twelve without AM or PM (%p): they are taken to be before noon")
		}
		if !plan.gives.has(partSecond) {
			list = append(list, "the time has no seconds: they are taken to be 0")
		}
	}
	return list
}

// noTime says why a format has no time.
func noTime(els []element) []string {
	var gives partSet
	var some, vague bool
	for i := range els {
		if els[i].shape != nil {
			some = true
			vague = vague || els[i].shape.vague
			gives |= els[i].shape.gives
		}
	}
	switch {
	case vague:
		return []string{"the time has digits of no fixed number next to other digits: it cannot be read"}
	case some:
		return []string{fmt.Sprintf("the time cannot be used: it lacks %v", gives.lacks())}
	}
	return []string{"the format has no time"}
}

// timeState is what a Parser keeps for one time directive: the last value and
// what it says, because most lines repeat it.
type timeState struct {
	shape *timeShape
	uses  partSet
	last  [48]byte // long enough for every usual format; longer values are read anew each time
	size  int
}

// read reads a value and notes in the Parser the parts that are used.
func (ts *timeState) read(s []byte, p *Parser) bool {
	if ts.size > 0 && len(s) == ts.size && string(s) == string(ts.last[:ts.size]) {
		return true
	}
	ts.size = 0
	if ts.uses != 0 && ts.uses == ts.shape.gives {
		if ts.shape.match(s, &p.clock.parts) != len(s) {
			return false
		}
	} else {
		var v partValues
		if ts.shape.match(s, &v) != len(s) {
			return false
		}
		for i := range v {
			if ts.uses.has(part(i)) {
				p.clock.parts[i] = v[i]
			}
		}
	}
	if len(s) <= len(ts.last) {
		ts.size = copy(ts.last[:], s)
	}
	if ts.uses&^fractions != 0 {
		p.clock.stale = true
	}
	return true
}

// clock makes instants out of the parts that the time directives noted.
type clock struct {
	plan  *clockPlan
	zone  *time.Location
	parts partValues
	stale bool // parts other than fractions have changed since unix was made
	unix  int64
	nanos int32

	minute int64 // the local minute for which offset holds
	offset int64
	known  bool
}

// settle makes the instant of a record of which every directive has been read.
func (c *clock) settle() bool {
	switch c.plan.frac {
	case partMilli:
		c.nanos = int32(c.parts[partMilli] * 1e6)
	case partMicro:
		c.nanos = int32(c.parts[partMicro] * 1e3)
	}
	switch c.plan.kind {
	case clockEpoch:
		return c.settleEpoch()
	case clockCalendar:
		if c.stale {
			unix, ok := c.calendar()
			if !ok {
				return false
			}
			c.unix, c.stale = unix, false
		}
	}
	return true
}

func (c *clock) settleEpoch() bool {
	v := c.parts[c.plan.base]
	switch c.plan.base {
	case partEpoch:
		c.unix = v
	case partEpochMilli:
		c.unix, c.nanos = v/1e3, int32(v%1e3*1e6)
	case partEpochMicro:
		c.unix, c.nanos = v/1e6, int32(v%1e6*1e3)
	}
	return true
}

// calendar makes seconds since 1970 out of year, month, day and so on. It fails
// when there is no such day.
func (c *clock) calendar() (int64, bool) {
	day, ok := c.day()
	if !ok {
		return 0, false
	}
	minute := day*(24*60) + c.hour()*60 + c.parts[partMinute]
	second := c.parts[partSecond]
	if c.plan.gives.has(partZone) {
		return minute*60 + second - c.parts[partZone], true
	}
	if c.plan.gives.has(partZoneName) && c.parts[partZoneName] == 1 {
		return minute*60 + second, true
	}
	if !c.known || c.minute != minute {
		// The offset can change at any minute, so it is asked for once for each.
		at := time.Unix(minute*60, 0).UTC()
		local := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0, 0, c.zone)
		c.minute, c.offset, c.known = minute, minute*60-local.Unix(), true
	}
	return minute*60 + second - c.offset, true
}

func (c *clock) hour() int64 {
	if c.plan.gives.has(partHour) {
		return c.parts[partHour]
	}
	return c.parts[partHour12]%12 + 12*c.parts[partHalf]
}

// day returns the days since 1970.
func (c *clock) day() (int64, bool) {
	year := c.parts[partYear]
	if !c.plan.gives.has(partYear) {
		year = c.parts[partYear2]
		switch {
		case c.plan.gives.has(partCentury):
			year += 100 * c.parts[partCentury]
		case year >= 69: // POSIX: 69 to 99 are of the last century
			year += 1900
		default:
			year += 2000
		}
	}
	if c.plan.gives.hasAll(setOfParts(partMonth, partDay)) {
		month, day := int(c.parts[partMonth]), int(c.parts[partDay])
		return daysTo(year, month) + int64(day) - 1, day <= daysIn(year, month)
	}
	n := c.parts[partYearDay]
	return daysTo(year, 1) + n - 1, n <= 365 || n == 366 && leap(year)
}
