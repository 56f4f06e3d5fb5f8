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

// A prefix is what --prefix says. Whether it is levels of the tree alone, or a
// name with tags, is up to --naming.
type prefix struct {
	levels []string // all of them, clean
	name   []string // those that are not the name of the host
	tags   []tag    // the host, and what stands behind a semicolon
	extra  bool     // something stands there
}

// A tag is one of Graphite's, with a clean value.
type tag struct{ name, value string }

// parsePrefix reads --prefix: levels with dots between them, and tags, each
// behind a semicolon. What {hostname}, {fqdn} and {env:NAME} stand for becomes
// a part of one level, or of one tag, so in a level the dots of a host name
// turn to "_".
func parsePrefix(text string) (prefix, error) {
	var p prefix
	parts := splitOutside(text, ';')
	for _, level := range splitOutside(parts[0], '.') {
		value, err := fillIn(level)
		if err != nil {
			return prefix{}, err
		}
		if value == "" {
			return prefix{}, fmt.Errorf("%q has an empty level; right would be apache.web1", text)
		}
		p.levels = append(p.levels, point.Component(value))
		if level == "{hostname}" || level == "{fqdn}" {
			p.tags = append(p.tags, tag{"host", point.TagValue(value)})
		} else {
			p.name = append(p.name, point.Component(value))
		}
	}
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		value, err := fillIn(value)
		if err != nil {
			return prefix{}, err
		}
		if point.Component(name) != name || value == "" {
			return prefix{}, fmt.Errorf("%q is no tag; right would be apache.{hostname};dc=fra1, the name of letters, digits, _ and -", part)
		}
		p.tags, p.extra = append(p.tags, tag{name, point.TagValue(value)}), true
	}
	return p, nil
}

// splitOutside splits text at a separator, where that is no part of a
// placeholder.
func splitOutside(text string, separator byte) []string {
	var parts []string
	inside, begin := false, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '{' || c == '}':
			inside = c == '{'
		case c == separator && !inside:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}

// fillIn puts what they stand for in the place of placeholders.
func fillIn(text string) (string, error) {
	var wrong error
	filled := placeholder.ReplaceAllStringFunc(text, func(p string) string {
		v, err := expand(p)
		if err != nil && wrong == nil {
			wrong = err
		}
		return v
	})
	return filled, wrong
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
