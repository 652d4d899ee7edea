package airsocket

import (
	"cmp"
	"crypto/x509"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket/wire"
)

// The events of one Socket come in this order: open, then messages, pings and
// pongs as they were received, then at most one error, then exactly one close,
// and nothing after it. A connection that could not be opened has error and
// close only, and perhaps a certificate error before them. ReadyState has changed
// before the event that tells of it. An event and what it refers to is valid
// until the handler returns.

// Event is what a handler is given. User code may define events of its own and
// dispatch them with [Socket.DispatchEvent].
type Event interface {
	// Type is the name that listeners are added for.
	Type() string
}

// EventType names a type of event whose handlers take an E.
type EventType[E Event] string

// The types of the events of a Socket.
const (
	EventOpen    EventType[*OpenEvent]    = "open"
	EventMessage EventType[*MessageEvent] = "message"
	EventFrame   EventType[*FrameEvent]   = "frame"
	EventPing    EventType[*PingEvent]    = "ping"
	EventPong    EventType[*PongEvent]    = "pong"
	EventDrain   EventType[*DrainEvent]   = "drain"
	EventError   EventType[*ErrorEvent]   = "error"
	EventClose   EventType[*CloseEvent]   = "close"

	EventCertificateError EventType[*CertificateErrorEvent] = "certificateError"
)

// target is the part that all events have.
type target struct{ socket *Socket }

// Target is the Socket that the event is about.
func (t target) Target() *Socket { return t.socket }

// OpenEvent says that the connection can be used (WHATWG "open"; AIR
// Event.CONNECT).
type OpenEvent struct{ target }

// Type is "open".
func (*OpenEvent) Type() string { return string(EventOpen) }

// MessageEvent brings a message (WHATWG "message"; AIR WebSocketEvent.DATA).
type MessageEvent struct {
	target
	kind wire.Kind
	data []byte
}

// Type is "message".
func (*MessageEvent) Type() string { return string(EventMessage) }

// Kind is wire.Text or wire.Binary (AIR's WebSocketEvent.format).
func (e *MessageEvent) Kind() wire.Kind { return e.kind }

// Binary reports whether the message is binary and not text.
func (e *MessageEvent) Binary() bool { return e.kind == wire.Binary }

// Bytes is the message without copying it. As with the Bytes of a
// bufio.Scanner, the memory is used again when the handler returns. It is not
// nil until then.
func (e *MessageEvent) Bytes() []byte { return e.data }

// notNil is p, but never nil.
func notNil(p []byte) []byte {
	if p == nil {
		return []byte{}
	}
	return p
}

// Text is a copy of the message as a string (AIR's WebSocketEvent.stringData).
// That of a text message is valid UTF-8.
func (e *MessageEvent) Text() string { return string(e.data) }

// Clone is a copy of the message that may be kept (AIR's WebSocketEvent.data).
func (e *MessageEvent) Clone() []byte { return append(make([]byte, 0, len(e.data)), e.data...) }

// FrameEvent brings a part of a message, with Options.FrameEvents (AS3WebSocket's
// WebSocketEvent.FRAME). The parts are the frames that the peer has sent, or
// one for a message that was compressed. Text may be cut within a character.
type FrameEvent struct {
	target
	Kind wire.Kind // the message's: wire.Text or wire.Binary
	Data []byte    // valid until the handler returns
	Cont bool      // the frame continues a message; false for the first
	More bool      // more frames of the message follow; false for the last
}

// Type is "frame".
func (*FrameEvent) Type() string { return string(EventFrame) }

// PingEvent brings a ping (AS3WebSocket's WebSocketEvent.PING). It is answered
// with a pong of the same payload unless a handler calls PreventDefault.
type PingEvent struct {
	target
	Data      []byte // valid until the handler returns; at most 125 bytes
	prevented bool
}

// Type is "ping".
func (*PingEvent) Type() string { return string(EventPing) }

// PreventDefault leaves the pong to the handlers.
func (e *PingEvent) PreventDefault() { e.prevented = true }

// DefaultPrevented reports whether PreventDefault was called (AS3's
// isDefaultPrevented).
func (e *PingEvent) DefaultPrevented() bool { return e.prevented }

// PongEvent brings a pong, asked for or not (AS3WebSocket's WebSocketEvent.PONG).
type PongEvent struct {
	target
	Data []byte // valid until the handler returns; at most 125 bytes
}

// Type is "pong".
func (*PongEvent) Type() string { return string(EventPong) }

