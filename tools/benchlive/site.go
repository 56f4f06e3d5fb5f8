package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// A site is a set of logs, as many vhosts have them.
type site struct {
	dir     string
	paths   []string
	pattern string
	text    []byte // of the line that was written last
}

// linesBefore is how many lines stand in each log before anybody follows it.
const linesBefore = 20

// newSite makes n logs, spread evenly over so many directories.
func newSite(dir string, n, directories int) (*site, error) {
	s := &site{dir: dir, pattern: filepath.Join(dir, "*", "*access.log")}
	begin := time.Now()
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprintf("customer%05d", i%directories))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return nil, err
		}
		path := filepath.Join(sub, fmt.Sprintf("site%05d-access.log", i))
		var text []byte
		for line := range linesBefore {
			text = append(text, s.line(begin.Add(time.Duration(line-linesBefore)*time.Second), i)...)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return nil, err
		}
		s.paths = append(s.paths, path)
	}
	return s, nil
}

// line is a line of the log number i, which ends in the time of its writing.
func (s *site) line(at time.Time, i int) []byte {
	s.text = fmt.Appendf(s.text[:0], "192.0.2.%d - - [%s] \"GET /articles/%d/ HTTP/1.1\" 200 %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) %d\"\n",
		i%250, at.UTC().Format("02/Jan/2006:15:04:05 -0700"), i, 1000+i%5000, at.UnixNano())
	return s.text
}

// beat is how often the writer writes, each time its share of the lines.
const beat = time.Millisecond

// write appends perSecond lines a second, in turn to each of the logs and with
// one write for each line, as httpd does, until ctx ends. It returns how many
// lines they were.
func (s *site) write(ctx context.Context, perSecond int) (lines int64, err error) {
	logs := make([]*os.File, len(s.paths))
	for i, path := range s.paths {
		if logs[i], err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
			return 0, err
		}
		defer logs[i].Close()
	}
	begin := time.Now()
	for ctx.Err() == nil {
		for due := int64(time.Since(begin).Seconds() * float64(perSecond)); lines < due; lines++ {
			i := int(lines) % len(logs)
			if _, err := logs[i].Write(s.line(time.Now(), i)); err != nil {
				return lines, err
			}
		}
		time.Sleep(beat)
	}
	return lines, nil
}

// trickle appends a line to one of the logs now and then, until ctx ends.
func (s *site) trickle(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(50*time.Millisecond + rand.N(200*time.Millisecond)):
		}
		i := rand.N(len(s.paths))
		log, err := os.OpenFile(s.paths[i], os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		if _, err := log.Write(s.line(time.Now(), i)); err != nil {
			return err
		}
		log.Close()
	}
}
