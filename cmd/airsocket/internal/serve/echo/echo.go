// Package echo sends messages back, and serves the subprotocols of libwebsockets' test server.
package echo

import (
	"errors"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

// A Server sets the handlers of sockets. The handlers that only echo share nothing and run
// in parallel.
type Server struct {
	disp   *airsocket.Dispatcher
	mirror mirror
}

// New returns a Server that uses turns of disp for what sockets share.
func New(disp *airsocket.Dispatcher) *Server {
	return &Server{disp: disp, mirror: mirror{disp: disp}}
}

// Connect serves s as its subprotocol says.
func (e *Server) Connect(s *airsocket.Socket) {
	switch s.Protocol() {
	case dumbIncrement:
		serveIncrement(s, e.disp)
	case lwsMirror:
		e.mirror.serve(s)
	case fraggle:
		serveFraggle(s, e.disp)
	default:
		s.OnMessage(sendBack)
	}
}

// sendBack echoes a message. If the client sends without reading the echoes,
// sendBack pauses the socket, so that few of them are kept in memory.
func sendBack(ev *airsocket.MessageEvent) {
	s := ev.Target()
	err := s.SendMessage(ev.Kind(), ev.Bytes())
	switch {
	case errors.Is(err, airsocket.ErrBufferFull):
		kind, kept := ev.Kind(), ev.Clone()
		s.OnDrain(func(*airsocket.DrainEvent) {
			s.SendMessage(kind, kept)
			goOn(s)
		})
		s.Pause()
	case s.BufferedAmount() > options.HighWater:
		s.OnDrain(func(*airsocket.DrainEvent) { goOn(s) })
		s.Pause()
	}
}

func goOn(s *airsocket.Socket) {
	s.OnDrain(nil)
	s.Resume()
}
