//go:build httpdtest

package httpdtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/tools/internal/apache2"
)

// siteModules are what the odd requests need.
var siteModules = []string{
	"mpm_event", "authn_core", "authn_anon", "authz_core", "authz_user", "auth_basic", "alias", "cgid", "deflate", "dir",
	"env", "filter", "headers", "http2", "mime", "proxy", "proxy_http", "remoteip", "reqtimeout", "setenvif", "socache_shmcb",
	"ssl", "status", "unique_id", "usertrack",
}

// A site is a running httpd that writes every format of a list beside the values
// of its directives.
type site struct {
	dir     string
	server  *apache2.Server
	backend *backend
	keys    *keys
	ports   map[string]int // by what listens there: see siteConfig
	ipv6    bool
}

// The ports of a site. They come from below 32768, where Linux begins to number
// outgoing connections.
const (
	lowestPort  = 20000
	highestPort = 32000
)

// startSite starts an httpd in the given time zone. Every log is one CustomLog
// line's arguments.
func startSite(t *testing.T, zone string, logs []string) *site {
	t.Helper()
	s := newSite(t)
	if l, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		s.ipv6 = true
		l.Close()
	}
	s.choosePorts(t, "plain", "unsafe", "remote", "h2c", "tls", "six")
	s.keys = writeKeys(t, s.dir)
	s.backend = startBackend(t)
	s.writeDocuments(t)
	s.start(t, zone, siteModules, s.config(logs), s.address("plain"), s.address("tls"))
	return s
}

