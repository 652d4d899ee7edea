package airsocket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/internal/waiting"
	"github.com/airsocket/airsocket/wire"
)

// NetConn returns a net.Conn that carries a byte stream over s, for protocols that need
// one (the NetConn of github.com/coder/websocket). Write sends messages of the given
// kind, wire.Binary or wire.Text, and Read returns the payloads of the peer's messages,
// one after another. Message boundaries have no meaning. For wire.Text each Write must
// be valid UTF-8.
//
// Call NetConn before s is started or in one of its handlers, once for each connection.
// When the connection has ended the net.Conn no longer has any effect on s. Close it
// with its own Close method. NetConn adds listeners to s; other handlers and listeners
// are called as before. From then on messages are kept until they are read. When more
// than 64 KiB are unread s is paused until there is room, with the effects of
// [Socket.Pause]. Options.FrameEvents and RulesBrowser must not be set.
//
// The methods of the net.Conn may be called from any goroutine, but Read and Write wait
// for events: in a handler of the same Dispatcher they would wait forever.
//
//   - Read returns io.EOF when the peer has closed cleanly with status code 1000,
//     1001 or none, and a [*CloseError] after any other end. A message of another
//     kind fails the connection with status code 1003.
//   - Write waits while more than 64 KiB wait to be sent, and until s is open. When
//     it returns a nil error everything has been sent in the sense of Send: the
//     peer may not have received it. The data of concurrent Writes is not mixed.
//   - Close closes s with status code 1000, without waiting for the peer. Pending
//     and later Reads and Writes return net.ErrClosed. What has not been read is
//     lost; what has been written is sent.
//   - When a deadline passes Read and Write return os.ErrDeadlineExceeded. The
//     connection can still be used. But Options.WriteTimeout, 30 s by default, ends the
//     connection if the peer does not read: set a negative one, on both sides, for a
//     protocol that lets its peer wait for longer.
//
// NetConn returns [ErrArgument] if s is nil or kind is neither wire.Binary nor
// wire.Text.
func NetConn(s *Socket, kind wire.Kind) (net.Conn, error) {
	if s == nil || kind != wire.Binary && kind != wire.Text {
		return nil, ErrArgument
	}
	c := &netConn{s: s, kind: kind}
	c.readable.L, c.writable.L = &c.mu, &c.mu
	c.listeners = []*Listener{
		AddEventListener(s, EventOpen, func(*OpenEvent) { c.wakeWriters() }),
		AddEventListener(s, EventMessage, c.received),
		AddEventListener(s, EventDrain, func(*DrainEvent) { c.wakeWriters() }),
		AddEventListener(s, EventError, func(e *ErrorEvent) { c.cause = e.Err }),
		AddEventListener(s, EventClose, c.ended),
	}
	return c, nil
}

// A CloseError reports why nothing more can be read from the net.Conn of NetConn, or from
// a Conn of package blocking.
type CloseError struct {
	Code   StatusCode // of the CloseEvent
	Reason string     // of the CloseEvent
	Err    error      // of the ErrorEvent; nil if there was none
}

// Error returns a text with the code, and the error or the reason.
func (e *CloseError) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("airsocket: closed with %d: %v", e.Code, e.Err)
	case e.Reason != "":
		return fmt.Sprintf("airsocket: closed with %d: %s", e.Code, e.Reason)
	}
	return fmt.Sprintf("airsocket: closed with %d", e.Code)
}

// Unwrap returns e.Err.
func (e *CloseError) Unwrap() error { return e.Err }

// errKind is the cause when a message is not of the kind that was passed to NetConn.
var errKind = errors.New("airsocket: the peer sent a message that is not of the kind passed to NetConn")

const (
	maxUnsent  = 64 << 10 // bytes waiting to be sent; above that Write waits
	netMessage = 32 << 10 // the longest message that Write sends
)

// netConn is the net.Conn of NetConn.
type netConn struct {
	s         *Socket
	kind      wire.Kind
	listeners []*Listener // used only in turns
	cause     error       // of the error event; used only in turns

	mu       sync.Mutex // not held during calls of methods of s that call handlers
	readable sync.Cond
	writable sync.Cond
	unread   *wire.Buffer // nil if there is nothing
	read     int          // bytes of unread that have been read
	limit    waiting.Unread
	busy     bool  // a Write is running
	end      error // what Read returns at the end; nil before that
	closed   bool  // Close was called

	readBy, writeBy netDeadline
}

// received is the listener of message events.
func (c *netConn) received(e *MessageEvent) {
	if e.Kind() != c.kind {
		c.s.fail(ruleBroken, StatusUnsupportedData, "unexpected kind of message", errKind)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed, len(e.Bytes()) == 0:
		return
	case c.unread == nil:
		c.unread = buffers.Get(len(e.Bytes()))
	case c.read > len(c.unread.B)/2:
		c.unread.B = append(c.unread.B[:0], c.unread.B[c.read:]...)
		c.read = 0
	}
	c.unread.B = append(c.unread.B, e.Bytes()...)
	if c.limit.Received(len(c.unread.B) - c.read) {
		c.s.Pause()
	}
	c.readable.Signal()
}

