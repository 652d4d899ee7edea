package airsocket

import (
	"context"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// A ReadyState is the state of a Socket (WHATWG readyState).
type ReadyState uint32

// The states, with the numbers of the browser.
const (
	StateConnecting ReadyState = 0 // the opening handshake is under way
	StateOpen       ReadyState = 1 // messages can be sent
	StateClosing    ReadyState = 2 // the closing handshake is under way
	StateClosed     ReadyState = 3 // the connection is gone, or could not be opened
	StateInit       ReadyState = 4 // not started yet
)

// A Socket is one end of a WebSocket connection. Make it with [NewSocket],
// attach handlers, then start it with [Socket.Connect], [Socket.StartServer] or
// [Socket.Upgrade].
//
// Its handlers run one at a time, in the turns of its Dispatcher. Its methods may
// be called from any goroutine unless their comment says otherwise.
type Socket struct {
	// What sending needs comes first: a broadcast touches nothing else.
	opts   *settings
	disp   *Dispatcher
	cfg    *wire.Config  // nil unless the connection is, or was, open
	state  atomic.Uint32 // a ReadyState
	flags  flags
	role   wire.Role
	skips  bool  // after a short read the reader waits; see lookLater
	slot   int32 // in the roster of server, under its lock
	sender sender

	mu sync.Mutex // guards what says so; it may be held when the sender's is taken, not the other way round

	dec   wire.Decoder // the reader's
	on    handlers
	extra atomic.Pointer[extras] // what few sockets have; nil without any of it

	opening *opening // what is known of the opening handshake; may be nil
	outcome *outcome // how the connection ends; of the turn
	clock   *clock   // what time has to do with; under mu
	server  *Server  // that accepted it
}

// parallel is a Socket with a Dispatcher of its own.
type parallel struct {
	disp   Dispatcher
	socket Socket
}

// flags are what any goroutine may have to know of a Socket.
type flags struct{ bits atomic.Uint32 }

const (
	paused   = 1 << iota // Pause was called
	aborted              // ended from this side: what may still come is not read
	lost                 // aborted because it cannot be written to
	looked               // is listed for hangups; see lookLater
	deep                 // a handler has made the reader's stack grow
	quiet                // nothing was read since it was listed
	silent               // no close event, by Options.SilentClose
	urgent               // there has been TCP's urgent data
	waited               // the reader has waited for the connection
	finished             // the connection is over, but for its close event
)

func (f *flags) has(bit uint32) bool { return f.bits.Load()&bit != 0 }
func (f *flags) set(bit uint32)      { f.bits.Or(bit) }
func (f *flags) clear(bit uint32)    { f.bits.And(^bit) }

// extras is the part of a Socket that is not there until it is needed.
type extras struct {
	listeners []*Listener // of the turn, as are the handlers
	frame     func(*FrameEvent)
	ping      func(*PingEvent)
	pong      func(*PongEvent)
	drain     func(*DrainEvent)
	cert      func(*CertificateErrorEvent)

	stream  extensions.Stream // below the frames
	why     error             // the connection ends from this side; under mu
	pings   []*pingWait       // under mu
	resumed chan struct{}     // closed by Resume; under mu
}

// noExtras is what extras returns for a Socket that has none.
var noExtras extras

// extras returns s.extra for reading.
func (s *Socket) extras() *extras {
	if r := s.extra.Load(); r != nil {
		return r
	}
	return &noExtras
}

// makeExtras returns s.extra for writing.
func (s *Socket) makeExtras() *extras {
	s.extra.CompareAndSwap(nil, new(extras))
	return s.extra.Load()
}

// NewSocket returns a Socket that has not been started. If opts is nil the
// defaults apply.
func NewSocket(opts *Options) *Socket {
	set := opts.settings()
	var s *Socket
	if set.Parallel {
		p := new(parallel)
		s = &p.socket
		s.disp = &p.disp
	} else {
		s = new(Socket)
		s.disp = set.dispatcher
	}
	s.opts = set
	s.sender.owner, s.sender.limit = s, set.maxBuffered
	s.state.Store(uint32(StateInit))
	return s
}

// Connect starts to open a connection to url, asking for one of the subprotocols
// in order of preference, and returns at once: the open event, or error and close
// events, report the outcome. Connect itself returns [ErrURL], [ErrProtocol],
// [ErrInvalidState] if the socket has been started and is not closed, or an error
// of package handshake for a request that cannot be sent, such as
// handshake.ErrBadField for an error in Options.Header (AIR's connect and its
// ArgumentError).
//
// The scheme of url is ws or wss; http and https are taken for these. A scheme
// that ends in "+unix" is followed by the path of a unix socket, a colon and the
// path of the request, as in ws+unix:///run/chat.sock:/room?id=1. User and password
// in url are sent as Basic authentication (RFC 7617).
func (s *Socket) Connect(url string, protocols ...string) error {
	return s.ConnectContext(context.Background(), url, protocols...)
}

// ConnectContext is like Connect, but ends the attempt when ctx is done. Once the
// connection is open ctx has no effect.
func (s *Socket) ConnectContext(ctx context.Context, url string, protocols ...string) error {
	if len(protocols) == 0 {
		protocols = s.opts.Protocols
	}
	a, err := s.opts.newAttempt(url, protocols)
	if err != nil {
		return err
	}
	during, cancel := s.opts.withHandshakeTimeout(ctx)
	if !s.start(wire.Client, &opening{url: url, cancel: cancel, retries: s.newRetries(ctx, protocols)}) {
		cancel()
		return s.started("Connect")
	}
	go s.connect(during, cancel, a)
	return nil
}

// StartServer acts as the server on a connection whose opening handshake has not
// been answered yet, and returns at once (AIR's startServer). From then on the
// connection belongs to the Socket, which clears the connection's deadlines.
// StartServer returns [ErrArgument] if conn is nil, and [ErrInvalidState] if the
// socket has been started and is not closed.
func (s *Socket) StartServer(conn net.Conn) error {
	if conn == nil {
		return ErrArgument
	}
	if !s.start(wire.Server, s.preset()) {
		return s.started("StartServer")
	}
	conn.SetDeadline(time.Time{})
	s.attach(conn)
	go s.serveClient(s.opts.newAcceptance(isTLS(conn)))
	return nil
}

// Upgrade acts as the server on the connection of a request in any net/http server
// (Faye's WebSocket.new(env)). If the request is not a valid opening handshake, or
// is not from an accepted origin, it answers with the corresponding HTTP status and
// returns a [*handshake.Error]. The ResponseWriter may be wrapped if the wrapper
// has an Unwrap method, as http.ResponseController requires. Upgrade returns
// [ErrArgument] if w or r is nil, and [ErrInvalidState] if the socket has been
// started and is not closed.
//
// net/http runs its handlers concurrently; those of sockets run one at a time. A
// slow one holds up every Socket of its [Dispatcher], which by default is every
// Socket of the process: do long work in a goroutine that calls [Post] with the
// result, or set Options.Parallel.
func (s *Socket) Upgrade(w http.ResponseWriter, r *http.Request) error {
	if w == nil || r == nil {
		return ErrArgument
	}
	if !s.start(wire.Server, s.preset()) {
		return s.started("Upgrade")
	}
	err := s.upgrade(w, r)
	if err != nil {
		s.noteRefused(err)
		s.state.Store(uint32(StateClosed))
		s.opts.dispatcher.release()
	}
	return err
}

// SetProtocol makes a server answer with the subprotocol p if the client asks for
// it, whatever Options.Protocols says (AIR's protocol property). It returns
// [ErrInvalidState] while the socket is connecting, open or closing.
func (s *Socket) SetProtocol(p string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.ReadyState(); st != StateInit && st != StateClosed {
		return s.started("SetProtocol")
	}
	s.opening = &opening{protocol: p}
	return nil
}

func (s *Socket) preset() *opening {
	if p := s.Protocol(); p != "" {
		return &opening{protocol: p}
	}
	return nil
}

// start begins a connection, the first or, after a close, another.
func (s *Socket) start(role wire.Role, o *opening) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.state.CompareAndSwap(uint32(StateInit), uint32(StateConnecting)) && !s.state.CompareAndSwap(uint32(StateClosed), uint32(StateConnecting)) {
		return false
	}
	s.opts.dispatcher.hold()
	s.resetLocked(role, o)
	return true
}

