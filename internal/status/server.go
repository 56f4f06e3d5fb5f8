package status

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

const (
	// Whoever is slower than this is cut off. A page is a few tens of
	// kilobytes, the JSON of ten thousand files a few megabytes.
	headerTime = 5 * time.Second
	readTime   = 10 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = 30 * time.Second

	// maxHeader bounds the headers of one request, maxConnections the
	// connections; more of them wait in the kernel.
	maxHeader      = 8 << 10
	maxConnections = 64

	// retryTime is the time between two attempts to listen.
	retryTime = 5 * time.Second
)

// Options say what is served. Report and History must be set.
type Options struct {
	Address Address
	// Report makes a report. It is called for requests, at the same time too.
	Report func() Report
	// Charts says that somebody looks at charts; it may be nil.
	Charts  func()
	History *History
	// Log takes what an operator should know; nil discards it.
	Log *slog.Logger
}

// A Server serves the status until it is closed. It holds up nobody: where it
// cannot listen it says so and tries again.
type Server struct {
	o    Options
	http *http.Server
	end  chan struct{}
	wait sync.WaitGroup

	mu    sync.Mutex
	bound net.Addr // nil: it does not listen
	said  bool     // that it cannot
}

// Start begins to serve.
func Start(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Charts == nil {
		o.Charts = func() {}
	}
	s := &Server{o: o, end: make(chan struct{})}
	s.http = &http.Server{
		Handler:           s.guard(s.routes()),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	ln, err := s.listen()
	// Ends on Close.
	s.wait.Go(func() { s.serve(ln, err) })
	return s
}

// Close ends the server and what it is answering.
func (s *Server) Close() {
	close(s.end)
	_ = s.http.Close() // nobody waits for these answers
	s.wait.Wait()
}

// Addr returns where it listens, nil if it does not.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bound
}

// serve answers requests, once it can listen.
func (s *Server) serve(ln net.Listener, err error) {
	for err != nil {
		select {
		case <-s.end:
			return
		case <-time.After(retryTime):
		}
		ln, err = s.listen()
	}
	err = s.http.Serve(netutil.LimitListener(ln, maxConnections))
	if !errors.Is(err, http.ErrServerClosed) {
		s.o.Log.Error("the status is served no longer", "error", err)
	}
}

// listen opens the address. The first failure is said.
func (s *Server) listen() (net.Listener, error) {
	ln, err := listenAt(s.o.Address)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if !s.said {
			s.said = true
			s.o.Log.Warn("cannot serve the status, trying again", "status", s.o.Address.String(), "error", err)
		}
		return nil, err
	}
	s.bound = ln.Addr()
	s.o.Log.Info("the status is served", "status", s.bound.String())
	return ln, nil
}

func listenAt(a Address) (net.Listener, error) {
	if a.Path == "" {
		return net.Listen("tcp", net.JoinHostPort(a.Host, strconv.Itoa(a.Port)))
	}
	if err := clearSocket(a.Path); err != nil {
		return nil, err
	}
	ln, err := net.Listen("unix", a.Path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(a.Path, 0o660); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// clearSocket takes away the socket of a process that was killed.
func clearSocket(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and is no socket", path)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		return errors.Join(fmt.Errorf("another process serves at %s", path), conn.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

// guard refuses what this server is not for, and sets the headers that keep
// what it shows from doing harm: nothing runs there but the page's own script,
// and no other page may read or frame it.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case !s.o.Address.answersTo(r.Host):
			http.Error(w, "this server does not answer to that host name; use an IP address, localhost, or the name given to --status", http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
