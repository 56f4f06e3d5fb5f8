package apachelog

import "strings"

// value is the grammar of what a directive logs. It decides how the end of a
// value is found.
type value uint8

const (
	literal    value = iota // text of the format itself
	constant                // an argument that httpd does not know and logs as it stands
	text                    // escaped text: may be empty, may hold spaces, never a bare quotation mark
	userText                // text that is never empty: httpd writes two quotation marks for an empty user
	pathText                // text that nearly always starts with a slash
	queryText               // empty, or a question mark and text
	token                   // escaped text without spaces, not empty
	anyWord                 // escaped text without spaces, may be empty
	list                    // words with a comma and a space between them, or a colon between two spaces
	rawText                 // text of a writer that escapes nothing: quotation marks and all
	rawPath                 // pathText of such a writer
	rawQuery                // queryText of such a writer
	number                  // digits
	signed                  // digits, with a minus sign if the clock went back
	decimal                 // digits with a point or without, with a sign or without
	status                  // three digits or "-"
	address                 // IPv4 or IPv6 address, with a zone or without
	hexNumber               // lower-case hexadecimal digits
	logID                   // base64 digits
	connState               // one of X + -
	clfTime                 // [dd/Mon/yyyy:HH:MM:SS ±hhmm]
	formatTime              // what strftime makes of the argument, or one of the epoch keywords
)

// Field is a set of the numbers that a Record can carry.
type Field uint32

const (
	Time     Field = 1 << iota // when the request began (or ended, if the format has nothing else)
	Status                     // the status code
	Bytes                      // bytes sent
	BytesIn                    // bytes received
	Duration                   // time taken
)

// directive is one row of the table below.
type directive struct {
	name  string // what follows the percent sign: a letter, or ^ and two letters
	arg   string // "": whatever argument there is; else this one only, in any case; "*": every other one; ":x": those that end so
	value value
	dash  bool // logs "-" when there is nothing to say
	orig  bool // asks the original request unless told otherwise by >

	field Field // what the value counts as, if anything
	rank  int   // among several directives for one field the lowest rank is taken
	scale int64 // nanoseconds of one unit, of Duration

	meaning string // for people; {} stands for the argument
}

