package blocking_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestServing checks both sides over TCP: a goroutine for each client of a Server, and
// Dial.
func TestServing(t *testing.T) {
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{Compression: airsocket.CompressionTakeover})}
	var serving sync.WaitGroup
	srv.OnConnect(func(s *airsocket.Socket) {
		c := newConn(t, s)
		serving.Go(func() {
			for m, err := range c.Messages(t.Context()) {
				if err != nil {
					t.Error(err)
					return
				}
				if err := c.Write(t.Context(), m.Kind, m.Data); err != nil {
					t.Error(err)
				}
			}
		})
	})
	url := wstest.Serve(t, srv)
	for range 3 {
		opts := &airsocket.Options{Compression: airsocket.CompressionTakeover, SilentClose: true, Reconnect: &airsocket.Reconnect{}}
		c, err := blocking.Dial(t.Context(), url, wstest.OwnDispatcher(opts))
		if err != nil {
			t.Fatal(err)
		}
		text := wstest.TextOf(300 << 10)
		for range 5 {
			write(t, c, text)
		}
		for range 5 {
			if _, data, err := c.Read(t.Context()); string(data) != text || err != nil {
				t.Fatalf("read %d bytes, %v", len(data), err)
			}
		}
		if err := c.Close(1000, ""); err != nil {
			t.Error(err)
		}
	}
	serving.Wait()
}

// TestFirstMessage checks that a Conn made in OnConnect gets a message that the client
// sends together with its request.
func TestFirstMessage(t *testing.T) {
	conns := make(chan *blocking.Conn, 1)
	srv := &airsocket.Server{}
	srv.OnConnect(func(s *airsocket.Socket) { conns <- newConn(t, s) })
	url := wstest.Serve(t, srv)
	p := wstest.DialRaw(t, url)
	p.WriteRaw(append([]byte(wstest.UpgradeRequest), p.Frame(wstest.OpText, "first")...))
	c := <-conns
	want(t, c, "first")
	p.ReadResponse()
	p.Send(wstest.OpClose, "")
	p.Want(wstest.OpClose, "")
	p.FinishClose()
	if _, _, err := c.Read(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("Read at the end: %v", err)
	}
}

func TestDialRefused(t *testing.T) {
	srv := &airsocket.Server{}
	srv.OnRequest(func(r *airsocket.Request) { r.Reject(http.StatusForbidden, "") })
	url := wstest.Serve(t, srv)
	opts := wstest.OwnDispatcher(&airsocket.Options{Reconnect: &airsocket.Reconnect{}})
	c, err := blocking.Dial(t.Context(), url, opts)
	if h, ok := errors.AsType[*handshake.Error](err); c != nil || !ok || h.Status != http.StatusForbidden {
		t.Errorf("Dial: %v, %v", c, err)
	}
	if c, err := blocking.Dial(t.Context(), "ftp://host/", nil); c != nil || !errors.Is(err, airsocket.ErrURL) {
		t.Errorf("Dial of an ftp URL: %v, %v", c, err)
	}
}

// TestDialContext checks that the context ends Dial, and not the connection.
func TestDialContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := wstest.OwnDispatcher(&airsocket.Options{Dial: wstest.HangingDial})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if c, err := blocking.Dial(ctx, "ws://host/", opts); c != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial: %v, %v", c, err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("Dial took %v", took)
		}
		opts.Dispatcher.Run(func() {}) // returns, because nothing is left
		dialed := false
		late := wstest.OwnDispatcher(&airsocket.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			dialed = true
			return nil, net.ErrClosed
		}})
		if _, err := blocking.Dial(ctx, "ws://host/", late); !errors.Is(err, context.DeadlineExceeded) || dialed {
			t.Errorf("Dial with a context that is done: %v; the server was called: %v", err, dialed)
		}
	})
	url := wstest.Serve(t, wstest.Echoing(&airsocket.Server{}))
	ctx, cancel := context.WithCancel(t.Context())
	c, err := blocking.Dial(ctx, url, wstest.OwnDispatcher(nil))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	write(t, c, "still open")
	want(t, c, "still open")
	if err := c.Close(1000, ""); err != nil {
		t.Error(err)
	}
}

// TestDialVersions checks a Conn in versions without a close frame, and without binary
// messages.
func TestDialVersions(t *testing.T) {
	srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Versions: wire.AllVersions()}})
	url := wstest.Serve(t, srv)
	for _, v := range wire.AllVersions() {
		c, err := blocking.Dial(t.Context(), url, wstest.OwnDispatcher(&airsocket.Options{Version: v}))
		if err != nil {
			t.Fatal(v, err)
		}
		write(t, c, "echo")
		want(t, c, "echo")
		if err := c.Write(t.Context(), wire.Binary, nil); (err == nil) != v.Can(wire.Binary) {
			t.Errorf("%v: Write of a binary message: %v", v, err)
		}
		if err := c.Close(1000, ""); err != nil {
			t.Errorf("%v: Close: %v", v, err)
		}
	}
}

// TestDialDoesNotReconnect checks that a Conn is one connection.
func TestDialDoesNotReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		opts := wstest.OwnDispatcher(&airsocket.Options{Reconnect: &airsocket.Reconnect{}})
		opts.Dial = func(context.Context, string, string) (net.Conn, error) {
			dials++
			here, there := net.Pipe()
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: opts.Dispatcher})
			s.OnOpen(func(*airsocket.OpenEvent) { s.Drop(airsocket.StatusGoingAway, "") })
			return here, s.StartServer(there)
		}
		c, err := blocking.Dial(t.Context(), "ws://host/", opts)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Read(t.Context())
		if _, ok := errors.AsType[*airsocket.CloseError](err); !ok {
			t.Errorf("Read: %v", err)
		}
		time.Sleep(time.Hour) // a Socket with Reconnect would do so within it
		if dials != 1 {
			t.Errorf("%d connections", dials)
		}
	})
}

// TestDialTooLate checks that no connection is left when it opens after the context is
// done.
func TestDialTooLate(t *testing.T) {
	accepted := make(chan bool, 1)
	srv := wstest.Echoing(&airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{
		Hooks: &airsocket.Hooks{Opened: func(*airsocket.Socket) { accepted <- true }},
	})})
	url := wstest.Serve(t, srv)
	opts := wstest.OwnDispatcher(nil)
	release := make(chan bool)
	opts.Dispatcher.Post(func() { <-release }) // the client cannot become open meanwhile
	ctx, cancel := context.WithCancel(t.Context())
	dialed := make(chan error, 1)
	go func() {
		_, err := blocking.Dial(ctx, url, opts)
		dialed <- err
	}()
	<-accepted
	cancel()
	if err := <-dialed; !errors.Is(err, context.Canceled) {
		t.Errorf("Dial: %v", err)
	}
	close(release)
	wstest.Run(t, opts.Dispatcher, func() {}) // returns when the socket is closed
}