// DrainEvent says that all that was sent has been given to the system, after
// it could not take all of it at once (Node "drain"; AIR
// OutputProgressEvent.OUTPUT_PROGRESS).
type DrainEvent struct{ target }

// Type is "drain".
func (*DrainEvent) Type() string { return string(EventDrain) }

// ErrorEvent says why the connection is going to be closed, or could not be
// opened (WHATWG "error"; AIR IOErrorEvent; AS3WebSocket's connectionFail and
// abnormalClose).
type ErrorEvent struct {
	target

	// Err is for errors.Is and errors.As: a *wire.ProtocolError for a rule that
	// the peer broke, a *handshake.Error for an opening handshake that failed,
	// a *TLSError or *ProxyError for a connection that could not be opened with
	// TLS or through a proxy, the errors of net, wire.ErrUnexpectedEnd for a connection
	// that ended without a closing handshake, or a time that ran out:
	// ErrHandshakeTimeout, ErrCloseTimeout, ErrPongTimeout.
	Err error

	// Status, Header and Body are the answer of a server that refused the
	// opening handshake (WebSocket-Node's httpResponse event): Body is the
	// beginning of its body. Status is 0 otherwise.
	Status int
	Header http.Header
	Body   []byte
}

// Type is "error".
func (*ErrorEvent) Type() string { return string(EventError) }

// CloseEvent is the last event of a connection (WHATWG "close"). With
// Options.Reconnect the Socket may have further ones, each with its own.
type CloseEvent struct {
	target

	// Code is the status code of the peer's close frame; 1005 if it had none,
	// or in versions 7 and 8 one that may not be sent; 1006 if no close frame
	// came; or, where this endpoint has failed the connection, the code that it
	// told the peer, as in Faye and WebSocket-Node.
	Code StatusCode

	// Reason is what came with the code, or the rule that was broken.
	Reason string

	// WasClean reports whether the closing handshake was done, and all that Send
	// accepted was written. If something was left, the error event says how much;
	// see ErrUnsent.
	WasClean bool

	// WillReconnect reports whether the Socket is going to connect again, by
	// Options.Reconnect, after the time ReconnectIn.
	WillReconnect bool
	ReconnectIn   time.Duration

	prevented bool
}

// PreventDefault has the Socket not connect again.
func (e *CloseEvent) PreventDefault() { e.prevented = true }

// Type is "close".
func (*CloseEvent) Type() string { return string(EventClose) }

// CertificateErrorEvent says that the certificate of a wss server is not good
// (AIR's certificateError). The connection is refused with a [*TLSError] unless
// a handler calls PreventDefault. Nothing has been sent over it yet.
//
// While there is a handler or listener for it, certificates are verified as
// crypto/tls does it, but outside of it: the VerifiedChains of the connection's
// state are empty then.
type CertificateErrorEvent struct {
	target

	// Chain has the certificates that the server sent, its own first.
	Chain []*x509.Certificate

	// Err is what is wrong: an x509.UnknownAuthorityError, HostnameError,
	// CertificateInvalidError and so on.
	Err error

	prevented bool
}

// Type is "certificateError".
func (*CertificateErrorEvent) Type() string { return string(EventCertificateError) }

// PreventDefault accepts the certificate for this connection.
func (e *CertificateErrorEvent) PreventDefault() { e.prevented = true }

// DefaultPrevented reports whether PreventDefault was called.
func (e *CertificateErrorEvent) DefaultPrevented() bool { return e.prevented }

// handlers are the property handlers, one for each type, like ws.onopen = fn.
// Those of the other types are in rare.
type handlers struct {
	open    func(*OpenEvent)
	message func(*MessageEvent)
	err     func(*ErrorEvent)
	close   func(*CloseEvent)
}

// OnOpen sets the handler of open events. Like all On functions it replaces
// the one that was set before, takes nil to remove it, and is to be called
// before the connection is started or from a handler.
func (s *Socket) OnOpen(fn func(*OpenEvent)) { s.on.open = fn }

// OnMessage sets the handler of message events. While it runs, no other handler
// of the same Dispatcher does, which by default means of the process: what takes
// long belongs in a goroutine, which comes back with [Post], or the sockets get
// Options.Parallel.
func (s *Socket) OnMessage(fn func(*MessageEvent)) { s.on.message = fn }

// OnFrame sets the handler of frame events.
func (s *Socket) OnFrame(fn func(*FrameEvent)) { s.makeExtras().frame = fn }

// OnPing sets the handler of ping events.
func (s *Socket) OnPing(fn func(*PingEvent)) { s.makeExtras().ping = fn }

