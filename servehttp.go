package airsocket

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"reflect"
)

// ServeHTTP performs the opening handshake for a request in any net/http server, so that
// a Server can be mounted there:
//
//	http.Handle("/ws", srv)
//
// All that srv offers is the same as on a listener of its own, except that Addr,
// TLSConfig, ProxyProtocol, FlashPolicy and Handler have no effect: a request that does
// not ask for a WebSocket is answered with status 426. What the request's path, its
// context and middleware say is in [Request.HTTP] and [Socket.HTTPRequest].
//
// ServeHTTP returns when the request has been rejected, or when the function set by
// OnConnect has returned. What middleware takes back at its end, as
// github.com/go-chi/chi does with its route context, must not be used after that.
//
// http.Server.Shutdown does not know the sockets. Shut down both:
//
//	web.Shutdown(ctx)
//	srv.Shutdown(ctx)
func (srv *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { srv.serveUpgrade(w, r, nil) }

// serveUpgrade is ServeHTTP. given is the connection if the Server itself has passed it to
// net/http, and nil otherwise.
func (srv *Server) serveUpgrade(w http.ResponseWriter, r *http.Request, given *givenConn) {
	s := NewSocket(srv.Options)
	s.server = srv
	err := srv.sockets.refusal(srv.MaxConns)
	if err == nil {
		err = s.admitRequest(srv, r, given)
	}
	if err != nil {
		s.leaveAddress()
		if s.opts.Logger != nil {
			srv.logRefusal(s.opts.log, err, remoteAddrOf(r))
		}
		if hooks := s.opts.Hooks; hooks != nil && hooks.Requested != nil {
			s.requestedInVain(r)
		}
		s.writeError(w, r, err)
		s.opts.Hooks.refused(s, err)
		return
	}
	s.upgrade(srv, w, r)
}

// requestedInVain reports a request that is refused without a look at it, if it is valid.
func (s *Socket) requestedInVain(r *http.Request) {
	if r == nil {
		return
	}
	a := newArrival(s, nil, r.TLS != nil).handshake()
	if done, err := a.hs.Offer(r.Method, r.RequestURI, r.Proto, r.Host, r.Header); err == nil && done {
		a.web = r
		a.requested()
	}
}

// HTTP returns the request as net/http has it, for functions that expect that, and for
// its PathValue method. On a listener of the Server, where net/http has not read it, it is
// put together from the fields. Its Context is that of the Socket, and it has no Body.
func (r *Request) HTTP() *http.Request { return r.socket.HTTPRequest() }

// HTTPRequest returns what [Request.HTTP] returns, as long as Request would return the
// client's request, and nil otherwise.
func (s *Socket) HTTPRequest() *http.Request {
	req, web := s.requests()
	switch {
	case req == nil:
		return nil
	case web != nil:
		web = web.WithContext(s.Context())
		web.Body = http.NoBody
		return web
	}
	web = &http.Request{
		Method: req.Method, RequestURI: req.Target, Host: req.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: http.NoBody,
	}
	var err error
	if web.URL, err = url.ParseRequestURI(req.Target); err != nil {
		web.URL = &url.URL{Path: req.Target}
	}
	for _, f := range req.Header {
		if http.CanonicalHeaderKey(f.Name) != "Host" {
			web.Header.Add(f.Name, f.Value)
		}
	}
	if conn := s.Conn(); conn != nil {
		web.RemoteAddr = s.RemoteAddr().String()
		if secure, ok := conn.(*tls.Conn); ok {
			state := secure.ConnectionState()
			web.TLS = &state
		}
	}
	return web.WithContext(s.Context())
}

// valuesOf returns the context of a request without its end, which comes when the handler
// of net/http returns. It returns nil if nobody has added anything to what net/http has
// made, so that it need not be kept as long as a connection.
func valuesOf(r *http.Request) context.Context {
	ctx := r.Context()
	if ctx == context.Background() || isPlain(ctx) {
		return nil
	}
	return context.WithoutCancel(ctx)
}

// plainContext is made as net/http makes those of its requests: with two values of its
// own, the end of the connection, and the end of the request.
var plainContext = func() context.Context {
	ctx := context.WithValue(context.Background(), http.ServerContextKey, nil)
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, nil)
	ctx, end := context.WithCancel(ctx)
	defer end()
	ctx, end = context.WithCancel(ctx)
	defer end()
	return ctx
}()

// isPlain reports whether ctx consists of the same types as plainContext, and has the values
// of net/http. If net/http makes it in another way one day, it is only kept for nothing.
func isPlain(ctx context.Context) bool {
	if ctx.Value(http.ServerContextKey) == nil || ctx.Value(http.LocalAddrContextKey) == nil {
		return false
	}
	for like := plainContext; ; like, ctx = parentOf(like), parentOf(ctx) {
		switch {
		case reflect.TypeOf(ctx) != reflect.TypeOf(like):
			return false
		case like == nil:
			return true
		}
	}
}

// parentOf returns the context that package context has wrapped in ctx, or nil.
func parentOf(ctx context.Context) context.Context {
	v := reflect.Indirect(reflect.ValueOf(ctx)).FieldByName("Context")
	if !v.IsValid() {
		return nil
	}
	parent, _ := v.Interface().(context.Context)
	return parent
}
