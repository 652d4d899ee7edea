package airsocket_test

import (
	"os"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

const idleClose = "nothing was received for too long"

// TestIdleTimeout checks that a connection on which nothing is received is closed with 1001,
// and that what is sent does not count.
func TestIdleTimeout(t *testing.T) {
	for _, client := range []bool{false, true} {
		j, took := inTime(t, client, &airsocket.Options{IdleTimeout: 20 * time.Second}, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
				time.AfterFunc(10*time.Second, func() { s.Send("this does not count") })
			})
		}, func(p *wstest.RawPeer) {
			p.OpenAsEither()
			time.Sleep(15 * time.Second) // less than IdleTimeout
			p.Send(wstest.OpText, "x")
			p.Want(wstest.OpText, "this does not count")
			p.Want(wstest.OpClose, wstest.ClosePayload(1001, idleClose))
			p.Close()
		})
		j.Want("open", "text x", "error", `close 1001 "`+idleClose+`" unclean`)
		j.WantError(airsocket.ErrIdleTimeout)
		j.WantError(os.ErrDeadlineExceeded)
		if took != 35*time.Second {
			t.Errorf("client %v: it took %v", client, took)
		}
	}
}

// TestIdleTimeoutOfAPeerThatIsGone checks that a peer that does not answer the close frame
// has CloseTimeout, and that the error still is that of IdleTimeout.
func TestIdleTimeoutOfAPeerThatIsGone(t *testing.T) {
	j := wstest.StartServer(t, func(o *airsocket.Options) {
		o.IdleTimeout, o.CloseTimeout = 10*time.Millisecond, 10*time.Millisecond
	}, nil, func(p *wstest.RawPeer) {
		p.Open()
		p.WantClose(1001)
		p.WantEnd()
	})
	j.Want("open", "error", `close 1001 "`+idleClose+`" unclean`)
	j.WantError(airsocket.ErrIdleTimeout)
}

// TestAllThatIsReceivedCounts checks that pings, pongs and parts of frames keep a
// connection from being idle.
func TestAllThatIsReceivedCounts(t *testing.T) {
	frame := wstest.Frame(true, wstest.OpText, "parts")
	for name, piece := range map[string][]byte{
		"pings": wstest.Frame(true, wstest.OpPing, ""), "pongs": wstest.Frame(true, wstest.OpPong, ""), "parts": nil,
	} {
		j, took := inTime(t, false, &airsocket.Options{IdleTimeout: 20 * time.Second}, nil, func(p *wstest.RawPeer) {
			p.Open()
			go p.SkipToEnd()
			for i := range frame {
				time.Sleep(19 * time.Second) // less than IdleTimeout, each time
				if piece != nil {
					p.WriteRaw(piece)
				} else {
					p.WriteRaw(frame[i : i+1])
				}
			}
			p.WriteRaw(p.Frame(wstest.OpClose, ""))
		})
		j.WantError(nil)
		if want := time.Duration(len(frame)) * 19 * time.Second; took != want {
			t.Errorf("%s: it took %v, want %v", name, took, want)
		}
	}
}

// TestNotIdle checks that neither the time counts in which a socket is paused, wherever it
// was paused, nor that in which a handler runs.
func TestNotIdle(t *testing.T) {
	const pause = time.Hour
	for name, act := range map[string]func(*airsocket.Socket){
		"paused in a handler": func(s *airsocket.Socket) {
			s.Pause()
			time.AfterFunc(pause, s.Resume)
		},
		"paused at another time": func(s *airsocket.Socket) {
			time.AfterFunc(time.Second, func() {
				s.Pause()
				time.AfterFunc(pause-time.Second, s.Resume)
			})
		},
		"in a handler": func(*airsocket.Socket) { time.Sleep(pause) }, // the handler is what takes long
	} {
		opts := &airsocket.Options{IdleTimeout: 20 * time.Second}
		j, took := inTime(t, false, opts, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { act(s) }, airsocket.Once())
		}, func(p *wstest.RawPeer) {
			p.Open()
			p.Send(wstest.OpText, "x")
			time.Sleep(pause + 18*time.Second) // less than IdleTimeout after the pause
			p.Send(wstest.OpText, "y")
			p.Want(wstest.OpClose, wstest.ClosePayload(1001, idleClose))
			p.Close()
		})
		j.Want("open", "text x", "text y", "error", `close 1001 "`+idleClose+`" unclean`)
		if want := pause + 38*time.Second; took != want {
			t.Errorf("%s: it took %v, want %v", name, took, want)
		}
	}
}

// TestNoIdleTimeout checks that by default a silent connection stays open.
func TestNoIdleTimeout(t *testing.T) {
	for _, timeout := range []time.Duration{0, -1} {
		j, took := inTime(t, false, &airsocket.Options{IdleTimeout: timeout}, nil, func(p *wstest.RawPeer) {
			p.Open()
			time.Sleep(24 * time.Hour) // by default no limit applies
			p.Send(wstest.OpClose, "")
			p.Want(wstest.OpClose, "")
			p.Close()
		})
		j.Want("open", `close 1005 "" clean`)
		if took != 24*time.Hour {
			t.Errorf("it took %v", took)
		}
	}
}

// TestIdleTimeoutOfPings checks that pongs for PingInterval keep a connection open, and that
// a peer that does not send any ends by PongTimeout.
func TestIdleTimeoutOfPings(t *testing.T) {
	opts := &airsocket.Options{IdleTimeout: 20 * time.Second, PingInterval: 15 * time.Second, PongTimeout: 3 * time.Second}
	j, took := inTime(t, false, opts, nil, func(p *wstest.RawPeer) {
		p.Open()
		for range 10 {
			p.Want(wstest.OpPing, "")
			p.Send(wstest.OpPong, "")
		}
		p.SkipToEnd()
	})
	j.WantError(airsocket.ErrPongTimeout)
	if want := 11*15*time.Second + 3*time.Second; took != want {
		t.Errorf("it took %v, want %v", took, want)
	}
}

// TestIdleTimeoutOfTCP checks IdleTimeout in all ways to serve.
func TestIdleTimeoutOfTCP(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		ended := make(chan error, 1)
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), IdleTimeout: 20 * time.Millisecond}}
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnError(func(e *airsocket.ErrorEvent) { ended <- e.Err })
		})
		p := wstest.ConnectRaw(t, wstest.ServeWay(t, srv, way))
		p.WantClose(1001)
		p.Close()
		if err := wstest.Receive(t, ended); err != airsocket.ErrIdleTimeout {
			t.Errorf("the connection ended with %v", err)
		}
	})
}
