package blocking

import (
	"context"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/waiting"
)

// Dial opens a connection to url, as [airsocket.Socket.Connect] does, and waits until it
// is open. If opts is nil the defaults apply. Its fields Reconnect and SilentClose have no
// effect: a Conn is one connection.
//
// When ctx is done Dial gives up and returns the error of ctx. Once Dial has returned, ctx
// has no effect. If the connection cannot be opened, Dial returns the error of the
// [airsocket.ErrorEvent], for instance a *handshake.Error with the response of a server
// that has refused. It also returns the errors of Connect, [airsocket.ErrArgument] if
// opts has FrameEvents, and [ErrInHandler].
func Dial(ctx context.Context, url string, opts *airsocket.Options) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if waiting.InTurn() {
		return nil, ErrInHandler
	}
	if opts != nil && (opts.Reconnect != nil || opts.SilentClose) {
		opts = opts.Clone()
		opts.Reconnect, opts.SilentClose = nil, false
	}
	c, err := New(airsocket.NewSocket(opts))
	if err != nil {
		return nil, err
	}
	if err := c.s.ConnectContext(ctx, url); err != nil {
		return nil, err
	}
	if err := c.wait(ctx, c.tryOpened); err != nil {
		c.s.Close(airsocket.StatusNormalClosure, "") // it may have opened at the last moment
		return nil, err
	}
	return c, nil
}

// tryOpened returns a channel to wait for, until the connection is open or could not be
// opened.
func (c *Conn) tryOpened() (again <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.opened:
		return nil, nil
	case c.end == nil:
		return c.writable.wait(), nil
	case c.end.Err != nil:
		return nil, c.end.Err
	}
	return nil, c.end
}
