package apachelog

import (
	"fmt"
	"slices"
	"strings"
)

// Dialect says whose directives a format is written in. The same letters mean
// other things to other writers: a dialect has rows of its own in place of some of
// httpd's, and numbers with decimals. Everything else is the same.
type Dialect uint8

const (
	Apache  Dialect = iota
	Nginx           // and other writers whose formats are written down with typed columns
	Tomcat          // 10 and later: %D is in microseconds
	Tomcat9         // up to 9: %D is in milliseconds
	Jetty           // CustomRequestLog
	Varnish         // varnishncsa
	Traefik         // its common log format: quoted values, and nothing escaped
)

// dialect is what makes one.
type dialect struct {
	name    string
	rows    []directive                 // all rows of their names; httpd's of these names do not count
	time    func(arg string) *timeShape // what %{arg}t logs, nil for strftime
	escapes bool                        // quotation marks in texts are escaped, but for those in rows
	atEnd   bool                        // a time is that of the end, unless %{begin}t says otherwise
}

// typed are the rows of a column that is not httpd's, %{name:type}n.
var typed = []directive{
	{name: "n", value: text, dash: true, meaning: "column {}"},
	{name: "n", arg: ":text", value: text, dash: true, meaning: "column {}"},
	{name: "n", arg: ":word", value: anyWord, dash: true, meaning: "column {}"},
	{name: "n", arg: ":list", value: list, dash: true, meaning: "column {}"},
	{name: "n", arg: ":number", value: decimal, dash: true, meaning: "column {}"},
	{name: "n", arg: ":seconds", value: decimal, dash: true, field: Duration, rank: 3, scale: 1e9, meaning: "column {}"},
	{name: "n", arg: ":ms", value: decimal, dash: true, field: Duration, rank: 3, scale: 1e6, meaning: "column {}"},
	{name: "n", arg: ":us", value: decimal, dash: true, field: Duration, rank: 3, scale: 1e3, meaning: "column {}"},
}

// durations are the rows of %T with decimals.
var durations = []directive{
	{name: "T", value: decimal, dash: true, field: Duration, rank: 2, scale: 1e9, meaning: "time taken in seconds"},
	{name: "T", arg: "s", value: decimal, dash: true, field: Duration, rank: 2, scale: 1e9, meaning: "time taken in seconds"},
	{name: "T", arg: "fracsec", value: decimal, dash: true, field: Duration, rank: 2, scale: 1e9, meaning: "time taken in seconds"},
	{name: "T", arg: "ms", value: decimal, dash: true, field: Duration, rank: 1, scale: 1e6, meaning: "time taken in milliseconds"},
	{name: "T", arg: "us", value: decimal, dash: true, field: Duration, rank: 0, scale: 1e3, meaning: "time taken in microseconds"},
	{name: "T", arg: "ns", value: decimal, dash: true, field: Duration, rank: 0, scale: 1, meaning: "time taken in nanoseconds"},
	{name: "T", arg: "*", value: constant, meaning: "the text {}"},
}

// taken is the row of %D in a unit of so many nanoseconds.
func taken(scale int64, unit string) directive {
	return directive{name: "D", value: decimal, dash: true, field: Duration, rank: 1, scale: scale, meaning: "time taken in " + unit}
}

// tomcat are the rows that both of its dialects have. Tomcat escapes the values of
// headers, cookies and attributes, and not what it takes from the request line.
var tomcat = []directive{
	{name: "a", value: token, dash: true, meaning: "client address"},
	{name: "c", value: text, dash: true, meaning: "cookie {}"},
	{name: "F", value: decimal, dash: true, meaning: "milliseconds to the first byte"},
	{name: "I", value: text, dash: true, meaning: "name of the thread"},
	{name: "q", value: rawQuery, meaning: "query string"},
	{name: "r", value: rawText, dash: true, meaning: "request line"},
	{name: "r", arg: "*", value: text, dash: true, meaning: "attribute {} of the request"},
	{name: "s", value: status, dash: true, field: Status, meaning: "status"},
	{name: "s", arg: "*", value: text, dash: true, meaning: "attribute {} of the session"},
	{name: "S", value: anyWord, dash: true, meaning: "id of the session"},
	{name: "U", value: rawPath, dash: true, meaning: "path of the request, without query"},
}

