package relay

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/ports"
)

// NewCarbonRelay prepares a carbon-relay with its stock settings but for
// places, ports and what sends each series to two of the destinations,
// HOST:PORT:INSTANCE each, by consistent hashing.
func NewCarbonRelay(dir string, destinations ...string) (*Relay, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("directory of a relay: %w", err)
	}
	r, err := prepare(dir, CarbonRelay)
	if err != nil {
		return nil, err
	}
	pickle, err := ports.Free()
	if err != nil {
		return nil, err
	}
	stock, err := os.ReadFile(carboncache.StockSettings)
	if err != nil {
		return nil, fmt.Errorf("stock settings of carbon-relay: %w", err)
	}
	keys := []string{
		"CONF_DIR = " + dir,
		"STORAGE_DIR = " + dir,
		"LOCAL_DATA_DIR = " + dir,
		"LOG_DIR = " + dir,
		"PID_DIR = " + dir,
		"USER =",
		"LINE_RECEIVER_INTERFACE = 0.0.0.0",
		fmt.Sprintf("LINE_RECEIVER_PORT = %d", r.port),
		"PICKLE_RECEIVER_INTERFACE = 127.0.0.1",
		fmt.Sprintf("PICKLE_RECEIVER_PORT = %d", pickle),
		"RELAY_METHOD = consistent-hashing",
		"REPLICATION_FACTOR = 2",
		// The copies of a series are to lie in different processes, not on
		// different machines.
		"DIVERSE_REPLICAS = False",
		"DESTINATIONS = " + strings.Join(destinations, ", "),
	}
	schemas, err := os.ReadFile(carboncache.StockSchemas) // it asks for one, and never uses it
	if err != nil {
		return nil, fmt.Errorf("stock schemas of carbon-relay: %w", err)
	}
	if err := write(filepath.Join(dir, "storage-schemas.conf"), string(schemas)); err != nil {
		return nil, err
	}
	const instance = "logfeed"
	path := filepath.Join(dir, "carbon.conf")
	r.args = []string{"--config=" + path, "--instance=" + instance, "--pidfile=" + r.pidFile(), "--nodaemon", "start"}
	section := "\n[relay:" + instance + "]\n" + strings.Join(keys, "\n") + "\n"
	return r, write(path, string(stock)+section)
}
