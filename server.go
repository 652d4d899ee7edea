package airsocket

import (
	"context"
	"crypto/tls"
	"errors"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/airsocket/airsocket/internal/transport"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// A Server accepts connections on listeners of its own, which is the fastest way
// to serve (AIR's ServerSocket, WebSocket-Node's WebSocketServer). It passes
// requests that do not ask for a WebSocket to Handler. It is also an http.Handler, for use
// in any net/http server; see [Server.ServeHTTP].
//
// The handlers of all its sockets run one after another. A slow one holds up all
// of them and everything else on their [Dispatcher]. Do long work in a goroutine
// that calls [Post] with the result, or set Options.Parallel.
//
// Set the fields, OnConnect and OnRequest before serving, and do not change them
// afterwards.
type Server struct {
	// Addr is the address for ListenAndServe: host:port for TCP, or unix:path. If
	// it is empty ListenAndServe listens on ":80", or on ":443" if TLSConfig is
	// set.
	Addr string

	// Options are the options of the sockets. Nil means the defaults.
	Options *Options

	// Handler handles the requests that do not ask for a WebSocket; see also PassOn. If it is
	// nil they are answered with status 426.
	Handler http.Handler

	// PassOn, if not nil, reports whether a request is passed to Handler although it asks for a
	// WebSocket, for example because Handler has another Server for its path. It is called
	// in the goroutine that has read the request, must not block, and must not keep or change
	// the request, which need not be valid. What is passed on does not count for MaxConns, but
	// for the limits of its address. It has no effect without Handler, nor in ServeHTTP.
	PassOn func(r *handshake.Request) bool

	// TLSConfig makes the Server serve wss, if it is not nil.
	TLSConfig *tls.Config

	// MaxConns is the maximum number of sockets at a time. Further clients are
	// answered with status 503. Zero means no limit.
	MaxConns int

	// MaxConnsPerIP is the maximum number of connections of one address at a time, sockets
	// and those that are passed to Handler, and of sockets from requests of net/http. All
	// IPv6 addresses with the same first 64 bits count as one. Zero means no limit.
	//
	// Who has a network of IPv6 has many such addresses, 65,536 with a /48: set MaxConns too.
	//
	// The address is the one that Request.RemoteIP returns. So a connection from one of
	// TrustedProxies counts for the address in X-Forwarded-For, when its request has been
	// read, and not at all while Handler serves it, and one from ProxyProtocol counts for
	// the address that the header tells. Connections without an IP address do not count.
	//
	// A client above the limit is answered with status 429, and Hooks.HandshakeFailed is
	// told an error that wraps ErrConnsPerIP. There is no Retry-After field, since nobody knows
	// when a connection will end. Unless its request has been read by then, that
	// happens once a second for each address, and other connections are closed at once. The
	// Server remembers 65,536 addresses. If there are more it forgets those with the fewest
	// connections, and refuses nobody for that: otherwise an attacker with many addresses could
	// lock all others out.
	//
	// A proxy among TrustedProxies that tells no address, or something that is none, is not
	// limited either, as that would lock out all of its clients. Let it append the address of
	// the client to X-Forwarded-For; Forwarded and other fields are not read.
	MaxConnsPerIP int

	// HandshakesPerIP is how many connections one address may open a second, and
	// HandshakeBurst how many at once. They are counted as for MaxConnsPerIP, and each
	// request of net/http counts too. A client above the limit is refused in the same way,
	// with an error that wraps ErrHandshakesPerIP and a Retry-After field. HandshakesPerIP
	// zero means no limit, and HandshakeBurst zero what HandshakesPerIP allows in ten
	// seconds, at least 1.
	HandshakesPerIP float64
	HandshakeBurst  int

	// MaxBuffered is how many bytes of memory all sockets of the Server together may hold:
	// what waits because the system does not take it, what was received of messages that are
	// not complete, and what a socket keeps that is paused or held up by its RateLimit. Above
	// that, the sockets that hold the most are closed with status code 1008 and an error event
	// with ErrServerBuffered, until no more than 90 % are held. What waited for them is
	// discarded at once, so the peer gets the close frame only if nothing had to wait for it.
	// Zero means no limit: then one socket is still limited by Options.MaxBuffered and
	// MaxMessage. ServerStats.Held is what is held.
	//
	// Memory counts as whole buffers. A message that Broadcast, Publish or SendPrepared sends
	// counts for each socket for which it waits, although they may share its memory, so
	// MaxBuffered must have room for a broadcast to all slow peers at once. What does not
	// count is bounded for each socket: what is sent within a turn, up to 64 KiB, until the
	// turn ends; what was received and waits for the turn, up to 192 KiB, on Linux only for
	// the few connections that workers serve at a time; and what a handler, NetConn or package
	// blocking has received.
	MaxBuffered int

	// CloseSlow makes Publish and Broadcast end the connection of a socket whose
	// Options.MaxBuffered is reached, with status code 1008, instead of leaving the socket
	// out.
	CloseSlow bool

	// Backplane, if not nil, carries what is published to the Servers of other processes;
	// see Socket.Subscribe.
	Backplane Backplane

	// FlashPolicy is the answer to socket policy requests of Flash clients, which come
	// as the first bytes of a connection. If it is nil they are not answered. See
	// FlashPolicyFor.
	FlashPolicy *handshake.FlashPolicy

	// TrustedProxies are the addresses of the proxies whose X-Forwarded-For field
	// is trusted; see Request.RemoteIP. See ProxyProtocol for proxies that do not speak
	// HTTP.
	TrustedProxies []netip.Prefix

	// ProxyProtocol are the addresses of the proxies that begin each connection with a
	// header of the PROXY protocol, version 1 or 2, on the listeners of the Server, before
	// TLS. Socket.RemoteAddr and LocalAddr, Request.RemoteIP and the requests of Handler
	// then have the addresses that the header tells, if it tells any, and Socket.Conn those
	// of the proxy. A connection from one of these addresses without a valid header, or with
	// one of more than 4096 bytes, is ended with ErrProxyHeader. Connections from all other
	// addresses, and over unix sockets, are served as they are.
	ProxyProtocol []netip.Prefix

	onConnect func(*Socket)
	onRequest func(*Request)

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	sockets   roster
	addresses addresses
	refusals  refusalLog
	sum       backlogSum
	topics    topics
	plane     plane
	http      *httpFallback

	atShutdown []func() // guarded by mu
}

// errGoingAway is the response of a Server that is shutting down.
var errGoingAway = &handshake.Error{Status: http.StatusServiceUnavailable, Reason: "the server is shutting down"}

// ErrServerClosed is returned by Serve and ListenAndServe after Shutdown, Close or
// StopListening. It is also the error of connections that Close or Shutdown has ended
// without a close frame. It is http.ErrServerClosed.
var ErrServerClosed = http.ErrServerClosed

// OnConnect sets the function that is called for each new Socket, in a turn of its
// Dispatcher, when its request has been accepted and before the response is sent.
// The function attaches the handlers; the open event follows.
func (srv *Server) OnConnect(fn func(*Socket)) { srv.onConnect = fn }

// OnRequest sets the function that decides on each request, in a turn of its own
// (WebSocket-Node's request event). Without it all valid requests are accepted; see
// Options.Protocols. After a request has been accepted the function set by OnConnect is
// called.
func (srv *Server) OnRequest(fn func(*Request)) { srv.onRequest = fn }

// Sockets returns an iterator over the sockets of the Server that are open, in the
// order in which they were accepted.
//
// A Socket is open from the turn of its open event, which comes after the response has been
// sent. Outside of its handlers a client that has just received the response may therefore
// still be missing, in Broadcast and CloseAll too. To let clients know that they are
// reached, send them something in the handler of OnOpen.
func (srv *Server) Sockets() iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		all := srv.sockets.snapshot()
		defer func() { srv.sockets.giveBack(all) }()
		for _, s := range all {
			if s.ReadyState() == StateOpen && !yield(s) {
				return
			}
		}
	}
}

