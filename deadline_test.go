package airsocket_test

import (
	"net"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestDeadlinesFromBefore checks that a Socket clears the deadlines that its
// connection had before.
func TestDeadlinesFromBefore(t *testing.T) {
	connections := map[string]func() (a, b net.Conn){
		"TCP":  func() (net.Conn, net.Conn) { a, b := wstest.TCPPair(t); return a, b },
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
				theirs.SetDeadline(time.Now().Add(wstest.Patience))
				opts := &airsocket.Options{HandshakeTimeout: -1, Dial: wstest.DialTo(ours)}
				j := wstest.Converse(t, opts, nil, nil, func(s *airsocket.Socket) error { return start(s, ours) },
					wstest.NewRawPeer(t, theirs, how == "StartServer"), func(p *wstest.RawPeer) {
						p.OpenAsEither()
						p.Send(wstest.OpText, "hello")
						p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
						p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
						p.FinishClose()
					})
				j.Want("open", "text hello", `close 1000 "" clean`)
			})
		}
	}
}

// A deadlineListener gives each connection a deadline that has passed.
type deadlineListener struct{ net.Listener }

func (l deadlineListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		conn.SetDeadline(time.Now().Add(-time.Hour))
	}
	return conn, err
}

// TestDeadlinesOfAListener checks that deadlines set by a listener are cleared too.
func TestDeadlinesOfAListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := wstest.Echoing(&airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{HandshakeTimeout: -1})})
	wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(deadlineListener{l}) })
	p := wstest.ConnectRaw(t, "ws://"+l.Addr().String()+"/")
	p.Send(wstest.OpText, "hello")
	p.Want(wstest.OpText, "hello")
}
