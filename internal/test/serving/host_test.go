package serving

import (
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A host is a Server that does what its clients tell it to. It echoes messages, but
// those of one word of the list in obey are commands.
type host struct {
	t     testing.TB
	way   string
	url   string
	conns chan *end // each connection, when OnConnect is called
	asked chan *airsocket.Request
	lost  chan error // why an opening handshake has failed
	disp  *airsocket.Dispatcher
}

// inTurn calls fn in a turn of the host's sockets.
func (h *host) inTurn(fn func()) {
	done := make(chan struct{})
	h.disp.Post(func() {
		defer close(done)
		fn()
	})
	<-done
}

// An end is the host's end of a connection.
type end struct {
	*wstest.Journal
	obeyed chan int // after each command
	closed chan struct{}
}

// most is how many connections a test of a host opens at most.
const most = 1000

// newHost starts a host whose Server gets its connections in the given way.
func newHost(t testing.TB, way string, set func(*airsocket.Options)) *host {
	t.Helper()
	h := &host{t: t, way: way, conns: make(chan *end, most), asked: make(chan *airsocket.Request, most), lost: make(chan error, most)}
	srv := &airsocket.Server{Options: &airsocket.Options{
		Dispatcher: new(airsocket.Dispatcher),
		Hooks:      &airsocket.Hooks{HandshakeFailed: func(_ *airsocket.Socket, err error) { h.lost <- err }},
	}}
	if set != nil {
		set(srv.Options)
	}
	srv.OnRequest(func(r *airsocket.Request) {
		if r.URL().Path == "/undecided" {
			h.asked <- r
			return
		}
		if _, err := r.Accept(""); err != nil {
			t.Error(err)
		}
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		e := &end{Journal: wstest.Follow(t, s), obeyed: make(chan int, 10), closed: make(chan struct{})}
		airsocket.AddEventListener(s, airsocket.EventMessage, func(m *airsocket.MessageEvent) {
			if n, done := e.obey(m.Text()); done {
				e.obeyed <- n
			} else {
				s.SendMessage(m.Kind(), m.Bytes())
			}
		})
		airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) { close(e.closed) })
		h.conns <- e
	})
	h.disp = srv.Options.Dispatcher
	h.url = wstest.ServeWay(t, srv, way)
	return h
}

// noTimeouts makes sure that what ends a connection in a test is not a timeout.
func noTimeouts(o *airsocket.Options) {
	o.HandshakeTimeout, o.CloseTimeout = time.Hour, time.Hour
}

// chunk is the size of the messages of the command flood.
const chunk = 64 << 10

// obey does what command says, unless it is not a command.
func (e *end) obey(command string) (n int, done bool) {
	s := e.Socket
	switch command {
	case "pause":
		s.Pause()
	case "close":
		s.Close(1000, "")
	case "flood": // until messages wait for the peer to read
		wstest.Below(s.Conn()).(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(4 << 10)
		for s.BufferedAmount() < 2*chunk {
			s.SendBytes(make([]byte, chunk))
			s.Flush()
			n++
		}
	default:
		return 0, false
	}
	return n, true
}

// A guest is a client of a host.
type guest struct {
	*wstest.RawPeer
	host    *host
	at      *end               // the host's end of the connection; nil before OnConnect
	asks    *airsocket.Request // that the host has not decided on
	flooded int                // messages that the host has sent
}

// arrive connects a guest, which sends nothing yet.
func (h *host) arrive() *guest {
	g := &guest{RawPeer: wstest.DialRaw(h.t, h.url), host: h}
	g.SetDeadline(time.Now().Add(3 * wstest.Patience)) // there may be many
	return g
}

// open does the opening handshake.
func (g *guest) open() {
	g.T.Helper()
	g.Open()
	g.at = wstest.Receive(g.T, g.host.conns)
}

// tell sends a command, and returns when the host has obeyed.
func (g *guest) tell(command string) int {
	g.T.Helper()
	g.Send(wstest.OpText, command)
	return g.obeyed()
}

func (g *guest) obeyed() int {
	g.T.Helper()
	select {
	case n := <-g.at.obeyed:
		return n
	case <-g.at.closed:
		g.T.Fatalf("the host has not obeyed: %q", g.at.Lines)
		return 0
	}
}

// echo checks that the host answers.
func (g *guest) echo(text string) {
	g.T.Helper()
	g.Send(wstest.OpText, text)
	g.Want(wstest.OpText, text)
}

// drink reads what flood has sent.
func (g *guest) drink() {
	g.T.Helper()
	for range g.flooded {
		g.Want(wstest.OpBinary, strings.Repeat("\x00", chunk))
	}
}
