// Command dashboards makes the Grafana dashboards of deploy/grafana, which ask a
// Graphite data source: logfeed.json for one server, logfeed-fleet.json for many
// that run logfeed with --histogram.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: dashboards DIR")
		os.Exit(2)
	}
	for _, d := range []dashboard{server(), fleet()} {
		if err := os.WriteFile(filepath.Join(os.Args[1], d.file), d.json(), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "dashboards:", err)
			os.Exit(1)
		}
	}
}
