package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

// A source provides the messages to send. Its methods are called in turns of
// the client's Dispatcher.
type source interface {
	// start makes the source pass its messages to c.take in batches. After each
	// batch, the source waits until taken is called.
	start(c *client)
	taken()
	// stop stops the source after start, because the connection is closed.
	stop()
}

// A client is the connection that connect opens. Its state is used only in
// turns of its Dispatcher.
type client struct {
	config *config
	disp   *airsocket.Dispatcher
	socket *airsocket.Socket
	texts  []journal.Event // of -x, with which each connection begins
	input  source          // what follows them, or nil
	print  printer
	record printer // of -record, or nil

	greeting []journal.Event // which of the texts this connection has not sent yet
	queue    []journal.Event // what has been read and has not been sent yet
	taking   bool            // the source waits until the queue is empty
	ended    bool            // the input has ended: nothing comes after the queue
	started  bool            // the input was started
	opened   bool            // the connection, or the attempt that has followed it
	closes   bool            // this side has begun the closing handshake; no connection follows
	received int             // messages
	failure  int             // the exit code for the error of the connection
	code     int             // the exit code; the first that is not exit.OK is kept
	err      error           // printed at the end
	pings    pings

	timer    *airsocket.Timer // runs until there may have been silence for -wait
	heard    time.Time        // when the silence began
	draining bool             // a drain event may be for the input, and not only for pings of -ping-interval
}

// run connects, waits until the connection is closed, and returns the exit
// code.
func (c *client) run(ctx context.Context) (int, error) {
	c.disp.Run(func() {
		c.socket = airsocket.NewSocket(&c.config.Options)
		c.attach()
		if err := c.socket.Connect(c.config.URL, c.config.Protocols...); err != nil {
			c.fail(err)
			return
		}
		stop := context.AfterFunc(ctx, func() { c.disp.Post(c.interrupt) })
		airsocket.AddEventListener(c.socket, airsocket.EventClose, func(e *airsocket.CloseEvent) {
			if !e.WillReconnect {
				stop()
			}
		})
	})
	return c.code, c.err
}

func (c *client) attach() {
	s := c.socket
	s.OnOpen(func(*airsocket.OpenEvent) {
		c.opened, c.failure = true, exit.OK
		text := fmt.Sprintf("%s, %v", options.WithoutPassword(s.URL()), s.Version())
		if p := s.Protocol(); p != "" {
			text += ", subprotocol " + p
		}
		if x := s.Extensions(); x != "" {
			text += ", extensions " + x
		}
		c.tell(journal.Event{Kind: "open", Text: text, URL: options.WithoutPassword(s.URL()), Asked: c.config.Protocols, Chosen: s.Protocol()})
		c.startPinging()
		c.greeting = c.texts
		c.pump()
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		if c.enough() {
			return // it came while the connection was closing
		}
		c.received++
		c.receive(journal.Event{Kind: "message", Data: e.Bytes(), Binary: e.Binary()})
		if c.enough() {
			c.close()
		}
	})
	s.OnPing(func(e *airsocket.PingEvent) { c.receive(journal.Event{Kind: "ping", Data: e.Data}) })
	s.OnPong(func(e *airsocket.PongEvent) {
		rtt, own := c.pings.answered(e.Data)
		pong := journal.Event{Kind: "pong", Data: e.Data, RTT: rtt}
		if own {
			c.tell(pong) // does not end a silence: otherwise -wait would never end
		} else {
			c.receive(pong)
		}
	})
	s.OnDrain(func(*airsocket.DrainEvent) {
		if c.draining { // the peer could not answer before it received everything
			c.heard = time.Now()
		}
		c.pump()
	})
	s.OnError(func(e *airsocket.ErrorEvent) {
		c.failure = exit.ForError(e.Err, c.opened)
		c.tell(journal.Event{Kind: "error", Text: exit.Text(e.Err), Status: e.Status, Body: e.Body})
	})
	s.OnClose(c.closed)
}

// closed handles the end of a connection, or of an attempt to connect.
func (c *client) closed(e *airsocket.CloseEvent) {
	c.stopTimer()
	c.pings.stop()
	if !e.WillReconnect {
		if c.started {
			c.input.stop()
		}
		c.tellUnsent(c.greeting, "of -x")
		c.tellUnsent(c.queue, "read from the input")
		c.setCode(c.failure)
		c.setCode(exit.ForClose(e.Code, e.WasClean))
	}
	if c.opened {
		c.tell(journal.Event{Kind: "close", Began: c.closes, Code: e.Code, Text: e.Reason, Clean: e.WasClean})
	}
	switch {
	case e.WillReconnect:
		c.opened = false
		c.tell(journal.Event{Kind: "reconnect", Text: "in " + e.ReconnectIn.Round(time.Millisecond).String()})
	case c.config.count > 0 && !c.enough() && !c.closes && c.code == exit.OK:
		c.setCode(exit.Protocol)
		c.err = fmt.Errorf("the server has closed after %d of %d messages", c.received, c.config.count)
	}
}