// resetLocked makes s as it is before a connection.
func (s *Socket) resetLocked(role wire.Role, o *opening) {
	s.role, s.opening = role, o
	s.cfg, s.outcome, s.clock = nil, nil, nil
	if r := s.extra.Load(); r != nil {
		r.why, r.pings, r.stream = nil, nil, nil
	}
	s.sender.reset()
	s.flags.bits.Store(0) // the list for hangups may still have the connection before; see lookLater
}

// attach makes conn the socket's.
func (s *Socket) attach(conn net.Conn) {
	raw := rawConn(conn)
	s.skips = raw != nil && canSkip(conn) && bubbleID() == 0
	s.sender.attach(conn, raw)
}

// Send sends a text message (WHATWG send, AS3WebSocket's sendUTF). It does not
// wait: data that the system cannot take yet is kept, up to Options.MaxBuffered.
// Send returns [ErrInvalidState] before the connection is open (on a server, before
// it has the request), [ErrClosed] when it is closing or closed, [ErrBufferFull], or wire.ErrBadText if text is not valid
// UTF-8; the message is not sent in these cases. Messages are sent in the order of
// the calls, and before the frame of a later Close.
//
// Messages that handlers send go out when their turn ends; Flush sends them
// earlier.
func (s *Socket) Send(text string) error {
	return s.sendMessage(wire.Text, viewOf(text))
}

