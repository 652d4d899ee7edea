package airsocket

import (
	"slices"

	"github.com/airsocket/airsocket/wire"
)

// pingWait is a ping of PingFunc that waits for its pong.
type pingWait struct {
	payload string
	fn      func()
}

// maxPingWaits is how many calls of PingFunc on a Socket may wait for a pong at a
// time.
const maxPingWaits = 1024

// PingFunc sends a ping, like Ping, and calls fn in a turn when a pong with the same
// payload arrives (Faye's ping(message, callback)). If the connection ends before
// that, fn is not called. PingFunc also returns [ErrBufferFull] if 1,024 calls of it
// are waiting for a pong.
func (s *Socket) PingFunc(payload []byte, fn func()) error {
	wait := &pingWait{string(payload), fn}
	err := s.expectPong(wait)
	if err == nil {
		if err = s.send(wire.Event{Kind: wire.Ping, Data: payload}); err != nil {
			s.takePing(func(p *pingWait) bool { return p == wait })
		}
	}
	return calledBy("PingFunc", err)
}

// expectPong has a ping wait for its pong, unless that makes no sense or there are
// too many.
func (s *Socket) expectPong(wait *pingWait) error {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	switch s.ReadyState() {
	case StateInit:
		return notStarted("PingFunc")
	case StateClosing, StateClosed:
		return ErrClosed
	}
	x := s.makeExtras()
	if len(x.pings) >= maxPingWaits {
		return ErrBufferFull
	}
	x.pings = append(x.pings, wait)
	return nil
}

// takePing takes the first ping that is true for from those that wait. It returns
// nil if there is none.
func (s *Socket) takePing(is func(*pingWait) bool) *pingWait {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	x := s.extras()
	i := slices.IndexFunc(x.pings, is)
	if i < 0 {
		return nil
	}
	p := x.pings[i]
	x.pings = slices.Delete(x.pings, i, i+1)
	return p
}

// ponged calls the function that waits for a pong with the payload. The pong may
// also stand for earlier pings, which are then not answered themselves (RFC 6455,
// section 5.5.3), but whose functions keep waiting for their own.
func (s *Socket) ponged(payload []byte) {
	p := s.takePing(func(p *pingWait) bool { return p.payload == string(payload) })
	if p == nil {
		return
	}
	if s.opts.Recover {
		defer s.recoverHandler()
	}
	p.fn()
}
