package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/logfeed/logfeed/internal/point"
)

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// parsePrefix makes the first part of every series name out of --prefix. Its
// dots are levels of the tree. What {hostname}, {fqdn} and {env:NAME} stand
// for becomes one level each, so dots in a host name turn to "_".
func parsePrefix(text string) (string, error) {
	var wrong error
	expanded := placeholder.ReplaceAllStringFunc(text, func(p string) string {
		v, err := expand(p)
		if err != nil && wrong == nil {
			wrong = err
		}
		return point.Component(v)
	})
	if wrong != nil {
		return "", wrong
	}
	levels := strings.Split(expanded, ".")
	for i, level := range levels {
		if level == "" {
			return "", fmt.Errorf("%q has an empty level; right would be apache.web1", text)
		}
		levels[i] = point.Component(level)
	}
	return strings.Join(levels, "."), nil
}

func expand(placeholder string) (string, error) {
	switch name := strings.Trim(placeholder, "{}"); {
	case name == "hostname":
		host, err := os.Hostname()
		if err != nil {
			return "", fmt.Errorf("this machine's host name: %w", err)
		}
		return host, nil
	case name == "fqdn":
		return fqdn()
	case strings.HasPrefix(name, "env:"):
		v := os.Getenv(strings.TrimPrefix(name, "env:"))
		if v == "" {
			return "", fmt.Errorf("environment variable %s is not set", strings.TrimPrefix(name, "env:"))
		}
		return v, nil
	}
	return "", fmt.Errorf("%s is not known; known are {hostname}, {fqdn} and {env:NAME}", placeholder)
}

// fqdn asks the resolver for the full name of this machine. A host name that
// holds a dot is taken as it is.
func fqdn() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("this machine's host name: %w", err)
	}
	if strings.Contains(host, ".") {
		return host, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	name, err := net.DefaultResolver.LookupCNAME(ctx, host)
	if err != nil {
		return "", fmt.Errorf("{fqdn} of %s is not to be found: %w; {hostname} asks nobody", host, err)
	}
	return strings.TrimSuffix(name, "."), nil
}
