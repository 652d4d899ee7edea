package airsocket

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"
)

// A Socket is one end of a WebSocket connection. Make it with [NewSocket],
// attach handlers, then start it with [Socket.Connect], [Socket.StartServer] or
// [Socket.Upgrade].
//
// Its handlers run one at a time, in the turns of its Dispatcher. Its methods may
// be called from any goroutine unless their comment says otherwise.
type Socket struct {
	opts   *settings
	disp   *Dispatcher
	server *Server // the Server that accepted the connection, or nil

	life     lifetime
	sender   sender
	reader   reader
	handlers handlers
	extra    atomic.Pointer[extras] // nil until it is needed

	opening *opening // guarded by life.mu; nil when it is no longer needed
	clock   *clock   // guarded by life.mu; nil until a time is set
	slot    int32    // index in the roster of server, guarded by its lock
	ahead   bool     // events are decoded before their turn; see ahead.go
}

// A parallel is a Socket with a Dispatcher of its own.
type parallel struct {
	disp   Dispatcher
	socket Socket
}

// extras is the part of a Socket that few sockets have.
type extras struct {
	rareHandlers
}

// noExtras is what extras returns if there are none.
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
	s.life.stage.Store(uint32(stageNew))
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
	o := &opening{negotiated: negotiated{url: url}, cancel: cancel, retries: newRetries(s.opts.Reconnect, ctx, protocols)}
	if !s.start(wire.Client, o) {
		cancel()
		return startedAlready("Connect", s.ReadyState())
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
		return startedAlready("StartServer", s.ReadyState())
	}
	conn.SetDeadline(time.Time{})
	s.attach(conn)
	go newServerHandshake(s, isTLS(conn)).serve()
	return nil
}

// Upgrade acts as the server on the connection of a request in any net/http server
// (Faye's WebSocket.new(env)). If the request is not a valid opening handshake, or is
// not from an accepted origin, it answers with the corresponding HTTP status and
// returns a [*handshake.Error]. The ResponseWriter may be wrapped if the wrapper has an
// Unwrap method, as http.ResponseController requires. Upgrade returns [ErrArgument] if
// w or r is nil, and [ErrInvalidState] if the socket has been started and is not
// closed.
//
// net/http runs its handlers concurrently, but the handlers of sockets run one at a
// time. A slow one holds up every Socket of its [Dispatcher], which by default is every
// Socket of the process: do long work in a goroutine that calls [Post] with the result,
// or set Options.Parallel.
func (s *Socket) Upgrade(w http.ResponseWriter, r *http.Request) error {
	if w == nil || r == nil {
		return ErrArgument
	}
	if !s.start(wire.Server, s.preset()) {
		return startedAlready("Upgrade", s.ReadyState())
	}
	err := s.upgrade(w, r)
	if err != nil {
		s.opts.Hooks.refused(s, err)
		s.withdraw()
	}
	return err
}

// SetProtocol makes a server answer with the subprotocol p if the client asks for
// it, whatever Options.Protocols says (AIR's protocol property). It returns
// [ErrInvalidState] while the socket is connecting, open or closing.
func (s *Socket) SetProtocol(p string) error {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if st := s.ReadyState(); st != StateInit && st != StateClosed {
		return startedAlready("SetProtocol", s.ReadyState())
	}
	s.opening = &opening{negotiated: negotiated{protocol: p}}
	return nil
}

// preset returns an opening with the subprotocol that SetProtocol has set, or nil.
func (s *Socket) preset() *opening {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.opening == nil || s.opening.protocol == "" {
		return nil
	}
	return &opening{negotiated: negotiated{protocol: s.opening.protocol}}
}

// start begins a connection. It reports false if the socket has been started and is not
// closed.
func (s *Socket) start(role wire.Role, o *opening) bool {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	return s.startLocked(role, o)
}

// startLocked is start with s.life.mu held.
func (s *Socket) startLocked(role wire.Role, o *opening) bool {
	if !s.life.begin(role) {
		return false
	}
	s.opts.dispatcher.hold()
	s.opening, s.clock, s.ahead = o, nil, false
	if x := s.extra.Load(); x != nil {
		x.pings = nil
	}
	s.sender.reset()
	s.reader.reset()
	return true
}

// withdraw undoes start, without events.
func (s *Socket) withdraw() {
	s.life.mu.Lock()
	s.life.on(withdrawn)
	s.life.mu.Unlock()
	s.opts.dispatcher.release()
}

// attach makes conn the connection of s.
func (s *Socket) attach(conn net.Conn) { s.sender.attach(transport.New(conn)) }

// Pause stops reading from the connection: no more messages are delivered, TCP's
// flow control holds up the sender, and neither pings nor the end of the connection
// are noticed until Resume is called (WebSocket-Node's pause). Pause takes effect
// at the next message. It does nothing if the socket is paused or is not open.
func (s *Socket) Pause() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.ReadyState() == StateOpen {
		s.reader.pause()
	}
}

// Resume continues reading after Pause (WebSocket-Node's resume).
func (s *Socket) Resume() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	s.reader.resume()
}

// ReadyState returns the state of the socket (WHATWG readyState).
func (s *Socket) ReadyState() ReadyState { return s.life.readyState() }

// Conn returns the underlying connection, or nil before there is one. Reading from
// it, writing to it or closing it disturbs the Socket.
func (s *Socket) Conn() net.Conn {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if c := s.sender.connection(); c != nil {
		return c.NetConn()
	}
	return nil
}
