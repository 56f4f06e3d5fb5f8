//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

// visit takes a line of testdata/apache_logs apart.
var visit = regexp.MustCompile(`^(\S+) \S+ \S+ (\[[^\]]+\]) ("\S+ (/[^/ ?]*)[^"]*") (\d+) (\d+|-) (.*)$`)

// badLines is how many lines of testdata/apache_logs are in no format.
const badLines = 1

// writeHistory writes what the logs held before the server began: a real log, whose
// hours have become the last minutes, as that of the virtual hosts that share one.
// Each first level of a path belongs to one of them. The rest of the lines is the
// log of the API, with durations that grow with the answer.
func (s *site) writeHistory() {
	s.t.Helper()
	log, err := roundtrip.StampFile("../../testdata/apache_logs", s.before)
	if err != nil {
		s.t.Fatal(err)
	}
	var vhosts, timed strings.Builder
	for line := range bytes.Lines(log) {
		m := visit.FindSubmatch(bytes.TrimSuffix(line, []byte("\n")))
		if m == nil {
			continue
		}
		host, when, request, level, status, size, rest := m[1], m[2], m[3], m[4], m[5], strings.Replace(string(m[6]), "-", "0", 1), m[7]
		shared := hosts[vhostsLog]
		h := fnv.New32()
		h.Write(level)
		if n := int(h.Sum32() % 4); n < len(shared) {
			fmt.Fprintf(&vhosts, "%s:80 %s - - %s %s %s %s %s\n", shared[n], host, when, request, status, size, rest)
			continue
		}
		took := 10 * len(size)
		fmt.Fprintf(&timed, "api.example %s %s %s %s %d %s %d %d \"-\" \"-\"\n", host, when, request, status, 200+len(request), size, took*1000+17, took)
	}
	for name, text := range map[string]string{vhostsLog + ".1": vhosts.String(), timedLog + ".1": timed.String()} {
		path := filepath.Join(s.logs, name)
		s.write(path, text, 0o640)
		s.administer(path)
	}
}