// Broadcast sends a message to all open sockets except those for which skip returns
// true; a nil skip excludes none. The message is encoded only once, as with [Prepare],
// whose errors Broadcast returns. It returns how many sockets were left out because they
// cannot take more, of [ErrBufferFull] for example; see CloseSlow.
func (srv *Server) Broadcast(kind wire.Kind, data []byte, skip func(*Socket) bool) (skipped int, err error) {
	p, err := Prepare(kind, data)
	if err != nil {
		return 0, err
	}
	for s := range srv.Sockets() {
		if (skip == nil || !skip(s)) && srv.sendTo(s, p) {
			skipped++
		}
	}
	return skipped, nil
}

// CloseAll calls [Socket.Close] on all open sockets (WebSocket-Node's
// closeAllConnections). It stops at the first error and returns it.
func (srv *Server) CloseAll(code StatusCode, reason string) error {
	for s := range srv.Sockets() {
		if err := s.Close(code, reason); err != nil {
			return err
		}
	}
	return nil
}

// ListenAndServe listens on Addr and serves like [Server.Serve]. The error is never
// nil.
func (srv *Server) ListenAndServe() error {
	addr := srv.Addr
	if addr == "" {
		addr = ":80"
		if srv.TLSConfig != nil {
			addr = ":443"
		}
	}
	l, err := Listen(addr)
	if err != nil {
		return err
	}
	return srv.Serve(l)
}

