package roundtrip

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
)

const (
	// kept is what the schema of gocarbon keeps, so that a point anywhere is
	// seen, were it an hour beside its place.
	kept = 24 * time.Hour
	// readEvery is how often Await reads. It costs go-carbon a few
	// milliseconds.
	readEvery = 100 * time.Millisecond
)

// Read returns every point that go-carbon has below the prefix, without the
// series of logfeed about itself.
func Read(ctx context.Context, server *gocarbon.Server, prefix string) (Points, error) {
	names, err := server.Series(ctx, prefix)
	if err != nil {
		return nil, err
	}
	var series []string
	for _, name := range names {
		if !strings.HasPrefix(name, prefix+".logfeed.") {
			series = append(series, name)
		}
	}
	if len(series) == 0 {
		return nil, nil
	}
	now := time.Now()
	return server.Points(ctx, now.Add(-kept+time.Minute).Unix(), now.Unix(), series...)
}

// Await reads again and again until go-carbon has exactly the points wanted or
// ctx is done. It returns what it has read last, and how that differs; with
// neither differences nor an error the points are equal. A go-carbon that does
// not answer is asked again; the error is that of the last reading, if it
// failed.
func Await(ctx context.Context, server *gocarbon.Server, prefix string, want Points) (Points, []Difference, error) {
	ticker := time.NewTicker(readEvery)
	defer ticker.Stop()
	var points Points
	differences, failure := Compare(want, nil), errNeverRead
	for {
		read, err := Read(ctx, server, prefix)
		switch {
		case err == nil:
			points, differences, failure = read, Compare(want, read), nil
			if len(differences) == 0 {
				return points, nil, nil
			}
		case ctx.Err() == nil: // else the reading has been interrupted, and the one before it tells more
			failure = err
		}
		select {
		case <-ctx.Done():
			return points, differences, failure
		case <-ticker.C:
		}
	}
}

var errNeverRead = errors.New("go-carbon has not been read")
