package main

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// The subprotocols of libwebsockets' test server, and the name that
// WebSocket-Node's example gives to an echo.
const (
	dumbIncrement = "dumb-increment-protocol"
	lwsMirror     = "lws-mirror-protocol"
	fraggle       = "fraggle-protocol"
	echoProtocol  = "echo-protocol"
)

var subprotocols = []string{echoProtocol, dumbIncrement, lwsMirror, fraggle}

// period is the time between two numbers, and between two random messages.
const period = 50 * time.Millisecond

// every calls fn in turns of disp while s is open, but not while s has more
// waiting than it can send.
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

// serveIncrement counts from 0 until it is told to begin again.
func serveIncrement(s *airsocket.Socket, disp *airsocket.Dispatcher) {
	n := 0 // belongs to the turns of disp
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

// A mirror sends every message to all of its members, the sender included. It
// belongs to the turns of its Dispatcher, and each socket to its own.
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
		s.Pause() // one message of a socket at a time: no queue of them grows
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

// send closes members that do not read, or they would hold up or bloat the rest.
func (m *mirror) send(kind wire.Kind, data []byte) {
	for _, s := range m.members {
		if s.BufferedAmount() > highWater {
			s.Close(airsocket.StatusPolicyViolation, "this client reads too slowly")
			continue
		}
		// A version without binary messages goes without them.
		s.SendMessage(kind, data)
	}
}

// What libwebsockets' fraggle test client has room for is fragments of maxFragment
// bytes. There are up to maxFragments of them in a message.
const maxFragments, maxFragment = 64, 2000

// serveFraggle sends messages of random bytes in fragments of random lengths, each
// message followed by the sum of its bytes as 32 bits in network order.
func serveFraggle(s *airsocket.Socket, disp *airsocket.Dispatcher) {
	every(s, disp, func() {
		var sum uint32
		for left := 1 + rand.IntN(maxFragments); left > 0; left-- {
			fragment := make([]byte, 1+rand.IntN(maxFragment))
			for i := range fragment {
				fragment[i] = byte(rand.Uint32())
				sum += uint32(fragment[i])
			}
			switch err := s.SendPart(wire.Binary, fragment, left > 1); {
			case errors.Is(err, wire.ErrUnsupported):
				s.Close(airsocket.StatusUnsupportedData, "this version of the protocol has no fragments")
				return
			case err != nil:
				return // and the rest of the message comes with the next one
			}
		}
		s.SendBytes(binary.BigEndian.AppendUint32(nil, sum))
	})
}