// SendBytes sends a binary message (AS3WebSocket's sendBytes), like Send. The
// caller may reuse p when SendBytes returns. In versions without binary messages it
// returns wire.ErrUnsupported.
func (s *Socket) SendBytes(p []byte) error {
	return s.sendMessage(wire.Binary, p)
}

// SendMessage sends a message of the given kind (AIR's sendMessage, whose constants
// have the same values): wire.Text, wire.Binary, wire.Ping, wire.Pong, or
// wire.Close, which calls Close without a status code and ignores data. It returns
// [ErrArgument] for other kinds, and for nil data unless kind is wire.Close; to
// send an empty message pass an empty slice.
func (s *Socket) SendMessage(kind wire.Kind, data []byte) error {
	switch {
	case kind == wire.Close:
		return calledBy("SendMessage", s.Close(0, ""))
	case data == nil:
	case kind == wire.Text, kind == wire.Binary:
		return calledBy("SendMessage", s.sendMessage(kind, data))
	case kind == wire.Ping, kind == wire.Pong:
		return calledBy("SendMessage", s.send(wire.Event{Kind: kind, Data: data}))
	}
	return ErrArgument
}

// Ping sends a ping with a payload of at most 125 bytes (RFC 6455, section
// 5.5.2), like Send. For a longer payload it returns wire.ErrTooBig.
func (s *Socket) Ping(payload []byte) error {
	return s.send(wire.Event{Kind: wire.Ping, Data: payload})
}

// Pong sends a pong, like Ping: an unsolicited one, or the answer to a ping for
// which PreventDefault was called (RFC 6455, section 5.5.3).
func (s *Socket) Pong(payload []byte) error {
	return s.send(wire.Event{Kind: wire.Pong, Data: payload})
}

// Close starts the closing handshake: messages sent before go out first, then the
// close frame, and the close event comes when the peer has answered or
// Options.CloseTimeout has passed. Messages that arrive in between are dropped, as
// in the browser. A code of 0 sends a close frame without code and reason. While
// the socket is connecting Close ends the attempt: error and close events follow; a
// server that has the request, as in OnConnect, opens the connection first. Close on
// a socket that is closing or closed does nothing, except that Options.Reconnect will
// not connect it again.
//
// Close returns [ErrCode] or [ErrReason] if the arguments may not be sent, and
// [ErrInvalidState] if the socket has not been started.
func (s *Socket) Close(code StatusCode, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkCloseLocked(code, reason); err != nil {
		return err
	}
	s.stopRetriesLocked()
	switch s.ReadyState() {
	case StateInit:
		return notStarted("Close")
	case StateConnecting:
		if o := s.opening; s.role == wire.Server && o != nil && o.request != nil {
			o.close = func() { s.Close(code, reason) } // what was sent before goes out first
			return nil
		}
		s.abortLocked(ErrAborted)
	case StateOpen:
		s.state.Store(uint32(StateClosing))
		if s.opts.SilentClose {
			s.flags.set(silent)
		}
		s.resumeLocked() // or the answer would not be read
		s.sendCloseLocked(wire.Event{Kind: wire.Close, Code: orNoStatus(code), Data: []byte(reason)}, false)
	}
	return nil
}

