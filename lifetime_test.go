package airsocket_test

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestDropInTheErrorOfAnEndedConnection checks that Drop changes nothing about a
// connection whose end an error event has reported.
func TestDropInTheErrorOfAnEndedConnection(t *testing.T) {
	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) {
			if err := s.Drop(3000, "drop"); err != nil {
				t.Error(err)
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Close()
	})
	j.Want("open", "error", `close 1006 "" unclean`)
	j.WantError(wire.ErrUnexpectedEnd)
}

// TestPanicAfterDrop checks that Options.Recover reports a panic in a handler that has
// called Drop.
func TestPanicAfterDrop(t *testing.T) {
	j := wstest.StartServer(t, func(o *airsocket.Options) { o.Recover = true }, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			s.Drop(3000, "drop")
			panic("after drop")
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Want(wstest.OpClose, wstest.ClosePayload(3000, "drop"))
	})
	j.Want("open", "error", `close 1011 "internal error" unclean`)
}

// TestEndOfARequestThatIsBeingDecidedOn checks, with the race detector, that ending the
// connection does not touch the header that a handler of OnRequest is filling.
func TestEndOfARequestThatIsBeingDecidedOn(t *testing.T) {
	for name, end := range map[string]func(*airsocket.Server, *airsocket.Socket){
		"Drop":        func(_ *airsocket.Server, s *airsocket.Socket) { s.Drop(1000, "") },
		"ServerClose": func(srv *airsocket.Server, _ *airsocket.Socket) { srv.Close() },
		"Shutdown":    func(srv *airsocket.Server, _ *airsocket.Socket) { go srv.Shutdown(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
			asked := make(chan *airsocket.Socket)
			var decided sync.WaitGroup
			decided.Add(1)
			srv.OnRequest(func(r *airsocket.Request) {
				defer decided.Done()
				asked <- r.Socket()
				for i := range 1000 {
					r.SetCookie(&http.Cookie{Name: fmt.Sprint("c", i), Value: "x"})
				}
				r.Accept("")
			})
			p := wstest.DialRaw(t, wstest.Serve(t, srv))
			p.WriteRaw([]byte(wstest.UpgradeRequest))
			end(srv, <-asked)
			decided.Wait()
		})
	}
}

// TestStreamExtensionEncodesATurnAtOnce checks that the messages of a turn are encoded
// together by an extension below the frames, and not each alone.
func TestStreamExtensionEncodesATurnAtOnce(t *testing.T) {
	const messages, most = 100, 600
	text := `{"x":1,"y":2,"name":"somebody"}`
	theirs, ours := wstest.TCPPair(t)
	counted := &countingConn{Conn: theirs}
	d := new(airsocket.Dispatcher)
	server := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, DeflateStream: true})
	client := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, DeflateStream: true, Version: wire.Hybi08, Dial: wstest.DialTo(counted)})
	server.OnMessage(func(*airsocket.MessageEvent) {
		counted.reset()
		for range messages {
			server.Send(text)
		}
	})
	client.OnOpen(func(*airsocket.OpenEvent) { client.Send("go") })
	got := 0
	client.OnMessage(func(e *airsocket.MessageEvent) {
		if e.Text() != text {
			t.Errorf("message %d is %q", got, e.Text())
		}
		if got++; got == messages {
			if n := counted.bytes(); n > most {
				t.Errorf("%d messages of %d bytes took %d bytes, more than %d", messages, len(text), n, most)
			}
			client.Close(1000, "")
		}
	})
	wstest.Run(t, d, func() {
		server.StartServer(ours)
		client.Connect("ws://example.com/")
	})
	if got != messages {
		t.Errorf("%d messages", got)
	}
}

// A countingConn counts the bytes that are read from it.
type countingConn struct {
	net.Conn
	mu sync.Mutex
	n  int
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
	return n, err
}

func (c *countingConn) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = 0
}

func (c *countingConn) bytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}
