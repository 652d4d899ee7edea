package stage

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

// A Peer is a client of an example that is a server. Its handlers do not run in
// the turns of the example.
type Peer struct {
	*airsocket.Socket
	t      *testing.T
	events chan string
}

// Connect connects a client to url. It sets the Dispatcher of the options, which
// may be nil.
func Connect(t *testing.T, opts *airsocket.Options, url string, protocols ...string) *Peer {
	t.Helper()
	if opts == nil {
		opts = new(airsocket.Options)
	}
	opts.Dispatcher = new(airsocket.Dispatcher)
	p := &Peer{Socket: airsocket.NewSocket(opts), t: t, events: make(chan string, 1000)}
	p.OnOpen(func(*airsocket.OpenEvent) { p.note("open %s", p.Protocol()) })
	p.OnMessage(func(e *airsocket.MessageEvent) {
		if e.Binary() {
			p.note("binary %x", e.Bytes())
		} else {
			p.note("text %s", e.Bytes())
		}
	})
	p.OnError(func(e *airsocket.ErrorEvent) { p.note("error %d", e.Status) })
	p.OnClose(func(e *airsocket.CloseEvent) { p.note("close %d %s", e.Code, e.Reason) })
	if err := p.Socket.Connect(url, protocols...); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *Peer) note(format string, args ...any) { p.events <- fmt.Sprintf(format, args...) }

// Want waits for the next events: "open" and the subprotocol, "text" or "binary"
// and the message, "error" and the status of a refusal, "close" with code and
// reason.
func (p *Peer) Want(events ...string) {
	p.t.Helper()
	for _, want := range events {
		if got := p.Next(); got != want {
			p.t.Fatalf("event %.200q, want %.200q", got, want)
		}
	}
}

// Next waits for the next event.
func (p *Peer) Next() string {
	p.t.Helper()
	select {
	case got := <-p.events:
		return got
	case <-time.After(patience):
		p.t.Fatal("no event")
		return ""
	}
}

// Listen serves srv on a free port of loopback, for an example that is a client,
// and returns its URL. It sets the Dispatcher of the Server's options, because
// Run in the example must not wait for the Server.
func Listen(t *testing.T, srv *airsocket.Server) string {
	t.Helper()
	if srv.Options == nil {
		srv.Options = new(airsocket.Options)
	}
	srv.Options.Dispatcher = new(airsocket.Dispatcher)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-done; err != airsocket.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return "ws://" + l.Addr().String()
}
