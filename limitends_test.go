package airsocket_test

import (
	"context"
	"errors"
	"math"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestIdleTimeoutAfterPause checks that after a pause a peer has the rest of its time, and no
// more, to send something.
func TestIdleTimeoutAfterPause(t *testing.T) {
	j, took := inTime(t, false, &airsocket.Options{IdleTimeout: 20 * time.Second}, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			time.AfterFunc(19*time.Second, s.Pause)
			time.AfterFunc(129*time.Second, s.Resume)
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Want(wstest.OpClose, wstest.ClosePayload(1001, idleClose))
		p.Close()
	})
	j.Want("open", "error", `close 1001 "`+idleClose+`" unclean`)
	if took != 130*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestContextEndsInTime checks that a handler that waits for the end of its connection is
// told when a timeout has ended it.
func TestContextEndsInTime(t *testing.T) {
	for _, c := range []struct {
		opts *airsocket.Options
		act  func(*airsocket.Socket)
		err  error
	}{
		{&airsocket.Options{WriteTimeout: 10 * time.Second}, func(s *airsocket.Socket) { s.Send("x"); s.Flush() }, airsocket.ErrWriteTimeout},
		{&airsocket.Options{CloseTimeout: 10 * time.Second}, func(s *airsocket.Socket) { s.Close(1000, "") }, airsocket.ErrCloseTimeout},
	} {
		var cause error
		j, took := inTime(t, false, c.opts, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventPing, func(*airsocket.PingEvent) {
				c.act(s)
				ctx, cancel := context.WithTimeout(s.Context(), time.Hour)
				defer cancel()
				<-ctx.Done()
				cause = context.Cause(ctx)
			})
		}, func(p *wstest.RawPeer) {
			p.Open()
			p.Send(wstest.OpPing, "")
		})
		j.Want("open", "ping ", "error", `close 1006 "" unclean`)
		if took != 10*time.Second || cause != c.err {
			t.Errorf("%v: the context ended after %v with %v", c.err, took, cause)
		}
	}
}

// TestTimeoutsOfTheNextConnection checks that a connection begins with fresh times, whatever
// was left of those of the one before: paused, held up and in the middle of a message.
func TestTimeoutsOfTheNextConnection(t *testing.T) {
	var lived []time.Duration
	var errs []error
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		conns := make(chan net.Conn, 1)
		var opened time.Time
		s := airsocket.NewSocket(&airsocket.Options{
			Dispatcher: d, WriteTimeout: 10 * time.Second, IdleTimeout: 20 * time.Second, MessageTimeout: 20 * time.Second,
			PingInterval: 15 * time.Second, PongTimeout: 15 * time.Second,
			RateLimit: &airsocket.RateLimit{Messages: 0.01, Burst: 1},
			Reconnect: &airsocket.Reconnect{Min: 1, Max: 1},
			Dial: func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				conns <- theirs
				return ours, nil
			},
		})
		s.OnOpen(func(*airsocket.OpenEvent) { opened = time.Now() })
		s.OnPing(func(*airsocket.PingEvent) {
			s.Pause()
			s.Send("x")
		})
		s.OnError(func(e *airsocket.ErrorEvent) { errs = append(errs, e.Err) })
		s.OnClose(func(e *airsocket.CloseEvent) {
			if lived = append(lived, time.Since(opened)); len(lived) == 3 {
				e.PreventDefault()
			}
		})
		go func() {
			p := wstest.NewRawPeer(t, <-conns, false)
			p.Accept()
			p.WriteRaw(append(append(p.Frame(textPart, "a"), p.Frame(wstest.OpPing, "")...), p.Frame(wstest.OpPing, "")...))
			for range 2 {
				p := wstest.NewRawPeer(t, <-conns, false)
				p.Accept()
				p.Want(wstest.OpPing, "")
				p.Want(wstest.OpClose, wstest.ClosePayload(1001, idleClose))
				p.Close()
			}
		}()
		d.Run(func() { s.Connect("ws://example.com/") })
	})
	wantErrs := []error{airsocket.ErrWriteTimeout, airsocket.ErrIdleTimeout, airsocket.ErrIdleTimeout}
	if want := []time.Duration{10 * time.Second, 20 * time.Second, 20 * time.Second}; !slices.Equal(lived, want) || !slices.EqualFunc(errs, wantErrs, errors.Is) {
		t.Errorf("the connections lived %v and ended with %v", lived, errs)
	}
}

