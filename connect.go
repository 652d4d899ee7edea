package airsocket

import (
	"context"
	"crypto/x509"
	"net/http"
	"slices"
	"time"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/wire"
)

// Connect starts to open a connection to url, asking for one of the subprotocols
// in order of preference, and returns at once: the open event, or error and close
// events, report the outcome. Connect itself returns [ErrURL], [ErrProtocol],
// [ErrInvalidState] if the socket has been started and is not closed, or an error
// of package handshake for a request that cannot be sent, such as
// handshake.ErrBadField for an error in Options.Header (AIR's connect and its
// ArgumentError).
//
// The scheme of url is ws or wss; http and https are taken for these. A scheme
// that ends in "+unix" is followed by the path of a unix socket, a colon and the
// path of the request, as in ws+unix:///run/chat.sock:/room?id=1. User and password
// in url are sent as Basic authentication (RFC 7617).
func (s *Socket) Connect(url string, protocols ...string) error {
	return s.ConnectContext(context.Background(), url, protocols...)
}

// ConnectContext is like Connect, but ends the attempt when ctx is done. Once the
// connection is open ctx has no effect.
func (s *Socket) ConnectContext(ctx context.Context, url string, protocols ...string) error {
	if len(protocols) == 0 {
		protocols = s.opts.Protocols
	}
	a, err := s.opts.newAttempt(url, wireHeader(s.opts.Header), protocols)
	if err != nil {
		return err
	}
	during, cancel := s.opts.withHandshakeTimeout(ctx)
	o := newOpening(a.URL(), cancel)
	o.retries = newRetries(s.opts.Reconnect, ctx, protocols, s.reconnectAfter)
	if !s.start(wire.Client, o) {
		cancel()
		return startedAlready("Connect", s.ReadyState())
	}
	a.Join()
	go s.connect(during, cancel, a)
	return nil
}

// newAttempt checks the arguments of Connect and the header, and returns an attempt to
// connect.
func (st *settings) newAttempt(url string, header handshake.Header, protocols []string) (*dial.Attempt, error) {
	return st.Rules.newAttempt(dial.Config{
		Version:      st.clientVersion,
		Extensions:   st.extensionsFor(st.clientVersion),
		Origin:       st.Origin,
		Header:       header,
		Jar:          st.Jar,
		Dial:         st.Dial,
		TLS:          st.TLS,
		Proxy:        st.Proxy,
		ProxyHeader:  st.ProxyHeader,
		ProxyTLS:     st.ProxyTLS,
		MaxRedirects: st.MaxRedirects,
		MaxHead:      st.MaxHead,
		MaxHeadLines: st.MaxHeadLines,
	}, st.dispatcher, url, protocols)
}

// withHandshakeTimeout returns a copy of ctx that ends after Options.HandshakeTimeout.
func (st *settings) withHandshakeTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if t := st.handshakeTimeout; t > 0 {
		return context.WithTimeoutCause(ctx, t, ErrHandshakeTimeout)
	}
	return context.WithCancel(ctx)
}

// connect connects and sends the request, and returns. It gives up when ctx is done; the
// handshake calls cancel at its end.
func (s *Socket) connect(ctx context.Context, cancel context.CancelFunc, a *dial.Attempt) {
	a.Connected = s.attach
	a.BadCertificates = func() dial.Judge { return s.certificateJudge(ctx) }
	(&clientHandshake{s: s, ctx: ctx, cancel: cancel, attempt: a}).request()
}

// wireHeader converts h to the type of package handshake. The fields are in a fixed
// order.
func wireHeader(h http.Header) handshake.Header {
	if len(h) == 0 {
		return nil
	}
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	var fields handshake.Header
	for _, name := range names {
		for _, v := range h[name] {
			fields.Add(name, v)
		}
	}
	return fields
}

// certificateJudge returns a function that asks the handlers of certificate error
// events whether a certificate is accepted, or nil if there are no handlers. Once ctx
// is done the function accepts none.
func (s *Socket) certificateJudge(ctx context.Context) dial.Judge {
	handled := false
	s.disp.do(func() {
		handled = s.rare().cert != nil || s.HasEventListener(string(EventCertificateError))
	})
	if !handled {
		return nil
	}
	return func(chain []*x509.Certificate, reason error) bool {
		e := &CertificateErrorEvent{target: target{s}, Chain: chain, Err: reason}
		s.do(certificateTurn, func() {
			if ctx.Err() == nil {
				emit(s, s.rare().cert, e)
			}
		})
		// A handler may have called Close, or panicked.
		return e.prevented && s.life.failure() == nil
	}
}

// Reconnects returns how many times Options.Reconnect has opened the connection
// again since Connect was called. It returns 0 during the first open event.
func (s *Socket) Reconnects() int {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.opening == nil || s.opening.retries == nil {
		return 0
	}
	return max(s.opening.retries.opened-1, 0)
}

// reconnectAfter starts the attempt that retries.plan has decided on, unless a handler
// of the close event has prevented it.
func (s *Socket) reconnectAfter(e *CloseEvent, o *opening) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if e.prevented || o.retries.closed {
		return
	}
	ctx, cancel := context.WithCancel(o.retries.ctx)
	again := newOpening(o.url, cancel)
	if again.retries = o.retries; o.unopened != nil {
		again.early = o.early
	}
	if !s.startLocked(wire.Client, again) { // a handler has already started s
		cancel()
		return
	}
	go s.reconnect(ctx, cancel, again, e.ReconnectIn)
}

// reconnect waits, and then makes the next attempt, whose opening is o.
func (s *Socket) reconnect(ctx context.Context, cancel context.CancelFunc, o *opening, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		s.failOpening(context.Cause(ctx))
		return
	}
	during, cancelAttempt := s.opts.withHandshakeTimeout(ctx)
	end := func() { cancelAttempt(); cancel() }
	var a *dial.Attempt
	var err error
	defer func() {
		switch {
		case a != nil:
			return
		case err != nil:
			s.life.fails(err)
		}
		defer end()
		s.finish() // also when Renew has ended this goroutine, as a failing test does
	}()
	if a, err = s.nextAttempt(during, o); err == nil {
		s.connect(during, end, a)
	}
}
