package carbon

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"time"
	"unsafe"

	graphite "github.com/marpaia/graphite-golang"

	"github.com/logfeed/logfeed/internal/point"
)

// A client is one connection made and written by the graphite library. This
// file is the only one that knows the library, and what it knows is this:
//
// The library's struct is used for one connection and then dropped. Its
// Connect closes the old connection before it dials, leaves a nil or closed
// one behind when it fails, and for UDP hides the error of the dialling
// altogether; a send on a nil connection panics. So nothing is sent before
// take has seen a real connection. Disconnect panics when called twice or
// early and races with a send; it is never called, because the connection is
// closed here, directly and once.
//
// Deadlines, half-close, keep-alive and reading need the connection, which is
// an unexported field: connField reaches it and checks it.
//
// Only "tcp" and "udp" are ever given as the protocol (another one connects
// and sends nothing, or panics in the factory, which is not used). For "tcp" it
// copies what it has formatted into a buffer of its own and writes that, which
// makes a hundred bytes of garbage a point. For "udp" it has fmt format each
// metric in a buffer that fmt keeps, and write it, and throws the error away. So
// it is told "udp" as soon as it has connected, to whatever, and its connection
// keeps the error: see written.
//
// The address is an IP address resolved by the caller, since the library
// resolves without a time limit, and IPv6 is put in brackets for its "%s:%d".
// Prefix stays empty: series are whole already. Points come checked (see
// check.go), as the library writes any text as it stands, turns a time of 0
// into the present and skips an empty metric as if it were sent. An error means
// that any part of the chunk may have gone out, and no error means nothing but
// that the kernel took it.
type client struct {
	g         *graphite.Graphite
	conn      net.Conn
	datagrams bool
	written   *written // conn, as the library has it

	// Kept from chunk to chunk.
	metrics []graphite.Metric
	text    []byte
}

// written is a connection that keeps the error of what was written last.
type written struct {
	net.Conn
	err error
}

func (w *written) Write(b []byte) (n int, err error) {
	n, w.err = w.Conn.Write(b)
	return n, w.err
}

var errConnField = errors.New("graphite library: no usable field Graphite.conn of type net.Conn")

// connField returns the place of the library's connection.
func connField(g *graphite.Graphite) (*net.Conn, error) {
	f := reflect.ValueOf(g).Elem().FieldByName("conn")
	if !f.IsValid() || !f.CanAddr() || f.Type() != reflect.TypeFor[net.Conn]() {
		return nil, errConnField
	}
	return (*net.Conn)(unsafe.Pointer(f.UnsafeAddr())), nil
}

// dialClient connects to one IP address within timeout.
func dialClient(network string, to netip.AddrPort, timeout time.Duration) (*client, error) {
	if network != "tcp" && network != "udp" {
		return nil, fmt.Errorf("network %q is neither tcp nor udp", network)
	}
	host := to.Addr().Unmap().String()
	if to.Addr().Unmap().Is6() {
		host = "[" + host + "]"
	}
	g := &graphite.Graphite{Host: host, Port: int(to.Port()), Protocol: network, Timeout: timeout}
	if err := g.Connect(); err != nil {
		return nil, err
	}
	return takeClient(g)
}

// adoptClient puts an open connection under the library, as Connect would.
func adoptClient(c net.Conn) (*client, error) {
	g := &graphite.Graphite{Protocol: "tcp"}
	field, err := connField(g)
	if err != nil {
		return nil, err
	}
	*field = c
	return takeClient(g)
}

func takeClient(g *graphite.Graphite) (*client, error) {
	field, err := connField(g)
	if err != nil {
		return nil, err
	}
	conn := *field
	// A failed UDP dial leaves a nil *net.UDPConn in the interface.
	if v := reflect.ValueOf(conn); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, fmt.Errorf("no %s connection to %s port %d", g.Protocol, g.Host, g.Port)
	}
	c := &client{g: g, conn: conn, datagrams: g.Protocol == "udp", written: &written{Conn: conn}}
	*field, g.Protocol = c.written, "udp"
	return c, nil
}

// send writes points as one chunk over TCP, or as one datagram each over UDP,
// where errors say nothing. The library sets no deadline; the connection must
// have one.
func (c *client) send(points []point.Point) error {
	if c.datagrams {
		return c.g.SendMetrics(c.each(points))
	}
	if err := c.g.SendMetrics(c.whole(points)); err != nil {
		return err
	}
	return c.written.err
}

// each returns a metric for every point.
func (c *client) each(points []point.Point) []graphite.Metric {
	c.metrics = c.metrics[:0]
	for _, p := range points {
		c.metrics = append(c.metrics, graphite.NewMetric(p.Series, string(point.AppendValue(nil, p.Value)), p.Time))
	}
	return c.metrics
}

// whole returns one metric for all points. The library formats each metric with
// fmt, which takes five times as long as to write the line as Append does. But it
// writes a name as it stands, so that of the last point has the lines of the
// others before it.
func (c *client) whole(points []point.Point) []graphite.Metric {
	last := points[len(points)-1]
	c.text = c.text[:0]
	for _, p := range points[:len(points)-1] {
		c.text = point.Append(c.text, p)
	}
	c.text = append(c.text, last.Series...)
	// The library keeps nothing of it, so the text need not be copied.
	name := unsafe.String(unsafe.SliceData(c.text), len(c.text))
	c.metrics = append(c.metrics[:0], graphite.NewMetric(name, string(point.AppendValue(nil, last.Value)), last.Time))
	return c.metrics
}
