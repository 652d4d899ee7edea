package airsocket_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// The tests in this file check claims of PORTING-GO.md that no other test checks.

// TestLongMessageInParts checks that a message longer than memory can be sent in
// handlers: parts while the system takes them, and the next when it has taken all.
func TestLongMessageInParts(t *testing.T) {
	const size, atEnd = 64 << 10, 10
	part := make([]byte, size)
	sent, drains, left := 0, 0, 0
	isFull := make(chan bool)
	wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		send := func() {
			for drains == 0 || left > 0 {
				left--
				if err := s.SendPart(wire.Binary, part, drains > 0 && left == 0); err != nil {
					t.Errorf("part %d: %v", sent, err)
					return
				}
				sent++
				s.Flush()
				switch n := s.BufferedAmount(); {
				case n > size+10:
					t.Errorf("%d bytes are waiting after part %d", n, sent)
				case n > 0:
					return
				}
			}
			s.Close(1000, "")
		}
		s.OnOpen(func(*airsocket.OpenEvent) {
			send()
			close(isFull)
		})
		s.OnDrain(func(*airsocket.DrainEvent) {
			if drains++; drains == 1 {
				left = atEnd
			}
			send()
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		<-isFull
		received := 0
		for first := byte(0); first&0x80 == 0; received++ {
			var payload string
			var err error
			if first, payload, err = p.ReadFrame(); err != nil || len(payload) != size || first&0x0F != 0 && received > 0 {
				t.Fatalf("frame %d: %#x, %d bytes, %v", received, first, len(payload), err)
			}
		}
		p.WantClose(1000)
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.FinishClose()
		if received < atEnd+2 {
			t.Errorf("%d parts were received", received)
		}
	})
	if drains == 0 {
		t.Error("no drain event")
	}
}

// TestErrorsOfNegotiation checks which errors a client reports where gws returns
// ErrCompressionNegotiation and ErrSubprotocolNegotiation.
func TestErrorsOfNegotiation(t *testing.T) {
	for field, want := range map[string]error{
		"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7": extensions.ErrParams,
		"Sec-WebSocket-Protocol: other":                                          handshake.ErrProtocolNotOffered,
	} {
		j := wstest.StartClient(t, func(o *airsocket.Options) {
			o.Compression, o.Protocols = airsocket.CompressionTakeover, []string{"chat"}
		}, nil, func(p *wstest.RawPeer) {
			key := wstest.AcceptKey(p.ReadRequest().Header.Get("Sec-WebSocket-Key"))
			p.WriteRaw([]byte("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + key + "\r\n" + field + "\r\n\r\n"))
			p.WantEnd()
		})
		j.WantError(want)
	}
}

// TestUpgradeWithItsOwnFields checks that the response to one request can have fields
// and a subprotocol of its own.
func TestUpgradeWithItsOwnFields(t *testing.T) {
	shared := wstest.OwnDispatcher(nil)
	url := wstest.ServeHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		opts := shared.Clone()
		opts.Header = http.Header{"X-Room": {strings.TrimPrefix(r.URL.Path, "/")}}
		s := airsocket.NewSocket(opts)
		if err := errors.Join(s.SetProtocol("second"), s.Upgrade(w, r)); err != nil {
			t.Error(err)
		}
	}))
	for _, room := range []string{"one", "two"} {
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(wstest.RequestWith("GET /"+room+" HTTP/1.1", "Sec-WebSocket-Protocol: first, second")))
		h := p.ReadResponse().Header
		if got := h.Get("X-Room"); got != room {
			t.Errorf("X-Room is %q, want %q", got, room)
		}
		if got := h.Get("Sec-WebSocket-Protocol"); got != "second" {
			t.Errorf("subprotocol %q", got)
		}
		p.Close()
	}
}

// TestSessionOfARequest checks that OnRequest of a Server in net/http can do what gws's
// Authorize does: look at the http.Request, refuse it, and keep what it has found out with
// the Socket. A refusal for its origin, as by gorilla's CheckOrigin, is reported to the
// Hooks.
func TestSessionOfARequest(t *testing.T) {
	refused := make(chan error, 2)
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{
		Hooks: &airsocket.Hooks{HandshakeFailed: func(_ *airsocket.Socket, err error) { refused <- err }},
	})}
	srv.OnRequest(func(r *airsocket.Request) {
		user := r.HTTP().FormValue("user")
		if user == "" {
			r.Reject(http.StatusUnauthorized, "")
			return
		}
		r.Socket().SetData(user)
		r.Accept("")
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("hello, " + s.Data().(string)) })
	})
	url := wstest.ServeHandler(t, srv)
	ask := func(line string) (p *wstest.RawPeer, status int) {
		p = wstest.DialRaw(t, url)
		p.WriteRaw([]byte(wstest.RequestWith(line)))
		return p, p.ReadResponse().StatusCode
	}
	p, status := ask("GET /?user=ann HTTP/1.1")
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("status %d", status)
	}
	p.Want(wstest.OpText, "hello, ann")
	for line, want := range map[string]int{
		"GET / HTTP/1.1": http.StatusUnauthorized,
		"GET /?user=ann HTTP/1.1\r\nOrigin: https://elsewhere.example": http.StatusForbidden,
	} {
		p, status := ask(line)
		p.Close() // for which the Server waits for a while before the socket is done
		var told *handshake.Error
		if err := wstest.Receive(t, refused); status != want || !errors.As(err, &told) || told.Status != want {
			t.Errorf("%q: status %d, and the hook was told %v", line, status, err)
		}
	}
}

// TestErrorsOfRead checks that what gorilla and coder return for a message that is too
// long can be found in the error of a Read, and that the error of a clean end has a code.
func TestErrorsOfRead(t *testing.T) {
	srv := &airsocket.Server{}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Text() == "end" {
				s.Close(1000, "bye")
			} else {
				s.SendBytes(make([]byte, 101))
			}
		})
	})
	url := wstest.Serve(t, srv)
	for text, want := range map[string]struct {
		code   airsocket.StatusCode
		reason string
		err    error
	}{
		"end":  {1000, "bye", io.EOF},
		"long": {1009, "a message is longer than this endpoint accepts", wire.ErrMessageTooBig},
	} {
		c, err := blocking.Dial(t.Context(), url, wstest.OwnDispatcher(&airsocket.Options{MaxMessage: 100}))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Write(t.Context(), wire.Text, []byte(text)); err != nil {
			t.Error(err)
		}
		_, _, err = c.Read(t.Context())
		var end *airsocket.CloseError
		if !errors.As(err, &end) || end.Code != want.code || end.Reason != want.reason || !errors.Is(err, want.err) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
