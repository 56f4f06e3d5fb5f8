package carbon

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// An Address is one receiver of the plaintext protocol: a Carbon, or a file for
// one.
type Address struct {
	Network string // "tcp", "udp" or "file"
	Host    string // name or IP address, IPv6 without brackets
	Port    int
	Path    string // of a file: absolute and clean
}

// ParseAddress reads HOST:PORT, tcp://HOST:PORT or udp://HOST:PORT, an IPv6
// address in brackets, or file:///PATH, taken as it stands. The error says what
// is wrong and what would be right.
func ParseAddress(s string) (Address, error) {
	a := Address{Network: "tcp"}
	rest := s
	if path, ok := strings.CutPrefix(s, "file:"); ok {
		return parseFile(s, path)
	}
	if scheme, after, ok := strings.Cut(s, "://"); ok {
		if scheme != "tcp" && scheme != "udp" {
			return Address{}, fmt.Errorf("address %q: unknown scheme %q; use tcp://, udp:// or file://", s, scheme)
		}
		a.Network, rest = scheme, after
	}
	if rest == "" {
		return Address{}, fmt.Errorf("address %q: no host; write HOST:PORT, such as 127.0.0.1:2003", s)
	}
	if i := strings.IndexAny(rest, "/ \t\r\n?#@"); i >= 0 {
		return Address{}, fmt.Errorf("address %q: %q has no place in it; write HOST:PORT alone", s, rest[i:i+1])
	}
	host, port, err := splitHostPort(rest)
	if err != nil {
		return Address{}, fmt.Errorf("address %q: %w", s, err)
	}
	a.Host, a.Port = host, port
	return a, nil
}

func parseFile(s, path string) (Address, error) {
	path, ok := strings.CutPrefix(path, "//")
	switch {
	case !ok || !strings.HasPrefix(path, "/"):
		return Address{}, fmt.Errorf("address %q: a file is named by its whole path behind file://, such as file:///var/lib/logfeed/points", s)
	case strings.HasSuffix(path, "/"):
		return Address{}, fmt.Errorf("address %q: this is a directory; write file:///var/lib/logfeed/points", s)
	case strings.ContainsFunc(path, unicode.IsControl):
		return Address{}, fmt.Errorf("address %q: a control character in a path", s)
	}
	return Address{Network: "file", Path: filepath.Clean(path)}, nil
}

func splitHostPort(s string) (string, int, error) {
	if strings.Count(s, ":") > 1 && !strings.HasPrefix(s, "[") {
		return "", 0, fmt.Errorf("an IPv6 address stands in brackets, such as [::1]:2003")
	}
	if !strings.Contains(s, ":") || strings.HasSuffix(s, "]") {
		return "", 0, fmt.Errorf("no port; Carbon's plaintext port is mostly 2003: %s:2003", s)
	}
	host, digits, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, fmt.Errorf("write HOST:PORT, an IPv6 address in brackets, such as [::1]:2003")
	}
	if host == "" {
		return "", 0, fmt.Errorf("no host before the port; for this machine write 127.0.0.1:%s", digits)
	}
	if strings.Contains(host, ":") {
		if _, err := netip.ParseAddr(host); err != nil {
			return "", 0, fmt.Errorf("%q is no IPv6 address", host)
		}
	} else if strings.HasPrefix(s, "[") {
		return "", 0, fmt.Errorf("brackets are for IPv6 addresses only; write %s:%s", host, digits)
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 {
		return "", 0, fmt.Errorf("port %q is not a number from 1 to 65535", digits)
	}
	return host, int(port), nil
}

// IsFile says whether points go into a file.
func (a Address) IsFile() bool { return a.Network == "file" }

// String returns the address as ParseAddress reads it, without the scheme
// where it is the usual tcp.
func (a Address) String() string {
	if a.IsFile() {
		return "file://" + a.Path
	}
	hp := net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
	if a.Network == "tcp" || a.Network == "" {
		return hp
	}
	return a.Network + "://" + hp
}