// ended is the listener of close events.
func (c *netConn) ended(e *CloseEvent) {
	for _, l := range c.listeners {
		l.Remove()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = &CloseError{Code: e.Code, Reason: e.Reason, Err: c.cause}
	if waiting.IsEOF(e.Code, e.WasClean) {
		c.end = io.EOF
	}
	c.readable.Broadcast()
	c.writable.Broadcast()
}

func (c *netConn) wakeWriters() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writable.Broadcast()
}

// Read waits until something has been received.
func (c *netConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.readBy.passed:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case c.unread != nil:
			return c.take(p), nil
		case c.end != nil:
			return 0, c.end
		}
		c.readable.Wait()
	}
}

// take moves unread bytes to p.
func (c *netConn) take(p []byte) int {
	n := copy(p, c.unread.B[c.read:])
	c.read += n
	left := len(c.unread.B) - c.read
	if left == 0 {
		buffers.Put(c.unread)
		c.unread, c.read = nil, 0
	} else {
		c.readable.Signal() // another Read may be waiting
	}
	if c.limit.Read(left) {
		c.s.Resume()
	}
	return n
}

// Write sends p in as many messages as are needed.
func (c *netConn) Write(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.busy {
		if err := c.writeError(); err != nil {
			return 0, err
		}
		c.writable.Wait()
	}
	c.busy = true
	defer func() {
		c.busy = false
		c.writable.Broadcast()
	}()
	for most := maxUnsent; n < len(p); {
		if err := c.waitUnsent(most); err != nil {
			return n, err
		}
		piece := c.piece(p[n:])
		c.mu.Unlock() // busy keeps other Writes out
		err := c.s.send(wire.Event{Kind: c.kind, Data: piece})
		c.mu.Lock()
		switch {
		case err == nil:
			n += len(piece)
			most = maxUnsent
		case errors.Is(err, ErrBufferFull):
			most = 0 // then there is room for any message
		default:
			return n, err
		}
	}
	return n, nil
}

// piece returns the beginning of p that goes into one message.
func (c *netConn) piece(p []byte) []byte {
	if len(p) <= netMessage {
		return p
	}
	n := netMessage
	if c.kind == wire.Text {
		for n > netMessage-utf8.UTFMax && !utf8.RuneStart(p[n]) {
			n--
		}
	}
	return p[:n]
}

// waitUnsent waits until the socket is open and at most the given number of bytes
// wait to be sent.
func (c *netConn) waitUnsent(most int) error {
	for {
		if err := c.writeError(); err != nil {
			return err
		}
		switch c.s.ReadyState() {
		case StateOpen:
			if c.s.sender.buffered() <= most {
				return nil
			}
			// After a Flush only a writer can have something left, and a
			// drain event follows when it ends.
			c.s.Flush()
			if c.s.sender.buffered() <= most {
				return nil
			}
		case StateClosing, StateClosed:
			return ErrClosed
		}
		c.writable.Wait()
	}
}

func (c *netConn) writeError() error {
	switch {
	case c.closed:
		return net.ErrClosed
	case c.writeBy.passed:
		return os.ErrDeadlineExceeded
	case c.end != nil:
		return ErrClosed
	}
	return nil
}

// Close closes the socket. Closing twice does nothing.
func (c *netConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	// This wakes all waiting calls.
	c.readBy.set(c, &c.readable, time.Time{})
	c.writeBy.set(c, &c.writable, time.Time{})
	if c.unread != nil {
		buffers.Put(c.unread)
		c.unread = nil
	}
	return c.s.Close(StatusNormalClosure, "")
}

func (c *netConn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *netConn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.readBy, &c.readable, t) }

func (c *netConn) SetWriteDeadline(t time.Time) error {
	return c.setDeadline(&c.writeBy, &c.writable, t)
}

func (c *netConn) setDeadline(d *netDeadline, wake *sync.Cond, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	d.set(c, wake, t)
	return nil
}

// A netDeadline is the deadline of one direction. It is guarded by netConn.mu.
type netDeadline struct {
	timer  *time.Timer
	passed bool
}

// set sets the deadline to t, or removes it if t is the zero Time, and wakes waiting
// calls.
func (d *netDeadline) set(c *netConn, wake *sync.Cond, t time.Time) {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	wait := time.Until(t)
	d.passed = !t.IsZero() && wait <= 0
	wake.Broadcast()
	if t.IsZero() || d.passed {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if d.timer == timer { // otherwise another one has been set meanwhile
			d.passed = true
			wake.Broadcast()
		}
	})
	d.timer = timer
}

// LocalAddr and RemoteAddr return the addresses of the underlying connection, or a
// placeholder before there is one.
func (c *netConn) LocalAddr() net.Addr { return knownAddr(c.s.LocalAddr()) }

func (c *netConn) RemoteAddr() net.Addr { return knownAddr(c.s.RemoteAddr()) }

func knownAddr(a net.Addr) net.Addr {
	if a == nil {
		return noAddr{}
	}
	return a
}

type noAddr struct{}

func (noAddr) Network() string { return "websocket" }
func (noAddr) String() string  { return "websocket/unknown" }
