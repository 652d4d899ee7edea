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
	// stop stops the source, because the connection is closed.
	stop()
}

// A client is the connection that connect opens. Its state is used only in
// turns of its Dispatcher.
type client struct {
	config *config
	disp   *airsocket.Dispatcher
	socket *airsocket.Socket
	input  source
	print  printer
	record printer // of -record, or nil

	queue  []string // lines that have not been sent yet
	taking bool     // the source waits until the queue is empty
	ended  bool     // the input has ended: nothing comes after the queue
	opened bool
	closes bool  // this side has begun the closing handshake
	code   int   // the exit code; the first that is not exit.OK is kept
	err    error // printed at the end

	timer     *airsocket.Timer // runs until there may have been silence for -wait
	heard     time.Time        // when the silence began
	unwritten int              // how many bytes were unsent when the timer last saw progress
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
		airsocket.AddEventListener(c.socket, airsocket.EventClose, func(*airsocket.CloseEvent) { stop() })
	})
	return c.code, c.err
}

func (c *client) attach() {
	s := c.socket
	s.OnOpen(func(*airsocket.OpenEvent) {
		c.opened = true
		text := fmt.Sprintf("%s, %v", options.WithoutPassword(s.URL()), s.Version())
		if p := s.Protocol(); p != "" {
			text += ", subprotocol " + p
		}
		if x := s.Extensions(); x != "" {
			text += ", extensions " + x
		}
		c.tell(journal.Event{Kind: "open", Text: text, URL: options.WithoutPassword(s.URL()), Asked: c.config.Protocols, Chosen: s.Protocol()})
		c.input.start(c)
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		c.receive(journal.Event{Kind: "message", Data: e.Bytes(), Binary: e.Binary()})
	})
	s.OnPing(func(e *airsocket.PingEvent) { c.receive(journal.Event{Kind: "ping", Data: e.Data}) })
	s.OnPong(func(e *airsocket.PongEvent) { c.receive(journal.Event{Kind: "pong", Data: e.Data}) })
	s.OnDrain(func(*airsocket.DrainEvent) {
		c.heard = time.Now() // the peer could not answer before it received everything
		c.pump()
	})
	s.OnError(func(e *airsocket.ErrorEvent) {
		c.setCode(exit.ForError(e.Err, c.opened))
		c.tell(journal.Event{Kind: "error", Text: exit.Text(e.Err), Status: e.Status, Body: e.Body})
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		c.stopTimer()
		c.input.stop()
		if len(c.queue) > 0 {
			c.tell(journal.Event{Kind: "input", Text: fmt.Sprintf("not sent: the last %d lines that were read", len(c.queue))})
		}
		c.setCode(exit.ForClose(e.Code, e.WasClean))
		if c.opened {
			c.tell(journal.Event{Kind: "close", Began: c.closes, Code: e.Code, Text: e.Reason, Clean: e.WasClean})
		}
	})
}

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

func (c *client) close() {
	c.closes = c.closes || c.socket.ReadyState() == airsocket.StateOpen
	c.socket.Close(airsocket.StatusNormalClosure, "")
}

// interrupt closes the connection, or ends it at once if it is closing already.
func (c *client) interrupt() {
	if c.socket.ReadyState() == airsocket.StateClosing {
		c.socket.Drop(airsocket.StatusNormalClosure, "")
		return
	}
	c.close()
}

func (c *client) tell(e journal.Event) {
	if err := c.print(e); err != nil {
		c.fail(fmt.Errorf("output: %w", err))
	}
	if c.record != nil {
		if err := c.record(e); err != nil {
			c.record = nil // fail tells of the close
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
	c.queue, c.taking = b.lines, true
	c.ended = b.err != nil
	if b.err != nil && b.err != io.EOF {
		c.err = fmt.Errorf("input: %w", b.err)
		c.setCode(exit.Usage)
	}
	c.pump()
}

// pump sends as much of the queue as the socket has room for, and asks the
// source for more when the queue is empty.
func (c *client) pump() {
	for len(c.queue) > 0 {
		if c.socket.BufferedAmount() > options.HighWater {
			return // the drain handler continues
		}
		line := c.queue[0]
		switch err := c.socket.Send(line); {
		case errors.Is(err, airsocket.ErrBufferFull):
			return
		case errors.Is(err, airsocket.ErrClosed):
			return // the close handler reports it
		case err != nil:
			c.fail(fmt.Errorf("not sent: %.60q: %s", line, exit.Text(err)))
			return
		}
		c.queue = c.queue[1:]
		c.tell(journal.Event{Kind: "message", Out: true, Data: []byte(line)})
	}
	switch {
	case c.ended:
		c.awaitSilence()
	case c.taking:
		c.taking = false
		c.input.taken()
	}
}

// awaitSilence closes the connection when nothing has been received for the
// time of -wait.
func (c *client) awaitSilence() {
	if c.timer == nil && c.config.wait >= 0 && c.socket.ReadyState() == airsocket.StateOpen {
		c.socket.Flush() // so that BufferedAmount counts only what the system has not taken
		c.heard = time.Now()
		c.unwritten = c.socket.BufferedAmount()
		c.timer = c.disp.SetTimeout(c.silence, c.config.wait)
	}
}

// silence closes the connection if the silence was long enough, and otherwise
// sets the timer again. It is not silence while unsent bytes are being sent.
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