// Serve accepts connections from l until Shutdown, Close or StopListening is
// called, and then closes l. A Server may serve several listeners at the same time;
// call Serve for each in a goroutine of its own. The error is never nil: after
// Shutdown, Close or StopListening it is [ErrServerClosed].
func (srv *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !srv.addListener(l) {
		return ErrServerClosed
	}
	defer srv.removeListener(l)
	disp := srv.Options.settings().dispatcher
	disp.hold()
	defer disp.release()

	a := &accepting{log: srv.Options.settings().log, closing: func() bool { return !srv.listensOn(l) }}
	serve := func(conn net.Conn) {
		a.wait = 0
		srv.serveConn(conn)
	}
	return a.result(transport.Serve(l, serve, a.retry))
}

// An accepting decides what follows when a connection cannot be accepted.
type accepting struct {
	log     *slog.Logger
	closing func() bool   // whether the listener was closed on purpose
	wait    time.Duration // before the last attempt
}

// retry returns how long to wait before the next attempt, or -1 if err is not temporary.
func (a *accepting) retry(err error) time.Duration {
	if a.closing() || !isTemporary(err) {
		return -1
	}
	a.wait = min(max(2*a.wait, 5*time.Millisecond), time.Second)
	if a.log != nil {
		a.log.Error("accept", slog.Any("err", err), slog.Duration("again in", a.wait))
	}
	return a.wait
}

// result returns what a Serve method returns after err.
func (a *accepting) result(err error) error {
	if a.closing() {
		return ErrServerClosed
	}
	return err
}

func isTemporary(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && t.Temporary()
}

func (srv *Server) addListener(l net.Listener) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.sockets.isClosing() {
		return false
	}
	if srv.listeners == nil {
		srv.listeners = make(map[net.Listener]struct{})
	}
	srv.listeners[l] = struct{}{}
	if srv.Handler != nil && srv.http == nil {
		srv.http = newHTTPFallback(srv)
	}
	return true
}

func (srv *Server) removeListener(l net.Listener) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.listeners, l)
}

func (srv *Server) listensOn(l net.Listener) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	_, ok := srv.listeners[l]
	return ok && !srv.sockets.isClosing()
}

// serveConn starts a Socket on conn. Connections above MaxConns are answered with
// status 503, and those of an address with too many with status 429, but the number of those
// is limited too.
func (srv *Server) serveConn(conn net.Conn) {
	proxied := srv.expectsProxyHeader(conn)
	var from *address
	var refused *handshake.Error
	if proxied == nil && srv.limitsAddresses() {
		if from, refused = srv.admit(addrOf(conn.RemoteAddr())); from == nil && refused != nil {
			srv.turnAway(conn, refused)
			return
		}
	}
	switch {
	case srv.TLSConfig == nil:
	case proxied != nil:
		conn = tls.Server(transport.ForTLSAfter(conn, proxied), srv.TLSConfig)
	default:
		conn = tls.Server(transport.ForTLS(conn), srv.TLSConfig)
	}
	conn.SetDeadline(time.Time{}) // the listener may have left one
	s := NewSocket(srv.Options)
	s.server = srv
	s.start(wire.Server, nil)
	s.attach(conn)
	s.setAddress(from)
	full, err := srv.sockets.add(s, srv.MaxConns)
	if err != nil {
		s.withdraw()
		s.sender.conn.Close()
		if s.opts.Logger != nil {
			srv.logRefusal(s.opts.log, err, conn.RemoteAddr())
		}
		s.opts.Hooks.refused(s, err)
		return
	}
	r := newArrival(s, srv, isTLS(conn))
	if r.proxied, r.refused = proxied, refused; full && refused == nil { // which holds for Handler too
		r.refused = errFull
	}
	r.start()
}

