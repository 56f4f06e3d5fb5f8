package carbon

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// An Address is one Carbon receiver for the plaintext protocol.
type Address struct {
	Network string // "tcp" or "udp"
	Host    string // name or IP address, IPv6 without brackets
	Port    int
}

// ParseAddress reads HOST:PORT, tcp://HOST:PORT or udp://HOST:PORT, an IPv6
// address in brackets. The error says what is wrong and what would be right.
func ParseAddress(s string) (Address, error) {
	a := Address{Network: "tcp"}
	rest := s
	if scheme, after, ok := strings.Cut(s, "://"); ok {
		if scheme != "tcp" && scheme != "udp" {
			return Address{}, fmt.Errorf("address %q: unknown scheme %q; use tcp:// or udp://", s, scheme)
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

// String returns the address as ParseAddress reads it, without the scheme
// where it is the usual tcp.
func (a Address) String() string {
	hp := net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
	if a.Network == "tcp" || a.Network == "" {
		return hp
	}
	return a.Network + "://" + hp
}
