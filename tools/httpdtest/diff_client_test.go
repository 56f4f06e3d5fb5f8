//go:build httpdtest

package httpdtest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// clients is how many requests are under way at a time. Most of the time goes
// by in waiting for time-outs.
const clients = 16

// sendAll sends all requests and returns when all have been answered.
func (s *site) sendAll(t *testing.T, requests []oddRequest) {
	t.Helper()
	queue := make(chan oddRequest)
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() { // ends when the queue is closed
			for r := range queue {
				if err := s.send(r); err != nil {
					t.Errorf("request %q: %v", r.name, err)
				}
			}
		})
	}
	for _, r := range requests {
		if r.port != "six" || s.ipv6 {
			queue <- r
		}
	}
	close(queue)
	wait.Wait()
}

func (s *site) send(r oddRequest) error {
	if r.do != nil {
		return r.do(s)
	}
	port := r.port
	if port == "" {
		port = "plain"
	}
	conn, err := s.dial(context.Background(), port)
	if err != nil {
		return err
	}
	defer conn.Close()
	return exchange(conn, r.send)
}

// exchange sends and reads until the other end closes. That httpd ends the
// connection before it has read everything is part of some requests.
func exchange(conn net.Conn, text string) error {
	_, err := io.WriteString(conn, text)
	if err == nil {
		_, err = io.Copy(io.Discard, conn)
	}
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// hold sends, waits and closes.
func (s *site) hold(port, text string, pause time.Duration) error {
	conn, err := s.dial(context.Background(), port)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		return err
	}
	time.Sleep(pause)
	return nil
}

// abort sends, reads the beginning of the answer and resets the connection.
func (s *site) abort(port, text string) error {
	conn, err := s.dial(context.Background(), port)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
		return err
	}
	return conn.SetLinger(0)
}

func (s *site) tlsConfig(name string) *tls.Config {
	// The certificate is for one name only, and these clients ask for others.
	return &tls.Config{ServerName: name, InsecureSkipVerify: true, RootCAs: s.keys.roots}
}

func (s *site) overTLS(name, text string) error {
	return s.exchangeTLS(s.tlsConfig(name), text)
}

// withCertificate is a user whose name comes from a certificate.
func (s *site) withCertificate() error {
	config := s.tlsConfig("secure.example")
	config.Certificates = []tls.Certificate{s.keys.client}
	return s.exchangeTLS(config, get("/index.html"))
}

func (s *site) exchangeTLS(config *tls.Config, text string) error {
	conn, err := s.dial(context.Background(), "tls")
	if err != nil {
		return err
	}
	defer conn.Close()
	return exchange(tls.Client(conn, config), text)
}

// http2 sends several requests over one TLS connection of HTTP/2.
func (s *site) http2() error {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	return s.fetch(&http.Transport{Protocols: &protocols, TLSClientConfig: s.tlsConfig("secure.example")}, "https://"+s.address("tls"))
}

// priorKnowledge sends several requests over one connection of HTTP/2 without
// TLS.
func (s *site) priorKnowledge() error {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	return s.fetch(&http.Transport{Protocols: &protocols}, "http://"+s.address("h2c"))
}

func (s *site) fetch(transport *http.Transport, base string) error {
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: 30 * time.Second}
	for _, path := range []string{"/index.html", "/nope?a=%22b%22", "/a%20b.txt", "/big.txt"} {
		answer, err := client.Get(base + path)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err != nil {
			return err
		}
		if answer.ProtoMajor != 2 {
			return fmt.Errorf("%s came by %s", path, answer.Proto)
		}
	}
	return nil
}
