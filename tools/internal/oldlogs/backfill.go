package oldlogs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
)

// A Run describes one logfeed that reads all of a year.
type Run struct {
	Binary  string // of logfeed
	LogPath string // logfeed's own log
	Carbon  string // HOST:PORT
	Prefix  string
	Flags   []string // more of them, such as --retentions
}

// Start starts it. The caller ends it.
func (r Run) Start(y Year) (*child.Process, error) {
	args := append([]string{"--from-start", "--once", "--carbon", r.Carbon, "--prefix", r.Prefix, "--log-format", "json"}, r.Flags...)
	return child.Start(r.LogPath, r.Binary, append(args, y.Files...)...)
}

// A Result is what a run has told in the end, and how much memory it took.
type Result struct {
	Counts
	Points  int     `json:"points"`
	Series  int     `json:"series"`
	Seconds float64 `json:"seconds"`
	Peak    int64   `json:"-"` // resident bytes
}

// peakEvery is how often the memory of a run is looked at. What it takes in
// the last moments may not be seen.
const peakEvery = 5 * time.Millisecond

// Wait waits until a run has ended well, and looks at its memory meanwhile.
func Wait(ctx context.Context, p *child.Process) (Result, error) {
	var result Result
	ticker := time.NewTicker(peakEvery)
	defer ticker.Stop()
	for running := true; running; {
		if peak, ok := p.Peak(); ok {
			result.Peak = peak
		}
		select {
		case <-ctx.Done():
			return result, fmt.Errorf("logfeed still runs: %w; the end of its log:\n%s", ctx.Err(), p.LogTail(10))
		case <-p.Done():
			running = false
		case <-ticker.C:
		}
	}
	if err := p.Err(); err != nil {
		return result, fmt.Errorf("logfeed: %w; the end of its log:\n%s", err, p.LogTail(10))
	}
	last := p.LogTail(1)
	if !strings.Contains(last, "backfill complete") {
		return result, fmt.Errorf("logfeed has ended without saying that the backfill is complete, but:\n%s", last)
	}
	if err := json.Unmarshal([]byte(last), &result); err != nil {
		return result, fmt.Errorf("last record of logfeed: %w", err)
	}
	return result, nil
}
