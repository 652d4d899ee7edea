package replay

import (
	"fmt"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

// A conn is a connection of the recording.
type conn struct {
	player *player
	first  *step   // the open
	want   []*step // what the peer should do, and the open
	came   []got   // what the peer did
	pongs  bool    // pongs are compared

	socket  *airsocket.Socket
	open    bool
	closed  bool
	closing bool // this side has begun the closing handshake
	broken  bool // this side has ended the connection without it
	ahead   int  // how much came that the player has not gone on from
	problem error
}

// do does a step of this side, and reports whether it is done.
func (n *conn) do(s *step) bool {
	p := n.player
	switch {
	case s.Kind == "open" && n.socket == nil:
		n.connect()
		return false
	case s.Kind == "open":
		return n.open || n.closed
	case n.socket == nil || n.socket.ReadyState() != airsocket.StateOpen:
		p.skipped++
		return true
	case busy(n.socket):
		return false // the drain handler goes on
	}
	var err error
	switch s.Kind {
	case "message":
		err = n.socket.SendMessage(kindOf(s.Binary), s.Data)
	case "ping":
		err = n.socket.Ping(s.Data)
	case "pong":
		err = n.socket.Pong(s.Data)
	case "close":
		n.close(s)
	}
	if err != nil {
		p.fail(exit.Usage, fmt.Errorf("line %d cannot be sent: %s", s.line, exit.Text(err)))
		return false
	}
	p.sent++
	return true
}

// has reports whether the peer has done something that may be the step, or cannot do it any
// more.
func (n *conn) has(s *step) bool {
	switch {
	case n.closed:
		return true
	case s.Kind == "open":
		return n.open
	case s.Kind == "close" || n.ahead == 0:
		return false
	}
	n.ahead--
	return true
}

// connect opens the connection as a client.
func (n *conn) connect() {
	p := n.player
	c := p.config
	asked := c.Protocols
	if asked == nil {
		asked = n.first.Asked
	}
	s := airsocket.NewSocket(&c.Options)
	n.attach(s, "")
	if err := s.Connect(options.WithTarget(c.URL, n.first.target()), asked...); err != nil {
		p.fail(exit.ForError(err, false), err)
	}
}

// attach makes s the socket of the connection. asked are the subprotocols that a client has
// asked for.
func (n *conn) attach(s *airsocket.Socket, asked string) {
	p := n.player
	n.socket = s
	s.OnOpen(func(*airsocket.OpenEvent) {
		n.open = true
		p.began()
		n.keep(journal.Event{Kind: "open", Asked: []string{asked}, Chosen: s.Protocol()})
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		n.receive(journal.Event{Kind: "message", Binary: e.Binary(), Data: e.Bytes()})
	})
	s.OnPing(func(e *airsocket.PingEvent) {
		if !p.config.ignorePings {
			n.receive(journal.Event{Kind: "ping", Data: e.Data})
		}
	})
	s.OnPong(func(e *airsocket.PongEvent) {
		if n.pongs && !p.config.ignorePings {
			n.receive(journal.Event{Kind: "pong", Data: e.Data})
		}
	})
	s.OnDrain(func(*airsocket.DrainEvent) { p.advance() })
	s.OnError(func(e *airsocket.ErrorEvent) {
		if !n.open && !p.config.serves() {
			err := e.Err
			if len(e.Body) > 0 {
				err = fmt.Errorf("%w: %s", err, e.Body)
			}
			p.fail(exit.ForError(e.Err, false), err)
		}
		if !n.broken && (n.closing || !p.ended) {
			n.problem = e.Err
		}
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		n.closed = true
		p.began() // even if it was never open
		if !n.closing && !p.ended {
			n.keep(journal.Event{Kind: "close", Code: e.Code, Text: e.Reason, Clean: e.WasClean})
		} else {
			p.advance()
		}
	})
}

// receive takes what the peer has sent.
func (n *conn) receive(e journal.Event) {
	if !n.closing {
		n.ahead++
		n.keep(e)
	}
}

// overhead is about how much memory something takes that came, besides its text.
const overhead = 64

// keep keeps what the peer has done, for the comparison, and goes on.
func (n *conn) keep(e journal.Event) {
	p := n.player
	if p.ended {
		return
	}
	g := got{key: p.config.key(e), at: time.Since(p.begun)}
	if i := len(n.came); i < len(n.want) && n.want[i].key == g.key {
		g.key = n.want[i].key // so that it is in memory only once
	} else if p.kept += len(g.key) + overhead; p.kept > maxKept {
		p.fail(exit.Check, fmt.Errorf("given up: more than %d MiB have come that are not as in the recording", maxKept>>20))
		return
	}
	n.came = append(n.came, g)
	p.advance()
}

// close closes the connection as in the recording.
func (n *conn) close(s *step) {
	n.closing = true
	switch {
	case s.Code == airsocket.StatusAbnormalClosure:
		n.broken = true
		n.socket.Flush()
		go n.socket.Conn().Close() // it may wait for a reader, which waits for this turn
	case s.Code == airsocket.StatusNoStatusReceived:
		n.socket.Close(0, "")
	case !s.Clean || n.socket.Close(s.Code, s.Text) != nil:
		// Only servers may close with such a code, but browsers do it too.
		n.socket.Drop(s.Code, s.Text)
	}
}
