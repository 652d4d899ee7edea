package airsocket_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// inTime runs a socket on one end of a pipe, in a synctest bubble, and returns how
// long it lived. The peer gets the other end.
func inTime(t *testing.T, client bool, opts *airsocket.Options, attach func(*airsocket.Socket), peer func(*wstest.RawPeer)) (j *wstest.Journal, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		d := new(airsocket.Dispatcher)
		opts.Dispatcher = d
		opts.Dial = wstest.DialTo(ours)
		s := airsocket.NewSocket(opts)
		j = wstest.Follow(t, s)
		if opts.Rules == airsocket.RulesBrowser {
			j.ErrorState = airsocket.StateClosed
		}
		if attach != nil {
			attach(s)
		}
		p := wstest.NewRawPeer(t, theirs, !client)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { peer(p) })
		d.Run(func() {
			if client {
				s.Connect("ws://example.com/")
			} else {
				s.StartServer(ours)
			}
		})
		took = time.Since(start)
		theirs.Close()
		wg.Wait()
	})
	return j, took
}

func TestHandshakeTimeout(t *testing.T) {
	for _, c := range []struct {
		option, want time.Duration
	}{
		{0, 30 * time.Second},
		{7 * time.Second, 7 * time.Second},
	} {
		j, took := inTime(t, false, &airsocket.Options{HandshakeTimeout: c.option}, nil, func(p *wstest.RawPeer) {
			p.WriteRaw([]byte(wstest.UpgradeRequest[:20])) // and nothing after it
		})
		j.Want(wstest.Refused...)
		j.WantError(airsocket.ErrHandshakeTimeout)
		if took != c.want {
			t.Errorf("server with %v: %v", c.option, took)
		}
		j, took = inTime(t, true, &airsocket.Options{HandshakeTimeout: c.option}, nil, func(p *wstest.RawPeer) {
			p.ReadRequest()
			p.WriteRaw([]byte(wstest.UpgradeResponse[:20]))
		})
		j.Want(wstest.Refused...)
		j.WantError(airsocket.ErrHandshakeTimeout)
		if took != c.want {
			t.Errorf("client with %v: %v", c.option, took)
		}
	}
}

// TestHandshakeTimeoutOfTCP checks the handshake timeout of TCP connections, which
// is kept in another way than for other connections.
func TestHandshakeTimeoutOfTCP(t *testing.T) {
	refused := make(chan error, 1)
	srv := &airsocket.Server{Options: &airsocket.Options{
		HandshakeTimeout: time.Second,
		Hooks:            &airsocket.Hooks{HandshakeFailed: func(_ *airsocket.Socket, err error) { refused <- err }},
	}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	})
	url := wstest.Serve(t, srv)
	good, bad := wstest.ConnectRaw(t, url), wstest.DialRaw(t, url)
	bad.WriteRaw([]byte(wstest.UpgradeRequest[:20])) // and nothing after it
	bad.WantEnd()
	if err := <-refused; err != airsocket.ErrHandshakeTimeout {
		t.Errorf("the handshake failed with %v", err)
	}
	good.Send(wstest.OpText, "still here")
	good.Want(wstest.OpText, "still here")
}

// A timeless is a connection without deadlines, such as a channel of SSH.
type timeless struct{ net.Conn }

var errNoDeadlines = errors.New("deadline not supported")

func (timeless) SetDeadline(time.Time) error      { return errNoDeadlines }
func (timeless) SetReadDeadline(time.Time) error  { return errNoDeadlines }
func (timeless) SetWriteDeadline(time.Time) error { return errNoDeadlines }

// TestConnectionWithoutDeadlines checks that a connection without deadlines works.
func TestConnectionWithoutDeadlines(t *testing.T) {
	theirs, ours := wstest.TCPPair(t)
	d := new(airsocket.Dispatcher)
	client := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: func(context.Context, string, string) (net.Conn, error) {
		return timeless{theirs}, nil
	}})
	server := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	j := wstest.Follow(t, client)
	airsocket.AddEventListener(client, airsocket.EventOpen, func(*airsocket.OpenEvent) { client.Send("hello") })
	server.OnMessage(func(e *airsocket.MessageEvent) {
		server.Send(e.Text())
		server.Close(1000, "")
	})
	wstest.Run(t, d, func() {
		server.StartServer(timeless{ours})
		client.Connect("ws://example.com/")
	})
	j.Want("open", "text hello", `close 1000 "" clean`)
}