// TestEndlessTimes checks that the longest times that there are last for as long as a bubble.
func TestEndlessTimes(t *testing.T) {
	const most = time.Duration(math.MaxInt64)
	opts := &airsocket.Options{
		HandshakeTimeout: most, CloseTimeout: most, PingInterval: most, PongTimeout: most,
		WriteTimeout: most, IdleTimeout: most, MessageTimeout: most,
		RateLimit: &airsocket.RateLimit{Messages: math.MaxFloat64, Burst: math.MaxInt, Bytes: math.MaxFloat64, BurstBytes: math.MaxInt},
	}
	const century = 100 * 365 * 24 * time.Hour
	j, took := inTime(t, false, opts, sendAtOpen(10), func(p *wstest.RawPeer) {
		p.Open()
		p.WriteRaw(p.Frame(textPart, "a"))
		time.Sleep(century) // none of the limits ends within it
		p.Want(wstest.OpText, wstest.TextOf(10))
		p.Send(0x80, "b")
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.Close()
	})
	j.Want("open", "text ab", `close 1005 "" clean`)
	if took != century {
		t.Errorf("it took %v", took)
	}
	// Outside of bubbles too, where instants are positive.
	opts = opts.Clone()
	opts.Dispatcher = new(airsocket.Dispatcher)
	p := wstest.ConnectRaw(t, wstest.Serve(t, wstest.Echoing(&airsocket.Server{Options: opts})))
	p.Send(textPart, "a")
	p.Send(wstest.OpPing, "")
	p.Want(wstest.OpPong, "")
	p.Send(0x80, "b")
	p.Want(wstest.OpText, "ab")
}

// TestNoTimesAreLeft checks that nothing waits for a time of a connection that has ended,
// whatever it waited for before.
func TestNoTimesAreLeft(t *testing.T) {
	const long = time.Hour
	for name, act := range map[string]func(*airsocket.Socket){
		"Drop":   func(s *airsocket.Socket) { s.Drop(3000, "") },
		"paused": func(s *airsocket.Socket) { s.Pause(); s.Drop(3000, "") },
		"stuck":  func(s *airsocket.Socket) { s.SendBytes(make([]byte, 32<<20)); s.Flush(); s.Drop(3000, "") },
		"Close":  func(s *airsocket.Socket) { s.Close(1000, "") },
	} {
		wstest.EachWay(t, func(t *testing.T, way string) {
			before, after := make(chan bool, 1), make(chan bool, 1)
			srv := &airsocket.Server{Options: &airsocket.Options{
				Dispatcher: new(airsocket.Dispatcher), MaxBuffered: 64 << 20,
				WriteTimeout: long, IdleTimeout: long, MessageTimeout: long, PingInterval: long,
				CloseTimeout: time.Millisecond, // because the answer of a peer that is held up is not read
				RateLimit:    &airsocket.RateLimit{Messages: 0.001, Burst: 1},
			}}
			srv.OnConnect(func(s *airsocket.Socket) {
				pings := 0
				s.OnPing(func(*airsocket.PingEvent) {
					if pings++; pings == 2 {
						before <- s.Ticks()
						act(s)
					}
				})
				s.OnClose(func(*airsocket.CloseEvent) { after <- s.Ticks() })
			})
			p := wstest.ConnectRaw(t, wstest.ServeWay(t, srv, way))
			p.WriteRaw(append(append(p.Frame(textPart, "a"), p.Frame(wstest.OpPing, "")...), p.Frame(wstest.OpPing, "")...))
			if !wstest.Receive(t, before) {
				t.Errorf("%s: there was no time before the end", name)
			}
			p.Close()
			if wstest.Receive(t, after) {
				t.Errorf("%s: a time is left", name)
			}
		})
	}
}

