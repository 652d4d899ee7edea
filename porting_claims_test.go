package airsocket_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// The tests in this file check claims of PORTING.md that follow neither from the
// browser's behavior nor from a rule of the protocol.

// TestNoEventsWhereUpgradeFails checks that there are no events for a request that
// Upgrade refuses.
func TestNoEventsWhereUpgradeFails(t *testing.T) {
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	j := wstest.Follow(t, s)
	wstest.Run(t, d, func() {
		if err := s.Upgrade(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)); err == nil {
			t.Error("no error")
		}
	})
	j.Want()
	if s.ReadyState() != airsocket.StateClosed {
		t.Errorf("ReadyState %d", s.ReadyState())
	}
}

// TestBufferedAmountWithinATurn checks that BufferedAmount counts frames until the
// turn ends, except those of long messages, which are written at once.
func TestBufferedAmountWithinATurn(t *testing.T) {
	for _, c := range []struct{ size, waits int }{{100, 2 + 100}, {200, 4 + 200}, {32<<10 - 1, 4 + 32<<10 - 1}, {32 << 10, 0}} {
		j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
			s.OnOpen(func(*airsocket.OpenEvent) {
				s.SendBytes(make([]byte, c.size))
				if got := s.BufferedAmount(); got != c.waits {
					t.Errorf("after a message of %d bytes %d are waiting, want %d", c.size, got, c.waits)
				}
				s.Close(1000, "")
			})
			s.OnClose(func(*airsocket.CloseEvent) {
				if got := s.BufferedAmount(); got != 0 {
					t.Errorf("%d bytes are waiting in the end", got)
				}
			})
		}, func(p *wstest.RawPeer) {
			p.Open()
			p.ReadFrame()
			p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.FinishClose()
		})
		j.WantError(nil)
	}
}

// TestReadyStateAfterCloseWhileConnecting checks that Close while connecting
// changes the state at once, as in the browser.
func TestReadyStateAfterCloseWhileConnecting(t *testing.T) {
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: wstest.HangingDial})
	j := wstest.Follow(t, s)
	wstest.Run(t, d, func() {
		if err := s.Connect("ws://example.com/"); err != nil {
			t.Error(err)
		}
		s.Close(1000, "")
		if s.ReadyState() != airsocket.StateClosing {
			t.Errorf("ReadyState %d", s.ReadyState())
		}
		if err := s.Send("x"); !errors.Is(err, airsocket.ErrClosed) {
			t.Errorf("Send: %v", err)
		}
	})
	j.Want("error", `close 1006 "" unclean`)
	j.WantError(airsocket.ErrAborted)
}

// TestSubprotocolsAreOptional checks that subprotocols are compared as they are, and
// that in no version a server has to choose one.
func TestSubprotocolsAreOptional(t *testing.T) {
	for v := range wstest.EachVersion {
		asked := []string{"echo", "eCho"}
		if v <= wire.Hixie76 {
			asked = asked[1:] // in these versions there is at most one
		}
		d := new(airsocket.Dispatcher)
		theirs, ours := wstest.TCPPair(t)
		opts, o := wstest.AnyOrigin(), wstest.ClientOf(v, d)
		opts.Dispatcher, o.Dial = d, wstest.DialTo(theirs)
		server, client := airsocket.NewSocket(opts), airsocket.NewSocket(o)
		client.OnOpen(func(*airsocket.OpenEvent) {
			if client.Protocol() != "" {
				t.Errorf("%v: subprotocol %q", v, client.Protocol())
			}
			client.Close(1000, "")
		})
		client.OnError(func(e *airsocket.ErrorEvent) { t.Errorf("%v: %v", v, e.Err) })
		wstest.Run(t, d, func() {
			if err := errors.Join(server.StartServer(ours), client.Connect("ws://example.com/", asked...)); err != nil {
				t.Errorf("%v: %v", v, err)
			}
		})
	}
}

// TestConnectsInParallel checks that connections to one host do not wait for each
// other: the server answers none of them before all have arrived.
func TestConnectsInParallel(t *testing.T) {
	const n = 5
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		var peers []*wstest.RawPeer
		for range n {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(wstest.Patience))
			p := wstest.NewRawPeer(t, conn, false)
			peers = append(peers, p)
		}
		for _, p := range peers {
			p.Accept()
			p.Send(wstest.OpClose, "")
			p.Want(wstest.OpClose, "")
			p.Close()
		}
	}()
	d := new(airsocket.Dispatcher)
	opened := 0
	wstest.Run(t, d, func() {
		for range n {
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, HandshakeTimeout: wstest.Patience})
			s.OnOpen(func(*airsocket.OpenEvent) { opened++ })
			if err := s.Connect(fmt.Sprintf("ws://%v/", l.Addr())); err != nil {
				t.Error(err)
			}
		}
	})
	if opened != n {
		t.Errorf("%d of %d connections were opened", opened, n)
	}
}