// OnPong sets the handler of pong events.
func (s *Socket) OnPong(fn func(*PongEvent)) { s.makeExtras().pong = fn }

// OnDrain sets the handler of drain events.
func (s *Socket) OnDrain(fn func(*DrainEvent)) { s.makeExtras().drain = fn }

// OnError sets the handler of error events.
func (s *Socket) OnError(fn func(*ErrorEvent)) { s.on.err = fn }

// OnClose sets the handler of close events.
func (s *Socket) OnClose(fn func(*CloseEvent)) { s.on.close = fn }

// OnCertificateError sets the handler of certificate errors.
func (s *Socket) OnCertificateError(fn func(*CertificateErrorEvent)) { s.makeExtras().cert = fn }

// A Listener is what AddEventListener has added.
type Listener struct {
	socket   *Socket
	typ      string
	call     func(Event)
	priority int
	once     bool
	removed  bool
}

// A ListenerOption changes how a listener is called.
type ListenerOption func(*Listener)

// Priority has a listener called before those of lower priority (AS3's
// addEventListener). The default is 0; equal ones are called in the order in
// which they were added.
func Priority(p int) ListenerOption { return func(l *Listener) { l.priority = p } }

// Once removes a listener before it is called for the first time (DOM).
func Once() ListenerOption { return func(l *Listener) { l.once = true } }

// AddEventListener has fn called for events of the type typ on s, after the
// handler that an On function has set. The same function may be added more
// than once. It is to be called before the connection is started or from a
// handler; one that is added while an event is dispatched is not called for it.
func AddEventListener[E Event](s *Socket, typ EventType[E], fn func(E), opts ...ListenerOption) *Listener {
	l := &Listener{socket: s, typ: string(typ), call: func(e Event) {
		if e, ok := e.(E); ok {
			fn(e)
		}
	}}
	for _, opt := range opts {
		opt(l)
	}
	// The slice is never changed in place: one may be being walked.
	r := s.makeExtras()
	at, _ := slices.BinarySearchFunc(r.listeners, l, func(a, b *Listener) int {
		if a.priority >= b.priority {
			return -1
		}
		return cmp.Compare(b.priority, a.priority)
	})
	r.listeners = slices.Insert(slices.Clone(r.listeners), at, l)
	return l
}

// Remove removes the listener. One that is removed while an event is
// dispatched is not called any more. Removing twice does nothing.
func (l *Listener) Remove() {
	if l.removed {
		return
	}
	l.removed = true
	r := l.socket.makeExtras()
	r.listeners = slices.DeleteFunc(slices.Clone(r.listeners), func(other *Listener) bool { return other == l })
}

// HasEventListener reports whether a listener for events of the type typ has
// been added (AS3's hasEventListener). Handlers set by On functions do not count.
func (s *Socket) HasEventListener(typ string) bool {
	return slices.ContainsFunc(s.extras().listeners, func(l *Listener) bool { return l.typ == typ })
}

// DispatchEvent calls the listeners for e's type one after another and returns
// when they have returned (AS3's dispatchEvent). It must be called from a
// handler.
func (s *Socket) DispatchEvent(e Event) {
	typ := e.Type()
	for _, l := range s.extras().listeners {
		if l.typ != typ || l.removed {
			continue
		}
		if l.once {
			l.Remove()
		}
		l.call(e)
	}
}

// hasHandler reports whether emit has somebody to call, as far as it can be told
// without an event.
func hasHandler[E Event](s *Socket, on func(E)) bool {
	return on != nil || s.extras().listeners != nil
}

// emit calls the property handler and the listeners for e. With
// Options.Recover a panic fails the connection.
func emit[E Event](s *Socket, on func(E), e E) {
	if s.opts.Recover {
		defer s.recoverHandler()
	}
	call(s, on, e)
}

// emitClose is emit for the close event.
func (s *Socket) emitClose(e *CloseEvent) {
	if s.opts.Recover {
		defer s.recoverClose()
	}
	call(s, s.on.close, e)
}

// call is emit without recovering.
func call[E Event](s *Socket, on func(E), e E) {
	if on != nil {
		on(e)
	}
	if s.extras().listeners != nil {
		s.DispatchEvent(e)
	}
}

// StatusCode is the reason for closing a connection (RFC 6455, section 7.4).
type StatusCode = wire.StatusCode

// validReason reports whether reason fits a close frame.
func validReason(reason string) bool { return len(reason) <= 123 && utf8.ValidString(reason) }
