package apachelog

import "bytes"

// searchBudget is how many ends of values are tried for one part of a line. A
// usual line of an ambiguous format needs some hundred; the bound keeps hostile
// ones, of many kilobytes without a landmark, below a millisecond.
const searchBudget = 1 << 14

// search reads line[lo:hi] by steps whose ends are not certain. It takes the
// first way found, values short rather than long, paths that begin with a slash
// before others, and flags the record if there is another way or if the budget
// ends before all have been tried.
func (p *Parser) search(steps []step, line []byte, lo, hi int) bool {
	s := searcher{steps: steps, line: line[:hi], trial: p.trial, best: p.best, budget: searchBudget}
	s.trial[0] = lo
	for i := range steps {
		s.strict = s.strict || steps[i].value.path()
	}
	s.try(0)
	if s.strict && s.found < 2 {
		// Ways with unlikely paths count as well, but never come first.
		s.strict, s.frozen, s.found, s.budget = false, s.found > 0, 0, searchBudget
		s.try(0)
	}
	switch {
	case s.found > 0 || s.frozen:
	case s.budget < 0:
		return p.failAt(steps[0].dir, lo, "a value that ends somewhere (the search was given up)")
	default:
		return p.failAt(steps[0].dir, lo, "a value that leaves the rest of the format its place")
	}
	p.ambiguous = p.ambiguous || s.found > 1 || s.budget < 0
	for i := range steps {
		if !p.value(&steps[i], line, s.best[i], s.best[i+1]) {
			return false
		}
	}
	return true
}

// searcher is one search. trial[i] is where the value of step i begins.
type searcher struct {
	steps  []step
	line   []byte
	trial  []int
	best   []int
	found  int
	budget int
	strict bool // paths must look like paths
	frozen bool // best stands, further ways are only counted
}

// spend pays for looking at n bytes; it returns false when the budget is used up.
// 64 bytes are looked at in about the time of one call.
func (s *searcher) spend(n int) bool {
	s.budget -= 1 + n/64
	return s.budget >= 0
}

// try reads the steps from i on at trial[i]. It returns true when there is
// nothing more to learn.
func (s *searcher) try(i int) bool {
	lo := s.trial[i]
	if i == len(s.steps) {
		if s.found++; s.found == 1 && !s.frozen {
			copy(s.best, s.trial[:i+1])
		}
		return s.found > 1
	}
	st := &s.steps[i]
	if i == len(s.steps)-1 {
		return s.step(i, len(s.line))
	}
	switch st.value {
	case literal, status, connState, clfTime:
		end := st.end(s.line, lo)
		return end >= 0 && s.step(i, end)
	}
	return s.tryEnds(i)
}

// tryEnds tries all ends of step i, the nearest first.
func (s *searcher) tryEnds(i int) bool {
	st, lo := &s.steps[i], s.trial[i]
	most := s.furthest(st, lo)
	var next string // an end is possible only where the following literal stands
	if s.steps[i+1].value == literal {
		next = s.steps[i+1].constant
	}
	for end := lo; end <= most; end++ {
		if next != "" {
			n := bytes.IndexByte(s.line[end:], next[0])
			if n < 0 || end+n > most {
				return false
			}
			if end += n; !s.spend(n) {
				return true
			}
		}
		if s.steps[i+1].value.query() && !s.queryAt(i+1, end) {
			if end%64 == 0 && !s.spend(0) {
				return true
			}
			continue
		}
		if s.step(i, end) {
			return true
		}
	}
	return false
}

// queryAt says whether the query that step i reads can begin at line[at]: it starts
// with a question mark, or is empty and what follows it stands there.
func (s *searcher) queryAt(i, at int) bool {
	switch rest := s.line[at:]; {
	case len(rest) > 0 && rest[0] == '?', s.steps[i].dash:
		return true
	case i+1 == len(s.steps):
		return len(rest) == 0
	case s.steps[i+1].value == literal:
		return bytes.HasPrefix(rest, []byte(s.steps[i+1].constant))
	}
	return true
}

// furthest returns the last end that a value from lo on can have.
func (s *searcher) furthest(st *step, lo int) int {
	if !st.value.free() {
		return st.run(s.line, lo)
	}
	most := -1
	if !st.value.raw() {
		most = indexCut(s.line, lo, '"')
	}
	switch {
	case most < 0:
		most = len(s.line)
	case st.value == userText && most == lo && lo+1 < len(s.line) && s.line[lo+1] == '"':
		most = lo + 2
	}
	s.spend(most - lo)
	return most
}

// step takes line[trial[i]:end] as the value of step i and goes on behind it.
func (s *searcher) step(i, end int) bool {
	st, v := &s.steps[i], s.line[s.trial[i]:end]
	if !s.spend(len(v)) {
		return true
	}
	if !st.valid(v) || s.strict && st.value.path() && !likelyPath(v) {
		return false
	}
	s.trial[i+1] = end
	return s.try(i + 1)
}

// likelyPath says whether a path looks like one.
func likelyPath(s []byte) bool {
	return len(s) > 0 && s[0] == '/' || len(s) == 1 && (s[0] == '*' || s[0] == '-')
}
