package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
	"github.com/airsocket/airsocket/wire"
)

// A player does the steps of a recording that are its own, one after another, and waits for
// the others. Its state is used only in turns of its Dispatcher.
type player struct {
	config   *config
	disp     *airsocket.Dispatcher
	std      *command.Std
	listener net.Listener // of the server
	done     chan struct{}

	steps []*step
	next  int // the step to be done or awaited
	conns []*conn

	begun time.Time     // when the first connection was opened, or zero
	late  time.Duration // how much later everything is than recorded
	since time.Time     // when next became what it is
	timer *airsocket.Timer

	sent, skipped int // how many steps of this side were done, and could not be
	kept          int // bytes of what came and differs
	ended         bool
	code          int
	err           error
}

// maxKept is how much that differs from the recording is kept in memory.
const maxKept = 64 << 20

func newPlayer(c *config, steps []*step, std *command.Std) *player {
	p := &player{config: c, steps: steps, std: std, disp: new(airsocket.Dispatcher), done: make(chan struct{})}
	c.Options.Dispatcher, c.server.Dispatcher = p.disp, p.disp
	current := map[int]*conn{}
	for _, s := range steps {
		if s.Kind == "open" {
			current[s.Conn] = &conn{player: p, first: s}
			p.conns = append(p.conns, current[s.Conn])
		}
		n := current[s.Conn]
		s.on = n
		if s.Kind == "pong" && !s.mine {
			n.pongs = true
		}
		if !s.mine || s.Kind == "open" {
			n.want = append(n.want, s)
		}
	}
	return p
}

// run replays the recording, prints the differences and returns the exit code.
func (p *player) run(ctx context.Context) (int, error) {
	srv := &airsocket.Server{Options: &p.config.server}
	srv.OnRequest(p.request)
	if p.listener != nil {
		fmt.Fprintf(p.std.Err, "listening on %s\n", options.ListenerURL(p.listener.Addr()))
		go func() {
			if err := srv.Serve(p.listener); !errors.Is(err, airsocket.ErrServerClosed) {
				p.disp.Post(func() { p.fail(exit.Usage, err) })
			}
		}()
	}
	p.disp.Post(func() {
		p.since = time.Now()
		p.advance()
	})
	select {
	case <-ctx.Done():
		p.disp.Post(func() { p.fail(exit.Usage, errors.New("interrupted before the end of the recording")) })
		<-p.done
	case <-p.done:
	}
	srv.StopListening()
	if p.listener != nil {
		p.listener.Close() // Serve may not have begun
	}
	p.disp.Run(func() {}) // until the connections are closed
	if p.err != nil {
		return p.code, p.err
	}
	return p.report(p.std.Out)
}

// fail ends the replay because of an error.
func (p *player) fail(code int, err error) {
	if p.err == nil && !p.ended {
		p.code, p.err = code, err
	}
	p.end()
}

// end closes what is still open.
func (p *player) end() {
	if p.ended {
		return
	}
	p.ended = true
	p.stopTimer()
	for _, n := range p.conns {
		if n.socket != nil && !n.closing {
			n.socket.Close(airsocket.StatusNormalClosure, "")
		}
	}
	close(p.done)
}

func (p *player) stopTimer() {
	if p.timer != nil {
		p.timer.Clear()
		p.timer = nil
	}
}

// due returns when a step is to be done, if nothing before it is late.
func (p *player) due(s *step) time.Time {
	if p.config.speed == 0 || p.begun.IsZero() {
		return time.Time{}
	}
	return p.begun.Add(p.late + scaled(s.at, p.config.speed))
}

// scaled returns the time in which the replay does what took d.
func scaled(d time.Duration, by speed) time.Duration {
	return time.Duration(min(float64(d)/float64(by), math.MaxInt64/4))
}

// patience returns how long the player waits for a step of the peer. The peer is not faster
// than it was, even if the replay is.
func (p *player) patience(s *step) time.Duration {
	d := s.gap
	if p.config.speed > 0 && p.config.speed < 1 {
		d = scaled(d, p.config.speed)
	}
	return min(d, math.MaxInt64/4) + p.config.wait
}

