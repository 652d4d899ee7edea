package record

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

// A proxy connects each client to the server. Its state is used only in turns of its
// Dispatcher.
type proxy struct {
	config   *config
	out      io.Writer // the recording
	messages io.Writer // for people
	disp     *airsocket.Dispatcher
	pairs    map[*pair]bool // connections that have not ended

	began, ended int // how many connections
	err          error
	ending       bool
	done         chan struct{} // closed if there is nothing more to record
}

// fail ends the recording because of an error.
func (p *proxy) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.finish()
}

func (p *proxy) finish() {
	if !p.ending {
		p.ending = true
		close(p.done)
	}
}

// end closes the connections to the server. The recording has no close of a connection that
// neither side has closed.
func (p *proxy) end() {
	p.finish()
	for n := range p.pairs {
		n.up.Close(airsocket.StatusNormalClosure, "")
	}
}

func (p *proxy) write(e journal.Event) {
	if p.ending {
		return
	}
	if err := journal.Write(p.out, time.Now(), e); err != nil {
		p.fail(fmt.Errorf("output: %w", err))
	}
}

// request opens the connection to the server for a client.
func (p *proxy) request(r *airsocket.Request) {
	if p.ending {
		r.Reject(503, "the recording has ended")
		return
	}
	p.began++
	n := &pair{proxy: p, number: p.began, request: r, asked: p.config.Protocols}
	p.pairs[n] = true
	if n.asked == nil {
		n.asked = r.Protocols
	}
	o := p.config.Options.Clone()
	if o.Header = passed(r.HTTP().Header, o.Header); o.Origin == "" {
		o.Origin = r.Origin
	}
	n.up = airsocket.NewSocket(o)
	n.attach()
	// The client may end the connection before it is open.
	r.Socket().OnClose(func(e *airsocket.CloseEvent) { n.closed(e, true) })
	if err := n.up.Connect(options.WithTarget(p.config.URL, r.Target), n.asked...); err != nil {
		n.refused(err, 0, nil)
		n.gone()
	}
}

// A pair is the connection of a client and the one to the server that belongs to it.
type pair struct {
	proxy   *proxy
	number  int
	request *airsocket.Request
	asked   []string          // subprotocols
	up      *airsocket.Socket // to the server
	down    *airsocket.Socket // to the client; nil before up is open
	over    bool              // one of them has been closed
	broken  bool              // the other one was ended without a closing handshake
}

// write records an event. After the close of one side, only an error of the other matters,
// such as that it does not answer the close.
func (n *pair) write(e journal.Event) {
	if n.over && (e.Kind != "error" || n.broken) {
		return
	}
	e.Conn = n.number
	n.proxy.write(e)
}

func (n *pair) attach() {
	n.up.OnOpen(func(*airsocket.OpenEvent) { n.open() })
	n.up.OnError(func(e *airsocket.ErrorEvent) {
		if n.down != nil {
			n.write(journal.Event{Kind: "error", Text: "server: " + exit.Text(e.Err)})
			return
		}
		n.request.ResponseHeader = passed(e.Header, nil)
		n.refused(e.Err, e.Status, e.Body)
	})
	n.up.OnClose(func(e *airsocket.CloseEvent) { n.closed(e, false) })
}

// refused passes on that the server has refused the connection, or cannot be reached.
func (n *pair) refused(err error, status int, body []byte) {
	if n.over {
		return // the client has gone before
	}
	n.write(journal.Event{Kind: "error", Text: exit.Text(err), Status: status, Body: body})
	fmt.Fprintf(n.proxy.messages, "connection %d failed: %s\n", n.number, escape.Text(exit.Text(err)))
	answer := string(body)
	if status < 300 || status > 599 {
		status, answer = 502, "the server cannot be reached"
	}
	n.request.Reject(status, answer)
}

// open accepts the client, as the server has.
func (n *pair) open() {
	_, header := n.up.Response()
	n.request.ResponseHeader = passed(header, nil)
	protocol := n.up.Protocol()
	if len(n.proxy.config.Protocols) > 0 && !slices.Contains(n.request.Protocols, protocol) {
		protocol = "" // -subprotocol has asked for it, and not the client
	}
	down, err := n.request.Accept(protocol)
	if err != nil {
		n.up.Close(airsocket.StatusNormalClosure, "")
		return
	}
	n.down = down
	n.write(journal.Event{Kind: "open", URL: options.WithoutPassword(n.up.URL()), Asked: n.asked, Chosen: n.up.Protocol()})
	down.OnError(func(e *airsocket.ErrorEvent) {
		n.write(journal.Event{Kind: "error", Text: "client: " + exit.Text(e.Err)})
	})
	n.pass(n.up, down, false)
	n.pass(down, n.up, true)
}

// pass passes on what from receives. If to is slow, from does not receive more.
func (n *pair) pass(from, to *airsocket.Socket, out bool) {
	from.OnMessage(func(e *airsocket.MessageEvent) {
		n.write(journal.Event{Kind: "message", Out: out, Binary: e.Binary(), Data: e.Bytes()})
		to.SendMessage(e.Kind(), e.Bytes()) // an error means that it is closed
		if to.BufferedAmount() > options.HighWater {
			from.Pause()
		}
	})
	to.OnDrain(func(*airsocket.DrainEvent) { from.Resume() })
	from.OnPing(func(e *airsocket.PingEvent) {
		n.write(journal.Event{Kind: "ping", Out: out, Data: e.Data})
		if to.Ping(e.Data) == nil {
			e.PreventDefault() // the other side answers
		}
	})
	from.OnPong(func(e *airsocket.PongEvent) {
		n.write(journal.Event{Kind: "pong", Out: out, Data: e.Data})
		to.Pong(e.Data)
	})
}

// closed passes on the end of one side of the pair.
func (n *pair) closed(e *airsocket.CloseEvent, client bool) {
	if n.over {
		n.gone()
		return
	}
	if n.down != nil {
		n.write(journal.Event{Kind: "close", Began: client, Code: e.Code, Text: e.Reason, Clean: e.WasClean})
	}
	n.over = true
	other := n.up
	if !client {
		if n.down == nil {
			n.gone()
			return
		}
		other = n.down
	}
	switch {
	case e.Code == airsocket.StatusAbnormalClosure:
		n.broken = true
		abandon(other)
	case e.Code == airsocket.StatusNoStatusReceived:
		other.Close(0, "")
	case !e.WasClean || other.Close(e.Code, e.Reason) != nil:
		// Only servers may close with such a code, but browsers do it too.
		other.Drop(e.Code, e.Reason)
	}
}

// abandon ends a connection without a closing handshake, when it has sent what it can.
func abandon(s *airsocket.Socket) {
	s.Flush()
	if c := s.Conn(); c != nil {
		go c.Close() // it may wait for a reader, which waits for this turn
		return
	}
	s.Close(airsocket.StatusNormalClosure, "")
}

// gone counts a pair both sides of which have ended.
func (n *pair) gone() {
	p := n.proxy
	if !p.pairs[n] {
		return
	}
	delete(p.pairs, n)
	if p.ended++; p.ended == p.config.conns {
		p.finish()
	}
}
