package main

import (
	"bytes"
	"os"
	"testing"
)

// TestDeployed holds the deployed dashboard and the program together.
func TestDeployed(t *testing.T) {
	deployed, err := os.ReadFile("../../deploy/grafana/logfeed-fleet.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(deployed, board()) {
		t.Error("deploy/grafana/logfeed-fleet.json is another one: make fleetboard")
	}
}
