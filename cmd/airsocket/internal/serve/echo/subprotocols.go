package echo

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
	"github.com/airsocket/airsocket/wire"
)

// The subprotocols of libwebsockets' test server and of WebSocket-Node's echo
// server.
const (
	dumbIncrement = "dumb-increment-protocol"
	lwsMirror     = "lws-mirror-protocol"
	fraggle       = "fraggle-protocol"
	echoProtocol  = "echo-protocol"
)

// Protocols are the subprotocols of a Server.
var Protocols = []string{echoProtocol, dumbIncrement, lwsMirror, fraggle}

// period is the time between two numbers, and between two random messages.
const period = 50 * time.Millisecond

// every calls fn once per period while s is open, in turns of disp. It skips a
// call while s still has unsent data.
func every(s *airsocket.Socket, disp *airsocket.Dispatcher, fn func()) {
	var timer *airsocket.Timer
	s.OnOpen(func(*airsocket.OpenEvent) {
		timer = disp.SetInterval(func() {
			if s.BufferedAmount() == 0 {
				fn()
			}
		}, period)
	})
	s.OnClose(func(*airsocket.CloseEvent) {
		if timer != nil {
			timer.Clear()
		}
	})
}

// serveIncrement sends increasing numbers, from 0, and begins again when it
// receives "reset" and a line feed.
func serveIncrement(s *airsocket.Socket, disp *airsocket.Dispatcher) {
	n := 0 // used only in turns of disp
	every(s, disp, func() {
		s.Send(strconv.Itoa(n))
		n++
	})
	s.OnMessage(func(ev *airsocket.MessageEvent) {
		if string(ev.Bytes()) == "reset\n" {
			disp.Post(func() { n = 0 })
		}
	})
}

// A mirror sends every message to all of its members, including the sender. Its
// list of members is used only in turns of disp; the handlers of each socket
// run in turns of their own.
type mirror struct {
	disp    *airsocket.Dispatcher
	members []*airsocket.Socket
}

func (m *mirror) serve(s *airsocket.Socket) {
	s.OnOpen(func(*airsocket.OpenEvent) {
		m.disp.Post(func() { m.members = append(m.members, s) })
	})
	s.OnMessage(func(ev *airsocket.MessageEvent) {
		kind, data := ev.Kind(), ev.Clone()
		s.Pause() // so that at most one message of each socket waits for a turn
		m.disp.Post(func() {
			m.send(kind, data)
			s.Resume()
		})
	})
	s.OnClose(func(*airsocket.CloseEvent) {
		m.disp.Post(func() {
			m.members = slices.DeleteFunc(m.members, func(member *airsocket.Socket) bool { return member == s })
		})
	})
}

// send sends a message to all members. It closes those that read too slowly,
// instead of keeping more and more data for them.
func (m *mirror) send(kind wire.Kind, data []byte) {
	for _, s := range m.members {
		if s.BufferedAmount() > options.HighWater {
			s.Close(airsocket.StatusPolicyViolation, "this client reads too slowly")
			continue
		}
		// Members whose version has no binary messages do not get them.
		s.SendMessage(kind, data)
	}
}

// A message of fraggle-protocol has up to maxFragments fragments of up to
// maxFragment bytes, which is what libwebsockets' test client has room for.
const maxFragments, maxFragment = 64, 2000

// serveFraggle sends messages of random bytes in fragments of random lengths, each
// message followed by the sum of its bytes as a 32-bit number in network byte
// order.
func serveFraggle(s *airsocket.Socket, disp *airsocket.Dispatcher) {
	every(s, disp, func() {
		var sum uint32
		for left := 1 + rand.IntN(maxFragments); left > 0; left-- {
			fragment := make([]byte, 1+rand.IntN(maxFragment))
			for i := range fragment {
				fragment[i] = byte(rand.Uint32())
				sum += uint32(fragment[i])
			}
			// Random bytes only become longer by compression, and may then exceed maxFragment.
			switch err := s.SendUncompressed(wire.Binary, fragment, left == 1); {
			case errors.Is(err, wire.ErrUnsupported):
				s.Close(airsocket.StatusUnsupportedData, "this version of the protocol has no fragments")
				return
			case err != nil:
				s.Close(airsocket.StatusPolicyViolation, "this client reads too slowly")
				return
			}
		}
		s.SendBytes(binary.BigEndian.AppendUint32(nil, sum))
	})
}
