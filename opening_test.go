package airsocket_test

import (
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestPropertiesBeforeTheOpenEvent checks that the results of the opening handshake
// can be seen from the turn of the open event on, and not while another handler of
// the same Dispatcher runs.
func TestPropertiesBeforeTheOpenEvent(t *testing.T) {
	theirs, ours := wstest.TCPPair(t)
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: wstest.DialTo(ours), Compression: airsocket.CompressionTakeover})
	properties := func() (all string) {
		status, header := s.Response()
		if s.Version() != 0 || status != 0 || header != nil {
			all = s.Version().String()
		}
		return all + s.Protocol() + s.Extensions()
	}
	answered, closed := make(chan struct{}), make(chan struct{})
	s.OnOpen(func(*airsocket.OpenEvent) {
		if got := properties(); got != "hybi-13chatpermessage-deflate" {
			t.Errorf("in the open event: %q", got)
		}
		s.Close(1000, "")
	})
	go func() {
		defer close(closed)
		p := wstest.NewRawPeer(t, theirs, false)
		p.AcceptCompressed("permessage-deflate\r\nSec-WebSocket-Protocol: chat")
		close(answered)
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Close()
	}()
	wstest.Run(t, d, func() {
		if err := s.Connect("ws://example.com/", "chat"); err != nil {
			t.Fatal(err)
		}
		<-answered
		// The response is read during this turn, and the socket then waits for the turn
		// to end. There is no event that says when it waits.
		for range 1000 {
			if got := properties(); got != "" || s.ReadyState() != airsocket.StateConnecting {
				t.Fatalf("before the open event: %q, state %d", got, s.ReadyState())
			}
			runtime.Gosched()
		}
	})
	<-closed
}

// TestBufferedAmountOverTLS checks that over TLS a message no longer counts as
// waiting once its answer has arrived.
func TestBufferedAmountOverTLS(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	url := wstest.ServeTLS(t, root.Issue(t, wstest.ServerCertificate("127.0.0.1")))
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, TLS: root.ClientConfig()})
	const n = 2000
	count, wrong := 0, 0
	s.OnOpen(func(*airsocket.OpenEvent) { s.Send("x") })
	s.OnMessage(func(*airsocket.MessageEvent) {
		if s.BufferedAmount() != 0 {
			wrong++
		}
		if count++; count == n {
			s.Close(1000, "")
			return
		}
		s.Send(strings.Repeat("x", count%3*5000))
	})
	wstest.Run(t, d, func() { s.Connect(url) })
	if wrong > 0 || count != n {
		t.Errorf("in %d of %d answers the message was still waiting", wrong, count)
	}
}

// TestBufferedAmountOfAPipe checks that what a connection other than TCP cannot
// take at once counts as waiting, except for the piece that is being written.
func TestBufferedAmountOfAPipe(t *testing.T) {
	ours, theirs := net.Pipe()
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	const n, size = 64, 4 << 10
	opened := make(chan struct{})
	s.OnOpen(func(*airsocket.OpenEvent) {
		for range n {
			s.SendBytes(make([]byte, size))
		}
		s.Flush()
		if got := s.BufferedAmount(); got < (n-4)*size {
			t.Errorf("%d bytes are waiting", got)
		}
		close(opened)
		s.SendMessage(wire.Close, nil)
	})
	go func() {
		p := wstest.NewRawPeer(t, theirs, true)
		p.Open()
		<-opened
		for range n {
			p.ReadFrame()
		}
		p.Want(wstest.OpClose, "")
		p.Send(wstest.OpClose, "")
		io.Copy(io.Discard, p.Conn)
	}()
	wstest.Run(t, d, func() { s.StartServer(ours) })
}