// sendCloseLocked sends the close frame and gives the peer its time to answer.
func (s *Socket) sendCloseLocked(ev wire.Event, fin bool) {
	s.startClosing(s.opts.closeTimeout)
	s.writeFailedLocked(s.sender.sendClose(ev, fin))
}

// Drop ends the connection without waiting for the peer. Messages sent before go
// out as far as the system takes them at once, and then a close frame with code and
// reason (WebSocket-Node's drop). The close event has the same code and reason, and
// is not clean. Drop returns the same errors as Close, but allows clients the codes
// that servers may send.
func (s *Socket) Drop(code StatusCode, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkClose(code, reason); err != nil {
		return err
	}
	s.stopRetriesLocked()
	switch s.ReadyState() {
	case StateInit:
		return notStarted("Drop")
	case StateConnecting:
		s.abortLocked(ErrAborted)
	case StateOpen, StateClosing:
		if s.cfg == nil {
			return nil // it could not be opened, and its close event follows
		}
		s.state.Store(uint32(StateClosing))
		// Before the close frame, which a fast peer may answer before all is ended.
		s.setCauseLocked(&droppedError{orNoStatus(code), reason})
		s.sendCloseLocked(wire.Event{Kind: wire.Close, Code: orNoStatus(code), Data: []byte(reason)}, false)
		s.writeFailedLocked(s.sender.flushNow())
		s.abortLocked(nil)
	}
	return nil
}

// droppedError is the cause of the end of a connection that was dropped.
type droppedError struct {
	code   StatusCode
	reason string
}

func (*droppedError) Error() string { return "airsocket: dropped" }

// checkCloseLocked checks what a user has given to Close. Clients have only the
// codes that the browser has.
func (s *Socket) checkCloseLocked(code StatusCode, reason string) error {
	if s.role == wire.Client && code != 0 && code != StatusNormalClosure && code < 3000 {
		return ErrCode
	}
	return checkClose(code, reason)
}

func checkClose(code StatusCode, reason string) error {
	switch {
	case code == 0 && reason != "", code != 0 && !code.Sendable():
		return ErrCode
	case !validReason(reason):
		return ErrReason
	}
	return nil
}

func orNoStatus(code StatusCode) StatusCode {
	if code == 0 {
		return StatusNoStatusReceived
	}
	return code
}

// Flush sends at once what would be sent at the end of the turn. Only handlers that
// continue for long after a Send need it.
func (s *Socket) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeFailedLocked(s.sender.flushNow())
}

// recoverHandler is deferred around handlers where Options.Recover is set. What
// no event can tell of any more is told to the Logger.
func (s *Socket) recoverHandler() {
	v := recover()
	if v == nil {
		return
	}
	err := &PanicError{Value: v, Stack: debug.Stack()}
	if s.ReadyState() == StateConnecting {
		s.setCause(err) // the request is refused with 500
		return
	}
	if !s.fail(StatusInternalError, "internal error", err) {
		s.logError(err)
	}
}

// recoverClose is recoverHandler for the handlers of the close event. The socket
// may have another connection by then, which has nothing to do with the panic.
func (s *Socket) recoverClose() {
	if v := recover(); v != nil {
		s.logError(&PanicError{Value: v, Stack: debug.Stack()})
	}
}

// Status codes of RFC 6455, section 7.4.1.
const (
	StatusNormalClosure      = wire.StatusNormalClosure
	StatusGoingAway          = wire.StatusGoingAway
	StatusProtocolError      = wire.StatusProtocolError
	StatusUnsupportedData    = wire.StatusUnsupportedData
	StatusNoStatusReceived   = wire.StatusNoStatusReceived
	StatusAbnormalClosure    = wire.StatusAbnormalClosure
	StatusInvalidPayload     = wire.StatusInvalidPayload
	StatusPolicyViolation    = wire.StatusPolicyViolation
	StatusMessageTooBig      = wire.StatusMessageTooBig
	StatusMandatoryExtension = wire.StatusMandatoryExtension
	StatusInternalError      = wire.StatusInternalError
)
