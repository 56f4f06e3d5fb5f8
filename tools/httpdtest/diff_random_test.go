//go:build httpdtest

package httpdtest

import (
	"math/rand/v2"
	"strings"
)

// A madeFormat is a format of which every piece is known, because it was put
// together here.
type madeFormat struct {
	name   string
	pieces []piece
}

// piece is a literal or a directive.
type piece struct {
	source string // as it stands in the format after the unquoting of httpd.conf
	bytes  string // of a literal: what it looks like in the log
}

func (p piece) literal() bool { return p.bytes != "" }

// source is the format after the unquoting of httpd.conf.
func (m madeFormat) source() string {
	var b strings.Builder
	for _, p := range m.pieces {
		b.WriteString(p.source)
	}
	return b.String()
}

// directives are the sources of the directives.
func (m madeFormat) directives() []string {
	var all []string
	for _, p := range m.pieces {
		if !p.literal() {
			all = append(all, p.source)
		}
	}
	return all
}

// line is the line that the values of the directives make.
func (m madeFormat) line(values []string) string {
	var b strings.Builder
	for _, p := range m.pieces {
		if p.literal() {
			b.WriteString(p.bytes)
			continue
		}
		b.WriteString(values[0])
		values = values[1:]
	}
	return b.String()
}

// randomDirectives are all that httpd has, with the arguments that the requests
// give a meaning to.
var randomDirectives = []string{
	"%a", "%{c}a", "%A", "%h", "%{c}h", "%l", "%u", "%>u", "%<u", "%t", "%{}t", "%{begin}t", "%{end}t", "%r", "%>r", "%m", "%U", "%>U", "%q", "%H", "%f", "%R", "%>R",
	"%s", "%>s", "%<s", "%<>s", "%b", "%B", "%I", "%O", "%S", "%^FB", "%D", "%T", "%{s}T", "%{ms}T", "%{MS}T", "%{us}T", "%{bogus}T", "%{bogus}p", "%{-}P",
	"%p", "%{canonical}p", "%{local}p", "%{remote}p", "%P", "%{pid}P", "%{tid}P", "%{hextid}P", "%k", "%X", "%v", "%V", "%L", "%{c}L",
	"%{Referer}i", "%{User-Agent}i", "%{user-agent}i", "%{X-Forwarded-For}i", "%{Host}i", "%{a}{Referer}i", "%{Referer}}i", "%i", "%{}i",
	"%{X-Odd}o", "%{X-Out}o", "%{Set-Cookie}o", "%{Content-Type}o", "%{Content-Length}o", "%{Location}o", "%{X-Tail}^ti", "%{X-Tail}^to",
	"%{C}C", "%{abc}C", "%{ODD}e", "%{UNIQUE_ID}e", "%{HTTP2}e", "%{SSL_PROTOCOL}e", "%{PATH}e", "%{ratio}n", "%{instream}n", "%{cookie}n",
	"%{SSL_PROTOCOL}x", "%{SSL_CIPHER}x", "%{SSL_TLS_SNI}x", "%{SSL_CLIENT_S_DN}x", "%{version}c", "%{cipher}c", "%{subjectdn}c",
	"%{sec}t", "%{msec}t", "%{usec}t", "%{msec_frac}t", "%{usec_frac}t", "%{end:sec}t", "%{begin:msec}t", "%{end:usec_frac}t", "%{beginx}t", "%{SEC}t",
	"%{%d/%b/%Y:%H:%M:%S}t", "%{%d/%b/%Y:%H:%M:%S}t", "%{%F %T}t", "%{%z}t", "%{end:%Y-%m-%dT%H:%M:%S%z}t", "%{%s}t",
}

// randomModifiers stand in front of a directive's letter or argument.
var randomModifiers = []string{"200", "404", "!200,304", "!!200", "400,408", "!", ",", ",,200,,", "200,206,400,404", "!408"}

