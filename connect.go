package airsocket

import (
	"context"
	"net/http"
	"slices"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/dial"
)

// newAttempt checks the arguments of Connect.
func (st *settings) newAttempt(url string, protocols []string) (*dial.Attempt, error) {
	return dial.New(dial.Config{
		Version:      st.clientVersion,
		Extensions:   st.extensionsFor(st.clientVersion),
		Origin:       st.Origin,
		Header:       wireHeader(st.Header),
		Jar:          st.Jar,
		Dial:         st.Dial,
		TLS:          st.TLS,
		Proxy:        st.Proxy,
		ProxyHeader:  st.ProxyHeader,
		ProxyTLS:     st.ProxyTLS,
		MaxRedirects: st.MaxRedirects,
		MaxHead:      st.MaxHead,
		MaxHeadLines: st.MaxHeadLines,
	}, url, protocols)
}

// withHandshakeTimeout returns a copy of ctx for an attempt to connect.
func (st *settings) withHandshakeTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if t := st.handshakeTimeout; t > 0 {
		return context.WithTimeoutCause(ctx, t, ErrHandshakeTimeout)
	}
	return context.WithCancel(ctx)
}

// connect runs in a goroutine of its own until the connection is open. The
// attempt ends with ctx.
func (s *Socket) connect(ctx context.Context, cancel context.CancelFunc, a *dial.Attempt) {
	defer cancel()
	a.Connected = s.attach
	a.BadCertificates = func() dial.Judge { return s.certificateJudge(ctx) }
	res, err := a.Open(ctx)
	if err != nil {
		s.failOpening(dialError(err))
		return
	}
	if !s.becomeOpen(agreement{res.Answer.Version, res.Sessions, &res.Answer}, res.Rest) {
		go s.serve() // on a stack that has not grown
	}
}

// wireHeader returns h as package handshake has it, in a fixed order.
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
