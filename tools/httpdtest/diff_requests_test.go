//go:build httpdtest

package httpdtest

import (
	"encoding/base64"
	"strings"
	"time"
)

// An oddRequest is what one client does. Most of them send some bytes over a
// connection of their own and read until httpd closes it.
type oddRequest struct {
	name string
	port string // "": plain
	send string
	do   func(s *site) error // instead of all that
}

// get makes a request of a target with header lines.
func get(target string, headers ...string) string {
	return request("GET "+target+" HTTP/1.1", headers...)
}

// request makes a request out of a first line and header lines.
func request(first string, headers ...string) string {
	all := append([]string{first, "Host: main.example"}, headers...)
	return strings.Join(append(all, "Connection: close"), "\r\n") + "\r\n\r\n"
}

func agent(s string) string   { return "User-Agent: " + s }
func referer(s string) string { return "Referer: " + s }

// as is the header of a user.
func as(user string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":secret"))
}

// again repeats a header line.
func again(n int, line string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = line
	}
	return lines
}

const fakeTime = "[01/Jan/2020:00:00:00 +0000]"

// oddRequests are what is sent to a site.
func oddRequests() []oddRequest {
	var all []oddRequest
	for _, list := range [][]oddRequest{ordinary, targets, headers, users, firstLines, junk(), bodies, connections} {
		all = append(all, list...)
	}
	return all
}

var ordinary = []oddRequest{
	{name: "plain", send: get("/index.html")},
	{name: "directory", send: get("/")},
	{name: "not found", send: get("/nope")},
	{name: "error document", send: get("/err404/x?y=1")},
	{name: "query", send: get(`/index.html?a=b&c="d"&e=%20f`)},
	{name: "empty query", send: get("/index.html?")},
	{name: "query that looks like a path", send: get("/index.html?/a?b /")},
	{name: "head", send: request("HEAD /index.html HTTP/1.1")},
	{name: "head of a big file", send: request("HEAD /big.txt HTTP/1.1")},
	{name: "empty file", send: get("/empty.txt")},
	{name: "range", send: get("/big.txt", "Range: bytes=0-9")},
	{name: "ranges", send: get("/big.txt", "Range: bytes=0-9,20-29")},
	{name: "no such range", send: get("/big.txt", "Range: bytes=99999999-")},
	{name: "not modified", send: get("/index.html", "If-None-Match: *")},
	{name: "deflated", send: get("/zip/big.txt", "Accept-Encoding: gzip")},
	{name: "tracked", send: get("/track/index.html")},
	{name: "status page", send: get("/status?auto")},
	{name: "options", send: request("OPTIONS * HTTP/1.1")},
	{name: "trace", send: request("TRACE /index.html HTTP/1.1")},
	{name: "IPv6", port: "six", send: get("/index.html")},
}

var targets = []oddRequest{
	{name: "space", send: get("/a%20b.txt")},
	{name: "quotation mark", send: get("/q%22uote.txt")},
	{name: "backslash", send: get("/back%5cslash.txt")},
	{name: "raw backslash and quotation mark", send: get(`/back\slash"x".txt`)},
	{name: "UTF-8", send: get("/utf8-%c3%a9.txt")},
	{name: "raw UTF-8", send: get("/utf8-é.txt")},
	{name: "control bytes", send: get("/a%0a%0db%09c%7f%01")},
	{name: "NUL", send: get("/a%00b")},
	{name: "slash", send: get("/a%2fb")},
	{name: "bad escape", send: get("/a%zzb")},
	{name: "arrow", send: get("/x%20-%3e%20/y", referer("http://e/ -> /z"))},
	{name: "a file with an arrow", send: get("/x%20-%3e%20y.txt")},
	{name: "a time in the path", send: get("/%5b20:Jan%5d%20-%20.txt")},
	{name: "the rest of a line in the path", send: get("/%22%20200%205%20%22-%22%20%22-%22")},
	{name: "a whole line in the path", send: get("/x%20-%20-%20%5b01/Jan/2020:00:00:00%20+0000%5d%20%22GET%20/%22%20200%205")},
	{name: "user in the target", send: get("http://user:secret@main.example/index.html")},
	{name: "absolute", send: get("http://other.example/index.html")},
	{name: "connect", send: request("CONNECT foo:443 HTTP/1.1")},
	{name: "8,000 bytes", send: get("/" + strings.Repeat("b", 8000))},
	{name: "too long", send: get("/" + strings.Repeat("a", 9000))},
	{name: "many spaces", send: get("/" + strings.Repeat("a%20", 500))},
	{name: "many slashes", send: get("/" + strings.Repeat("/?", 500))},
}

