package unit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestDeployed reads what the units of deploy/systemd say.
func TestDeployed(t *testing.T) {
	u, err := read("../../../deploy/systemd/logfeed@.service", "shop")
	if err != nil {
		t.Fatal(err)
	}
	words, err := u.words(map[string]string{"LOGFEED_OPTS": "--carbon  graphite.example:2003 /var/log/x.log"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/usr/bin/logfeed", "--flags-file", "/etc/logfeed/shop.flags", "--prefix", "apache.{hostname}.shop",
		"--carbon", "graphite.example:2003", "/var/log/x.log"}
	if !slices.Equal(words, want) {
		t.Errorf("%q, want %q", words, want)
	}
	if name, err := u.one("StateDirectory"); name != "logfeed-shop" {
		t.Errorf("the state directory is %q (%v)", name, err)
	}
	if pause, err := u.seconds("RestartSec"); pause != 2*time.Second {
		t.Errorf("it is restarted after %s (%v)", pause, err)
	}
	if !slices.Equal(u["SupplementaryGroups"], []string{"adm"}) || u["Description"] != nil {
		t.Errorf("the unit is %q", u)
	}
	if _, err := u.one("ExecStop"); err == nil {
		t.Error("a setting that is not there is one")
	}
}

func TestEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "default")
	if err := os.WriteFile(path, []byte("# A=0\n\nB=\"1 2\"\nC=3=4\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	u := unit{"EnvironmentFile": {"-" + path + ".missing", path}}
	got, err := u.environment()
	if err != nil || fmt.Sprint(got) != "map[B:1 2 C:3=4]" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := (unit{"EnvironmentFile": {path + ".missing"}}).environment(); err == nil {
		t.Errorf("%v out of a file that is missing", got)
	}
}