// TestHandshakeTimeoutIsForAll checks that a peer does not get more time by sending
// a byte now and then.
func TestHandshakeTimeoutIsForAll(t *testing.T) {
	j, took := inTime(t, false, &airsocket.Options{HandshakeTimeout: 10 * time.Second}, nil, func(p *wstest.RawPeer) {
		for i := range len(wstest.UpgradeRequest) {
			time.Sleep(time.Second) // a byte a second
			if _, err := p.Write([]byte{wstest.UpgradeRequest[i]}); err != nil {
				return
			}
		}
	})
	j.WantError(airsocket.ErrHandshakeTimeout)
	if took != 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestHandshakeTimeoutInDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		j := wstest.Follow(t, s)
		start := time.Now()
		d.Run(func() { s.Connect("ws://example.com/") })
		j.Want(wstest.Refused...)
		j.WantError(airsocket.ErrHandshakeTimeout)
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestNoHandshakeTimeout checks that a peer may take an hour without a handshake
// timeout, and that with one it has no effect once the connection is open.
func TestNoHandshakeTimeout(t *testing.T) {
	for _, client := range []bool{false, true} {
		for _, timeout := range []time.Duration{-1, 10 * time.Second} {
			j, took := inTime(t, client, &airsocket.Options{HandshakeTimeout: timeout}, nil, func(p *wstest.RawPeer) {
				if timeout < 0 {
					time.Sleep(time.Hour) // much longer than HandshakeTimeout by default
				}
				if client {
					p.Accept()
				} else {
					p.Open()
				}
				time.Sleep(time.Hour) // much longer than the HandshakeTimeout of the other case
				p.Send(wstest.OpText, "late")
				p.Send(wstest.OpClose, "")
				p.Want(wstest.OpClose, "")
				p.Close()
			})
			j.Want("open", "text late", `close 1005 "" clean`)
			if took < time.Hour {
				t.Errorf("it took %v", took)
			}
		}
	}
}

func TestCloseTimeout(t *testing.T) {
	for _, client := range []bool{false, true} {
		for _, c := range []struct {
			option, want time.Duration
		}{
			{0, 30 * time.Second},
			{2 * time.Second, 2 * time.Second},
		} {
			j, took := inTime(t, client, &airsocket.Options{CloseTimeout: c.option}, wstest.CloseAt(airsocket.EventOpen, 1000, ""), func(p *wstest.RawPeer) {
				p.OpenAsEither()
				p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
				for range 20 { // frames other than the answer do not extend the time
					time.Sleep(time.Second) // less than CloseTimeout, again and again
					if _, err := p.Write(p.Frame(wstest.OpText, "x")); err != nil {
						return
					}
				}
			})
			j.Want("open", "error", `close 1006 "" unclean`)
			j.WantError(airsocket.ErrCloseTimeout)
			if took != c.want {
				t.Errorf("client %v with %v: %v", client, c.option, took)
			}
		}
	}
}

// TestCloseTimeoutAfterTheAnswer checks the close timeout with a server that
// answers the close frame but does not end the connection.
func TestCloseTimeoutAfterTheAnswer(t *testing.T) {
	j, took := inTime(t, true, &airsocket.Options{}, wstest.CloseAt(airsocket.EventOpen, 1000, ""), func(p *wstest.RawPeer) {
		p.Accept()
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		time.Sleep(10 * time.Second) // less than CloseTimeout by default, which is not begun again
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
	})
	j.Want("open", `close 1000 "" clean`)
	j.WantError(nil)
	if took != 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestCloseTimeoutAfterAViolation checks the close timeout with a peer that breaks
// a rule and does not read the close frame.
func TestCloseTimeoutAfterAViolation(t *testing.T) {
	j, took := inTime(t, true, &airsocket.Options{CloseTimeout: time.Minute, WriteTimeout: -1}, nil, func(p *wstest.RawPeer) {
		p.Accept(p.Frame(0x83, ""))
	})
	j.Want("open", "error", `close 1002 "unknown opcode" unclean`)
	if took != time.Minute {
		t.Errorf("it took %v", took)
	}
}

func TestNoCloseTimeout(t *testing.T) {
	j, took := inTime(t, false, &airsocket.Options{CloseTimeout: -1}, wstest.CloseAt(airsocket.EventOpen, 1000, ""), func(p *wstest.RawPeer) {
		p.Open()
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		time.Sleep(24 * time.Hour) // longer than any CloseTimeout
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
	})
	j.Want("open", `close 1000 "" clean`)
	if took != 24*time.Hour {
		t.Errorf("it took %v", took)
	}
}

// TestPongTimeout checks that a silent peer gets a ping, and is given up if nothing
// follows.
func TestPongTimeout(t *testing.T) {
	for _, client := range []bool{false, true} {
		for _, c := range []struct {
			pong, want time.Duration
		}{
			{0, 10 * time.Second},
			{3 * time.Second, 3 * time.Second},
			{time.Minute, time.Minute}, // longer than the interval
		} {
			opts := &airsocket.Options{PingInterval: 20 * time.Second, PongTimeout: c.pong}
			j, took := inTime(t, client, opts, nil, func(p *wstest.RawPeer) {
				p.OpenAsEither()
				for first, _, err := p.ReadFrame(); err == nil; first, _, err = p.ReadFrame() {
					if first != wstest.OpPing {
						t.Errorf("frame %#x", first)
					}
				}
			})
			j.Want("open", "error", `close 1006 "" unclean`)
			j.WantError(airsocket.ErrPongTimeout)
			if took != 20*time.Second+c.want {
				t.Errorf("client %v with %v: %v", client, c.pong, took)
			}
		}
	}
}

// TestPingInterval checks that any data counts as a sign of life: pings are sent
// only after silence.
func TestPingInterval(t *testing.T) {
	opts := &airsocket.Options{PingInterval: 10 * time.Second, PongTimeout: 5 * time.Second}
	start := time.Time{}
	since := func() time.Duration { return time.Since(start) }
	j, _ := inTime(t, false, opts, nil, func(p *wstest.RawPeer) {
		p.Open()
		start = time.Now()
		for range 5 { // no ping until 20 + 10 s
			time.Sleep(4 * time.Second) // less than PingInterval
			p.Send(wstest.OpText, "x")
		}
		p.Want(wstest.OpPing, "")
		if at := since(); at != 30*time.Second {
			t.Errorf("first ping at %v", at)
		}
		time.Sleep(4 * time.Second) // less than PongTimeout
		p.Send(wstest.OpBinary, "") // instead of a pong
		p.Want(wstest.OpPing, "")
		if at := since(); at != 44*time.Second {
			t.Errorf("second ping at %v", at)
		}
		p.Send(wstest.OpPong, "")
		p.Want(wstest.OpPing, "")
		if at := since(); at != 54*time.Second {
			t.Errorf("third ping at %v", at)
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.Close()
	})
	j.Want("open", "text x", "text x", "text x", "text x", "text x", "binary ", "pong ", `close 1005 "" clean`)
}

// TestNoPings checks that without a pong timeout no peer is given up, and that
// without an interval no pings are sent.
func TestNoPings(t *testing.T) {
	for _, opts := range []*airsocket.Options{
		{PingInterval: time.Minute, PongTimeout: -1},
		{},
		{PingInterval: -1},
	} {
		pings := 0
		j, took := inTime(t, false, opts, nil, func(p *wstest.RawPeer) {
			p.Open()
			go func() {
				time.Sleep(time.Hour + time.Second) // an end that is no multiple of PingInterval
				p.WriteRaw(p.Frame(wstest.OpClose, ""))
			}()
			for {
				first, _, err := p.ReadFrame()
				if err != nil || first == wstest.OpClose {
					break
				}
				pings++
			}
			p.Close()
		})
		j.Want("open", `close 1005 "" clean`)
		want := 0
		if opts.PingInterval > 0 {
			want = 60
		}
		if pings != want || took < time.Hour {
			t.Errorf("%d pings in %v, want %d", pings, took, want)
		}
	}
}

// TestPauseHoldsThePongTimeout checks that a paused socket, which reads nothing,
// does not give up its peer.
func TestPauseHoldsThePongTimeout(t *testing.T) {
	opts := &airsocket.Options{PingInterval: 10 * time.Second, PongTimeout: time.Second}
	j, took := inTime(t, false, opts, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
			s.Pause()
			time.AfterFunc(time.Hour, s.Resume)
		}, airsocket.Once())
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.WriteRaw(append(p.Frame(wstest.OpText, "pause"), p.Frame(wstest.OpText, "go on")...))
		go func() {
			for {
				if _, _, err := p.ReadFrame(); err != nil {
					return
				}
			}
		}()
		p.WriteRaw(p.Frame(wstest.OpClose, ""))
	})
	j.Want("open", "text pause", "text go on", `close 1005 "" clean`)
	if took != time.Hour {
		t.Errorf("it took %v", took)
	}
}