var headers = []oddRequest{
	{name: "quoted agent", send: get("/index.html", agent("my \"quoted\" \\agent\\ é\tTAB"))},
	{name: "empty agent and referer", send: get("/index.html", "User-Agent:", "Referer:")},
	{name: "two agents", send: get("/index.html", agent("one"), agent("two"))},
	{name: "agent that ends in a backslash", send: get("/index.html", agent(`foo\`))},
	{name: "agent of backslashes", send: get("/index.html", agent(`\\\`), referer(`\"\`))},
	{name: "agent that ends the line", send: get("/index.html", agent(`x" 200 5 "-" "y`))},
	{name: "agent of quotation marks", send: get("/index.html", agent(`"`), referer(`""`))},
	{name: "agent with a dash", send: get("/index.html", agent("-"), referer("-"))},
	{name: "agent with a line", send: get("/index.html", agent(`main:80 127.0.0.1 - - `+fakeTime+` "GET / HTTP/1.1" 200 5 "-" "x"`))},
	{name: "agent of words", send: get("/index.html", agent("200 404 - 5 6 7 8 9 10"), referer("a b c d e f"))},
	{name: "agent of separators", send: get("/index.html", agent("a|b,c;d=e:f->g]h[i{j}k%l"), referer("|,;=:->][}{%"))},
	{name: "agent with an address and a port", send: get("/index.html", agent("::1:80 127.0.0.1:8080"), referer("[::1]:80"))},
	{name: "high bytes", send: get("/index.html", agent("\x80\xff"))},
	{name: "DEL", send: get("/index.html", agent("\x7f"))},
	{name: "control byte", send: get("/index.html", agent("a\x01b"))},
	{name: "control bytes, unsafe", port: "unsafe", send: get("/index.html", agent("a\x01\x08\x0b\x1fb\x7f"))},
	{name: "folded", send: get("/index.html", "User-Agent: a\r\n  folded")},
	{name: "no colon", send: get("/index.html", "nonsense")},
	{name: "8,100 bytes twice", send: get("/index.html", referer(strings.Repeat("\xff", 8100)), agent(strings.Repeat(`"`, 8100)))},
	{name: "too long", send: get("/index.html", agent(strings.Repeat("a", 9000)))},
	{name: "too many", send: get("/index.html", again(120, "X-A: b")...)},
	{name: "three megabytes", send: get("/huge.txt", again(97, agent(strings.Repeat("\xff", 8100)))...)},
	{name: "cookies", send: get("/index.html", `Cookie: abc="def"; C=a=b=c; Apache=x y`)},
	{name: "cookie of spaces", send: get("/index.html", `Cookie: C=  abc "d" -> e  ; x`)},
	{name: "empty cookie", send: get("/index.html", "Cookie: C=")},
	{name: "environment", send: get("/index.html", `X-Env: a "b" c \ -> [d]`)},
	{name: "empty environment", send: get("/index.html", "X-Env:")},
	{name: "environment of a number", send: get("/index.html", "X-Env: 17")},
	{name: "answer with a header", send: get("/index.html", `X-Out: o "p" q\ é`)},
	{name: "forwarded", port: "remote", send: get("/index.html", "X-Forwarded-For: 198.51.100.9")},
	{name: "forwarded twice", port: "remote", send: get("/index.html", "X-Forwarded-For: 203.0.113.7, 2001:db8::7")},
	{name: "forwarded nonsense", port: "remote", send: get("/index.html", `X-Forwarded-For: "junk", 1`)},
	{name: "forwarded list", send: get("/index.html", "X-Forwarded-For: 203.0.113.7, 198.51.100.9,::1")},
	{name: "host in capitals", send: "GET /index.html HTTP/1.1\r\nHost: FOO.Example:8080\r\nConnection: close\r\n\r\n"},
	{name: "host of IPv6", send: "GET /index.html HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n"},
	{name: "bad host", send: "GET /index.html HTTP/1.1\r\nHost: a b/c\r\nConnection: close\r\n\r\n"},
	{name: "bad host, unsafe", port: "unsafe", send: "GET /index.html HTTP/1.1\r\nHost: a_b\"c$d:80\r\nConnection: close\r\n\r\n"},
	{name: "empty host", send: "GET /index.html HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"},
	{name: "empty host, unsafe", port: "unsafe", send: "GET /index.html HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"},
	{name: "host of a port, unsafe", port: "unsafe", send: "GET /index.html HTTP/1.1\r\nHost: :80\r\nConnection: close\r\n\r\n"},
	{name: "host of points, unsafe", port: "unsafe", send: "GET /index.html HTTP/1.1\r\nHost: ..\r\nConnection: close\r\n\r\n"},
	{name: "no host", send: "GET /index.html HTTP/1.1\r\nConnection: close\r\n\r\n"},
	{name: "no host, 1.0", send: "GET /index.html HTTP/1.0\r\n\r\n"},
}

var users = []oddRequest{
	{name: "user with a space", send: get("/auth/index.html", as("john doe"))},
	{name: "user with a quotation mark", send: get("/auth/index.html", as(`jo"h\n`))},
	{name: "empty user", send: get("/auth/index.html", as(""))},
	{name: "user called dash", send: get("/auth/index.html", as("-"))},
	{name: "user with control bytes", send: get("/auth/index.html", as("a\nb\tc"))},
	{name: "user with a bracket", send: get("/auth/index.html", as("x [01/Jan/2020"))},
	{name: "user with a time", send: get("/auth/index.html", as(`x `+"[01/Jan/2020"))},
	{name: "user of quotation marks", send: get("/auth/index.html", as(`""`))},
	{name: "user with a path", send: get("/auth/index.html", as("john doe /auth"))},
	{name: "user in UTF-8", send: get("/auth/a%20b.txt", as("jürgen"))},
	{name: "user who ends the line", send: get("/auth/index.html", as(`x" 200 5`))},
	{name: "domain user", send: get("/auth/index.html", as(`DOMAIN\user`))},
	{name: "no user", send: get("/auth/index.html")},
	{name: "user of a certificate", do: (*site).withCertificate},
}

var firstLines = []oddRequest{
	{name: "lower case method", send: request("get /index.html HTTP/1.1")},
	{name: "own method", send: request("FOO-BAR /index.html HTTP/1.1")},
	{name: "bad method", send: request(`G"T /index.html HTTP/1.1`)},
	{name: "bad method, unsafe", port: "unsafe", send: request(`G"\T /index.html HTTP/1.1`)},
	{name: "0.9", send: "GET /index.html\r\n\r\n"},
	{name: "9.9", send: request("GET /index.html HTTP/9.9")},
	{name: "junk for a protocol", send: request("GET /index.html JUNK")},
	{name: "lower case protocol", send: request("GET /index.html http/1.1")},
	{name: "lower case protocol, unsafe", port: "unsafe", send: request("GET /index.html http/1.1")},
	{name: "words for a protocol, unsafe", port: "unsafe", send: request("GET /index.html HTTP/1.1 and more")},
	{name: "extra spaces", send: request("GET   /index.html   HTTP/1.1")},
	{name: "tabs", send: request("GET\t/index.html\tHTTP/1.1")},
	{name: "tabs, unsafe", port: "unsafe", send: request("GET\t/index.html\tHTTP/1.1")},
	{name: "space in the target", send: request("GET /a b.txt HTTP/1.1")},
	{name: "space in the target, unsafe", port: "unsafe", send: request("GET /a b.txt HTTP/1.1")},
	{name: "no slash", send: request("GET index.html HTTP/1.1")},
	{name: "star", send: request("GET * HTTP/1.1")},
	{name: "line feeds only", send: "GET /index.html HTTP/1.1\nHost: a\nConnection: close\n\n"},
	{name: "line feeds only, unsafe", port: "unsafe", send: "GET /index.html HTTP/1.1\nHost: a\nConnection: close\n\n"},
	{name: "empty lines first", send: "\r\n\r\n" + get("/index.html")},
	{name: "preface of HTTP/2", send: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
}

func junk() []oddRequest {
	return []oddRequest{
		{name: "TLS with a newline", send: "\x16\x03\x01\x00\xa5\x01\n\r\n\r\n"},
		{name: "TLS without a newline", send: "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"},
		{name: "NUL", send: "\x00GET / HTTP/1.1\r\n\r\n"},
		{name: "foo", send: "foo\r\n\r\n"},
		{name: "quit", send: "quit\r\n"},
		{name: "remote desktop", send: "\x03\x00\x00/*\xe0\x00\x00\x00\x00\x00Cookie: mstshash=Administr\r\n\r\n"},
		{name: "SSH", send: "SSH-2.0-OpenSSH_9\r\n\r\n"},
		{name: "quotation marks", send: "\"\"\r\n\r\n"},
		{name: "a backslash", send: "\\\r\n\r\n"},
		{name: "spaces, unsafe", port: "unsafe", send: "   \r\n\r\n"},
		{name: "words, unsafe", port: "unsafe", send: "a b c d \"e\" \\f\r\n\r\n"},
		{name: "half a line", send: "GET /index"},
		{name: "half a header", send: "GET /index.html HTTP/1.1\r\nHost: a\r\nUser-Ag"},
		{name: "nothing", do: func(s *site) error { return s.hold("plain", "", 1500*time.Millisecond) }},
		{name: "half a line and gone", do: func(s *site) error { return s.hold("plain", "GET /ind", 50*time.Millisecond) }},
		{name: "plain to TLS", port: "tls", send: get("/index.html")},
	}
}

var bodies = []oddRequest{
	{name: "post", send: request("POST /cgi/echo.sh HTTP/1.1", "Content-Length: 3") + "abc"},
	{name: "chunks and a trailer", send: request("POST /cgi/echo.sh HTTP/1.1", "Transfer-Encoding: chunked", "Trailer: X-Tail") +
		"3\r\nabc\r\n0\r\nX-Tail: trail er \"q\" -> x\r\n\r\n"},
	{name: "short body", send: request("POST /cgi/echo.sh HTTP/1.1", "Content-Length: 300") + "abc"},
	{name: "bad length", send: request("POST /cgi/echo.sh HTTP/1.1", "Content-Length: -1")},
	{name: "bad encoding", send: request("POST /cgi/echo.sh HTTP/1.1", "Transfer-Encoding: nonsense")},
	{name: "expect", send: request("POST /cgi/echo.sh HTTP/1.1", "Expect: 100-continue", "Content-Length: 3") + "abc"},
	{name: "bad expectation", send: request("POST /cgi/echo.sh HTTP/1.1", "Expect: a miracle", "Content-Length: 0")},
	{name: "local redirect", send: get("/cgi/local.sh")},
	{name: "local redirect that is found", send: get("/cgi/index.sh?q=1")},
	{name: "redirect", send: get("/cgi/away.sh")},
	{name: "odd status", send: get("/cgi/status.sh")},
	{name: "broken script", send: get("/cgi/broken.sh")},
	{name: "silent script", send: get("/cgi/silent.sh")},
	{name: "odd headers", send: get("/cgi/headers.sh")},
	{name: "slow answer", send: get("/cgi/slow.sh")},
	{name: "abort", do: func(s *site) error { return s.abort("plain", get("/cgi/slow.sh")) }},
	{name: "proxy to itself", send: get("/px/index.html?a=b%20c", agent("proxied"))},
	{name: "proxy to an odd server, headers", send: get("/odd/headers")},
	{name: "proxy to an odd server, trailer", send: get("/odd/trailer")},
	{name: "proxy to an odd server, status", send: get("/odd/status")},
	{name: "proxy to an odd server, nonsense", send: get("/odd/bad")},
	{name: "proxy to an odd server, cut", send: get("/odd/cut")},
	{name: "proxy to an odd server, 1.0", send: get("/odd/old")},
	{name: "proxy to nobody", send: get("/dead/x")},
}

var connections = []oddRequest{
	{name: "pipeline", send: strings.Repeat("GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n", 5)},
	{name: "idle", send: "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "upgrade to HTTP/2", port: "h2c", send: get("/index.html", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")},
	{name: "HTTP/2 at once", do: (*site).priorKnowledge},
	{name: "HTTP/2 over TLS", do: (*site).http2},
	{name: "TLS", do: func(s *site) error { return s.overTLS("secure.example", get("/index.html")) }},
	{name: "TLS for another name", do: func(s *site) error { return s.overTLS("other.example", get("/nope")) }},
	{name: "TLS for an odd name", do: func(s *site) error { return s.overTLS("a\"b c\\d\te -> f", get("/index.html")) }},
	{name: "TLS without a name", do: func(s *site) error { return s.overTLS("", get("/a%20b.txt")) }},
}
