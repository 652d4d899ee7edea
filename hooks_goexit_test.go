package airsocket_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestGoexitWhileWaitingMessagesAreWritten checks that a hook that ends its goroutine, as
// a failing test does, ends the connection, also if the goroutine was writing what had to
// wait, and that nothing is written twice.
func TestGoexitWhileWaitingMessagesAreWritten(t *testing.T) {
	const size = 1 << 20
	closed, pinged := make(chan error, 1), make(chan struct{})
	srv := &airsocket.Server{Options: &airsocket.Options{MaxBuffered: -1, Hooks: &airsocket.Hooks{
		Sent: func(_ *airsocket.Socket, kind wire.Kind, _ int) {
			if kind == wire.Pong {
				runtime.Goexit()
			}
		},
	}}}
	srv.OnConnect(func(s *airsocket.Socket) {
		var err error
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for i := 0; i < 26 && err == nil; i++ {
				err = s.Send(strings.Repeat(string(rune('a'+i)), size))
				s.Flush()
			}
		})
		s.OnMessage(func(*airsocket.MessageEvent) { close(pinged) })
		s.OnError(func(e *airsocket.ErrorEvent) { err = e.Err })
		s.OnClose(func(*airsocket.CloseEvent) { closed <- err })
	})
	p := wstest.ConnectRaw(t, wstest.Serve(t, srv))
	p.Send(wstest.OpPing, "")
	p.Send(wstest.OpText, "")
	<-pinged
	for i := 0; ; i++ {
		first, payload, err := p.ReadFrame()
		if err != nil {
			break
		}
		if first == wstest.OpPong {
			continue
		}
		if want := strings.Repeat(string(rune('a'+i)), size); payload != want {
			t.Fatalf("message %d has %d bytes and begins with %.10q", i, len(payload), payload)
		}
	}
	if err := <-closed; err == nil {
		t.Error("no error")
	}
}
