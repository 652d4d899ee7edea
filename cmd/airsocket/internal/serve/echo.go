package serve

import (
	"context"
	"errors"
	"log/slog"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

// An echo sets the handlers of a server's sockets. The handlers that only echo
// share nothing and run in parallel.
type echo struct {
	log    *slog.Logger
	noisy  bool // every message is logged
	disp   *airsocket.Dispatcher
	mirror mirror
}

// newEcho returns an echo for a server with the options o.
func newEcho(o *airsocket.Options) *echo {
	return &echo{
		log:    o.Logger,
		noisy:  o.Logger.Enabled(context.Background(), slog.LevelInfo),
		disp:   o.Dispatcher,
		mirror: mirror{disp: o.Dispatcher},
	}
}

func (e *echo) connect(s *airsocket.Socket) {
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
	if e.noisy {
		e.logEvents(s)
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

// logEvents logs the events that the library does not log.
func (e *echo) logEvents(s *airsocket.Socket) {
	remote := slog.Any("remote", s.RemoteAddr())
	if r := s.Request(); r != nil {
		e.log.Info("request", slog.String("target", r.Target), slog.String("origin", r.Origin), remote)
	}
	airsocket.AddEventListener(s, airsocket.EventMessage, func(ev *airsocket.MessageEvent) {
		kind := "text"
		if ev.Binary() {
			kind = "binary"
		}
		e.log.Info("message", slog.String("type", kind), slog.Int("size", len(ev.Bytes())), remote)
	})
	airsocket.AddEventListener(s, airsocket.EventPing, func(ev *airsocket.PingEvent) {
		e.log.Info("ping", slog.Int("size", len(ev.Data)), remote)
	})
	airsocket.AddEventListener(s, airsocket.EventPong, func(ev *airsocket.PongEvent) {
		e.log.Info("pong", slog.Int("size", len(ev.Data)), remote)
	})
}