// tellUnsent tells how many messages were not sent, if any.
func (c *client) tellUnsent(messages []journal.Event, what string) {
	switch n := len(messages); n {
	case 0:
	case 1:
		c.tell(journal.Event{Kind: "input", Text: "not sent: 1 message " + what})
	default:
		c.tell(journal.Event{Kind: "input", Text: fmt.Sprintf("not sent: %d messages %s", n, what)})
	}
}

// enough reports whether as many messages were received as -n says.
func (c *client) enough() bool { return c.config.count > 0 && c.received >= c.config.count }

func (c *client) setCode(code int) {
	if c.code == exit.OK {
		c.code = code
	}
}

// fail closes the connection because of a local error.
func (c *client) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.setCode(exit.Usage)
	c.close()
}

func (c *client) close() { c.closeWith(airsocket.StatusNormalClosure, "") }

// closeWith closes the connection, or ends the wait for the next one.
func (c *client) closeWith(code airsocket.StatusCode, reason string) error {
	open := c.socket.ReadyState() == airsocket.StateOpen
	err := c.socket.Close(code, reason)
	c.closes = c.closes || open && err == nil
	return err
}

// interrupt closes the connection, or ends it at once if it is closing already.
func (c *client) interrupt() {
	if c.socket.ReadyState() == airsocket.StateClosing {
		c.socket.Drop(airsocket.StatusNormalClosure, "")
		return
	}
	c.close()
}

// tell prints an event. The time between a ping and its pong begins when the ping is told.
func (c *client) tell(e journal.Event) {
	if e.Kind == "ping" && e.Out {
		c.pings.add(e.Data)
	}
	if err := c.print(e); err != nil {
		c.fail(fmt.Errorf("output: %w", err))
	}
	if c.record != nil {
		if err := c.record(e); err != nil {
			c.fail(fmt.Errorf("-record: %w", err))
		}
	}
}

func (c *client) receive(e journal.Event) {
	c.heard = time.Now()
	c.tell(e)
}

// take receives a batch from the source.
func (c *client) take(b batch) {
	c.queue, c.taking = b.messages, true
	c.ended = b.err != nil
	if b.err != nil && b.err != io.EOF {
		c.err = fmt.Errorf("input: %w", b.err)
		c.setCode(exit.Usage)
	}
	c.pump()
}

// pump sends as much of what waits as the socket has room for, and asks the
// source for more when nothing is left.
func (c *client) pump() {
	for _, waiting := range []*[]journal.Event{&c.greeting, &c.queue} {
		for len(*waiting) > 0 {
			if c.socket.ReadyState() != airsocket.StateOpen {
				return // the next open handler continues, or the close handler reports it
			}
			if c.socket.BufferedAmount() > options.HighWater {
				return // the drain handler continues
			}
			e := (*waiting)[0]
			switch err := c.send(e); {
			case errors.Is(err, airsocket.ErrBufferFull):
				return
			case errors.Is(err, airsocket.ErrClosed):
				return // the close handler reports it
			case err != nil:
				c.fail(fmt.Errorf("not sent: %.60q: %s", e.Data, exit.Text(err)))
				return
			}
			*waiting = (*waiting)[1:]
			if e.Kind != "close" { // the close event follows
				c.tell(e)
			}
		}
	}
	switch {
	case !c.started && c.input != nil:
		c.started = true
		c.input.start(c)
	case c.ended || c.input == nil:
		c.awaitSilence()
	case c.taking:
		c.taking = false
		c.input.taken()
	}
}

// errNotConnected is returned for what cannot be sent between two connections.
var errNotConnected = errors.New("not sent, because there is no connection at the moment")

// send does what e says.
func (c *client) send(e journal.Event) error {
	switch {
	case e.Kind == "close":
		return c.closeWith(e.Code, e.Text)
	case c.socket.ReadyState() == airsocket.StateConnecting:
		return errNotConnected
	case e.Kind == "ping":
		return c.socket.Ping(e.Data)
	case e.Kind == "pong":
		return c.socket.Pong(e.Data)
	case e.Binary:
		return c.socket.SendBytes(e.Data)
	}
	return c.socket.Send(string(e.Data))
}

// awaitSilence closes the connection when nothing has been received for the
// time of -wait.
func (c *client) awaitSilence() {
	if c.timer == nil && c.config.wait >= 0 && c.socket.ReadyState() == airsocket.StateOpen {
		c.heard = time.Now()
		c.draining = true
		c.timer = c.disp.SetTimeout(c.silence, c.config.wait)
	}
}

// silence closes the connection if the silence was long enough, and otherwise
// sets the timer again. It is not silence while bytes are being sent.
func (c *client) silence() {
	c.timer = nil
	c.socket.Flush() // so that BufferedAmount counts only what the system has not taken
	if c.socket.BufferedAmount() > 0 {
		return // the drain handler continues, or WriteTimeout ends the connection
	}
	left := c.config.wait - time.Since(c.heard)
	if left > 0 {
		c.timer = c.disp.SetTimeout(c.silence, left)
		return
	}
	if c.config.count > 0 {
		c.setCode(exit.Timeout)
		c.err = fmt.Errorf("nothing was received for %v after %d of %d messages", c.config.wait, c.received, c.config.count)
	}
	c.close()
}

func (c *client) stopTimer() {
	if c.timer != nil {
		c.timer.Clear()
		c.timer = nil
	}
}
