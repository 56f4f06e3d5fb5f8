//go:build e2e

package e2e

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

// formats reads the lines of each log in a way that shares nothing with logfeed.
// The group "sent" is a hyphen where the format says so for no bytes.
var formats = map[string]*regexp.Regexp{
	commonLog:   regexp.MustCompile(`^\S+ \S+ \S+ \[(?P<time>[^\]]+)\] "(?:[^"\\]|\\.)*" (?P<status>\d{3}) (?P<sent>\d+|-)$`),
	combinedLog: regexp.MustCompile(`^\S+ \S+ \S+ \[(?P<time>[^\]]+)\] "(?:[^"\\]|\\.)*" (?P<status>\d{3}) (?P<sent>\d+|-) "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$`),
	vhostsLog:   regexp.MustCompile(`^(?P<host>[^ :]+):\d+ \S+ \S+ \S+ \[(?P<time>[^\]]+)\] "(?:[^"\\]|\\.)*" (?P<status>\d{3}) (?P<sent>\d+) "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$`),
	timedLog:    regexp.MustCompile(`^(?P<host>\S+) \S+ \[(?P<time>[^\]]+)\] "(?:[^"\\]|\\.)*" (?P<status>\d{3}) (?P<received>\d+) (?P<sent>\d+) \d+ \d+ "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$`),
}

// A request is what is counted of one line.
type request struct {
	log, host      string
	minute         int64
	sent, received int64
	status         int
}

// requests reads a log and everything that it was rotated to. Lines that are not in
// its format are rejected, and counted.
func (s *site) requests(log string) (all []request, rejected int) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.logs, log+"*"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("the files of %s: %q, %v", log, files, err)
	}
	for _, path := range files {
		for i, line := range linesOf(s.t, path) {
			m := formats[log].FindStringSubmatch(line)
			if m == nil {
				rejected++
				continue
			}
			r, err := newRequest(log, m)
			if err != nil {
				s.t.Fatalf("%s, line %d: %v: %s", path, i+1, err, line)
			}
			all = append(all, r)
		}
	}
	return all, rejected
}

func linesOf(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var from io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if from, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	scanner := bufio.NewScanner(from)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// newRequest takes what the groups of the format have matched.
func newRequest(log string, m []string) (request, error) {
	r := request{log: log, host: hosts[log][0]}
	for i, name := range formats[log].SubexpNames() {
		var err error
		switch name {
		case "host":
			r.host = m[i]
		case "time":
			var when time.Time
			when, err = time.Parse("02/Jan/2006:15:04:05 -0700", m[i])
			r.minute = when.Truncate(time.Minute).Unix()
		case "status":
			r.status, err = strconv.Atoi(m[i])
		case "sent":
			if m[i] != "-" {
				r.sent, err = strconv.ParseInt(m[i], 10, 64)
			}
		case "received":
			r.received, err = strconv.ParseInt(m[i], 10, 64)
		}
		if err != nil {
			return request{}, err
		}
	}
	return r, nil
}

// points are the totals of requests, as series of their virtual hosts.
func points(requests []request) roundtrip.Points {
	totals := make(roundtrip.Points)
	add := func(series string, minute, n int64) {
		if totals[series] == nil {
			totals[series] = make(map[int64]float64)
		}
		totals[series][minute] += float64(n)
	}
	for _, r := range requests {
		below := prefix() + "." + level(r.host) + "."
		add(below+"requests.count", r.minute, 1)
		add(below+"bytes.count", r.minute, r.sent)
		add(fmt.Sprintf("%sstatus.%dxx.count", below, r.status/100), r.minute, 1)
		if r.log == timedLog {
			add(below+"bytes_in.count", r.minute, r.received)
		}
	}
	return totals
}

// level is a host name as one level of the tree.
func level(name string) string { return strings.ReplaceAll(name, ".", "_") }
