package blocking

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/waiting"
)

// ErrInHandler is returned by a call that would have to wait although it was made in a
// handler, or in another function that runs in a turn of a Dispatcher. Nothing has been
// read or sent.
var ErrInHandler = errors.New("blocking: a handler must not wait: make the call in a goroutine of its own")

// A Conn is a connection whose messages are read and written by calls that wait. Its
// methods may be called from any goroutine, at the same time too.
//
// Messages are kept until they are read. When more than 64 KiB are unread, counting 64
// bytes more for each message, the Socket is paused until there is room, with the effects
// of [airsocket.Socket.Pause]: the end of the connection is not noticed meanwhile either.
// So go on reading until Read returns an error, or call Close. The peer may not wait for
// longer than its WriteTimeout, and neither does a Write here wait for longer than that in
// Options: 30 s by default without anything being taken.
type Conn struct {
	s         *airsocket.Socket
	listeners []*airsocket.Listener // used only in turns
	cause     error                 // of the error event; used only in turns

	mu       sync.Mutex
	readable signal // there is something to read
	writable signal // it may be possible to write
	over     signal // the connection has ended
	unread   []Message
	bytes    int // cost of all messages in unread
	limit    waiting.Unread
	end      *airsocket.CloseError // nil until the connection has ended
	clean    bool                  // WasClean of the close event
	opened   bool                  // the connection has been open
	closed   bool                  // Close was called
}

// New returns a Conn for s, which may be the client or the server. Call it before s is
// started, or in a handler of s, such as the function set by OnConnect of a Server: then
// the Conn gets all messages. If s is open already, New may also be called outside of all
// handlers; the Conn gets the messages that come from then on.
//
// Make one Conn for each connection. It adds listeners to s, and other handlers and
// listeners are called as before. When the connection has ended, the Conn no longer has any
// effect on s.
//
// New returns [airsocket.ErrArgument] if s is nil, or if its Options have SilentClose,
// FrameEvents or RulesBrowser, and [airsocket.ErrClosed] if the connection of s ends during the call.
func New(s *airsocket.Socket) (*Conn, error) {
	if s == nil {
		return nil, airsocket.ErrArgument
	}
	if option := waiting.Unfit(s); option != "" {
		return nil, fmt.Errorf("blocking: a Socket with Options.%s leaves out an event that a Conn needs: %w", option, airsocket.ErrArgument)
	}
	c := &Conn{s: s}
	switch s.ReadyState() {
	case airsocket.StateInit, airsocket.StateClosed:
		c.listen()
	default:
		if waiting.InTurn() {
			c.listen()
			break
		}
		ended := false
		waiting.Do(s, func() {
			if ended = s.ReadyState() == airsocket.StateClosed; !ended {
				c.listen()
			}
		})
		if ended { // no event would tell c
			return nil, airsocket.ErrClosed
		}
	}
	return c, nil
}

// listen adds the listeners. It must be called in a turn, or before s is started.
func (c *Conn) listen() {
	c.opened = c.s.ReadyState() == airsocket.StateOpen
	c.listeners = []*airsocket.Listener{
		airsocket.AddEventListener(c.s, airsocket.EventOpen, c.open),
		airsocket.AddEventListener(c.s, airsocket.EventMessage, c.received),
		airsocket.AddEventListener(c.s, airsocket.EventDrain, func(*airsocket.DrainEvent) { c.wakeWriters() }),
		airsocket.AddEventListener(c.s, airsocket.EventError, func(e *airsocket.ErrorEvent) { c.cause = e.Err }),
		airsocket.AddEventListener(c.s, airsocket.EventClose, c.ended),
	}
}

// Socket returns the Socket that c stands on, for its properties, and for pings.
func (c *Conn) Socket() *airsocket.Socket { return c.s }

// open is the listener of open events.
func (c *Conn) open(*airsocket.OpenEvent) {
	c.mu.Lock()
	c.opened = true
	c.mu.Unlock()
	c.wakeWriters()
}

func (c *Conn) wakeWriters() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writable.wake()
}

// ended is the listener of close events.
func (c *Conn) ended(e *airsocket.CloseEvent) {
	for _, l := range c.listeners {
		l.Remove()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = &airsocket.CloseError{Code: e.Code, Reason: e.Reason, Err: c.cause}
	c.clean = e.WasClean
	c.readable.wake()
	c.writable.wake()
	c.over.wake()
}

// Close closes the connection with code and reason, as [airsocket.Socket.Close] does, and
// waits until it has ended, for at most Options.CloseTimeout. What was written is sent
// before. What has not been read is dropped, and pending and later Reads and Writes return
// [airsocket.ErrClosed], which is net.ErrClosed too.
//
// Close returns nil if the connection ends with a closing handshake, whoever has begun it,
// or has ended so before. Otherwise it returns an [*airsocket.CloseError]. For a code or a
// reason that may not be sent, or if the Socket has not been started, it returns the error
// of Socket.Close, and nothing is closed. In a handler it closes the connection without
// waiting for the end, and returns [ErrInHandler] unless that has come.
func (c *Conn) Close(code airsocket.StatusCode, reason string) error {
	// Close must not reach a later connection of the Socket.
	if !c.hasEnded() {
		if err := c.s.Close(code, reason); err != nil {
			return err
		}
	}
	c.mu.Lock()
	c.closed = true
	c.unread, c.bytes = nil, 0
	c.readable.wake()
	c.writable.wake()
	c.mu.Unlock()
	return c.wait(context.Background(), func() (<-chan struct{}, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case c.end == nil:
			return c.over.wait(), nil
		case c.clean:
			return nil, nil
		}
		return nil, c.end
	})
}

func (c *Conn) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end != nil
}

// wait calls try until it returns no channel, and between the calls waits until that
// channel is closed. It returns the error of try, the error of ctx if that is done first,
// or ErrInHandler.
func (c *Conn) wait(ctx context.Context, try func() (<-chan struct{}, error)) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		again, err := try()
		switch {
		case again == nil:
			return err
		case waiting.InTurn():
			return ErrInHandler
		}
		select {
		case <-again:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A signal wakes all who wait for it. Conn.mu guards it.
type signal struct{ ch chan struct{} }

// wait returns a channel that wake closes.
func (s *signal) wait() <-chan struct{} {
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) wake() {
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
