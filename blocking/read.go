package blocking

import (
	"context"
	"io"
	"iter"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/waiting"
	"github.com/airsocket/airsocket/wire"
)

// A Message is a message that was received.
type Message struct {
	Kind wire.Kind // wire.Text or wire.Binary
	Data []byte    // belongs to the caller; not nil
}

// messageCost is what a message counts in addition to its bytes, so that a peer that
// sends empty messages is held up too.
const messageCost = 64

func (m Message) cost() int { return len(m.Data) + messageCost }

// received is the listener of message events.
func (c *Conn) received(e *airsocket.MessageEvent) {
	m := Message{e.Kind(), e.Clone()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.unread = append(c.unread, m)
	c.bytes += m.cost()
	if c.limit.Received(c.bytes) {
		c.s.Pause()
	}
	c.readable.wake()
}

// Read returns the next message, and waits until there is one. kind is wire.Text or
// wire.Binary, and data belongs to the caller. Each message is returned by one call.
//
// When all messages have been read and the connection has ended, Read returns an
// [*airsocket.CloseError] with the code and the reason. If the peer has closed cleanly with
// status code 1000, 1001 or none, the error is also io.EOF for errors.Is. After Close, Read
// returns [airsocket.ErrClosed]. If ctx is done, it returns the error of ctx and reads
// nothing.
func (c *Conn) Read(ctx context.Context) (kind wire.Kind, data []byte, err error) {
	var m Message
	err = c.wait(ctx, func() (again <-chan struct{}, err error) {
		m, again, err = c.tryRead()
		return again, err
	})
	return m.Kind, m.Data, err
}

// tryRead removes the first message from the queue. If there is none it returns a channel
// to wait for, or an error if there will be none.
func (c *Conn) tryRead() (m Message, again <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return m, nil, airsocket.ErrClosed
	case len(c.unread) > 0:
		return c.take(), nil, nil
	case c.end == nil:
		return m, c.readable.wait(), nil
	case waiting.IsEOF(c.end.Code, c.clean):
		return m, nil, cleanClose{c.end}
	}
	return m, nil, c.end
}

// take removes the first message from the queue. The caller holds c.mu.
func (c *Conn) take() Message {
	m := c.unread[0]
	c.unread[0] = Message{}
	if c.unread = c.unread[1:]; len(c.unread) == 0 {
		c.unread = nil
	}
	c.bytes -= m.cost()
	if c.limit.Read(c.bytes) && c.end == nil {
		c.s.Resume()
	}
	return m
}

// A cleanClose is a CloseError that is also io.EOF.
type cleanClose struct{ *airsocket.CloseError }

func (e cleanClose) Unwrap() error      { return e.CloseError }
func (cleanClose) Is(target error) bool { return target == io.EOF }

// Messages returns an iterator over the messages that Read returns:
//
//	for m, err := range c.Messages(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Printf("%s\n", m.Data)
//	}
//
// The loop ends without an error when Read reports io.EOF, and after Close. Any other error
// of Read is the last pair. After a break, or when ctx is done, the connection is still
// open, and another loop goes on with the next message.
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			kind, data, err := c.Read(ctx)
			// Not errors.Is: the cause of another end may wrap net.ErrClosed.
			if _, clean := err.(cleanClose); clean || err == airsocket.ErrClosed {
				return
			}
			if !yield(Message{kind, data}, err) || err != nil {
				return
			}
		}
	}
}
