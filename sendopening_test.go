package airsocket_test

import (
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A claiming is an extension that changes nothing, and calls a function when a connection
// is made ready for it.
type claiming struct{ claims func() }

func (*claiming) Name() string               { return "claiming" }
func (*claiming) Offer() []extensions.Params { return nil }
func (x *claiming) Accept(extensions.Params) (extensions.Session, error) {
	return extensions.Session{Wire: x}, nil
}

func (x *claiming) Answer(extensions.Params) (extensions.Params, extensions.Session, bool) {
	return nil, extensions.Session{Wire: x}, true
}

func (x *claiming) Claims() wire.RSV {
	x.claims()
	return 0
}

// TestPublishWhileOpening checks that nothing is lost of what another goroutine publishes
// just when a subscriber becomes open.
func TestPublishWhileOpening(t *testing.T) {
	x := new(claiming)
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Extensions: []extensions.Extension{x}}}
	var socket *airsocket.Socket
	srv.OnConnect(func(s *airsocket.Socket) {
		socket = s
		s.Subscribe("all")
	})
	publish := func() {
		if skipped, err := srv.Publish("all", wire.Text, []byte("x")); skipped != 0 || err != nil {
			t.Error(skipped, err)
		}
	}
	var once sync.Once
	x.claims = func() {
		if socket == nil {
			return // the handshake is being negotiated
		}
		once.Do(func() {
			if socket.ReadyState() == airsocket.StateOpen {
				publish()
			} else {
				go publish() // it has to wait until the socket is open
			}
		})
	}
	p := wstest.DialRaw(t, wstest.Serve(t, srv))
	p.OpenCompressed("claiming")
	p.Want(wstest.OpText, "x")
}
