package airsocket

import (
	"cmp"
	"slices"
)

// handlers holds the functions that the On methods have set, one for each type of
// event, like ws.onopen = fn. The less common types are in rareHandlers. Both are used
// only in turns.
type handlers struct {
	open    func(*OpenEvent)
	message func(*MessageEvent)
	err     func(*ErrorEvent)
	close   func(*CloseEvent)
}

// rareHandlers holds the handlers that few sockets have, and the listeners.
type rareHandlers struct {
	listeners []*Listener
	frame     func(*FrameEvent)
	ping      func(*PingEvent)
	pong      func(*PongEvent)
	drain     func(*DrainEvent)
	cert      func(*CertificateErrorEvent)
	pings     []*pingWait // guarded by life.mu
}

// A pingWait is a ping of PingFunc that waits for its pong.
type pingWait struct {
	payload string
	fn      func()
}

// OnOpen sets the handler for open events. Like all On methods it replaces the handler
// that was set before, removes it if fn is nil, and must be called before the
// connection is started or from a handler.
func (s *Socket) OnOpen(fn func(*OpenEvent)) { s.handlers.open = fn }

// OnMessage sets the handler for message events. While it runs, no other handler of the
// same Dispatcher runs, and by default the whole process shares one Dispatcher: do long
// work in a goroutine that calls [Post] with the result, or set Options.Parallel.
func (s *Socket) OnMessage(fn func(*MessageEvent)) { s.handlers.message = fn }

// OnFrame sets the handler for frame events.
func (s *Socket) OnFrame(fn func(*FrameEvent)) { s.makeRare().frame = fn }

// OnPing sets the handler for ping events.
func (s *Socket) OnPing(fn func(*PingEvent)) { s.makeRare().ping = fn }

// OnPong sets the handler for pong events.
func (s *Socket) OnPong(fn func(*PongEvent)) { s.makeRare().pong = fn }

// OnDrain sets the handler for drain events.
func (s *Socket) OnDrain(fn func(*DrainEvent)) { s.makeRare().drain = fn }

// OnError sets the handler for error events.
func (s *Socket) OnError(fn func(*ErrorEvent)) { s.handlers.err = fn }

// OnClose sets the handler for close events.
func (s *Socket) OnClose(fn func(*CloseEvent)) { s.handlers.close = fn }

// OnCertificateError sets the handler for certificate error events.
func (s *Socket) OnCertificateError(fn func(*CertificateErrorEvent)) { s.makeRare().cert = fn }

// A Listener is a function that AddEventListener has added to a Socket.
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

// Priority returns an option that makes a listener run before those of lower priority
// (AS3's addEventListener). The default is 0; listeners of equal priority are called in
// the order in which they were added.
func Priority(p int) ListenerOption { return func(l *Listener) { l.priority = p } }

// Once returns an option that removes a listener before it is called for the first
// time (DOM).
func Once() ListenerOption { return func(l *Listener) { l.once = true } }

// AddEventListener adds fn as a listener for events of the type typ on s. It is
// called after the handler that an On method has set. The same function may be
// added more than once. AddEventListener must be called before the connection is
// started or from a handler. A listener that is added while an event is being
// dispatched is not called for that event.
func AddEventListener[E Event](s *Socket, typ EventType[E], fn func(E), opts ...ListenerOption) *Listener {
	l := &Listener{socket: s, typ: string(typ), call: func(e Event) {
		if e, ok := e.(E); ok {
			fn(e)
		}
	}}
	for _, opt := range opts {
		opt(l)
	}
	// The slice is never changed in place, because DispatchEvent may be iterating over
	// it.
	r := s.makeRare()
	at, _ := slices.BinarySearchFunc(r.listeners, l, func(a, b *Listener) int {
		if a.priority >= b.priority {
			return -1
		}
		return cmp.Compare(b.priority, a.priority)
	})
	r.listeners = slices.Insert(slices.Clone(r.listeners), at, l)
	return l
}

// Remove removes the listener. It is not called again, not even for an event that is
// being dispatched. Like AddEventListener, Remove must be called before the connection
// is started or from a handler. Removing a listener again does nothing.
func (l *Listener) Remove() {
	if l.removed {
		return
	}
	l.removed = true
	r := l.socket.makeRare()
	r.listeners = slices.DeleteFunc(slices.Clone(r.listeners), func(other *Listener) bool { return other == l })
}

// HasEventListener reports whether a listener for events of the type typ has been added
// (AS3's hasEventListener). Handlers set by On methods do not count. It must be called
// before the connection is started or from a handler.
func (s *Socket) HasEventListener(typ string) bool {
	return slices.ContainsFunc(s.rare().listeners, func(l *Listener) bool { return l.typ == typ })
}

// DispatchEvent calls the listeners for events of e's type one after another, and
// returns when they have returned (AS3's dispatchEvent). It must be called from a
// handler.
func (s *Socket) DispatchEvent(e Event) {
	typ := e.Type()
	for _, l := range s.rare().listeners {
		if l.typ != typ || l.removed {
			continue
		}
		if l.once {
			l.Remove()
		}
		l.call(e)
	}
}

// hasHandler reports whether emit may have something to call. It does not look at the
// types of the listeners.
func hasHandler[E Event](s *Socket, on func(E)) bool {
	return on != nil || s.rare().listeners != nil
}

// callHandlers calls on, the handler that an On method has set, and the listeners for e.
func callHandlers[E Event](s *Socket, on func(E), e E) {
	if on != nil {
		on(e)
	}
	if s.rare().listeners != nil {
		s.DispatchEvent(e)
	}
}