// directives is everything that httpd 2.4 accepts, mod_logio and mod_ssl included.
// A further directive is a further row. Its trunk has %F too, which 2.4 refuses.
var directives = []directive{
	{name: "a", value: address, meaning: "client address"},
	{name: "A", value: address, meaning: "local address"},
	{name: "b", value: number, dash: true, field: Bytes, rank: 2, meaning: "bytes of the body, - for none"},
	{name: "B", value: number, field: Bytes, rank: 1, meaning: "bytes of the body"},
	{name: "c", value: text, dash: true, meaning: "TLS variable {}"},
	{name: "c", arg: "version", value: token, dash: true, meaning: "TLS version"},
	{name: "c", arg: "cipher", value: token, dash: true, meaning: "TLS cipher"},
	{name: "C", value: text, dash: true, meaning: "cookie {}"},
	{name: "D", value: signed, orig: true, field: Duration, rank: 0, scale: 1e3, meaning: "time taken in microseconds"},
	{name: "e", value: text, dash: true, meaning: "environment variable {}"},
	{name: "e", arg: "UNIQUE_ID", value: token, dash: true, meaning: "unique id of the request"},
	{name: "e", arg: "SSL_PROTOCOL", value: token, dash: true, meaning: "TLS version"},
	{name: "e", arg: "SSL_CIPHER", value: token, dash: true, meaning: "TLS cipher"},
	{name: "f", value: text, dash: true, meaning: "file name"},
	{name: "h", value: token, meaning: "client host name or address"},
	{name: "H", value: token, meaning: "protocol of the request"},
	{name: "i", value: text, dash: true, meaning: "request header {}"},
	{name: "I", value: number, field: BytesIn, meaning: "bytes received, headers included"},
	{name: "k", value: number, meaning: "requests on this connection before this one"},
	{name: "l", value: token, dash: true, meaning: "name by identd"},
	{name: "L", value: logID, dash: true, orig: true, meaning: "id in the error log"},
	{name: "m", value: anyWord, dash: true, meaning: "method of the request"},
	{name: "n", value: text, dash: true, meaning: "note {}"},
	{name: "o", value: text, dash: true, meaning: "response header {}"},
	{name: "O", value: number, field: Bytes, rank: 0, meaning: "bytes sent, headers included"},
	{name: "p", value: number, meaning: "port"},
	{name: "p", arg: "canonical", value: number, meaning: "port of the server's name"},
	{name: "p", arg: "local", value: number, meaning: "local port"},
	{name: "p", arg: "remote", value: number, meaning: "port of the client"},
	{name: "p", arg: "*", value: constant, meaning: "the text {}"},
	{name: "P", value: number, meaning: "process id"},
	{name: "P", arg: "pid", value: number, meaning: "process id"},
	{name: "P", arg: "tid", value: number, meaning: "thread id"},
	{name: "P", arg: "hextid", value: hexNumber, meaning: "thread id, hexadecimal"},
	{name: "P", arg: "*", value: constant, meaning: "the text {}"},
	{name: "q", value: queryText, meaning: "query string"},
	{name: "r", value: text, dash: true, orig: true, meaning: "request line"},
	{name: "R", value: token, dash: true, orig: true, meaning: "handler"},
	{name: "s", value: status, dash: true, orig: true, field: Status, meaning: "status"},
	{name: "S", value: number, meaning: "bytes received and sent"},
	{name: "t", value: clfTime, field: Time, meaning: "time of the request"},
	{name: "t", arg: "*", value: formatTime, field: Time, meaning: "time of the request as {}"},
	{name: "T", value: signed, orig: true, field: Duration, rank: 2, scale: 1e9, meaning: "time taken in seconds"},
	{name: "T", arg: "s", value: signed, orig: true, field: Duration, rank: 2, scale: 1e9, meaning: "time taken in seconds"},
	{name: "T", arg: "ms", value: signed, orig: true, field: Duration, rank: 1, scale: 1e6, meaning: "time taken in milliseconds"},
	{name: "T", arg: "us", value: signed, orig: true, field: Duration, rank: 0, scale: 1e3, meaning: "time taken in microseconds"},
	{name: "T", arg: "*", value: constant, meaning: "the text {}"},
	{name: "u", value: userText, dash: true, meaning: "user"},
	{name: "U", value: pathText, dash: true, orig: true, meaning: "path of the request, without query"},
	{name: "v", value: token, meaning: "name of the virtual host"},
	{name: "V", value: token, meaning: "host name by UseCanonicalName"},
	{name: "x", value: text, dash: true, meaning: "TLS variable {}"},
	{name: "x", arg: "SSL_PROTOCOL", value: token, dash: true, meaning: "TLS version"},
	{name: "x", arg: "SSL_CIPHER", value: token, dash: true, meaning: "TLS cipher"},
	{name: "X", value: connState, meaning: "state of the connection at the end"},
	{name: "^FB", value: signed, dash: true, meaning: "microseconds to the first byte"},
	{name: "^ti", value: text, dash: true, meaning: "request trailer {}"},
	{name: "^to", value: text, dash: true, meaning: "response trailer {}"},
}

// find returns the row for a directive with its argument, nil if there is none.
// Rows that name an argument win over the others.
func find(rows []directive, name, arg string) *directive {
	var plain, other *directive
	for i := range rows {
		d := &rows[i]
		switch {
		case d.name != name:
		case d.arg == "":
			plain = d
		case d.arg == "*":
			other = d
		case strings.EqualFold(d.arg, arg), d.arg[0] == ':' && strings.HasSuffix(arg, d.arg):
			return d
		}
	}
	if other != nil && arg != "" {
		return other
	}
	return plain
}

// escaped says whether httpd escapes values of this grammar.
func (v value) escaped() bool {
	switch v {
	case text, userText, pathText, queryText, token, anyWord:
		return true
	}
	return false
}

// free says whether values of this grammar can hold spaces, and so any soft
// literal.
func (v value) free() bool {
	switch v {
	case text, userText, pathText, queryText:
		return true
	}
	return v.raw()
}

// raw says whether values of this grammar can hold quotation marks that are not
// escaped.
func (v value) raw() bool { return v == rawText || v == rawPath || v == rawQuery }

func (v value) path() bool { return v == pathText || v == rawPath }

func (v value) query() bool { return v == queryText || v == rawQuery }

// isWord says whether values of this grammar are escaped and hold no spaces.
func (v value) isWord() bool { return v == token || v == anyWord }

// expected says what a value of this grammar looks like, in words for people.
func (v value) expected() string {
	switch v {
	case text, rawText:
		return "a text"
	case userText:
		return "a user name"
	case pathText, rawPath:
		return "a path"
	case queryText, rawQuery:
		return "nothing or a query that starts with ?"
	case token, anyWord:
		return "a word without spaces"
	case number, signed, decimal:
		return "a digit"
	case list:
		return "a list of words"
	case status:
		return "a status of three digits"
	case address:
		return "an IP address"
	case hexNumber:
		return "a hexadecimal digit"
	case logID:
		return "a log id"
	case connState:
		return "one of X + -"
	case clfTime:
		return "28 bytes [dd/Mon/yyyy:HH:MM:SS ±hhmm]"
	}
	return ""
}