// advance does all that can be done now.
func (p *player) advance() {
	p.stopTimer()
	for !p.ended {
		if p.next == len(p.steps) {
			p.end()
			return
		}
		s := p.steps[p.next]
		n := s.on
		if s.mine {
			if d := time.Until(p.due(s)); d > 0 {
				p.timer = p.disp.SetTimeout(p.advance, d)
				return
			}
			if !n.do(s) {
				return // an event of the connection goes on
			}
		} else if !n.has(s) {
			if p.begun.IsZero() {
				return // for the first client, the server waits as long as it takes
			}
			left := time.Until(p.since.Add(p.patience(s)))
			if left > 0 {
				p.timer = p.disp.SetTimeout(p.advance, left)
				return
			}
			n.closed = n.closed || s.Kind == "open" // the client has not come
		}
		p.step()
	}
}

// step goes on to the next step. If that is later than in the recording, everything that
// follows is.
func (p *player) step() {
	s := p.steps[p.next]
	p.next++
	p.since = time.Now()
	if p.config.speed != 0 && !p.begun.IsZero() {
		p.late = max(p.late, p.since.Sub(p.begun)-scaled(s.at, p.config.speed))
	}
}

// began is called when a connection is open.
func (p *player) began() {
	if p.begun.IsZero() {
		p.begun = time.Now()
	}
}

// request accepts a client as the next one of the recording, if possible with its path.
func (p *player) request(r *airsocket.Request) {
	free := func(n *conn) bool { return n.socket == nil && !n.closed }
	i := slices.IndexFunc(p.conns, func(n *conn) bool { return free(n) && n.first.target() == r.Target })
	if i < 0 {
		i = slices.IndexFunc(p.conns, free)
	}
	if i < 0 || p.ended {
		r.Reject(503, "there are no more connections in the recording")
		return
	}
	n := p.conns[i]
	chosen := n.first.Chosen
	if !slices.Contains(r.Protocols, chosen) {
		chosen = ""
	}
	s, err := r.Accept(chosen)
	if err != nil {
		return // the client has gone
	}
	n.attach(s, strings.Join(r.Protocols, ", "))
}

// report prints the differences, and returns the exit code.
func (p *player) report(w io.Writer) (int, error) {
	var out strings.Builder
	count, faults, came := 0, 0, 0
	for i, n := range p.conns {
		name := ""
		if len(p.conns) > 1 {
			number := n.first.Conn
			if number == 0 {
				number = i + 1 // one after another, from connect -reconnect
			}
			name = fmt.Sprintf("connection %d, ", number)
		}
		came += len(n.came)
		for _, d := range compare(n.want, n.came) {
			if count++; count <= maxPrinted {
				d.print(&out, name)
			}
		}
		if n.problem != nil && !n.first.failed {
			faults++
			fmt.Fprintf(&out, "%san error that is not in the recording: %s\n", name, escape.Text(exit.Text(n.problem)))
		}
	}
	if count > maxPrinted {
		fmt.Fprintf(&out, "and %d more\n", count-maxPrinted)
	}
	count += faults
	verdict := "the same"
	if count > 0 || p.skipped > 0 {
		verdict = fmt.Sprintf("different in %d places", count)
		if count == 1 {
			verdict = "different in 1 place"
		}
	}
	fmt.Fprintf(&out, "%s: %d done, %d received", verdict, p.sent, came)
	if p.skipped > 0 {
		fmt.Fprintf(&out, ", %d not done, because the connection was closed", p.skipped)
	}
	out.WriteString("\n")
	if _, err := io.WriteString(w, out.String()); err != nil {
		return exit.Usage, fmt.Errorf("output: %w", err)
	}
	if count > 0 || p.skipped > 0 {
		return exit.Check, nil
	}
	return exit.OK, nil
}

// maxPrinted is how many differences are printed.
const maxPrinted = 100

// kindOf returns the kind of a message.
func kindOf(binary bool) wire.Kind {
	if binary {
		return wire.Binary
	}
	return wire.Text
}

// busy reports whether the socket has so much to send that more has to wait.
func busy(s *airsocket.Socket) bool { return s.BufferedAmount() > options.HighWater }
