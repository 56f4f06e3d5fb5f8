//go:build httpdtest

package httpdtest

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// backend is a server behind httpd's proxy that answers with what no honest one
// would.
type backend struct{ address string }

// answers are what the backend writes, by path.
var answers = map[string]string{
	"/headers": "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Odd: a \"b\" \\c -> [d] \xe9\xff\r\nX-Empty:\r\nX-Twice: 1, 2\r\nX-Twice: 3\r\n\r\nok\n",
	"/trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Tail\r\n\r\n3\r\nok\n\r\n0\r\nX-Tail: tr \"ai\" ler -> x\r\n\r\n",
	"/status":  "HTTP/1.1 799 Odd \"words\" here\r\nContent-Length: 0\r\n\r\n",
	"/bad":     "nonsense\r\n\r\n",
	"/cut":     "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nonly this",
	"/old":     "HTTP/1.0 204 No\r\n\r\n",
}

func startBackend(t *testing.T) *backend {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	// Ends when the listener is closed at the end of the test.
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			// Ends after one request, or at the deadline.
			go answer(conn)
		}
	}()
	return &backend{l.Addr().String()}
}

func answer(conn net.Conn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(conn)
	first, err := in.ReadString('\n')
	if err != nil {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil || strings.TrimSpace(line) == "" {
			break
		}
	}
	if word := strings.Fields(first); len(word) > 1 {
		io.WriteString(conn, answers[word[1]])
	}
}
