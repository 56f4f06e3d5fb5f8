//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/logfeed/logfeed/tools/internal/apache2"
	"github.com/logfeed/logfeed/tools/internal/carboncache"
	"github.com/logfeed/logfeed/tools/internal/graphiteweb"
	"github.com/logfeed/logfeed/tools/internal/logrotate"
	"github.com/logfeed/logfeed/tools/internal/orphans"
)

// TestMain refuses to run where something is missing, and takes care that the
// package is purged whatever becomes of the tests.
func TestMain(m *testing.M) {
	if orphans.Inside() {
		os.Exit(m.Run())
	}
	if wrong := missing(); len(wrong) > 0 {
		fmt.Fprintln(os.Stderr, "this cannot run:")
		for _, line := range wrong {
			fmt.Fprintln(os.Stderr, "  "+line)
		}
		os.Exit(1)
	}
	code := 1
	if err := install(os.Getenv("LOGFEED_DEB")); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = orphans.Run(m.Run)
	}
	if err := purge(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// missing says what has to be there and is not.
func missing() []string {
	if os.Geteuid() != 0 {
		return []string{"it needs root, for the package and for the logs of another group"}
	}
	wrong := apache2.Missing(modules...)
	for _, need := range []struct{ path, from string }{
		{benchmark, "apache2-utils"},
		{logrotate.Program, "logrotate"},
		{carboncache.Program, "graphite-carbon"},
		{carboncache.StockSettings, "graphite-carbon"},
		{graphiteweb.Site, "graphite-web"},
		{graphiteweb.Program, "gunicorn"},
		{"/usr/bin/setpriv", "util-linux"},
	} {
		if _, err := os.Stat(need.path); err != nil {
			wrong = append(wrong, need.path+" is missing: apt-get install "+need.from)
		}
	}
	if _, err := os.Stat(os.Getenv("LOGFEED_DEB")); err != nil {
		wrong = append(wrong, "LOGFEED_DEB has to name the Debian package, which make e2e builds")
	}
	if exec.Command("dpkg-query", "-W", "logfeed").Run() == nil {
		wrong = append(wrong, "logfeed is installed here already, and would be purged")
	}
	return wrong
}

// What an operator writes, beside what the package brings.
const (
	defaults         = "/etc/default/logfeed"
	flags            = "/etc/logfeed/flags"
	instanceDefaults = "/etc/default/logfeed-" + instance
	instanceFlags    = "/etc/logfeed/" + instance + ".flags"
)

func install(deb string) error {
	deb, err := filepath.Abs(deb)
	if err != nil {
		return fmt.Errorf("install the package: %w", err)
	}
	apt := exec.Command("apt-get", "install", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300", deb)
	apt.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if said, err := apt.CombinedOutput(); err != nil {
		return fmt.Errorf("install the package: %w:\n%s", err, said)
	}
	return nil
}

func purge() error {
	for _, path := range []string{instanceDefaults, instanceFlags} {
		_ = os.Remove(path) // it may not have come so far
	}
	if said, err := exec.Command("dpkg", "--purge", "logfeed").CombinedOutput(); err != nil {
		return fmt.Errorf("purge the package: %w:\n%s", err, said)
	}
	return nil
}
