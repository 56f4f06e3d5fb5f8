//go:build realtest

package realtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/stanzas"
)

// TestStanzas sees carbon-cache make whisper files by the stanzas that logfeed
// prints, in front of the stock schemas and of somebody else's aggregation.
func TestStanzas(t *testing.T) {
	t.Parallel()
	schemas, aggregation, err := stanzas.Print(t.Context(), os.Getenv("LOGFEED_BINARY"),
		"--prefix", "apache.web-1", "--retentions", "10s:6h,1m:7d,1h:3y")
	if err != nil {
		t.Fatal(err)
	}
	probeCarbonCache(t, schemas, aggregation, "apache.web-1",
		stanzas.Ring{Step: 10, Slots: 2160}, stanzas.Ring{Step: 60, Slots: 10080}, stanzas.Ring{Step: 3600, Slots: 26280})
}

// TestDeployedStanzas does the same with the files that are to be installed.
func TestDeployedStanzas(t *testing.T) {
	t.Parallel()
	schemas, err := os.ReadFile("../../deploy/graphite/storage-schemas.conf")
	if err != nil {
		t.Fatal(err)
	}
	aggregation, err := os.ReadFile("../../deploy/graphite/storage-aggregation.conf")
	if err != nil {
		t.Fatal(err)
	}
	probeCarbonCache(t, string(schemas), string(aggregation), "apache",
		stanzas.Ring{Step: 60, Slots: 1440}, stanzas.Ring{Step: 300, Slots: 8640}, stanzas.Ring{Step: 3600, Slots: 26280})
}

func probeCarbonCache(t *testing.T, schemas, aggregation, prefix string, rings ...stanzas.Ring) {
	t.Helper()
	carbon := startCarbonCache(t, carboncache.Options{
		Dir:     filepath.Join(t.TempDir(), "carbon"),
		Schemas: schemas + stanzas.CatchAllSchema, Aggregation: aggregation + stanzas.CatchAllAggregation,
	})
	probe := stanzas.NewProbe(prefix, time.Now(), rings...)
	if err := probe.Send(carbon.Addr()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := probe.Await(ctx, carbon.WhisperDir()); err != nil {
		t.Error(err)
	}
}
