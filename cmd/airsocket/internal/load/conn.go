package load

import (
	"bytes"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// The values of -match.
const (
	matchOrder = "order"
	matchEqual = "equal"
	matchNone  = "none"
)

// mostUnsent is the number of unsent bytes above which a connection sends nothing more. It
// is less than elsewhere in the program, because there are so many connections, and what
// is due needs no memory as long as it is not sent.
const mostUnsent = 64 << 10

// mostCompared is how many messages -match equal looks at to find the one that was answered, if
// all of them are different.
const mostCompared = 1000

// A conn is one of the connections. It has no goroutine and no timer, and remembers no
// messages: when message j was due follows from its number.
type conn struct {
	run    *run
	number int
	socket *airsocket.Socket
	tally  *tally
	offset time.Duration // of its messages within each period
	began  time.Duration // when it was due to be opened

	mu       sync.Mutex
	state    connState
	begun    bool          // a message was due
	first    int64         // the number of the period of its first message
	due      int64         // how many messages were due so far
	sent     int64         // how many of these were sent
	settled  int64         // how many of these were answered, or given up
	sentAt   time.Duration // with -every 0: when the last message was sent
	sending  bool          // a goroutine is in catchUp
	again    bool          // it shall look once more before it ends
	leaving  bool          // we have closed it
	dropped  bool          // the server has not answered our close
	reported bool          // its error was counted
	stopped  bool          // it sends nothing more
	lost     error         // how the network ended it
	awaited  bool          // the end of the test waits for its answers
}

type connState uint8

const (
	unopened connState = iota
	opening
	opened
	over
)

// dueAt returns the time when message j was due. The caller holds c.mu.
func (c *conn) dueAt(j int64) time.Duration {
	if every := c.run.config.every; every > 0 {
		return every*time.Duration(c.first+j) + c.offset
	}
	return c.sentAt
}

// connect starts to open the connection.
func (c *conn) connect(due time.Duration) error {
	s := airsocket.NewSocket(&c.run.config.Options)
	c.socket, c.began, c.state = s, due, opening
	s.SetData(c)
	s.OnOpen(onOpen)
	s.OnMessage(onMessage)
	s.OnDrain(onDrain)
	s.OnError(onError)
	s.OnClose(onClose)
	return s.Connect(c.run.config.URL, c.run.config.Protocols...)
}

// The handlers are functions without a closure: with thousands of connections each
// allocation counts.

func onOpen(e *airsocket.OpenEvent)       { e.Target().Data().(*conn).opened() }
func onMessage(e *airsocket.MessageEvent) { e.Target().Data().(*conn).receive(e.Bytes()) }
func onDrain(e *airsocket.DrainEvent)     { e.Target().Data().(*conn).catchUp() }
func onError(e *airsocket.ErrorEvent)     { e.Target().Data().(*conn).failed(e) }
func onClose(e *airsocket.CloseEvent)     { e.Target().Data().(*conn).closed(e) }

func (c *conn) opened() {
	c.mu.Lock()
	c.state = opened
	c.mu.Unlock()
	c.run.noteOpened(c.run.now() - c.began)
	if c.run.config.every == 0 {
		c.sendNext()
	}
}

// visit is called when the next message is due, in the given period.
func (c *conn) visit(period int64) {
	c.mu.Lock()
	// On a connection that has failed or is being closed by the server nothing is due, even if
	// its end takes its time.
	if c.state != opened || c.leaving || c.socket.ReadyState() != airsocket.StateOpen {
		c.mu.Unlock()
		return
	}
	if !c.begun {
		c.begun, c.first = true, period
	}
	c.due++
	c.mu.Unlock()
	c.catchUp()
}

// miss returns how many messages were due before end without a visit.
func (c *conn) miss(end time.Duration) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != opened || !c.begun || end <= c.offset {
		return 0
	}
	periods := int64((end-c.offset-1)/c.run.config.every) + 1
	missed := periods - c.first - c.due
	c.tally.noteUnsent(missed)
	return missed
}

// catchUp sends all messages that are due, in their order. While the peer takes nothing it
// sends nothing; the drain event and the next visit try again, so what is due is not
// forgotten.
func (c *conn) catchUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.again = true
	if c.sending {
		return // another goroutine does it
	}
	for c.sending = true; c.again; {
		c.again = false
		c.mu.Unlock()
		for c.sendDue() {
		}
		c.mu.Lock()
	}
	c.sending = false
}

// sendDue sends the first message that is due and not sent, and reports whether there may
// be another one.
func (c *conn) sendDue() (more bool) {
	if c.socket.BufferedAmount() > mostUnsent {
		return false
	}
	c.mu.Lock()
	if c.sent >= c.due || c.state != opened || c.stopped {
		c.mu.Unlock()
		return false
	}
	j := c.sent
	late := c.run.now() - c.dueAt(j)
	c.sent++ // before the answer can arrive
	c.mu.Unlock()
	return c.send(j, late)
}

// sendNext sends the next message, which was not due before now.
func (c *conn) sendNext() {
	c.mu.Lock()
	if c.state != opened || c.leaving || c.stopped || len(c.run.config.messages) == 0 {
		c.mu.Unlock()
		return
	}
	j := c.sent
	c.due++
	c.sent++
	c.sentAt = c.run.now()
	c.mu.Unlock()
	c.send(j, 0)
}

