package expression

import (
	"bytes"
	"fmt"
	"net/netip"
	"unsafe"

	"github.com/expr-lang/expr/ast"
)

// network reads a network that has no bits beyond its length.
func network(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.Prefix{}, fmt.Errorf("%q is an address; as a network it is %s/%d", text, text, addr.BitLen())
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is no network; right would be 192.0.2.0/24 or 2001:db8::/32", text)
	}
	if p != p.Masked() {
		return p, fmt.Errorf("%q has bits beyond its %d; right would be %s", text, p.Bits(), p.Masked())
	}
	return p, nil
}

// cidrTest returns nil where the address is no field.
func cidrTest(n *ast.CallNode, slots map[string]slot) test {
	s, ok := slots[slotName(n.Arguments[0])]
	if !ok {
		return nil
	}
	var networks []netip.Prefix
	for _, a := range n.Arguments[1:] {
		p, _ := network(a.(*ast.StringNode).Value) // was checked
		networks = append(networks, p)
	}
	return func(l *Line) bool { return inNetworks(l.text(s.index), networks) }
}

// inNetworks says whether a text is an address in one of the networks. The
// name of a host is in none.
func inNetworks(text []byte, networks []netip.Prefix) bool {
	addr, ok := address(text)
	if !ok {
		return false
	}
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// address reads an address. What has no colon is read here, because the
// standard library takes a string and makes an error of every host name.
func address(text []byte) (netip.Addr, bool) {
	if bytes.IndexByte(text, ':') >= 0 {
		// ParseAddr keeps no part of the string.
		addr, err := netip.ParseAddr(unsafe.String(&text[0], len(text)))
		return addr.Unmap().WithZone(""), err == nil
	}
	var four [4]byte
	part, digits, n := 0, 0, 0
	for _, c := range text {
		switch {
		case c == '.' && digits > 0 && part < 3:
			four[part] = byte(n)
			part, digits, n = part+1, 0, 0
		case c-'0' <= 9 && !(digits > 0 && n == 0):
			if n, digits = n*10+int(c-'0'), digits+1; n > 255 {
				return netip.Addr{}, false
			}
		default:
			return netip.Addr{}, false
		}
	}
	four[part] = byte(n)
	return netip.AddrFrom4(four), part == 3 && digits > 0
}

// cidrSlowly is cidr for the library's machine, where the address is no field.
func cidrSlowly(arguments ...any) (any, error) {
	for _, a := range arguments[1:] {
		p, err := network(a.(string))
		if err != nil {
			return nil, err
		}
		if inNetworks([]byte(arguments[0].(string)), []netip.Prefix{p}) {
			return true, nil
		}
	}
	return false, nil
}
