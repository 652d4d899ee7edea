package airsocket

import (
	"net"
	"sync/atomic"
	"time"

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
	server *Server // that accepted the connection; nil without one

	life     lifetime
	sender   sender
	reader   reader
	handlers handlers
	extra    atomic.Pointer[socketExtra] // nil until it is needed

	opening *opening              // guarded by life.mu; nil when it is no longer needed
	clock   atomic.Pointer[clock] // nil until a time is set
	slot    int32                 // index in the Server's roster, guarded by its lock
	ahead   bool                  // events are decoded before their turn; see ahead.go

	undelivered bool // after the last turn, a message was incomplete or something was kept
	slotless    bool // ahead, but without a decoding slot
}

// A parallel is a Socket with a Dispatcher of its own.
type parallel struct {
	disp   Dispatcher
	socket Socket
}

// A socketExtra holds the parts of a Socket that few sockets have.
type socketExtra struct {
	rare          atomic.Pointer[rareHandlers] // nil until it is needed
	context       *socketContext               // guarded by life.mu; nil until it is needed
	data          atomic.Pointer[any]          // of SetData; nil without any
	limited       atomic.Pointer[limited]      // nil until it is needed
	subscriptions                              // guarded by the lock of the Server's topics
}

// makeExtra returns s.extra, which it creates if it is nil.
func (s *Socket) makeExtra() *socketExtra {
	if x := s.extra.Load(); x != nil {
		return x
	}
	s.extra.CompareAndSwap(nil, new(socketExtra))
	return s.extra.Load()
}

// noRareHandlers is what rare returns if there are none.
var noRareHandlers rareHandlers

// rare returns the rare handlers for reading.
func (s *Socket) rare() *rareHandlers {
	if x := s.extra.Load(); x != nil {
		if r := x.rare.Load(); r != nil {
			return r
		}
	}
	return &noRareHandlers
}

// makeRare returns the rare handlers for writing.
func (s *Socket) makeRare() *rareHandlers {
	x := s.makeExtra()
	if x.rare.Load() == nil {
		x.rare.CompareAndSwap(nil, new(rareHandlers))
	}
	return x.rare.Load()
}

// SetData sets a value of the program's own, such as the user to whom the connection
// belongs, which Data returns from then on. The Socket does nothing with it, and keeps it
// after the close event too, also when it connects again, until SetData is called with
// nil. SetData may be called in every state and from any goroutine.
func (s *Socket) SetData(v any) {
	if v == nil && s.extra.Load() == nil {
		return
	}
	kept := v // not &v, which would be allocated before the return above too
	s.makeExtra().data.Store(&kept)
}

// Data returns the value that SetData has set last, or nil. It may be called from any
// goroutine. What several goroutines change in the value itself needs a lock, as
// everywhere.
func (s *Socket) Data() any {
	if x := s.extra.Load(); x != nil {
		if v := x.data.Load(); v != nil {
			return *v
		}
	}
	return nil
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
	return &opening{negotiated: negotiated{protocol: s.opening.protocol}, unopened: new(unopened)}
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
	s.opening, s.ahead, s.undelivered = o, false, false
	s.clock.Store(nil)
	if x := s.extra.Load(); x != nil {
		x.context = nil
		if l := x.limited.Load(); l != nil {
			l.told = nil
			l.pace.Store(nil)
		}
		if r := x.rare.Load(); r != nil {
			r.pings = nil
		}
	}
	s.sender.reset()
	if s.opts.Rules.counts() {
		s.disp.countTurns()
		s.sender.countPayloads()
	}
	s.reader.reset()
	return true
}

// withdraw undoes start, without events.
func (s *Socket) withdraw() {
	s.life.mu.Lock()
	s.life.on(withdrawn)
	s.life.mu.Unlock()
	s.leaveAddress()
	s.endContext(nil)
	s.opts.dispatcher.release()
}

// attach makes conn the connection of s.
func (s *Socket) attach(conn net.Conn) { s.sender.attach(conn) }

