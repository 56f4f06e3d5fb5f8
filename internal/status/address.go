package status

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// An Address is where the status is served. The zero Address is nowhere.
type Address struct {
	Host string // name or IP address, IPv6 without brackets
	Port int
	Path string // of a Unix socket, in place of the others
}

// ParseAddress reads HOST:PORT, :PORT, which means loopback, or unix:/PATH. The
// error says what is wrong and what would be right.
func ParseAddress(text string) (Address, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if !filepath.IsAbs(path) {
			return Address{}, fmt.Errorf("%q has no absolute path; right would be unix:/run/logfeed/status.sock", text)
		}
		return Address{Path: path}, nil
	}
	host, digits, err := net.SplitHostPort(text)
	if err != nil {
		return Address{}, fmt.Errorf("%q is no address; right would be :8080 for this machine alone, 0.0.0.0:8080 for every one, or unix:/run/logfeed/status.sock", text)
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return Address{}, fmt.Errorf("port %q is not a number from 0 to 65535", digits)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return Address{Host: host, Port: int(port)}, nil
}

// String returns the address as ParseAddress reads it.
func (a Address) String() string {
	switch {
	case a.Path != "":
		return "unix:" + a.Path
	case a.Host == "":
		return "none"
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// answersTo says whether a request may name this host. A page of somebody else
// whose name was made to lead here (DNS rebinding) names its own host; numbers
// and the names of this machine's loopback cannot be taken over that way.
func (a Address) answersTo(host string) bool {
	if a.Path != "" {
		return true // no browser gets there
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || host == strings.ToLower(a.Host) {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
