//go:build httpdtest

package httpdtest

import (
	"fmt"
	"os"
	"testing"

	"github.com/logfeed/logfeed/tools/internal/apache2"
)

// TestMain refuses to run where something is missing: a test that is left out
// proves nothing.
func TestMain(m *testing.M) {
	if wrong := apache2.Missing(siteModules...); len(wrong) > 0 {
		fmt.Fprintln(os.Stderr, "the tests against a real httpd cannot run:")
		for _, line := range wrong {
			fmt.Fprintln(os.Stderr, "  "+line)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}