var dialects = [...]dialect{
	Apache:  {name: "apache", escapes: true},
	Nginx:   {name: "nginx", escapes: true, atEnd: true, rows: rows(typed, durations, []directive{taken(1e3, "microseconds")})},
	Tomcat:  {name: "tomcat", escapes: true, atEnd: true, rows: rows(tomcat, typed, durations, []directive{taken(1e3, "microseconds")}), time: javaShape},
	Tomcat9: {name: "tomcat9", escapes: true, atEnd: true, rows: rows(tomcat, typed, durations, []directive{taken(1e6, "milliseconds")}), time: javaShape},
	Jetty: {name: "jetty", time: jettyShape, rows: rows(typed, durations, []directive{
		taken(1e3, "microseconds"),
		{name: "a", value: token, dash: true, meaning: "address"},
		{name: "I", value: number, field: BytesIn, meaning: "bytes received"},
		{name: "I", arg: "CLF", value: number, dash: true, field: BytesIn, meaning: "bytes received, - for none"},
		{name: "O", value: number, field: Bytes, meaning: "bytes sent"},
		{name: "O", arg: "CLF", value: number, dash: true, field: Bytes, meaning: "bytes sent, - for none"},
		{name: "S", value: number, meaning: "bytes received and sent"},
		{name: "S", arg: "CLF", value: number, dash: true, meaning: "bytes received and sent, - for none"},
	})},
	Varnish: {name: "varnish", escapes: true, rows: rows(typed, durations, []directive{
		taken(1e3, "microseconds"),
		{name: "x", value: text, dash: true, meaning: "{}"},
		{name: "x", arg: "Varnish:time_firstbyte", value: decimal, dash: true, meaning: "seconds to the first byte"},
		{name: "x", arg: "Varnish:hitmiss", value: token, dash: true, meaning: "hit or miss"},
		{name: "x", arg: "Varnish:handling", value: token, dash: true, meaning: "how the request was handled"},
		{name: "x", arg: "Varnish:side", value: token, dash: true, meaning: "client or backend"},
		{name: "x", arg: "Varnish:vxid", value: number, dash: true, meaning: "id of the transaction"},
	})},
	Traefik: {name: "traefik", rows: rows(typed, durations)},
}

// rows puts lists of rows together.
func rows(lists ...[]directive) []directive { return slices.Concat(lists...) }

func (d Dialect) String() string { return dialects[d].name }

// Dialects returns the names of all dialects.
func Dialects() []string {
	names := make([]string, len(dialects))
	for i, d := range dialects {
		names[i] = d.name
	}
	return names
}

// ParseDialect looks up a dialect by its name, in any case.
func ParseDialect(name string) (Dialect, error) {
	for i, d := range dialects {
		if strings.EqualFold(d.name, name) {
			return Dialect(i), nil
		}
	}
	return Apache, fmt.Errorf("%q is no dialect; known are %s", name, strings.Join(Dialects(), ", "))
}

// lookup returns the row for a directive with its argument, nil if the writer has
// no such directive. Rows that name an argument win over the others.
func (d *dialect) lookup(name, arg string) *directive {
	if row := find(d.rows, name, arg); row != nil {
		return row
	}
	return find(directives, name, arg)
}

// grammar returns what the values of a row look like.
func (d *dialect) grammar(row *directive) value {
	switch row.value {
	case userText:
		if !d.escapes {
			return rawText
		}
		if d.rows != nil {
			return text // only httpd writes two quotation marks for an empty user
		}
	case text:
		if !d.escapes {
			return rawText
		}
	case pathText:
		if !d.escapes {
			return rawPath
		}
	case queryText:
		if !d.escapes {
			return rawQuery
		}
	}
	return row.value
}

// shape returns what a time directive logs, by its argument. Of writers other than
// httpd it may begin with utc: where the time carries no zone.
func (d *dialect) shape(arg string) *timeShape {
	if rest, ok := strings.CutPrefix(arg, "utc:"); ok && d.rows != nil {
		return newShape(append(slices.Clone(d.shape(rest).pieces), piece{part: partZone, kind: pieceNothing}))
	}
	if sh := epochShape(arg); sh != nil {
		return sh
	}
	if d.time != nil {
		return d.time(arg)
	}
	return strftimeShape(arg)
}
