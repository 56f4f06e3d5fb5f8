//go:build realtest

package realtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/roundtrip"
	"github.com/logfeed/logfeed/tools/internal/stanzas"
	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// TestTags feeds a stock carbon-cache with series that have tags. It keeps
// exactly the points of the log, by the stanzas that logfeed prints.
func TestTags(t *testing.T) {
	t.Parallel()
	log, err := roundtrip.StampFile("../../testdata/apache_logs", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "access.log")
	if err := os.WriteFile(path, log, 0o644); err != nil {
		t.Fatal(err)
	}
	naming := []string{"--naming", "tags", "--prefix", "apache;host=web.1;a-b=x;a=y"}
	schemas, aggregation, err := stanzas.Print(t.Context(), os.Getenv("LOGFEED_BINARY"), naming...)
	if err != nil {
		t.Fatal(err)
	}
	carbon := startCarbonCache(t, carboncache.Options{
		Dir:     filepath.Join(dir, "carbon"),
		Schemas: schemas + stanzas.CatchAllSchema, Aggregation: aggregation + stanzas.CatchAllAggregation,
	})
	args := append([]string{"--from-start", "--once", "--carbon", carbon.Addr(), path}, naming...)
	if said, err := exec.CommandContext(t.Context(), os.Getenv("LOGFEED_BINARY"), args...).CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	count, err := roundtrip.CountLog(log)
	if err != nil {
		t.Fatal(err)
	}
	want := make(roundtrip.Points)
	for series, cells := range count.Points("apache") {
		want[whisper.TreeName(series+";a-b=x;a=y;host=web.1")] = cells
	}
	read := func() (map[string]whisper.File, error) { return whisper.ReadTree(carbon.WhisperDir()) }
	for name, file := range awaitFiles(t, read, want, time.Minute) {
		if file.Method != "sum" || file.XFilesFactor != 0 {
			t.Errorf("%s is kept by %s and %v", name, file.Method, file.XFilesFactor)
		}
	}
}