// newSite makes a directory for a server.
func newSite(t *testing.T) *site {
	t.Helper()
	// Not t.TempDir, which only its owner can enter.
	dir, err := os.MkdirTemp("", "httpdtest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return &site{dir: dir, ports: map[string]int{}}
}

// start starts the server. It is stopped with the test, unless it was before.
func (s *site) start(t *testing.T, zone string, modules []string, config string, addresses ...string) {
	t.Helper()
	var err error
	s.server, err = apache2.Start(t.Context(), apache2.Options{Dir: s.dir, Modules: modules, Config: config, Env: []string{"TZ=" + zone}}, addresses...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.server == nil {
			return
		}
		if err := s.server.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// stop ends the server when every request is answered and logged.
func (s *site) stop(t *testing.T) {
	t.Helper()
	server := s.server
	s.server = nil
	if err := server.Stop(); err != nil {
		t.Fatalf("%v\n%s", err, server.Errors(20))
	}
}

// read returns the lines of a log, without their newlines.
func (s *site) read(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "logs", name))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func (s *site) address(name string) string {
	host := "127.0.0.1"
	if name == "six" {
		host = "::1"
	}
	return net.JoinHostPort(host, fmt.Sprint(s.ports[name]))
}

// choosePorts finds free ports. They are not held: somebody may take one before
// httpd listens, and then the start fails and says so.
func (s *site) choosePorts(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		for tries := 0; s.ports[name] == 0; tries++ {
			l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", lowestPort+rand.IntN(highestPort-lowestPort)))
			if err != nil {
				if tries > 1000 {
					t.Fatal(err)
				}
				continue
			}
			defer l.Close()
			s.ports[name] = l.Addr().(*net.TCPAddr).Port
		}
	}
}

// config is the configuration of a site: a virtual host for each port, none of
// which has logs of its own, so that all write all of them.
func (s *site) config(logs []string) string {
	conf := strings.NewReplacer(
		"{dir}", s.dir,
		"{plain}", fmt.Sprint(s.ports["plain"]),
		"{unsafe}", fmt.Sprint(s.ports["unsafe"]),
		"{remote}", fmt.Sprint(s.ports["remote"]),
		"{h2c}", fmt.Sprint(s.ports["h2c"]),
		"{tls}", fmt.Sprint(s.ports["tls"]),
		"{backend}", s.backend.address,
	).Replace(siteConfig)
	if s.ipv6 {
		conf += fmt.Sprintf("Listen [::1]:%d\n", s.ports["six"])
	}
	var b strings.Builder
	b.WriteString(conf)
	for _, log := range logs {
		b.WriteString("CustomLog " + log + "\n")
	}
	return b.String()
}

// siteConfig has short time-outs, because the requests that need them are what
// the test waits for.
const siteConfig = `
ServerLimit 2
StartServers 2
ThreadLimit 32
ThreadsPerChild 32
MaxRequestWorkers 64
MinSpareThreads 1
MaxSpareThreads 64
GracefulShutdownTimeout 20
Listen 127.0.0.1:{plain}
Listen 127.0.0.1:{unsafe}
Listen 127.0.0.1:{remote}
Listen 127.0.0.1:{h2c}
Listen 127.0.0.1:{tls}
Timeout 3
KeepAliveTimeout 1
MaxKeepAliveRequests 3
RequestReadTimeout handshake=5 header=1 body=1
LogLevel warn
ErrorLogFormat "[%L] [%{c}L] %M"
LogIOTrackTTFB On
UseCanonicalName Off
TraceEnable On
ScriptSock {dir}/run/cgisock
DocumentRoot {dir}/htdocs
TypesConfig /dev/null
AddType text/plain .txt
DirectoryIndex index.html
<Directory {dir}>
	Require all granted
</Directory>
Alias /auth/ {dir}/htdocs/
<Location /auth/>
	AuthType Basic
	AuthName "who are you"
	AuthBasicProvider anon
	Anonymous *
	Anonymous_NoUserID on
	Anonymous_MustGiveEmail off
	Require valid-user
</Location>
<Location /err404>
	ErrorDocument 404 /error.txt
</Location>
ScriptAlias /cgi/ {dir}/cgi/
<Location /status>
	SetHandler server-status
</Location>
<Location /zip>
	SetOutputFilter DEFLATE
</Location>
DeflateFilterNote Input instream
DeflateFilterNote Output outstream
DeflateFilterNote Ratio ratio
Alias /zip/ {dir}/htdocs/
<Location /track>
	CookieTracking on
	CookieName Apache
</Location>
Alias /track/ {dir}/htdocs/
ProxyPass /px/ http://127.0.0.1:{plain}/
ProxyPass /odd/ http://{backend}/
ProxyPass /dead/ http://127.0.0.1:1/
SetEnvIf X-Env "^(.*)$" ODD=$1
Header set X-Out "expr=%{HTTP:X-Out}" "expr=-n %{HTTP:X-Out}"
<VirtualHost 127.0.0.1:{unsafe}>
	ServerName http://unsafe.example:8080
	HttpProtocolOptions Unsafe LenientMethods Allow0.9
</VirtualHost>
<VirtualHost 127.0.0.1:{remote}>
	ServerName remote.example
	RemoteIPHeader X-Forwarded-For
	UseCanonicalName On
</VirtualHost>
<VirtualHost 127.0.0.1:{h2c}>
	ServerName h2.example
	Protocols h2c http/1.1
</VirtualHost>
<VirtualHost 127.0.0.1:{tls}>
	ServerName secure.example
	Protocols h2 http/1.1
	SSLEngine on
	SSLCertificateFile {dir}/conf/server.pem
	SSLCACertificateFile {dir}/conf/server.pem
	SSLVerifyClient optional
	SSLUserName SSL_CLIENT_S_DN
	SSLOptions +StdEnvVars
</VirtualHost>
`

// writeDocuments makes what the requests ask for.
func (s *site) writeDocuments(t *testing.T) {
	t.Helper()
	files := map[string]string{
		"index.html": "hello\n", "error.txt": "sorry\n", "empty.txt": "", "a b.txt": "ab\n", `q"uote.txt`: "q\n", `back\slash.txt`: "b\n",
		"utf8-é.txt": "u\n", "x -> y.txt": "x\n", "[20:Jan] - .txt": "t\n", "big.txt": strings.Repeat("0123456789abcdef", 1<<14),
		"huge.txt": "h\n",
	}
	scripts := map[string]string{
		"echo.sh":    "cat >/dev/null\nprintf 'Content-Type: text/plain\\r\\nSet-Cookie: a=1; Path=/\\r\\nSet-Cookie: b=\"2\"\\r\\n\\r\\nok\\n'",
		"local.sh":   "printf 'Location: /nope here\\r\\n\\r\\n'",
		"away.sh":    "printf 'Location: http://e.example/\\r\\n\\r\\n'",
		"index.sh":   "printf 'Location: /index.html\\r\\n\\r\\n'",
		"slow.sh":    "printf 'Content-Type: text/plain\\r\\n\\r\\n'\nfor i in 1 2 3 4 5 6; do head -c 300000 /dev/zero; sleep 0.1; done",
		"status.sh":  "printf 'Status: 299 Odd \"words\"\\r\\nContent-Type: text/plain\\r\\n\\r\\nodd\\n'",
		"broken.sh":  "printf 'no header at all\\n'",
		"silent.sh":  "exit 3",
		"headers.sh": "printf 'Content-Type: text/plain; charset=\"x\"\\r\\nX-Odd: a \"b\" \\\\c -> [d] \\303\\251\\r\\nX-Empty:\\r\\n\\r\\nok\\n'",
	}
	for name, text := range files {
		writeFile(t, filepath.Join(s.dir, "htdocs", name), text, 0o644)
	}
	for name, text := range scripts {
		writeFile(t, filepath.Join(s.dir, "cgi", name), "#!/bin/sh\n"+text+"\n", 0o755)
	}
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// dial connects to a port of the site. The connection's deadline bounds
// everything that is done with it.
func (s *site) dial(ctx context.Context, port string) (*net.TCPConn, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", s.address(port))
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), conn.SetDeadline(time.Now().Add(30 * time.Second))
}
