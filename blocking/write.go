package blocking

import (
	"context"
	"errors"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// Write sends data as one message of the kind wire.Text or wire.Binary. It waits until the
// connection is open, and while more than Options.MaxBuffered bytes would be waiting to be
// sent. When it returns nil the message has been accepted, in the sense of
// [airsocket.Socket.Send]: it goes out after those of earlier calls, and the peer may not
// have received it. The caller may reuse data.
//
// When ctx is done Write returns its error, and nothing has been sent. When the connection
// is closing or closed it returns [airsocket.ErrClosed]; Read says why. It also returns
// [airsocket.ErrArgument] for another kind, and the other errors of Send, such as
// wire.ErrBadText.
func (c *Conn) Write(ctx context.Context, kind wire.Kind, data []byte) error {
	if kind != wire.Text && kind != wire.Binary {
		return airsocket.ErrArgument
	}
	if data == nil {
		data = []byte{} // SendMessage does not accept nil
	}
	return c.wait(ctx, func() (<-chan struct{}, error) { return c.tryWrite(kind, data) })
}

// tryWrite sends a message. If it cannot be sent yet, tryWrite returns a channel to wait
// for.
func (c *Conn) tryWrite(kind wire.Kind, data []byte) (again <-chan struct{}, err error) {
	c.mu.Lock()
	// Taken before the attempt, so that what happens during it is not missed.
	again = c.writable.wait()
	over := c.closed || c.end != nil
	c.mu.Unlock()
	if over {
		return nil, airsocket.ErrClosed
	}
	err = c.s.SendMessage(kind, data)
	switch {
	case errors.Is(err, airsocket.ErrInvalidState): // an open or close event follows
		return again, nil
	case errors.Is(err, airsocket.ErrBufferFull): // a drain or close event follows
		return again, nil
	}
	return nil, err
}
