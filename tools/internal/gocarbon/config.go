package gocarbon

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
)

const configFile = "go-carbon.conf"

// writeConfig writes the three configuration files and makes the directories
// that go-carbon expects to exist.
func (s *Server) writeConfig() error {
	for _, dir := range []string{s.WhisperDir(), s.path("dump"), s.path("tagging")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make a directory of go-carbon: %w", err)
		}
	}
	prefix := regexp.QuoteMeta(s.options.Prefix)
	if err := s.writeFile("storage-schemas.conf", cmp.Or(s.options.Schemas, fmt.Sprintf(schemas, prefix))); err != nil {
		return err
	}
	if err := s.writeFile("storage-aggregation.conf", cmp.Or(s.options.Aggregation, fmt.Sprintf(aggregation, prefix))); err != nil {
		return err
	}
	if err := s.writeFile("storage-quotas.conf", quotas); err != nil {
		return err
	}
	return s.writeFile(configFile, fmt.Sprintf(config,
		!s.options.MemoryOnly, s.WhisperDir(), s.path("storage-schemas.conf"), s.path("storage-aggregation.conf"), s.quotasFile(),
		s.Addr(),
		s.UDPAddr(), s.options.UDP,
		s.URL()[len("http://"):], s.index(),
		s.path("dump"),
		s.options.TagDB != "", s.options.TagDB, s.path("tagging")))
}

// go-carbon limits new series only where it has quotas, and those need an
// index that knows of a new series at once.
func (s *Server) quotasFile() string {
	if s.options.Creates == 0 {
		return ""
	}
	return s.path("storage-quotas.conf")
}

func (s *Server) index() string {
	if s.options.Creates == 0 {
		return "trigram-index = true"
	}
	return fmt.Sprintf("trie-index = true\nconcurrent-index = true\nrealtime-index = 65536\nmax-creates-per-second = %d", s.options.Creates)
}

// One quota that nothing ever reaches.
const quotas = `[*]
metrics = max
`

// One point a minute for a day: logfeed's interval by default, and room for
// every bucket that is sent here.
const schemas = `[logfeed]
pattern = ^%s\.
retentions = 60s:1d
`

// Counts add up when a coarser archive is made of a finer one, however few of
// the finer points are there.
const aggregation = `[logfeed_counts]
pattern = ^%s\..*\.count$
xFilesFactor = 0
aggregationMethod = sum
`

// Everything that is not needed is off: it is on by default and would listen
// on fixed ports.
//
// The caches of carbonserver are off because they would show old answers to a
// reader who asks again and again. The index is on, and made once a day only,
// because go-carbon 0.18 without one closes a channel that does not exist when
// it stops; exact names and names that end in an asterisk are looked up in the
// file system all the same.
// go-carbon's series about itself (metric-interval) go nowhere: the schema has
// no place for them.
//
// The cache has no bound: beyond one (a million by default) go-carbon drops
// points as they arrive, after a receipt as before.
//
// In the whisper section enabled is about writing: files are read in any case.
// The dump is what SIGUSR2 writes. The log goes to standard output, where the
// messages of a failed start go too.
const config = `[common]
user = ""
metric-interval = "24h"

[whisper]
enabled = %t
data-dir = %q
schemas-file = %q
aggregation-file = %q
quotas-file = %q

[cache]
max-size = 0

[tcp]
enabled = true
listen = %q

[udp]
listen = %q
enabled = %t

[carbonserver]
enabled = true
listen = %q
scan-frequency = "24h"
%s
query-cache-enabled = false
find-cache-enabled = false
glob-cache-enabled = false

[dump]
enabled = true
path = %q

[tags]
enabled = %t
tagdb-url = %q
local-dir = %q
tagdb-chunk-size = 32
tagdb-update-interval = 100
tagdb-timeout = "5s"

[pickle]
enabled = false

[carbonlink]
enabled = false

[grpc]
enabled = false

[pprof]
enabled = false

[[logging]]
file = "stdout"
level = "info"
`
