package check

import (
	"bytes"
	"slices"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// Every nickname is tried on the first lines, and then on one line in so many:
// a change of format in the middle of a long log is noticed, and the trying
// costs less than the reading.
const (
	tryFirst = 10_000
	tryEvery = 64
)

// rivals are the nicknames that might read a log better than its formats.
type rivals struct {
	all []*rival
	own map[*apachelog.Format]sense

	lines, rejects int64 // seen
	tried, retried int64 // of these, those that the nicknames were tried on
	taken, likely  int64 // of the lines tried, what the log's own formats make of them
}

// rival is one nickname.
type rival struct {
	name    string
	parser  *apachelog.Parser
	rec     apachelog.Record
	sense   sense
	taken   int64 // of the lines tried
	likely  int64 // of these, those that make sense
	rescued int64 // of the rejected lines tried, those that make sense
}

// newRivals takes the nicknames that have a time and are not the formats at
// hand, of several names for one format the first.
func newRivals(formats []*apachelog.Format) rivals {
	r := rivals{own: make(map[*apachelog.Format]sense)}
	var known []string
	for _, f := range formats {
		known = append(known, f.String())
		r.own[f] = newSense(f)
	}
	for _, name := range apachelog.Nicknames() {
		text, _ := apachelog.Nickname(name)
		f, err := apachelog.CompileWith(text, apachelog.CompileOptions{Dialect: apachelog.NicknameDialect(name)})
		if err != nil || f.TimeDirective() < 0 || slices.Contains(known, text) {
			continue
		}
		known = append(known, text)
		one := &rival{name: name, sense: newSense(f)}
		one.parser = f.NewParser(apachelog.ParserOptions{Text: slices.Concat(one.sense.idents, one.sense.users)})
		r.all = append(r.all, one)
	}
	return r
}

// try shows a line to the nicknames.
func (r *rivals) try(l Line) {
	rejected := l.Format == nil
	r.lines++
	turn := due(r.lines)
	again := false
	if rejected {
		r.rejects++
		again = due(r.rejects)
	}
	if !turn && !again {
		return
	}
	if turn {
		r.tried++
		if !rejected {
			r.taken++
			r.likely += bit(r.own[l.Format].in(l.Record))
		}
	}
	r.retried += bit(again)
	for _, x := range r.all {
		if x.parser.Parse(l.Text, &x.rec) != nil {
			continue
		}
		likely := x.sense.in(&x.rec)
		if turn {
			x.taken++
			x.likely += bit(likely)
		}
		x.rescued += bit(again && likely)
	}
}

func due(n int64) bool { return n <= tryFirst || n%tryEvery == 0 }

func bit(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// advice is a nickname that reads the log better.
type advice struct {
	name   string
	how    manner
	taken  int64 // lines that it parses
	tried  int64 // of so many
	before int64 // of which the formats at hand parse
}

// manner says in which way a nickname is better.
type manner int

const (
	none    manner = iota
	instead        // it parses more lines
	besides        // it parses lines that are rejected now
	fitter         // it parses as many, and the values make more sense
)

// best returns the nickname to recommend.
func (r *rivals) best() advice {
	var most, rescuer *rival
	for _, x := range r.all {
		if most == nil || x.taken > most.taken || x.taken == most.taken && x.likely > most.likely {
			most = x
		}
		if rescuer == nil || x.rescued > rescuer.rescued {
			rescuer = x
		}
	}
	switch {
	case most == nil || r.tried == 0:
		return advice{}
	case most.taken > r.taken && most.taken >= r.taken+r.estimate(rescuer):
		return advice{most.name, instead, most.taken, r.tried, r.taken}
	case rescuer.rescued > 0:
		return advice{rescuer.name, besides, rescuer.rescued, r.retried, 0}
	case most.taken == r.taken && 2*r.likely < r.taken && 10*most.likely >= 9*most.taken:
		return advice{most.name, fitter, most.likely, r.tried, r.likely}
	}
	return advice{}
}

// estimate is how many of the rejected lines among those tried in turn a
// nickname would parse. The rejected lines are tried more often than others.
func (r *rivals) estimate(x *rival) int64 {
	if r.retried == 0 {
		return 0
	}
	return x.rescued * (r.tried - r.taken) / r.retried
}

// sense knows values that tell whether a line was written by a format or only
// happens to match it: the identd name is "-" practically everywhere, and users
// with spaces are rare. A line of another format that matches has its host or
// its virtual host there.
type sense struct{ idents, users []int }

func newSense(f *apachelog.Format) sense {
	var s sense
	for i, d := range f.Directives() {
		switch d[len(d)-1] {
		case 'l':
			s.idents = append(s.idents, i)
		case 'u':
			s.users = append(s.users, i)
		}
	}
	return s
}

// in says whether a record makes sense.
func (s sense) in(rec *apachelog.Record) bool {
	for _, i := range s.idents {
		if string(rec.Raw(i)) != "-" {
			return false
		}
	}
	for _, i := range s.users {
		if bytes.IndexByte(rec.Raw(i), ' ') >= 0 {
			return false
		}
	}
	return true
}
