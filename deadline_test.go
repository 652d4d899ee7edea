package airsocket_test

import (
	"net"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

// Deadlines that a connection has had are gone when it belongs to a Socket.
func TestDeadlinesFromBefore(t *testing.T) {
	connections := map[string]func() (a, b net.Conn){
		"TCP":  func() (net.Conn, net.Conn) { a, b := pair(t); return a, b },
		"pipe": net.Pipe,
	}
	starts := map[string]func(s *airsocket.Socket, conn net.Conn) error{
		"StartServer": (*airsocket.Socket).StartServer,
		"Dial":        func(s *airsocket.Socket, _ net.Conn) error { return s.Connect("ws://example.com/") },
	}
	for by, connection := range connections {
		for how, start := range starts {
			t.Run(how+" over "+by, func(t *testing.T) {
				ours, theirs := connection()
				ours.SetDeadline(time.Now().Add(-time.Hour))
				theirs.SetDeadline(time.Now().Add(patience))
				opts := &airsocket.Options{HandshakeTimeout: -1, Dial: dialTo(ours)}
				j := converse(t, opts, nil, nil, func(s *airsocket.Socket) error { return start(s, ours) },
					newRawPeer(t, theirs, how == "StartServer"), func(p *rawPeer) {
						p.openAsEither()
						p.send(opText, "hello")
						p.send(opClose, closing(1000, ""))
						p.want(opClose, closing(1000, ""))
						p.part()
					})
				j.want("open", "text hello", `close 1000 "" clean`)
			})
		}
	}
}
