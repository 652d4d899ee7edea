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
	queued, err := s.takePing(payload, fn)
	if err == nil && !queued {
		s.noteSent(wire.Ping, len(payload))
	}
	return calledBy("PingFunc", err)
}

// takePing is take for a ping with a fn.
func (s *Socket) takePing(payload []byte, fn func()) (queued bool, err error) {
	s.out.Lock()
	defer s.out.Unlock()
	ev := wire.Event{Kind: wire.Ping, Data: payload}
	if s.ReadyState() != Open {
		return true, s.notOpenLocked(ev)
	}
	if len(s.rarely().pings) >= maxPingWaits {
		return false, ErrBufferFull
	}
	if err := s.sendLocked(ev); err != nil {
		return false, err
	}
	r := s.makeRare()
	r.pings = append(r.pings, pingWait{string(payload), fn})
	return false, nil
}

// ponged calls the function that waits for a pong with the payload. The pong may
// also stand for earlier pings, which are then not answered themselves (RFC 6455,
// section 5.5.3), but whose functions keep waiting for their own.
func (s *Socket) ponged(payload []byte) {
	s.out.Lock()
	var fn func()
	r := s.rarely()
	for i, p := range r.pings {
		if p.payload == string(payload) {
			fn = p.fn
			r.pings = append(r.pings[:i:i], r.pings[i+1:]...)
			break
		}
	}
	s.out.Unlock()
	if fn == nil {
		return
	}
	if s.set.Recover {
		defer s.recoverHandler()
	}
	fn()
}