// randomLiterals are log bytes and their spelling in a format.
var randomLiterals = []piece{
	{" ", " "}, {" ", " "}, {" ", " "}, {" ", " "}, {`" "`, `" "`}, {`"`, `"`}, {`" `, `" `}, {` "`, ` "`}, {`\t`, "\t"}, {`\t`, "\t"}, {":", ":"}, {"|", "|"},
	{"] ", "] "}, {" [", " ["}, {"-", "-"}, {",", ","}, {" -> ", " -> "}, {"/", "/"}, {"é", "é"}, {" a ", " a "}, {"0", "0"}, {`\\`, `\`}, {`\\"`, `\"`},
	{"%%", "%"}, {";", ";"}, {"=", "="}, {"  ", "  "}, {`\q`, `\q`}, {`\x41`, `\x41`}, {"'", "'"}, {", ", ", "}, {` - `, ` - `}, {`","a":"`, `","a":"`},
	{`||||`, `||||`}, {"{", "{"}, {"}", "}"}, {`\r`, "\r"}, {"$", "$"}, {"#", "#"},
}

// randomFormat makes a format of up to nine directives, as people write them and
// as they do not.
func randomFormat(r *rand.Rand) madeFormat {
	var m madeFormat
	last := false // the last piece is a literal
	literal := func(p piece) {
		if last {
			before := &m.pieces[len(m.pieces)-1]
			// A backslash would become one with what follows it.
			if strings.HasSuffix(before.source, `\`) {
				return
			}
			before.source += p.source
			before.bytes += p.bytes
			return
		}
		m.pieces, last = append(m.pieces, p), true
	}
	directive := func() {
		m.pieces, last = append(m.pieces, piece{source: randomDirective(r)}), false
	}
	for range 1 + r.IntN(9) {
		if r.IntN(3) == 0 { // a quoted value
			literal(piece{`"`, `"`})
			directive()
			literal(piece{`" `, `" `})
			continue
		}
		if r.IntN(8) > 0 {
			literal(randomLiterals[r.IntN(len(randomLiterals))])
		}
		directive()
	}
	if r.IntN(3) == 0 {
		literal(randomLiterals[r.IntN(len(randomLiterals))])
	}
	return m
}

func randomDirective(r *rand.Rand) string {
	if r.IntN(12) == 0 {
		// The C library reads the zone's name while another thread sets it, and
		// httpd with threads now and then logs an empty one. TestStrftime has it.
		return "%{" + strings.ReplaceAll(randomStrftime(r), "Z", "z") + "}t"
	}
	d := randomDirectives[r.IntN(len(randomDirectives))]
	if r.IntN(8) > 0 {
		return d
	}
	modifier := randomModifiers[r.IntN(len(randomModifiers))]
	if at := strings.LastIndexByte(d, '}') + 1; at > 0 && r.IntN(2) == 0 {
		return d[:at] + modifier + d[at:] // behind the argument
	}
	return "%" + modifier + d[1:]
}

// randomStrftime makes an argument of %t with everything that the C library knows,
// but for conversions that write tabs and newlines.
func randomStrftime(r *rand.Rand) string {
	const conversions = "YCyGgmdejHkIlMSsuwUVWbhBaApPzZFTRDrcxX%"
	separators := []string{"", " ", "-", ":", "/", ".", "T", " at ", ", "}
	flags := []string{"", "", "", "", "", "", "-", "_", "0", "^", "#", "E", "O", "5", "010", "-4", "_12"}
	var b strings.Builder
	for range 1 + r.IntN(7) {
		b.WriteString("%" + flags[r.IntN(len(flags))] + string(conversions[r.IntN(len(conversions))]))
		b.WriteString(separators[r.IntN(len(separators))])
	}
	if r.IntN(3) == 0 {
		b.WriteString([]string{"%N", "%10Q", "%f", "%+", "%L", "abc", "%"}[r.IntN(7)])
	}
	return b.String()
}
