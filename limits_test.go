package airsocket_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

func TestMaxMessageAndMaxFrame(t *testing.T) {
	whole := func(p *wstest.RawPeer, n int) []byte { return p.Frame(wstest.OpBinary, strings.Repeat("x", n)) }
	halves := func(p *wstest.RawPeer, n int) []byte {
		return append(p.Frame(0x02, strings.Repeat("x", n/2)), p.Frame(0x80, strings.Repeat("x", n-n/2))...)
	}
	for _, c := range []struct {
		name           string
		message, frame int
		send           func(p *wstest.RawPeer, n int) []byte
		n              int
		rule           error // nil: the message is accepted
	}{
		{"message at the limit", 1000, 0, halves, 1000, nil},
		{"message over the limit", 1000, 0, halves, 1001, wire.ErrMessageTooBig},
		{"frame at the limit", 0, 1000, whole, 1000, nil},
		{"frame over the limit", 0, 1000, whole, 1001, wire.ErrFrameTooBig},
		{"frames under the limit, message above it", 0, 1000, halves, 1800, nil},
		{"the lower limit counts", 1000, 2000, whole, 1500, wire.ErrMessageTooBig},
		{"default message", 0, -1, halves, 16<<20 + 1, wire.ErrMessageTooBig},
		{"default frame", -1, 0, whole, 16<<20 + 1, wire.ErrFrameTooBig},
		{"none", -1, -1, whole, 16<<20 + 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := -1
			j := wstest.StartServer(t, func(o *airsocket.Options) { o.MaxMessage, o.MaxFrame = c.message, c.frame }, func(s *airsocket.Socket) {
				s.OnMessage(func(e *airsocket.MessageEvent) { got = len(e.Bytes()) })
			}, func(p *wstest.RawPeer) {
				p.Open()
				p.WriteRaw(c.send(p, c.n))
				if c.rule != nil {
					p.WantClose(1009)
					p.WantEOF()
				} else {
					p.Send(wstest.OpClose, "")
					p.Want(wstest.OpClose, "")
					p.WantEOF()
				}
				p.Close()
			})
			j.WantError(c.rule)
			if want := c.n; c.rule == nil && got != want || c.rule != nil && got != -1 {
				t.Errorf("a message of %d bytes", got)
			}
		})
	}
}