// TestWriteTimeoutOfOneAmongMany checks that of the sockets to which the same is sent, in
// each way, only that is given up whose peer takes nothing.
func TestWriteTimeoutOfOneAmongMany(t *testing.T) {
	for name, send := range map[string]func(*airsocket.Server) error{
		"Broadcast": func(srv *airsocket.Server) error {
			_, err := srv.Broadcast(wire.Text, []byte("all"), nil)
			return err
		},
		"Publish": func(srv *airsocket.Server) error {
			_, err := srv.Publish("topic", wire.Text, []byte("all"))
			return err
		},
		"SendPart": func(srv *airsocket.Server) (err error) {
			for s := range srv.Sockets() {
				err = errors.Join(err, s.SendPart(wire.Text, []byte("a"), false), s.SendPart(wire.Text, []byte("ll"), false))
			}
			return err
		},
	} {
		var ended []error
		synctest.Test(t, func(t *testing.T) {
			d := new(airsocket.Dispatcher)
			srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d, WriteTimeout: 10 * time.Second}}
			srv.OnConnect(func(s *airsocket.Socket) {
				s.Subscribe("topic")
				s.OnError(func(e *airsocket.ErrorEvent) { ended = append(ended, e.Err) })
			})
			l := newPipeListener()
			go srv.Serve(l)
			for _, reads := range []bool{true, false, true} {
				p := wstest.NewRawPeer(t, l.dial(), true)
				p.Open()
				if reads {
					go p.SkipToEnd()
				}
			}
			synctest.Wait()
			if err := send(srv); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			time.Sleep(time.Hour) // much longer than WriteTimeout
			synctest.Wait()
			if n := len(slices.Collect(srv.Sockets())); n != 2 {
				t.Errorf("%s: %d sockets are left", name, n)
			}
			if len(ended) != 1 || !errors.Is(ended[0], airsocket.ErrWriteTimeout) {
				t.Errorf("%s: %v", name, ended)
			}
			for s := range srv.Sockets() {
				s.Drop(1000, "")
			}
			srv.Close()
			synctest.Wait()
		})
	}
}

// TestRatesThatAreNone checks that a rate that is no positive number is no limit.
func TestRatesThatAreNone(t *testing.T) {
	sent := slices.Repeat(wstest.Frame(true, wstest.OpText, "m"), 5)
	for _, rate := range []float64{0, -1, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64} {
		at, _ := arrivals(t, &airsocket.Options{RateLimit: &airsocket.RateLimit{Messages: rate, Bytes: rate, Burst: -1}}, onMessage, sent)
		if !slices.Equal(at, make([]time.Duration, len(at))) || len(at) != 5 {
			t.Errorf("with a rate of %v messages were delivered at %v, want 5 at once", rate, at)
		}
	}
}

// TestPongTimeoutAfterPause checks that a peer that could not be heard is given up only for a
// ping that comes after the pause, and in its time.
func TestPongTimeoutAfterPause(t *testing.T) {
	opts := &airsocket.Options{PingInterval: 20 * time.Second, PongTimeout: 5 * time.Second}
	j, took := inTime(t, false, opts, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			time.AfterFunc(22*time.Second, s.Pause)
			time.AfterFunc(122*time.Second, s.Resume)
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.SkipToEnd() // without an answer
	})
	j.Want("open", "error", `close 1006 "" unclean`)
	if took != 145*time.Second {
		t.Errorf("it took %v", took)
	}
}
