package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestDeployed holds the deployed dashboards and the program together.
func TestDeployed(t *testing.T) {
	for _, d := range []dashboard{server(), fleet()} {
		deployed, err := os.ReadFile(filepath.Join("../../deploy/grafana", d.file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(deployed, d.json()) {
			t.Errorf("deploy/grafana/%s is another one: make dashboards", d.file)
		}
	}
}
