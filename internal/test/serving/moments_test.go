package serving

import (
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A moment is a call of a handler, or of another function of the program.
type moment struct {
	name string
	set  func(*airsocket.Options)

	// attach makes s call act at the moment. It is nil for moments before the response.
	attach func(s *airsocket.Socket, act func())

	// provoke makes the server come to the moment. p has sent its request, and if
	// attach is not nil, it has received the response.
	provoke func(p *wstest.RawPeer)

	last   bool // the connection is over, or nearly
	writes bool // the goroutine is one that writes, and whose end does not end the connection
}

var moments = []moment{
	{name: "request", provoke: func(*wstest.RawPeer) {}},
	{name: "connect", provoke: func(*wstest.RawPeer) {}},
	{
		name:    "open",
		attach:  func(s *airsocket.Socket, act func()) { s.OnOpen(func(*airsocket.OpenEvent) { act() }) },
		provoke: func(*wstest.RawPeer) {},
	},
	{
		name: "message",
		attach: func(s *airsocket.Socket, act func()) {
			s.OnMessage(once(act, func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) }))
		},
		provoke: func(p *wstest.RawPeer) { p.Send(wstest.OpText, "act") },
	},
	{
		name: "frame",
		set:  func(o *airsocket.Options) { o.FrameEvents = true },
		attach: func(s *airsocket.Socket, act func()) {
			s.OnFrame(once(act, func(e *airsocket.FrameEvent) { s.SendMessage(e.Kind, e.Data) }))
		},
		provoke: func(p *wstest.RawPeer) { p.Send(wstest.OpText, "act") },
	},
	{
		name:    "ping",
		attach:  func(s *airsocket.Socket, act func()) { s.OnPing(func(*airsocket.PingEvent) { act() }) },
		provoke: func(p *wstest.RawPeer) { p.Send(wstest.OpPing, "act") },
	},
	{
		name:    "pong",
		attach:  func(s *airsocket.Socket, act func()) { s.OnPong(func(*airsocket.PongEvent) { act() }) },
		provoke: func(p *wstest.RawPeer) { p.Send(wstest.OpPong, "act") },
	},
	{
		name: "PingFunc",
		attach: func(s *airsocket.Socket, act func()) {
			s.OnOpen(func(*airsocket.OpenEvent) { s.PingFunc([]byte("act"), act) })
		},
		provoke: func(p *wstest.RawPeer) {
			p.Want(wstest.OpPing, "act")
			p.Send(wstest.OpPong, "act")
		},
	},
	{
		name: "drain",
		attach: func(s *airsocket.Socket, act func()) {
			s.OnDrain(func(*airsocket.DrainEvent) { act() })
			s.OnOpen(func(*airsocket.OpenEvent) {
				s.SendBytes(make([]byte, unread))
				s.Flush()
				flooded <- struct{}{}
			})
		},
		provoke: func(p *wstest.RawPeer) {
			wstest.Receive(p.T, flooded) // otherwise the system could take everything at once
			p.ReadFrame()
		},
		writes: true,
	},
	{
		name:    "error",
		attach:  func(s *airsocket.Socket, act func()) { s.OnError(func(*airsocket.ErrorEvent) { act() }) },
		provoke: func(p *wstest.RawPeer) { p.Send(0x83, "") },
		last:    true,
	},
	{
		name:    "error of a reset",
		attach:  func(s *airsocket.Socket, act func()) { s.OnError(func(*airsocket.ErrorEvent) { act() }) },
		provoke: (*wstest.RawPeer).Reset,
		last:    true,
	},
	{
		name:   "close",
		attach: func(s *airsocket.Socket, act func()) { s.OnClose(func(*airsocket.CloseEvent) { act() }) },
		provoke: func(p *wstest.RawPeer) {
			p.Send(wstest.OpClose, "")
			p.TCP().CloseWrite() // the server waits for the end
		},
		last: true,
	},
}

// unread is more than the system takes for a peer that does not read.
const unread = 8 << 20

// flooded gets a value when a connection has sent that much.
var flooded = make(chan struct{}, most)

// once returns a handler that calls first for the first event, and then for all others.
func once[E any](first func(), then func(E)) func(E) {
	done := false
	return func(e E) {
		if !done {
			done = true
			first()
			return
		}
		then(e)
	}
}

// serve starts a Server that calls act when a connection with the path /act comes to the
// moment. All connections echo messages.
func (m moment) serve(t *testing.T, way string, act func()) (url string) {
	opts := &airsocket.Options{Parallel: true}
	if m.set != nil {
		m.set(opts)
	}
	srv := &airsocket.Server{Options: opts}
	srv.OnRequest(func(r *airsocket.Request) {
		if m.name == "request" && r.URL().Path == "/act" {
			act()
		}
		r.Accept("")
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
		s.OnFrame(func(e *airsocket.FrameEvent) { s.SendMessage(e.Kind, e.Data) })
		switch {
		case s.Request().Target != "/act":
		case m.name == "connect":
			act()
		case m.attach != nil:
			m.attach(s, act)
		}
	})
	return wstest.ServeWay(t, srv, way)
}

// come connects a client that brings the server to the moment.
func (m moment) come(t *testing.T, url string) *wstest.RawPeer {
	t.Helper()
	p := wstest.DialRaw(t, url)
	p.WriteRaw([]byte(wstest.RequestWith("GET /act HTTP/1.1")))
	if m.attach != nil {
		p.ReadResponse()
	}
	m.provoke(p)
	return p
}
