package blocking_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestInHandlers checks that in every kind of handler, calls that would have to wait return
// an error instead.
func TestInHandlers(t *testing.T) {
	for _, compression := range []airsocket.Compression{airsocket.CompressionOff, airsocket.CompressionTakeover} {
		synctest.Test(t, func(t *testing.T) {
			d := new(airsocket.Dispatcher)
			o := &airsocket.Options{Dispatcher: d, Compression: compression, CompressionThreshold: -1}
			_, quiet := pair(t, &airsocket.Options{}, &airsocket.Options{}) // of another Dispatcher
			synctest.Wait()
			in := map[string]int{}
			try := func(where string) {
				in[where]++
				if _, _, err := quiet.Read(t.Context()); !errors.Is(err, blocking.ErrInHandler) {
					t.Errorf("Read in %s: %v", where, err)
				}
			}
			d.OnTurnEnd(func() { try("turn end") })
			c, s := airsocket.NewSocket(o), airsocket.NewSocket(o)
			own := newConn(t, s)
			s.OnOpen(func(*airsocket.OpenEvent) { try("open") })
			s.OnMessage(func(*airsocket.MessageEvent) {
				try("message")
				// As deep as a parser may be.
				var deep func(int)
				deep = func(n int) {
					if n == 0 {
						try("a function far below a handler")
						return
					}
					deep(n - 1)
				}
				deep(1000)
			})
			s.OnPing(func(*airsocket.PingEvent) { try("ping") })
			s.OnError(func(*airsocket.ErrorEvent) { try("error") })
			s.OnClose(func(*airsocket.CloseEvent) { try("close") })
			airsocket.AddEventListener(c, airsocket.EventDrain, func(*airsocket.DrainEvent) { try("drain") })
			if err := airsocket.Pipe(c, s); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			c.Send("message")
			c.Ping(nil)
			synctest.Wait()
			d.Post(func() { try("Post") })
			d.SetTimeout(func() { try("SetTimeout") }, 0)
			synctest.Wait()
			if kind, data, err := own.Read(t.Context()); kind != wire.Text || string(data) != "message" || err != nil {
				t.Errorf("%v %q, %v", kind, data, err)
			}
			s.Pause()
			long := make([]byte, 300<<10)
			rand.NewChaCha8([32]byte{}).Read(long) // it must stay long when compressed
			c.SendBytes(long)
			synctest.Wait()
			s.Resume()
			if _, data, err := own.Read(t.Context()); len(data) != len(long) || err != nil {
				t.Errorf("%d bytes, %v", len(data), err)
			}
			synctest.Wait()
			c.Conn().Close()
			synctest.Wait()
			d.Run(func() { try("Run") })
			for _, where := range []string{"turn end", "open", "message", "a function far below a handler", "ping", "error", "close", "drain", "Post", "SetTimeout", "Run"} {
				if in[where] == 0 {
					t.Errorf("compression %d: nothing was called in %s", compression, where)
				}
			}
		})
	}
}

// TestInServerHandlers checks the same in the handlers of a Server, with the Conn of the
// client that is served.
func TestInServerHandlers(t *testing.T) {
	type calls struct {
		read, write, close error
		written            int
	}
	results := make(chan calls, 1)
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{MaxBuffered: 1})}
	srv.OnRequest(func(r *airsocket.Request) {
		if _, err := blocking.Dial(t.Context(), "ws://host/", &airsocket.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Error("Dial has called the server")
			return nil, net.ErrClosed
		}}); !errors.Is(err, blocking.ErrInHandler) {
			t.Errorf("Dial in OnRequest: %v", err)
		}
		r.Accept("")
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		c := newConn(t, s)
		var got calls
		_, _, got.read = c.Read(t.Context())
		for range 100 {
			if got.write = c.Write(t.Context(), wire.Text, []byte("1234567890")); got.write != nil {
				break
			}
			got.written++
		}
		got.close = c.Close(1000, "")
		results <- got
	})
	p := wstest.ConnectRaw(t, wstest.Serve(t, srv))
	got := <-results
	for call, err := range map[string]error{"Read": got.read, "Write": got.write, "Close": got.close} {
		if !errors.Is(err, blocking.ErrInHandler) {
			t.Errorf("%s: %v", call, err)
		}
	}
	for range got.written {
		p.Want(wstest.OpText, "1234567890")
	}
	p.WantClose(1000)
	p.Send(wstest.OpClose, "")
	p.FinishClose()
}

// TestNoWaitInHandlers checks that calls that need not wait work in handlers.
func TestNoWaitInHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{}, &airsocket.Options{})
		write(t, c, "one")
		synctest.Wait()
		done := false
		airsocket.AddEventListener(s.Socket(), airsocket.EventMessage, func(*airsocket.MessageEvent) {
			want(t, s, "one")
			want(t, s, "two")
			write(t, s, "three")
			done = true
		})
		write(t, c, "two")
		want(t, c, "three")
		if !done {
			t.Error("the handler was not called")
		}
	})
}
