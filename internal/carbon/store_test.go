package carbon

import (
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// A store is what carbon-cache does behind its receiver: points are cached,
// once a second a writer comes, and takes a token for each series that has no
// file; without one it drops what is cached of it.
type store struct {
	creates float64 // a minute
	tokens  float64
	filled  time.Time
	looked  time.Time
	cache   map[string][]carbontest.Line
	order   []string // of the cache
	files   map[string]map[carbontest.Key]string
	created []time.Time
	dropped int
}

func newStore(creates int) *store {
	return &store{
		creates: float64(creates), tokens: float64(creates), filled: time.Now(), looked: time.Now(),
		cache: make(map[string][]carbontest.Line), files: make(map[string]map[carbontest.Key]string),
	}
}

func key(l carbontest.Line) carbontest.Key { return carbontest.Key{Series: l.Series, Time: l.Time} }

func (s *store) take(l carbontest.Line) {
	s.write()
	if len(s.cache[l.Series]) == 0 {
		s.order = append(s.order, l.Series)
	}
	s.cache[l.Series] = append(s.cache[l.Series], l)
}

// write does what the writer would have done by now.
func (s *store) write() {
	now := time.Now()
	if now.Sub(s.looked) < time.Second {
		return
	}
	// All that is cached has come since the last look.
	at := s.looked.Add(time.Second)
	s.looked = s.looked.Add(now.Sub(s.looked).Truncate(time.Second))
	s.tokens = min(s.creates, s.tokens+at.Sub(s.filled).Minutes()*s.creates)
	s.filled = at
	for _, series := range s.order {
		lines := s.cache[series]
		delete(s.cache, series)
		if s.files[series] == nil {
			if s.tokens < 1 {
				s.dropped += len(lines)
				continue
			}
			s.tokens--
			s.files[series] = make(map[carbontest.Key]string)
			s.created = append(s.created, lines[0].At)
		}
		for _, l := range lines {
			s.files[series][key(l)] = l.Value
		}
	}
	s.order = s.order[:0]
}

func (s *store) cells() map[carbontest.Key]string {
	s.write()
	all := make(map[carbontest.Key]string)
	for _, cells := range s.files {
		for k, v := range cells {
			all[k] = v
		}
	}
	return all
}
