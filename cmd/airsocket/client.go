package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/airsocket/airsocket"
)

// highWater is how many bytes wait to be sent before more is taken in.
const highWater = 1 << 20

// A source is where the messages to send come from. Its methods are called in
// the client's turns.
type source interface {
	// start begins to bring batches to c.take, one after another: the next one
	// when taken has been called.
	start(c *client)
	taken()
	// stop ends it: the connection is closed.
	stop()
}

// A client is a connection of connect. All of it belongs to the turns of its
// Dispatcher.
type client struct {
	config *connectConfig
	disp   *airsocket.Dispatcher
	socket *airsocket.Socket
	input  source
	print  printer

	queue  []string // lines that are not sent yet
	taking bool     // the input waits until the queue is empty
	ended  bool     // the input has ended: nothing follows the queue
	opened bool
	code   int   // the exit code: the first that is not exitOK stays
	err    error // what to say at the end

	timer     *airsocket.Timer // runs while waiting for the silence of --wait
	heard     time.Time        // when something was received last
	unwritten int              // bytes that were waiting to be sent then
}

// run connects, and returns the exit code when the connection is closed.
func (c *client) run(ctx context.Context) (int, error) {
	c.disp.Run(func() {
		c.socket = airsocket.NewSocket(&c.config.options)
		c.attach()
		if err := c.socket.Connect(c.config.url, c.config.protocols...); err != nil {
			c.fail(err)
			return
		}
		stop := context.AfterFunc(ctx, func() { c.disp.Post(c.close) })
		airsocket.AddEventListener(c.socket, airsocket.EventClose, func(*airsocket.CloseEvent) { stop() })
	})
	return c.code, c.err
}

func (c *client) attach() {
	s := c.socket
	s.OnOpen(func(*airsocket.OpenEvent) {
		c.opened = true
		text := fmt.Sprintf("%s, %v", withoutPassword(s.URL()), s.Version())
		if p := s.Protocol(); p != "" {
			text += ", subprotocol " + p
		}
		if x := s.Extensions(); x != "" {
			text += ", extensions " + x
		}
		c.tell(event{kind: "open", text: text})
		c.input.start(c)
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		c.receive(event{kind: "message", data: e.Bytes(), binary: e.Binary()})
	})
	s.OnPing(func(e *airsocket.PingEvent) { c.receive(event{kind: "ping", data: e.Data}) })
	s.OnPong(func(e *airsocket.PongEvent) { c.receive(event{kind: "pong", data: e.Data}) })
	s.OnDrain(func(*airsocket.DrainEvent) {
		c.heard = time.Now() // the peer has had nothing to answer before
		c.pump()
	})
	s.OnError(func(e *airsocket.ErrorEvent) {
		c.setCode(exitForError(e.Err, c.opened))
		c.tell(event{kind: "error", text: errorText(e.Err), status: e.Status, body: e.Body})
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		c.stopTimer()
		c.input.stop()
		if len(c.queue) > 0 {
			c.tell(event{kind: "input", text: fmt.Sprintf("not sent: the last %d lines that were read", len(c.queue))})
		}
		c.setCode(exitForClose(e.Code, e.WasClean))
		if c.opened {
			c.tell(event{kind: "close", code: e.Code, text: e.Reason, clean: e.WasClean})
		}
	})
}

func (c *client) setCode(code int) {
	if c.code == exitOK {
		c.code = code
	}
}

// fail ends it all because of something on this side.
func (c *client) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.setCode(exitUsage)
	c.close()
}

func (c *client) close() {
	c.socket.Close(airsocket.StatusNormalClosure, "")
}

func (c *client) tell(e event) {
	if err := c.print(e); err != nil {
		c.fail(fmt.Errorf("output: %w", err))
	}
}

func (c *client) receive(e event) {
	c.heard = time.Now()
	c.tell(e)
}

// take gets a batch from the input.
func (c *client) take(b batch) {
	c.queue, c.taking = b.lines, true
	c.ended = b.err != nil
	if b.err != nil && b.err != io.EOF {
		c.err = fmt.Errorf("input: %w", b.err)
		c.setCode(exitUsage)
	}
	c.pump()
}

// pump sends what has come in, as far as there is room for it.
func (c *client) pump() {
	for len(c.queue) > 0 {
		if c.socket.BufferedAmount() > highWater {
			return // the drain event continues
		}
		line := c.queue[0]
		switch err := c.socket.Send(line); {
		case errors.Is(err, airsocket.ErrBufferFull):
			return
		case errors.Is(err, airsocket.ErrClosed):
			return // the close event tells of it
		case err != nil:
			c.fail(fmt.Errorf("not sent: %.60q: %s", line, errorText(err)))
			return
		}
		c.queue = c.queue[1:]
		c.tell(event{kind: "message", out: true, data: []byte(line)})
	}
	switch {
	case c.ended:
		c.awaitSilence()
	case c.taking:
		c.taking = false
		c.input.taken()
	}
}

// awaitSilence closes when nothing has been received for --wait.
func (c *client) awaitSilence() {
	if c.timer == nil && c.config.wait >= 0 && c.socket.ReadyState() == airsocket.StateOpen {
		c.socket.Flush() // what the system takes at once is on its way
		c.heard = time.Now()
		c.unwritten = c.socket.BufferedAmount()
		c.timer = c.disp.SetTimeout(c.silence, c.config.wait)
	}
}

// silence may have come. What is still on its way out counts as noise, as long
// as it moves.
func (c *client) silence() {
	left := c.config.wait - time.Since(c.heard)
	if n := c.socket.BufferedAmount(); n > 0 && n < c.unwritten {
		left, c.unwritten = c.config.wait, n
	}
	if left > 0 {
		c.timer = c.disp.SetTimeout(c.silence, left)
		return
	}
	c.close()
}

func (c *client) stopTimer() {
	if c.timer != nil {
		c.timer.Clear()
	}
}
