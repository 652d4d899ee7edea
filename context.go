package airsocket

import (
	"context"
	"net"
)

// A socketContext is the context of a connection, for a Socket that was asked for it.
type socketContext struct {
	values context.Context // of the request of net/http; nil if it has none
	ctx    context.Context // nil until it is asked for
	cancel context.CancelCauseFunc
}

// Context returns a context that ends with the connection, before the close event, for
// goroutines that work for it. context.Cause then returns the error with which it ended,
// or net.ErrClosed if it was closed as it should be. On a Socket that is not started, or
// closed, the context is done.
//
// If net/http has read the request, the context has the values that the http.Server's
// BaseContext and ConnContext and middleware have added to the request's context. That
// context itself is done as soon as Upgrade or [Server.ServeHTTP] has returned.
func (s *Socket) Context() context.Context {
	x := s.makeExtra()
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if x.context == nil {
		x.context = new(socketContext)
	}
	c := x.context
	if c.ctx == nil {
		parent := c.values
		if parent == nil {
			parent = context.Background()
		}
		c.ctx, c.cancel = context.WithCancelCause(parent)
		switch s.life.at() {
		case stageNew, stageOver, stageClosed:
			c.cancel(causeOfEnd(s.life.cause()))
		}
	}
	return c.ctx
}

// endContext ends the context of the connection. If cause is nil, it is what has ended the
// connection.
func (s *Socket) endContext(cause error) {
	x := s.extra.Load()
	if x == nil {
		return
	}
	s.life.mu.Lock()
	c := x.context
	if cause == nil {
		cause = s.life.cause()
	}
	s.life.mu.Unlock()
	if c == nil || c.cancel == nil {
		return
	}
	c.cancel(causeOfEnd(cause)) // without the lock, because it calls others
}

// causeOfEnd returns the cause of a context for that of the end of a connection.
func causeOfEnd(err error) error {
	if err == nil {
		return net.ErrClosed
	}
	return err
}
