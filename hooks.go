package airsocket

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// Hooks are functions that are called for what happens to the sockets of one [Options],
// so that a program can count it for the metrics system of its choice. A function that
// is nil is not called. What can be read at any time is in [Server.Stats] and [Workers].
//
// Requested and Answered are called in the goroutine that has read or answered the request,
// outside of turns.
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
// [Dispatcher]. Requested and Answered hold up a worker, and a hook that is told of a connection
// that was closed at once holds up all that have not been accepted yet. A hook may call the
// socket's methods. Unlike those of handlers, its panics are not recovered by Options.Recover,
// except in a call of a handler's, such as Send. If it counts by a code or reason that a peer
// chooses, such as the status codes from 3000 to 4999, the number of counters should be limited.
//
// Closed is called once for every connection for which Opened was called: the number of
// calls of Opened minus the number of calls of Closed is the number of open sockets.
// For a connection that was never open only HandshakeFailed is called.
type Hooks struct {
	// Requested is called when a server has read a request that is a valid opening handshake,
	// before anything is decided on it. Request and HTTPRequest of the socket return it. Either
	// Opened or HandshakeFailed follows, also if the server refuses the request, of another
	// origin for example.
	Requested func(s *Socket)

	// Answered is called when a server has answered a request, with status 101 or with a
	// refusal, and not for connections that are closed without an answer. Requested need not
	// have been called, since a request that is not valid is answered too. It comes before
	// Opened or HandshakeFailed. The header has the fields as they were sent; of a refusal
	// that net/http sends, those that were set, in alphabetical order. It is valid until
	// Answered returns.
	Answered func(s *Socket, status int, header handshake.Header)

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

func (h *Hooks) requested(s *Socket) {
	if h != nil && h.Requested != nil {
		h.Requested(s)
	}
}

// answered reports an answer that begins with head.
func (h *Hooks) answered(s *Socket, status int, head []byte) {
	if h != nil && h.Answered != nil {
		h.Answered(s, status, fieldsOf(head))
	}
}

// answeredByHTTP reports an answer of net/http.
func (h *Hooks) answeredByHTTP(s *Socket, status int, header http.Header) {
	if h == nil || h.Answered == nil {
		return
	}
	var fields handshake.Header
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fields.Add(name, value)
		}
	}
	h.Answered(s, status, fields)
}

// fieldsOf returns the fields of an answer, which begins with a line of its own.
func fieldsOf(answer []byte) handshake.Header {
	head, _, _ := strings.Cut(string(answer), "\r\n\r\n")
	_, lines, _ := strings.Cut(head, "\r\n")
	var fields handshake.Header
	for line := range strings.SplitSeq(lines, "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			fields.Add(name, value)
		}
	}
	return fields
}

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
