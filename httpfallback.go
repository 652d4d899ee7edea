package airsocket

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/dial"
)

// An httpFallback is the net/http server for requests that do not ask for a WebSocket.
type httpFallback struct {
	server httpServer
	conns  chan net.Conn
	done   chan struct{}
	once   sync.Once
}

// An httpServer is an *http.Server. As an interface it is part of a program only if a Server
// is: the linker keeps the methods of the types that a Socket refers to.
type httpServer interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

func newHTTPFallback(srv *Server) *httpFallback {
	set := srv.Options.settings()
	h := &httpFallback{conns: make(chan net.Conn), done: make(chan struct{})}
	h.server = &http.Server{
		Handler:           h.handler(srv),
		ReadHeaderTimeout: set.handshakeTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    limit(set.MaxHead, handshake.DefaultMaxHead), // 0 is the default of net/http
		ConnContext:       withConn,
		ErrorLog:          slog.NewLogLogger(set.log.Handler(), slog.LevelWarn),
	}
	go h.server.Serve(h)
	return h
}

// connKey is the key of the connection in the context of its requests.
type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// handler returns the handler of the net/http server. It sets Request.TLS as net/http
// would if it had accepted the connection itself, and performs an opening handshake
// that follows another request on the connection.
func (h *httpFallback) handler(srv *Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connKey{}).(*givenConn)
		if ok {
			if secure, ok := c.Conn.(*tls.Conn); ok {
				state := secure.ConnectionState()
				r.TLS = &state
			}
		}
		if handshake.IsUpgrade(r.Method, r.Header) && !srv.passesOn(r) {
			srv.serveUpgrade(w, r.WithContext(context.Background()), c) // without c in r, which is kept
			return
		}
		srv.Handler.ServeHTTP(w, r)
	})
}

// passesOn reports whether PassOn wants Handler to have a request that asks for a WebSocket.
func (srv *Server) passesOn(r *http.Request) bool {
	if srv.PassOn == nil {
		return false
	}
	hs := handshake.Server{PassOn: srv.PassOn}
	_, err := hs.Offer(r.Method, r.RequestURI, r.Proto, r.Host, r.Header)
	return errors.Is(err, handshake.ErrNotUpgrade)
}

// A givenConn is a connection that was passed to net/http.
type givenConn struct {
	dial.PrefixConn
	told *toldAddrs              // nil unless a proxy has told them
	from atomic.Pointer[address] // what counts it, until it is closed or a Socket takes it over
}

// RemoteAddr returns what Socket.RemoteAddr has returned.
func (c *givenConn) RemoteAddr() net.Addr {
	if c.told != nil {
		return c.told.client
	}
	return c.Conn.RemoteAddr()
}

// LocalAddr returns what Socket.LocalAddr has returned.
func (c *givenConn) LocalAddr() net.Addr {
	if c.told != nil {
		return c.told.server
	}
	return c.Conn.LocalAddr()
}

// Close closes the connection, which then no longer counts for its address.
func (c *givenConn) Close() error {
	c.from.Swap(nil).leave()
	return c.Conn.Close()
}

// give passes c to net/http.
func (h *httpFallback) give(c *givenConn) {
	c.SetDeadline(time.Time{})
	select {
	case h.conns <- c:
	case <-h.done:
		c.Close()
	}
}

// Accept waits for the next connection that is passed to give. With Close and Addr it
// makes h the listener of its server.
func (h *httpFallback) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close makes Accept return net.ErrClosed.
func (h *httpFallback) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr returns an empty address, as there is no real listener.
func (h *httpFallback) Addr() net.Addr { return &net.TCPAddr{} }

func (h *httpFallback) shutdown(ctx context.Context) error {
	err := h.server.Shutdown(ctx)
	if errors.Is(err, ctx.Err()) {
		h.server.Close()
	}
	return err
}

func (h *httpFallback) close() error { return h.server.Close() }
