package airsocket_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// mostPings is more than the pings that a server reads while it cannot send a pong: 1,000,
// and what one read brings.
const mostPings = 2000

// TestPingsWithoutReading checks that a server stops reading from a client that sends many pings
// and takes no pong, until WriteTimeout ends the connection, whichever other
// timeouts there are.
func TestPingsWithoutReading(t *testing.T) {
	for _, idle := range []time.Duration{0, 3 * time.Second} {
		pings := 0
		opts := &airsocket.Options{WriteTimeout: 10 * time.Second, IdleTimeout: idle, PingInterval: idle}
		j, took := inTime(t, false, opts, func(s *airsocket.Socket) {
			s.OnPing(func(*airsocket.PingEvent) { pings++ })
		}, func(p *wstest.RawPeer) {
			p.Open()
			ping := p.Frame(wstest.OpPing, "ping")
			for range 20_000 {
				if _, err := p.Write(ping); err != nil {
					return
				}
			}
		})
		if pings == 0 || pings > mostPings {
			t.Errorf("the server has read %d pings", pings)
		}
		j.Want("open", "error", `close 1006 "" unclean`)
		j.WantError(airsocket.ErrWriteTimeout)
		if took != opts.WriteTimeout {
			t.Errorf("it took %v", took)
		}
	}
}

// TestClientReadsPingsWithoutEnd checks that a client goes on reading in the same situation,
// so that two ends cannot wait for each other.
func TestClientReadsPingsWithoutEnd(t *testing.T) {
	const n = 5000
	pings := 0
	inTime(t, true, &airsocket.Options{}, func(s *airsocket.Socket) {
		s.OnPing(func(*airsocket.PingEvent) { pings++ })
	}, func(p *wstest.RawPeer) {
		p.Accept()
		for range n {
			p.Send(wstest.OpPing, "ping")
		}
	})
	if pings != n {
		t.Errorf("the client has read %d pings", pings)
	}
}

// TestPongsDrain checks that a server that has stopped reading goes on when the client takes
// its pongs at last, as often as that happens.
func TestPongsDrain(t *testing.T) {
	wstest.EachWay(t, pongsDrain)
}

func pongsDrain(t *testing.T, way string) {
	stuck, done := make(chan bool, 1), make(chan string, 1)
	srv := &airsocket.Server{Options: &airsocket.Options{
		Dispatcher: new(airsocket.Dispatcher), WriteTimeout: wstest.Patience, MaxBuffered: 4096,
		Hooks: &airsocket.Hooks{TurnEnded: func(s *airsocket.Socket, _ time.Duration) {
			if s == nil || !s.IsHeld() {
				return
			}
			select {
			case stuck <- true:
			default: // the peer has not looked yet
			}
		}},
	}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { narrow(s.Conn()) })
		s.OnPing(func(*airsocket.PingEvent) {
			if n := s.BufferedAmount(); n > 64<<10+4096+200 {
				t.Errorf("%d bytes of pongs are waiting", n)
			}
		})
		s.OnMessage(func(e *airsocket.MessageEvent) { done <- e.Text() })
	})
	p := wstest.ConnectRaw(t, wstest.ServeWay(t, srv, way))
	narrow(p.Conn)
	var enough atomic.Bool
	go func() {
		pings := bytes.Repeat(p.Frame(wstest.OpPing, strings.Repeat("x", 100)), 1000)
		for !enough.Load() {
			p.Write(pings)
		}
		p.Write(p.Frame(wstest.OpText, "last"))
	}()
	for range 3 {
		wstest.Receive(t, stuck)
		if _, err := io.CopyN(io.Discard, p.Reader, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	enough.Store(true)
	go io.Copy(io.Discard, p.Reader)
	if got := wstest.Receive(t, done); got != "last" {
		t.Errorf("message %q", got)
	}
}

// narrow makes the system's buffers for conn small, but not smaller than a packet on loopback,
// with which TCP is slow.
func narrow(conn net.Conn) {
	c := wstest.Below(conn).(interface {
		SetReadBuffer(int) error
		SetWriteBuffer(int) error
	})
	c.SetReadBuffer(128 << 10)
	c.SetWriteBuffer(128 << 10)
}

// TestBothPing checks that a client and a server that both send many pings at once both get
// on, and that neither waits for the other.
func TestBothPing(t *testing.T) {
	const n = 100_000
	ping := func(s *airsocket.Socket) {
		narrow(s.Conn())
		go func() {
			for range n {
				if err := s.Ping([]byte("ping")); err != nil {
					t.Error(err)
					return
				}
			}
			s.Send("last")
		}()
	}
	last, closed := make(chan bool, 2), make(chan bool, 2)
	attach := func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { ping(s) })
		s.OnMessage(func(*airsocket.MessageEvent) { last <- true })
		s.OnClose(func(e *airsocket.CloseEvent) {
			closed <- e.WasClean
		})
	}
	srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
	srv.OnConnect(attach)
	client := airsocket.NewSocket(&airsocket.Options{Parallel: true})
	attach(client)
	if err := client.Connect(wstest.Serve(t, srv)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wstest.Receive(t, last)
	}
	client.Close(1000, "")
	for range 2 {
		if !wstest.Receive(t, closed) {
			t.Error("the close is not clean")
		}
	}
}
