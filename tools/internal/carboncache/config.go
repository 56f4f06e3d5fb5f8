package carboncache

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// instance is the name under which carbon-cache finds its own section, which
// overrides the stock one key by key.
const instance = "logfeed"

// writeConfig puts the stock files where this carbon-cache looks for them, with
// our own section behind the settings and our own stanzas before the schemas.
func (s *Server) writeConfig() error {
	for _, dir := range []string{s.WhisperDir(), s.path("log")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make a directory of carbon-cache: %w", err)
		}
	}
	settings, err := os.ReadFile(StockSettings)
	if err != nil {
		return fmt.Errorf("stock settings of carbon-cache: %w", err)
	}
	schemas, err := os.ReadFile(StockSchemas)
	if err != nil {
		return fmt.Errorf("stock schemas of carbon-cache: %w", err)
	}
	prefix := regexp.QuoteMeta(s.o.Prefix)
	for name, text := range map[string]string{
		"carbon.conf":              string(settings) + s.section(),
		"storage-schemas.conf":     cmp.Or(s.o.Schemas, fmt.Sprintf(ourSchema, prefix)) + string(schemas),
		"storage-aggregation.conf": cmp.Or(s.o.Aggregation, fmt.Sprintf(ourAggregation, prefix)),
	} {
		if err := os.WriteFile(s.path(name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the configuration of carbon-cache: %w", err)
		}
	}
	return nil
}

// section is everything in which this carbon-cache differs from the stock one:
// places; no change of user; a port of its own for each receiver; nothing told to a graphite-web, which might be another one's;
// Creates; and with Hold a lag that no point ever has behind it.
func (s *Server) section() string {
	keys := []string{
		"CONF_DIR = " + s.o.Dir,
		"STORAGE_DIR = " + s.o.Dir,
		"LOCAL_DATA_DIR = " + s.WhisperDir(),
		"LOG_DIR = " + s.path("log"),
		"PID_DIR = " + s.o.Dir,
		"USER =",
		"LINE_RECEIVER_INTERFACE = " + s.o.Interface,
		fmt.Sprintf("LINE_RECEIVER_PORT = %d", s.line),
		"PICKLE_RECEIVER_INTERFACE = " + s.o.Interface,
		fmt.Sprintf("PICKLE_RECEIVER_PORT = %d", s.pickle),
		"CACHE_QUERY_INTERFACE = " + s.o.Interface,
		fmt.Sprintf("CACHE_QUERY_PORT = %d", s.query),
		"ENABLE_TAGS = False",
	}
	if s.o.Creates != "" {
		keys = append(keys, "MAX_CREATES_PER_MINUTE = "+s.o.Creates)
	}
	if s.o.Hold {
		keys = append(keys, "CACHE_WRITE_STRATEGY = timesorted", "MIN_TIMESTAMP_LAG = 1000000000000")
	}
	return "\n[cache:" + instance + "]\n" + strings.Join(keys, "\n") + "\npidfile = " + s.path("carbon-cache.pid") + "\n"
}

// Two archives, so that the sums in the coarser one are seen too.
const ourSchema = `[logfeed]
pattern = ^%s\.
retentions = 60s:1d,5m:30d

`

// Counts add up when a coarser archive is made of a finer one, however few of
// the finer points are there.
const ourAggregation = `[logfeed_counts]
pattern = ^%s\..*\.count$
xFilesFactor = 0
aggregationMethod = sum
`

// Creates returns how many new series a minute the stock settings allow.
func Creates() (int, error) {
	settings, err := os.ReadFile(StockSettings)
	if err != nil {
		return 0, fmt.Errorf("stock settings of carbon-cache: %w", err)
	}
	for line := range strings.Lines(string(settings)) {
		var creates int
		if _, err := fmt.Sscanf(line, "MAX_CREATES_PER_MINUTE = %d", &creates); err == nil {
			return creates, nil
		}
	}
	return 0, fmt.Errorf("%s does not say MAX_CREATES_PER_MINUTE", StockSettings)
}

// saysListening tells whether the log says so behind begin.
func (s *Server) saysListening(begin int64) bool {
	log, err := os.ReadFile(s.LogPath())
	return err == nil && int64(len(log)) >= begin && bytes.Contains(log[begin:], fmt.Appendf(nil, "CarbonReceiverFactory starting on %d", s.line))
}

func asPath(series string) string { return strings.ReplaceAll(series, ".", "/") }
