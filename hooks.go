package airsocket

import (
	"time"

	"github.com/airsocket/airsocket/wire"
)

// Hooks are functions that are called for what happens to the sockets of one [Options],
// so that a program can count it for the metrics system of its choice. A function that
// is nil is not called. What can be read at any time is in [Server.Stats] and [Workers].
//
// Opened, Closed and Received are called in a turn, before the handlers of the same
// event. HandshakeFailed is called in a turn too, after the handlers of the error event
// and before those of the close event. The exceptions are a request from net/http that is
// refused at once, and a connection that a Server closes at once, which are reported in the
// goroutine that has the request or has accepted the connection. Sent is called in the
// goroutine that sends, once the message has been accepted. TurnEnded is called after the
// turn, in the goroutine that had it. Hooks can therefore run in several goroutines at the
// same time, and must guard what they share with atomics or a lock.
//
// A hook must not block. Like a handler, one that runs in a turn holds up everything on its
// [Dispatcher], and one that is told of a connection that was closed at once holds up all
// that have not been accepted yet. It may call the socket's methods. Unlike those of
// handlers, its panics are not recovered by Options.Recover, except in a call of a handler's,
// such as Send. If it counts by a code or reason that a peer chooses, such as the status codes
// from 3000 to 4999, the number of counters should be limited.
//
// Closed is called once for every connection for which Opened was called: the number of
// calls of Opened minus the number of calls of Closed is the number of open sockets.
// For a connection that was never open only HandshakeFailed is called.
type Hooks struct {
	// Opened is called when the socket is open.
	Opened func(s *Socket)

	// Closed is called when the connection has ended, even if Options.SilentClose
	// omits the close event. The event is valid until Closed returns.
	Closed func(s *Socket, e *CloseEvent)

	// HandshakeFailed is called when the connection could not be opened, or the request
	// was refused. err is also the error of the error event. Requests that a Server
	// passes to its Handler are not failures. The error of a connection that a Server has
	// closed at once, because it has far more than MaxConns or is shutting down, is that
	// with which others are refused, and there is no error event.
	HandshakeFailed func(s *Socket, err error)

	// Received is called when a message, ping or pong has been received, and with
	// Options.FrameEvents for each part of a message. The number of bytes is the length
	// of the payload, decompressed and without headers. What is received after a
	// call of Close counts too, although no handler is called for it. Close frames
	// are not reported here but by Closed.
	Received func(s *Socket, kind wire.Kind, bytes int)

	// Sent is called when a message, ping or pong has been accepted for sending,
	// including pings and pongs that are sent automatically, and for each part that
	// SendPart or SendUncompressed sends. The number of bytes is the length of the
	// payload, before compression and without headers. If a peer sends pings but does not
	// read, only the latest is answered, and Sent is called only for that pong.
	Sent func(s *Socket, kind wire.Kind, bytes int)

	// TurnEnded is called after each turn of the socket, in which any number of its
	// handlers have run. took is how long the turn has taken, not counting the wait for it;
	// nothing else has run on its Dispatcher meanwhile. As with Options.SlowTurn, turns of
	// timers and Post are not reported.
	// Without TurnEnded and SlowTurn turns are not timed.
	TurnEnded func(s *Socket, took time.Duration)
}

// The methods call the hooks that are set. The caller holds no lock.

func (h *Hooks) sent(s *Socket, kind wire.Kind, n int) {
	if h != nil && h.Sent != nil {
		h.Sent(s, kind, n)
	}
}

func (h *Hooks) received(s *Socket, kind wire.Kind, n int) {
	if h != nil && h.Received != nil {
		h.Received(s, kind, n)
	}
}

func (h *Hooks) timesTurns() bool { return h != nil && h.TurnEnded != nil }

func (h *Hooks) turnEnded(s *Socket, took time.Duration) {
	if h.timesTurns() {
		h.TurnEnded(s, took)
	}
}

func (h *Hooks) opened(s *Socket) {
	if h != nil && h.Opened != nil {
		h.Opened(s)
	}
}

// ended is called at the end of a connection, whether it was open or not.
func (h *Hooks) ended(s *Socket, wasOpen bool, e *CloseEvent, err error) {
	switch {
	case h == nil:
	case !wasOpen:
		h.refused(s, err)
	case h.Closed != nil:
		h.Closed(s, e)
	}
}

func (h *Hooks) refused(s *Socket, err error) {
	if h != nil && h.HandshakeFailed != nil {
		h.HandshakeFailed(s, err)
	}
}
