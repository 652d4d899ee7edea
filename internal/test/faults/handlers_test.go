package faults

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A misbehaving is a Socket, one of whose handlers does something once.
type misbehaving struct {
	t              *testing.T
	s              *airsocket.Socket
	event          string
	listeners      []*airsocket.Listener
	acted          atomic.Bool
	reached        chan struct{}  // is closed when the handler acts
	filled         chan struct{}  // is closed when more is sent than the system takes
	gone           chan struct{}  // is closed when the first peer has gone
	peers          sync.WaitGroup // the test outlives them
	blocks         bool           // the handler waits until the peer has gone
	opened, closed atomic.Int32   // what the hooks tell
}

// acts are what a handler does.
var acts = map[string]func(m *misbehaving){
	"panic":   func(*misbehaving) { panic("on purpose") },
	"Goexit":  func(*misbehaving) { runtime.Goexit() },
	"block":   func(m *misbehaving) { <-m.gone },
	"Close":   func(m *misbehaving) { m.s.Close(3000, "") },
	"Drop":    func(m *misbehaving) { m.s.Drop(3000, "") },
	"Connect": func(m *misbehaving) { m.s.Connect("ws://example.com/") },
	"StartServer": func(m *misbehaving) {
		if m.event == "close" {
			m.s.StartServer(m.come(true))
			return
		}
		_, refused := wstest.TCPPair(m.t)
		m.s.StartServer(refused)
	},
	"close below": func(m *misbehaving) { go m.s.Conn().Close() },
	"remove": func(m *misbehaving) {
		for _, l := range m.listeners {
			l.Remove()
		}
		m.s.OnOpen(nil)
		m.s.OnMessage(nil)
		m.s.OnError(nil)
		m.s.OnClose(nil)
	},
}

// attach sets the handlers: one acts, and the others do nothing.
func (m *misbehaving) attach(act func(*misbehaving)) {
	at := func(event string) {
		if event == m.event && m.acted.CompareAndSwap(false, true) {
			close(m.reached)
			act(m)
		}
	}
	s := m.s
	s.OnOpen(func(*airsocket.OpenEvent) {
		if m.event == "drain" && m.opened.Load() == 1 {
			s.SendBytes(make([]byte, 8<<20)) // more than the system takes while nobody reads
			close(m.filled)
		}
		at("open")
	})
	s.OnMessage(func(*airsocket.MessageEvent) { at("message") })
	s.OnFrame(func(*airsocket.FrameEvent) { at("frame") })
	s.OnPing(func(*airsocket.PingEvent) { at("ping") })
	s.OnPong(func(*airsocket.PongEvent) { at("pong") })
	s.OnDrain(func(*airsocket.DrainEvent) { at("drain") })
	s.OnError(func(*airsocket.ErrorEvent) { at("error") })
	s.OnClose(func(*airsocket.CloseEvent) { at("close") })
	for range 2 {
		m.listeners = append(m.listeners, airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { at("listener") }))
	}
}

// come returns a connection to a peer that causes all events.
func (m *misbehaving) come(client bool) net.Conn {
	theirs, ours := wstest.TCPPair(m.t)
	p := wstest.NewRawPeer(m.t, theirs, client)
	first := m.opened.Load() == 0
	theirs.SetDeadline(time.Now().Add(wstest.Patience))
	m.peers.Go(func() {
		defer func() {
			p.Close()
			if first {
				close(m.gone)
			}
		}()
		if !m.open(p) {
			return
		}
		p.Write(p.Frame(wstest.OpText, "hello"))
		p.Write(p.Frame(wstest.OpPing, ""))
		p.Write(p.Frame(wstest.OpPong, ""))
		switch m.event {
		case "error":
			p.Write(p.Frame(0x83, ""))
		case "drain":
			if first {
				<-m.filled
				io.CopyN(io.Discard, p.Reader, 8<<20)
				wstest.Receive(m.t, m.reached) // a close frame that is faster prevents the event
			}
			fallthrough
		default:
			p.Write(p.Frame(wstest.OpClose, wstest.ClosePayload(1000, "")))
		}
		theirs.CloseWrite()
		if m.blocks {
			wstest.Receive(m.t, m.reached)
			return
		}
		if _, err := io.Copy(io.Discard, p.Reader); errors.Is(err, os.ErrDeadlineExceeded) {
			m.t.Error("the connection has not ended")
		}
	})
	return ours
}

// open does the handshake of p, and reports whether it was done. A handler that has acted
// may have ended the connection before the answer has come.
func (m *misbehaving) open(p *wstest.RawPeer) bool {
	var err error
	if p.Client {
		if _, err = p.Write([]byte(wstest.UpgradeRequest)); err == nil {
			_, err = http.ReadResponse(p.Reader, nil)
		}
	} else {
		p.Accept()
	}
	if err != nil && !m.acted.Load() {
		m.t.Errorf("no handshake: %v", err)
	}
	return err == nil
}

// TestHandlersThatMisbehave checks, for each event and both roles, that whatever a handler
// does, each connection is reported as closed once, nothing waits for it any more, and
// the Dispatcher runs other handlers.
func TestHandlersThatMisbehave(t *testing.T) {
	for name, act := range acts {
		for _, event := range []string{"open", "message", "listener", "frame", "ping", "pong", "drain", "error", "close"} {
			for _, role := range []string{"client", "server"} {
				t.Run(name+" in "+event+" of a "+role, func(t *testing.T) {
					m := &misbehaving{t: t, event: event, blocks: name == "block", reached: make(chan struct{}), filled: make(chan struct{}), gone: make(chan struct{})}
					d := new(airsocket.Dispatcher)
					m.s = airsocket.NewSocket(&airsocket.Options{
						Dispatcher:  d,
						Recover:     name == "panic",
						FrameEvents: event == "frame",
						Dial:        func(context.Context, string, string) (net.Conn, error) { return m.come(false), nil },
						Hooks: &airsocket.Hooks{
							Opened: func(*airsocket.Socket) { m.opened.Add(1) },
							Closed: func(*airsocket.Socket, *airsocket.CloseEvent) { m.closed.Add(1) },
						},
					})
					m.attach(act)
					wstest.Run(t, d, func() {
						if role == "client" {
							m.s.Connect("ws://example.com/")
						} else {
							m.s.StartServer(m.come(true))
						}
					})
					m.peers.Wait()
					want := int32(1)
					if event == "close" && (name == "Connect" || name == "StartServer") {
						want = 2
					}
					if opened, closed := m.opened.Load(), m.closed.Load(); opened != want || closed != want {
						t.Errorf("%d connections were opened, and %d closed, want %d", opened, closed, want)
					}
					if st := m.s.ReadyState(); st != airsocket.StateClosed {
						t.Errorf("ReadyState is %d", st)
					}
					if !m.acted.Load() {
						t.Error("the event has not come")
					}
				})
			}
		}
	}
}