// Pause stops reading from the connection: no more messages are delivered, TCP's
// flow control holds up the sender, and neither pings nor the end of the connection
// are noticed until Resume is called (WebSocket-Node's pause). Pause takes effect
// at the next message. It does nothing if the socket is paused or is not open.
//
// The time until Resume counts neither for Options.IdleTimeout and MessageTimeout nor for
// PongTimeout. But the peer may give up a socket that takes nothing for long, as
// Options.WriteTimeout does.
func (s *Socket) Pause() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.ReadyState() == StateOpen {
		s.reader.pause()
		s.holdClock(pauseHold)
	}
}

// Resume continues reading after Pause (WebSocket-Node's resume).
func (s *Socket) Resume() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	s.resumeLocked()
}

func (s *Socket) resumeLocked() {
	if s.reader.resume() {
		s.releaseClock(pauseHold)
		s.sender.wake()
	}
}

// ReadyState returns the state of the socket (WHATWG readyState).
func (s *Socket) ReadyState() ReadyState { return s.life.readyState() }

// Conn returns the underlying connection, or nil before there is one. Use it for
// socket options, the state of TLS, and the addresses of the connection itself, which may
// be those of a proxy; see [Server.ProxyProtocol]. Reading from it or writing to it
// disturbs the Socket, and closing it ends the connection. Except on Linux and Windows that
// waits until no handler of the Socket runs, so a handler must not do it: use
// [Socket.Drop], or close the connection in another goroutine.
//
// On Linux, a Socket takes a TCP connection or a unix socket of package net over by a
// duplicate of its descriptor, and closes the original: that of StartServer, Options.Dial,
// a listener or net/http. Conn then returns a net.Conn that has a SyscallConn method and
// the methods for socket options of net.TCPConn, and whose Read, Write and methods for
// deadlines return errors. In handlers and later use only what Conn returns.
//
// Over TLS, Conn returns the *tls.Conn, whose NetConn method returns such a net.Conn if the
// Server or the client has made it. A *tls.Conn that was passed to the Socket stays on its
// connection, and the Socket has a duplicate of the descriptor besides.
func (s *Socket) Conn() net.Conn {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	return s.sender.connection()
}

// enter takes the turn for handlers of s, and leave ends it. A function that takes a
// turn begins with
//
//	defer s.leave(s.enter(), openTurn, false)
//
// so that the turn ends even if a handler ends its goroutine, as a failing test does.
func (s *Socket) enter() (at time.Duration) {
	s.disp.enter()
	if s.opts.timed {
		at = turnClock()
	}
	return at
}

func (s *Socket) leave(at time.Duration, kind turnKind, serving bool) {
	if s.disp.turnEnd.Load() != nil {
		s.disp.callTurnEnd()
	}
	if s.opts.timed {
		s.leaveTimed(at, kind, serving)
	} else {
		s.disp.leave(s.served(serving))
	}
}

// served returns the sender if serving is true, and nil otherwise.
func (s *Socket) served(serving bool) *sender {
	if serving {
		return &s.sender
	}
	return nil
}

// leaveTimed is leave if turns are timed. It reports the turn when it has ended.
//
//go:noinline
func (s *Socket) leaveTimed(at time.Duration, kind turnKind, serving bool) {
	took := turnClock() - at
	s.disp.leave(s.served(serving))
	if slow := s.opts.slowTurn; slow > 0 && took > slow {
		s.logSlowTurn(kind, took)
	}
	s.opts.Hooks.turnEnded(s, took)
}

// turnClock returns the time on a clock that measures turns. A Duration is one word,
// where a time.Time would take three in a stack frame that every message needs. Only
// differences within one turn are meaningful, as a turn stays in one bubble of
// testing/synctest.
func turnClock() time.Duration { return time.Since(processStart) }

// do runs fn in a turn.
func (s *Socket) do(kind turnKind, fn func()) {
	defer s.leave(s.enter(), kind, false)
	fn()
}
