package airsocket

import (
	"context"

	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/internal/transport"
)

// A clientHandshake is the client's side of an opening handshake. When the request has been
// sent it is the Reader of the connection until that is open, so that no goroutine need
// wait for the response.
type clientHandshake struct {
	s       *Socket
	ctx     context.Context // its end ends the handshake
	cancel  context.CancelFunc
	attempt *dial.Attempt
	again   bool  // the server has redirected to where attempt connects next
	err     error // why it failed
}

// request connects and sends the request. It may wait for names, proxies, TLS and handlers.
func (h *clientHandshake) request() {
	s := h.s
	sent := false
	defer func() {
		if !sent { // or a handler has ended this goroutine, as a failing test does
			h.Ended()
		}
	}()
	if h.err = s.opts.Rules.connects(h.attempt); h.err != nil {
		return
	}
	if _, h.err = h.attempt.Request(h.ctx); h.err != nil {
		return
	}
	s.sender.adopt()
	h.attempt.Watch(h.ctx, s.sender.abandoning())
	sent = true
	s.sender.conn.Start(h, false)
}

// Readable reads the response. When it is complete the Socket becomes the Reader.
func (h *clientHandshake) Readable() transport.Next {
	res, err := h.read()
	switch {
	case err == transport.ErrWouldBlock:
		return transport.Wait
	case err != nil:
		h.again, h.err = h.attempt.Failed(h.ctx, err)
		return transport.Over
	}
	return h.established(res)
}

// Space returns nil, as responses are short.
func (h *clientHandshake) Space() []byte { return nil }

// Ended follows a redirect, or finishes a Socket whose connection could not be opened.
func (h *clientHandshake) Ended() {
	s := h.s
	h.attempt.Release()
	if h.again {
		h.again = false
		s.sender.conn.Close()
		go h.request()
		return
	}
	defer h.cancel()
	if h.err != nil {
		s.failOpening(dialError(h.err))
	} else {
		s.finish()
	}
}

// read reads the response.
//
//go:noinline
func (h *clientHandshake) read() (res *dial.Result, err error) {
	in := readInputs.Get().(*readInput)
	defer in.release()
	for res == nil && err == nil {
		n, _, failed := h.s.sender.conn.TryRead(in.buf[:])
		switch {
		case failed == nil:
			res, err = h.attempt.Feed(h.ctx, in.buf[:n])
		case failed == transport.ErrWouldBlock:
			err = failed
		default:
			err = h.attempt.Unread(failed)
		}
	}
	return res, err
}

// established opens the connection.
//
//go:noinline
func (h *clientHandshake) established(res *dial.Result) transport.Next {
	s := h.s
	r := (*connReader)(s)
	s.sender.conn.Become(r)
	h.cancel() // which no longer has an effect on the connection
	if s.becomeOpen(agreement{version: res.Answer.Version, sessions: res.Sessions, chosen: res.Answer.Extensions, answer: &res.Answer}, res.Rest) {
		return transport.Over
	}
	return r.Readable()
}