// connected calls the function that OnConnect has set, in a turn.
func (srv *Server) connected(s *Socket) {
	if s.opts.Recover {
		defer s.recoverHandler()
	}
	srv.onConnect(s)
}

// requested calls the function that OnRequest has set, in a turn. If that panics and
// Options.Recover is set, the request is answered with status 500.
func (srv *Server) requested(r *Request) {
	if r.socket.opts.Recover {
		defer func() {
			if v := recover(); v != nil {
				r.Reject(http.StatusInternalServerError, "internal error")
			}
		}()
	}
	srv.onRequest(r)
}

// StopListening closes the listeners, so that Serve returns, and leaves the
// connections open (AIR's ServerSocket.close, WebSocket-Node's unmount). Serve may
// be called again.
func (srv *Server) StopListening() {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for l := range srv.listeners {
		l.Close()
	}
	srv.listeners = nil
}

// Shutdown stops listening, closes all sockets with status code 1001 (RFC 6455, section
// 7.4.1: going away) and waits until they have closed. When ctx is done it ends the
// connections that are left and returns ctx.Err(), even if a handler is still running.
//
// Do not call Shutdown from a handler, because it would wait for that handler. Start a
// goroutine:
//
//	go srv.Shutdown(ctx)
//
// [Run] waits for Shutdown to return.
func (srv *Server) Shutdown(ctx context.Context) error {
	disp := srv.Options.settings().dispatcher
	disp.hold()
	defer disp.release()
	empty := srv.stop(func(s *Socket) {
		if s.ReadyState() == StateConnecting {
			s.goingAway()
			return
		}
		s.Close(StatusGoingAway, "")
	})
	var err error
	if srv.http != nil {
		err = srv.http.shutdown(ctx)
	}
	select {
	case <-empty:
		return err
	case <-ctx.Done():
		srv.Close()
		return ctx.Err()
	}
}

// Close stops listening and ends all connections at once.
func (srv *Server) Close() error {
	srv.stop(func(s *Socket) { s.abort(ErrServerClosed) })
	if srv.http != nil {
		return srv.http.close()
	}
	return nil
}

// stop stops listening and calls end for each socket. It returns a channel that is
// closed when no sockets are left.
func (srv *Server) stop(end func(*Socket)) <-chan struct{} {
	sockets, empty := srv.sockets.close()
	srv.mu.Lock()
	for l := range srv.listeners {
		l.Close()
	}
	for _, fn := range srv.atShutdown {
		go fn()
	}
	srv.atShutdown = nil
	srv.mu.Unlock()
	for _, s := range sockets {
		end(s)
	}
	return empty
}

// RegisterOnShutdown registers a function that is called once, in a goroutine of its own, when
// Shutdown or Close is called. Use it to end what the Server does not know, such as another
// Server in its Handler. Shutdown does not wait for the function, and [Run] does not either.
// If the Server has been shut down before, the function is called at once. The method of this
// name of http.Server does the same for Shutdown, but neither for Close nor afterwards.
func (srv *Server) RegisterOnShutdown(fn func()) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.sockets.isClosing() {
		go fn()
		return
	}
	srv.atShutdown = append(srv.atShutdown, fn)
}

// goingAway ends an opening handshake for a Server that is shutting down. If OnRequest
// has not decided on the request yet, it is rejected. If the request has been accepted,
// the connection is closed as soon as it is open. Otherwise the connection is aborted.
func (s *Socket) goingAway() {
	s.life.mu.Lock()
	var refuse func() bool
	accepted := s.ReadyState() != StateConnecting // it may be open by now
	if o := s.opening; o != nil && o.unopened != nil {
		refuse, accepted = o.refuse, accepted || s.life.at() != stageConnecting
	}
	s.life.mu.Unlock()
	switch {
	case refuse != nil && refuse():
	case accepted:
		s.Close(StatusGoingAway, "")
	default:
		s.abort(ErrServerClosed)
	}
}

// Listen listens on addr, which is host:port for TCP or unix:path, for
// [Server.Serve]. It returns the errors of net.Listen. The connections have the
// keep-alive settings of package net. On Linux, accepting a connection takes much less
// time than with a listener of net.Listen, and the result is no *net.TCPListener; it can
// be used like one. In the browser (GOOS=js) nobody can listen: the error wraps
// errors.ErrUnsupported.
func Listen(addr string) (net.Listener, error) {
	if err := unlistenable(); err != nil {
		return nil, err
	}
	return transport.Listen(addr)
}