// TestMaxBuffered checks that what is accepted stays below MaxBuffered and arrives,
// and that the drain event reports when there is room again.
func TestMaxBuffered(t *testing.T) {
	const limit, size = 1 << 20, 1000
	full := make(chan int, 1)
	j := wstest.StartServer(t, func(o *airsocket.Options) { o.MaxBuffered = limit }, func(s *airsocket.Socket) {
		n := 0
		s.OnOpen(func(*airsocket.OpenEvent) {
			var err error
			for err == nil {
				if err = s.Send(strings.Repeat("x", size)); err == nil {
					n++
				}
				if b := s.BufferedAmount(); b > limit+64 {
					t.Errorf("%d bytes are waiting", b)
				}
			}
			if err != airsocket.ErrBufferFull {
				t.Errorf("Send: %v", err)
			}
			if b := s.BufferedAmount(); b < limit-2*size {
				t.Errorf("full with only %d bytes waiting", b)
			}
			full <- n
		})
		s.OnDrain(func(*airsocket.DrainEvent) {
			if b := s.BufferedAmount(); b != 0 {
				t.Errorf("drain event with %d bytes waiting", b)
			}
			if err := s.Send("room again"); err != nil {
				t.Error(err)
			}
			s.OnDrain(nil)
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		for range <-full {
			p.Want(wstest.OpText, strings.Repeat("x", size))
		}
		p.Want(wstest.OpText, "room again")
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	j.WantError(nil)
}

// TestMaxBufferedWithinATurn checks that messages that wait only for the end of the
// turn do not make a socket full: there would be no drain event.
func TestMaxBufferedWithinATurn(t *testing.T) {
	j := wstest.StartServer(t, func(o *airsocket.Options) { o.MaxBuffered = 100 }, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for i := range 10 {
				if err := s.Send(strings.Repeat("x", 90)); err != nil {
					t.Errorf("message %d: %v", i, err)
				}
			}
			// A message of any length is accepted when nothing is waiting.
			if err := s.SendBytes(make([]byte, 1000)); err != nil {
				t.Error(err)
			}
			s.Close(1000, "")
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		for range 10 {
			p.Want(wstest.OpText, strings.Repeat("x", 90))
		}
		p.Want(wstest.OpBinary, strings.Repeat("\x00", 1000))
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.FinishClose()
	})
	j.Want("open", `close 1000 "" clean`)
}

// TestPongsAreBounded checks that a peer that sends pings and does not read cannot
// fill the memory of a client with pongs. A server stops reading; see TestPongsDrain.
func TestPongsAreBounded(t *testing.T) {
	var most int
	j := wstest.StartClient(t, func(o *airsocket.Options) { o.MaxBuffered = 4096 }, func(s *airsocket.Socket) {
		s.OnPing(func(*airsocket.PingEvent) { most = max(most, s.BufferedAmount()) })
	}, func(p *wstest.RawPeer) {
		p.Accept()
		pings := []byte(strings.Repeat(string(p.Frame(wstest.OpPing, strings.Repeat("p", 125))), 512))
		var wg sync.WaitGroup
		stop := make(chan struct{})
		wg.Go(func() {
			for range 400 { // 26 MB, more than the system holds
				if _, err := p.Write(pings); err != nil {
					t.Error(err)
				}
			}
			p.Write(p.Frame(wstest.OpClose, ""))
			close(stop)
		})
		<-stop
		for first := byte(wstest.OpPong); first != wstest.OpClose; {
			var err error
			if first, _, err = p.ReadFrame(); err != nil {
				t.Error(err)
				break
			}
		}
		wg.Wait()
		p.FinishClose()
	})
	j.WantError(nil)
	if most > 64<<10+4096+200 {
		t.Errorf("%d bytes were waiting", most)
	}
}

func TestMaxBufferedBeforeOpen(t *testing.T) {
	j := wstest.StartClient(t, func(o *airsocket.Options) { o.QueueBeforeOpen, o.MaxBuffered = true, 1000 }, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { s.Close(1000, "") })
	}, func(p *wstest.RawPeer) {
		p.Accept()
		p.Send(wstest.OpText, "x")
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.FinishClose()
	})
	j.Want("open", "text x", `close 1000 "" clean`)

	theirs, ours := wstest.TCPPair(t)
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{QueueBeforeOpen: true, MaxBuffered: 1000, Dispatcher: d, Dial: wstest.DialTo(ours)})
	wstest.Run(t, d, func() {
		if err := s.Send("x"); !errors.Is(err, airsocket.ErrInvalidState) {
			t.Errorf("Send before Connect: %v", err)
		}
		s.Connect("ws://example.com/")
		taken := 0
		for s.SendBytes(make([]byte, 100)) == nil {
			taken++
		}
		if err := s.SendBytes(make([]byte, 100)); err != airsocket.ErrBufferFull {
			t.Errorf("SendBytes: %v", err)
		}
		s.OnOpen(func(*airsocket.OpenEvent) { s.Close(1000, "") })
		go func() {
			p := wstest.NewRawPeer(t, theirs, false)
			p.Accept()
			for range taken {
				p.Want(wstest.OpBinary, strings.Repeat("\x00", 100))
			}
			p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.Close()
		}()
		if taken == 0 || taken > 10 {
			t.Errorf("%d messages of 100 bytes were accepted", taken)
		}
	})
}

