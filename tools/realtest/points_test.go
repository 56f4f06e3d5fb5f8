//go:build realtest

package realtest

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
	"github.com/logfeed/logfeed/tools/internal/httpd"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// startServer starts a server that writes logs, and ends it with the test.
func startServer(t *testing.T, o httpd.Options) *httpd.Server {
	t.Helper()
	server, err := httpd.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	return server
}

// stopServer ends a server and returns the points of what it has written.
func stopServer(t *testing.T, server *httpd.Server, prefix string) roundtrip.Points {
	t.Helper()
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	return pointsOf(t, server.Log(), prefix)
}

// pointsOf counts a log in a way that shares nothing with logfeed.
func pointsOf(t *testing.T, log []byte, prefix string) roundtrip.Points {
	t.Helper()
	count, err := roundtrip.CountLog(log)
	if err != nil {
		t.Fatal(err)
	}
	if len(count.Rejected) > 0 {
		t.Fatalf("line %d is in no format", count.Rejected[0])
	}
	return count.Points(prefix)
}

// finest returns the points of the finest archives, without the series of
// logfeed about itself.
func finest(files map[string]whisper.File) roundtrip.Points {
	points := make(roundtrip.Points)
	for series, file := range files {
		if !strings.Contains(series, ".logfeed.") {
			points[series] = maps.Clone(file.Archives[0].Values)
		}
	}
	return points
}

// awaitFiles waits until the whisper files hold exactly the points wanted.
// read reads them; a file that is only being made is read again.
func awaitFiles(t *testing.T, read func() (map[string]whisper.File, error), want roundtrip.Points, patience time.Duration) map[string]whisper.File {
	t.Helper()
	limit := time.Now().Add(patience)
	for ; ; time.Sleep(100 * time.Millisecond) {
		files, err := read()
		differences := roundtrip.Compare(want, finest(files))
		switch {
		case err == nil && len(differences) == 0:
			return files
		case time.Now().Before(limit):
		case err != nil:
			t.Fatalf("after %s: %v", patience, err)
		default:
			t.Errorf("after %s the whisper files differ from what was written", patience)
			fatalDifferences(t, differences)
		}
	}
}

// awaitRendered waits until go-carbon's answers hold exactly the points wanted.
func awaitRendered(t *testing.T, carbon *gocarbon.Server, prefix string, want roundtrip.Points, patience time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, differences, err := roundtrip.Await(ctx, carbon, prefix, want)
	if err != nil {
		t.Fatal(err)
	}
	if len(differences) > 0 {
		t.Errorf("after %s go-carbon's answers differ from what was written", patience)
		fatalDifferences(t, differences)
	}
}

// fatalDifferences shows the first differences and ends the test.
func fatalDifferences(t *testing.T, differences []roundtrip.Difference) {
	t.Helper()
	for _, d := range differences[:min(len(differences), 20)] {
		t.Error(d)
	}
	t.Fatalf("%d differences in all", len(differences))
}

// numberOf returns how many points there are.
func numberOf(points roundtrip.Points) int {
	n := 0
	for _, buckets := range points {
		n += len(buckets)
	}
	return n
}
