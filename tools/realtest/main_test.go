//go:build realtest

package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/logrotate"
	"github.com/logfeed/logfeed/tools/internal/orphans"
)

// TestMain refuses to run where something is missing: a test that is left out
// proves nothing.
func TestMain(m *testing.M) {
	if wrong := missing(); len(wrong) > 0 {
		fmt.Fprintln(os.Stderr, "the tests against real servers cannot run:")
		for _, line := range wrong {
			fmt.Fprintln(os.Stderr, "  "+line)
		}
		os.Exit(1)
	}
	os.Exit(orphans.Run(m.Run))
}

// missing says what has to be there and is not.
func missing() []string {
	var wrong []string
	if os.Geteuid() != 0 {
		wrong = append(wrong, "they need root, for network namespaces and for logs that belong to another group")
	}
	for _, variable := range []string{"LOGFEED_BINARY", "GO_CARBON_BINARY"} {
		if _, err := exec.LookPath(os.Getenv(variable)); err != nil {
			wrong = append(wrong, variable+" has to name the program, which make builds")
		}
	}
	packages := map[string]string{
		carboncache.Program:       "graphite-carbon",
		carboncache.StockSettings: "graphite-carbon",
		logrotate.Program:         "logrotate",
	}
	for path, name := range packages {
		if _, err := os.Stat(path); err != nil {
			wrong = append(wrong, path+" is missing: apt-get install "+name)
		}
	}
	programs := map[string]string{"ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux", "gzip": "gzip", "tmux": "tmux"}
	for program, name := range programs {
		if _, err := exec.LookPath(program); err != nil {
			wrong = append(wrong, program+" is missing: apt-get install "+name)
		}
	}
	return wrong
}

// soak tells whether the long version is wanted.
func soak() bool { return os.Getenv("LOGFEED_SOAK") != "" }
