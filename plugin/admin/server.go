package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
)

// Bounds on what clients can take.
const (
	mostConnections = 64
	mostHeader      = 16 << 10
	mostBody        = 64 << 10
	headerTimeout   = 5 * time.Second
	readTimeout     = 10 * time.Second
	writeTimeout    = 30 * time.Second
	idleTimeout     = time.Minute
)

// CheckAddr says what is wrong with an address to listen on.
func CheckAddr(addr string, token bool) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return fmt.Errorf("%q is not HOST:PORT, such as 127.0.0.1:8053", addr)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("%q: %s is no port", addr, port)
	}
	if !token && !loopback(host) {
		return fmt.Errorf("%s is not a loopback address: without a token file only those are taken", addr)
	}
	return nil
}

// loopback reports whether a host is one of this machine alone.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Server serves one address, for one engine at a time. Safe for concurrent use.
type Server struct {
	configured string // address
	addr       string
	http       *http.Server
	now        atomic.Pointer[api]
	events     *hub
}

// Listen begins to serve. It fails if the address is taken.
func Listen(addr string, token Token, b Backend) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	s := &Server{addr: listener.Addr().String(), configured: addr, events: newHub()}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.now.Load().ServeHTTP(w, r) }),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: mostHeader,
		ErrorLog:       log.New(io.Discard, "", 0), // of connections that fail: anybody can bring that about
	}
	s.Switch(token, b)
	go s.http.Serve(netutil.LimitListener(listener, mostConnections)) // ends by Close
	return s, nil
}

// Switch goes on with another token or engine. Streams of events end; clients that read
// one ask again.
func (s *Server) Switch(token Token, b Backend) {
	s.now.Store(newAPI(s.configured, token, b, s.events))
	s.events.end()
}

// Publish tells clients that read events of something, if there are any.
func (s *Server) Publish(kind string, data func() any) {
	if s.events.reads() {
		s.events.publish(kind, data())
	}
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr }

// Close ends it. Requests under way have a moment.
func (s *Server) Close() {
	s.events.end()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		s.http.Close()
	}
}