// send sends message j, and reports whether it was accepted.
func (c *conn) send(j int64, late time.Duration) bool {
	p := c.payload(j)
	err := c.socket.SendMessage(c.run.message(j).kind, p)
	if err == nil {
		c.tally.noteSent(len(p), late)
		return true
	}
	c.mu.Lock()
	c.sent--
	c.mu.Unlock()
	if !errors.Is(err, airsocket.ErrBufferFull) && !errors.Is(err, airsocket.ErrClosed) {
		// This version of the protocol cannot send it, and will not be able to.
		c.report("not sent: " + exit.Text(err))
		c.leave()
	}
	return false
}

// payload returns the payload of message j.
func (c *conn) payload(j int64) []byte {
	m := c.run.message(j)
	if c.run.config.fill {
		return m.filled(c.number, j)
	}
	return m.data
}

// receive takes a message from the peer.
func (c *conn) receive(p []byte) {
	if c.run.config.match == matchNone {
		c.tally.noteReceived(len(p))
		return
	}
	now := c.run.now()
	c.mu.Lock()
	skipped, ok := c.match(p)
	if !ok {
		c.mu.Unlock()
		c.tally.noteUnexpected(len(p))
		return
	}
	for range skipped {
		c.giveUp(now)
	}
	latency := now - c.dueAt(c.settled)
	c.settled++
	last := c.awaited && c.settled == c.sent
	if last {
		c.awaited = false
	}
	c.mu.Unlock()
	c.tally.noteAnswer(len(p), latency)
	if last {
		c.run.noteAnswered()
	}
	if c.run.config.every == 0 {
		c.sendNext()
	}
}

// match returns how many of the messages without an answer come before the one that p
// answers. ok is false if p is no answer. The caller holds c.mu.
func (c *conn) match(p []byte) (skipped int64, ok bool) {
	missing := c.sent - c.settled
	if c.run.config.match == matchOrder {
		return 0, missing > 0
	}
	// After one round through the messages they are the same again, without -fill.
	different := int64(len(c.run.config.messages))
	if c.run.config.fill {
		different = max(different, mostCompared)
	}
	for i := range min(missing, different) {
		if bytes.Equal(p, c.payload(c.settled+i)) {
			return i, true
		}
	}
	return 0, false
}

// giveUp counts a message as unanswered, with the time that it has waited. The caller
// holds c.mu.
func (c *conn) giveUp(now time.Duration) {
	c.tally.noteUnanswered(max(now-c.dueAt(c.settled), 0))
	c.settled++
}

func (c *conn) failed(e *airsocket.ErrorEvent) {
	c.mu.Lock()
	wasOpen, leaving := c.state == opened, c.leaving
	c.mu.Unlock()
	c.run.noteError(e.Err, wasOpen)
	switch err := reason(e.Err); {
	case leaving && errors.Is(err, airsocket.ErrAborted):
		c.report("not open at the end of the test")
	case wasOpen && ofNetwork(err):
		c.mu.Lock()
		c.lost = err // the server may have sent a close before, which says more
		c.mu.Unlock()
	default:
		c.report(kind(err, e.Status))
	}
}

// report counts an error of the connection, but only the first one.
func (c *conn) report(kind string) {
	c.mu.Lock()
	first := !c.reported
	c.reported = true
	c.mu.Unlock()
	if first {
		c.run.errors.Add(kind)
	}
}

func (c *conn) closed(e *airsocket.CloseEvent) {
	now := c.run.now()
	c.mu.Lock()
	was := c.state
	c.state = over
	early := was == opened && !c.leaving && !c.reported
	awaited, lost, dropped := c.awaited, c.lost, c.dropped
	c.awaited = false
	c.tally.noteUnsent(c.due - c.sent)
	for c.run.config.match != matchNone && c.settled < c.due {
		c.giveUp(now)
	}
	c.mu.Unlock()
	if lost != nil && (e.Code == airsocket.StatusAbnormalClosure || !early) {
		c.report(kind(lost, 0))
	} else if early {
		c.report(earlyClose(e))
	}
	if awaited {
		c.run.noteAnswered()
	}
	code := strconv.Itoa(int(e.Code))
	if dropped {
		code = "not answered"
	}
	c.run.noteClosed(was == opened, code)
}

// await makes the connection send nothing more, and reports whether answers are missing;
// the run is told when they have come.
func (c *conn) await() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.awaited = c.state == opened && c.settled < c.sent && c.run.config.match != matchNone
	return c.awaited
}

// leave closes the connection.
func (c *conn) leave() {
	c.mu.Lock()
	c.leaving = true
	live := c.state == opening || c.state == opened
	c.mu.Unlock()
	if live {
		c.socket.Close(airsocket.StatusNormalClosure, "")
	}
}

// drop ends the connection without waiting for the server.
func (c *conn) drop() {
	c.mu.Lock()
	live := c.state == opening || c.state == opened
	c.dropped = live
	c.mu.Unlock()
	if live {
		c.socket.Drop(airsocket.StatusNormalClosure, "")
	}
}
