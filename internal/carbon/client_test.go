package carbon

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	graphite "github.com/marpaia/graphite-golang"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
)

// The connection is reached through a field of the library that is not ours.
// If this test fails, the library has changed, and nothing can be delivered
// safely until client.go has been looked at again.
func TestLibraryIsTheOneWeKnow(t *testing.T) {
	f, ok := reflect.TypeFor[graphite.Graphite]().FieldByName("conn")
	if !ok || f.Type != reflect.TypeFor[net.Conn]() {
		t.Fatalf("graphite.Graphite.conn is %v", f.Type)
	}
	want := []string{"Host", "Port", "Protocol", "Timeout", "Prefix", "conn", "nop", "DisableLog"}
	var got []string
	for i := range reflect.TypeFor[graphite.Graphite]().NumField() {
		got = append(got, reflect.TypeFor[graphite.Graphite]().Field(i).Name)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("graphite.Graphite has the fields %v, want %v", got, want)
	}
	s := startServer(t)
	g := &graphite.Graphite{Host: s.Host(), Port: s.Port(), Protocol: "tcp"}
	if err := g.Connect(); err != nil {
		t.Fatal(err)
	}
	c, err := connField(g)
	if err != nil {
		t.Fatal(err)
	}
	if (*c).RemoteAddr().String() != s.Addr() {
		t.Errorf("the field holds a connection to %v, want %v", (*c).RemoteAddr(), s.Addr())
	}
	(*c).Close()
	if err := g.SendMetrics([]graphite.Metric{{Name: "a", Value: "1", Timestamp: 1}}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the library does not write to that connection: %v", err)
	}
}

func dialTest(t *testing.T, network, host string, port int) (*client, error) {
	t.Helper()
	c, err := dialClient(network, netip.AddrPortFrom(netip.MustParseAddr(host), uint16(port)), time.Second)
	if err == nil {
		t.Cleanup(func() { c.conn.Close() })
	}
	return c, err
}

// The library's own errors, hidden ones too, come out as errors, never as
// panics or as silence.
func TestDialErrors(t *testing.T) {
	s := startServer(t)
	port := s.Port()
	s.Refuse()
	if _, err := dialTest(t, "tcp", "127.0.0.1", port); err == nil {
		t.Error("no error where nobody listens")
	}
	// A link-local address without its zone cannot be dialled, and the library
	// hides that.
	if c, err := dialTest(t, "udp", "fe80::1", port); err == nil {
		t.Errorf("no error for a UDP socket that could not be made: %v", c.conn)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"", "TCP", "tcp4", "nop", "unix"} {
		if _, err := dialTest(t, network, "127.0.0.1", port); err == nil {
			t.Errorf("no error for network %q", network)
		}
	}
	if _, err := takeClient(&graphite.Graphite{Protocol: "tcp"}); err == nil {
		t.Error("no error for a client that never connected")
	}
}

func TestIPv6(t *testing.T) {
	s, err := carbontest.Start("::1")
	if err != nil {
		t.Logf("no IPv6 here, the address alone is tested: %v", err)
		_, err := dialTest(t, "tcp", "::1", 1)
		if err == nil || strings.Contains(err.Error(), "too many colons") {
			t.Errorf("got %v", err)
		}
		return
	}
	t.Cleanup(s.Close)
	for _, network := range []string{"tcp", "udp"} {
		o := optionsFor(t, s)
		o.Address.Network = network
		g := startGroup(t, GroupOptions{}, o)
		truth{}.write(t, g, some(10, base)...)
		drain(t, g)
	}
	until(t, "the points of both", func() bool { return s.Counts().Lines == 20 })
}

// Whole numbers go out whole and exact, in lines of three plain fields.
func TestText(t *testing.T) {
	s := startServer(t)
	c, err := dialTest(t, "tcp", s.Host(), s.Port())
	if err != nil {
		t.Fatal(err)
	}
	values := map[float64]string{
		0: "0", 1e6: "1000000", 1<<53 - 1: "9007199254740991", 1 << 53: "9007199254740992",
		2747282505: "2747282505", 0.5: "0.5", 1e21: "1000000000000000000000", -3: "-3",
	}
	var points []point.Point
	for v := range values {
		points = append(points, point.Point{Series: "a.b", Value: v, Time: int64(len(points) + 1)})
	}
	if err := c.send(points); err != nil {
		t.Fatal(err)
	}
	until(t, "all lines", func() bool { return s.Counts().Lines == len(points) })
	for i, l := range s.Lines() {
		if p := points[i]; l.Value != values[p.Value] || l.Series != p.Series || l.Time != p.Time {
			t.Errorf("line %+v, want %+v as %s", l, p, values[p.Value])
		}
	}
}

func TestCheckSeries(t *testing.T) {
	good := []string{"a", "a.b", "A-Z_0.9:x", "disk;server=a;rack=b", "a.b;c=..", "a;b=c:d.", strings.Repeat("x", maxSeries)}
	for _, s := range good {
		if err := checkSeries(s); err != nil {
			t.Errorf("%.40q: %v", s, err)
		}
	}
	bad := []string{
		"", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\nevil 1 1", "a\r", "a\x00", "caf\xe9", "caf\u00e9", "a\u00a0b", "a/b",
		"a?", "a*", "{a}", "(a)", strings.Repeat("x", maxSeries+1),
		";", ";a=b", "a;", "a;b", "a;b=", "a;=b", "a;b=c;", "a;b=c=d", "a;b.c=d", "a.;b=c", "a=b", "a;name=b", "a;b=~", "a;b=c d",
	}
	for _, s := range bad {
		if checkSeries(s) == nil {
			t.Errorf("%.40q is taken", s)
		}
	}
	// Whatever is taken passes a strict reader, and the other way round.
	r := random(t)
	for range 100_000 {
		b := make([]byte, r.IntN(9)+1)
		for i := range b {
			b[i] = ".ab:;= \n\x80"[r.IntN(9)]
		}
		_, ok := carbontest.Parse(fmt.Sprintf("%s 1 1", b))
		if err := checkSeries(string(b)); (err == nil) != ok {
			t.Fatalf("%q: got %v, a strict reader says %v", b, err, ok)
		}
	}
}

func TestCheckNumbers(t *testing.T) {
	for _, p := range []point.Point{
		{Value: math.NaN(), Time: 1}, {Value: math.Inf(1), Time: 1}, {Value: math.Inf(-1), Time: 1},
		{Value: 1, Time: 0}, {Value: 1, Time: -1}, {Value: 1, Time: 1 << 32},
	} {
		if checkNumbers(p) == nil {
			t.Errorf("%+v is taken", p)
		}
	}
	if err := checkNumbers(point.Point{Value: math.MaxFloat64, Time: 1<<32 - 1}); err != nil {
		t.Error(err)
	}
}