func TestMaxHead(t *testing.T) {
	long := func(n int) string {
		head := wstest.UpgradeRequest[:len(wstest.UpgradeRequest)-2] + "X-Long: "
		return head + strings.Repeat("x", n-len(head)-4) + "\r\n\r\n"
	}
	lines := func(n int) string {
		return wstest.UpgradeRequest[:len(wstest.UpgradeRequest)-2] + strings.Repeat("X: y\r\n", n-strings.Count(wstest.UpgradeRequest, "\n")+1) + "\r\n"
	}
	for _, c := range []struct {
		name    string
		opts    *airsocket.Options
		request string
		status  int
	}{
		{"at the default", nil, long(16 << 10), 101},
		{"over the default", nil, long(16<<10 + 1), 431},
		{"over the limit", &airsocket.Options{MaxHead: 500}, long(501), 431},
		{"no limit", &airsocket.Options{MaxHead: -1}, long(16<<10 + 1), 101},
		{"lines at the default", nil, lines(100), 101},
		{"lines over the default", nil, lines(100 + 1), 431},
		{"lines over the limit", &airsocket.Options{MaxHeadLines: 10}, lines(11), 431},
		{"no limit of lines", &airsocket.Options{MaxHeadLines: -1}, lines(100 + 1), 101},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := wstest.DialRaw(t, wstest.ServeEcho(t, c.opts))
			p.WriteRaw([]byte(c.request))
			if got := p.ReadResponse().StatusCode; got != c.status {
				t.Errorf("status %d, want %d", got, c.status)
			}
		})
	}
}

// TestHeadWithoutEnd checks that a head without an end is refused as soon as it is
// too long.
func TestHeadWithoutEnd(t *testing.T) {
	p := wstest.DialRaw(t, wstest.ServeEcho(t, nil))
	p.WriteRaw([]byte(wstest.UpgradeRequest[:len(wstest.UpgradeRequest)-2] + "X: " + strings.Repeat("x", 16<<10)))
	if got := p.ReadResponse().StatusCode; got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", got)
	}
}

// TestRefusalOfASendingPeer checks that a peer that is refused while it is still
// sending can read the response, since the connection is not reset.
func TestRefusalOfASendingPeer(t *testing.T) {
	p := wstest.DialRaw(t, wstest.ServeEcho(t, nil))
	p.WriteRaw([]byte("POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n" + strings.Repeat("x", 100<<10)))
	if got := p.ReadResponse().StatusCode; got != http.StatusMethodNotAllowed {
		t.Errorf("status %d", got)
	}
	p.WantEOF()
}

func TestMaxHeadOfAnAnswer(t *testing.T) {
	j := wstest.StartClient(t, nil, nil, func(p *wstest.RawPeer) {
		p.ReadRequest()
		p.WriteRaw([]byte("HTTP/1.1 101 OK\r\nX: " + strings.Repeat("x", 16<<10)))
		p.WantEnd()
	})
	j.Want(wstest.Refused...)
	j.WantError(handshake.ErrHeadTooLarge)
}

func TestMaxConns(t *testing.T) {
	srv := &airsocket.Server{MaxConns: 2}
	url := wstest.Serve(t, srv)
	a, b := wstest.ConnectRaw(t, url), wstest.ConnectRaw(t, url)
	c := wstest.DialRaw(t, url)
	c.WriteRaw([]byte(wstest.UpgradeRequest))
	if got := c.ReadResponse().StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("status %d", got)
	}
	c.WantEOF()
	c.Close()
	a.Send(wstest.OpPing, "still here")
	a.Want(wstest.OpPong, "still here")
	b.Send(wstest.OpClose, "")
	b.Want(wstest.OpClose, "")
	b.WantEOF()
	b.Close()
	// The Server has room again when it has forgotten the socket, which the peer
	// cannot see: it may have to ask more than once.
	for {
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(wstest.UpgradeRequest))
		if p.ReadResponse().StatusCode == http.StatusSwitchingProtocols {
			break
		}
		p.Close()
	}
}

func TestControlPayloadTooLong(t *testing.T) {
	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			if err := s.Ping(make([]byte, 126)); !errors.Is(err, wire.ErrTooBig) {
				t.Errorf("Ping: %v", err)
			}
			if err := s.Close(1000, strings.Repeat("x", 124)); err != airsocket.ErrReason {
				t.Errorf("Close: %v", err)
			}
			s.Close(1000, strings.Repeat("x", 123))
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, strings.Repeat("x", 123)))
		p.Send(wstest.OpClose, "")
		p.FinishClose()
	})
	j.Want("open", `close 1005 "" clean`)
}
