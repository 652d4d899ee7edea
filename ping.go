package airsocket

import "github.com/airsocket/airsocket/wire"

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
	if !s.expectPong(payload, fn) {
		return ErrBufferFull
	}
	err := s.send(wire.Event{Kind: wire.Ping, Data: payload})
	if err != nil {
		s.takePongFunc(payload)
	}
	return calledBy("PingFunc", err)
}

// expectPong has fn called for a pong with the payload. It reports false if there
// are too many already.
func (s *Socket) expectPong(payload []byte, fn func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.makeExtras()
	if len(x.pings) >= maxPingWaits {
		return false
	}
	x.pings = append(x.pings, pingWait{string(payload), fn})
	return true
}

// takePongFunc returns the function that waits for a pong with the payload, or nil.
// The pong may also stand for earlier pings, which are then not answered themselves
// (RFC 6455, section 5.5.3), but whose functions keep waiting for their own.
func (s *Socket) takePongFunc(payload []byte) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.extras()
	for i, p := range x.pings {
		if p.payload == string(payload) {
			x.pings = append(x.pings[:i:i], x.pings[i+1:]...)
			return p.fn
		}
	}
	return nil
}

// ponged is for a pong with the payload.
func (s *Socket) ponged(payload []byte) {
	fn := s.takePongFunc(payload)
	if fn == nil {
		return
	}
	if s.opts.Recover {
		defer s.recoverHandler()
	}
	fn()
}
