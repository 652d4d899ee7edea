package browser

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall/js"
	"time"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

const (
	// mostBuffered is the bufferedAmount up to which the browser is given more.
	mostBuffered = 1 << 20

	// spaceTime is how often a Write that waits looks at the bufferedAmount, as there is
	// no event for it.
	spaceTime = 10 * time.Millisecond

	// maxMessage is the length of the longest message that can be sent: the browser takes
	// messages only as a whole, and no engine has much longer strings.
	maxMessage = 256 << 20
)

// An outbox turns the frames that are written into calls of the browser.
type outbox struct {
	mu      sync.Mutex // guards what follows
	request handshake.Server
	begun   bool // the request has been answered
	dec     wire.Decoder
	scratch [4 << 10]byte // because a Decoder changes what it is fed with
	unclean bool          // the browser has closed the connection, and not cleanly
	err     error         // that Write has returned
}

// TryWrite writes head and then body if the browser has room for more. It does not wait, and
// writes either all or nothing.
func (c *Conn) TryWrite(head, body []byte) (n int, err error) {
	if c.isFull() {
		return 0, nil
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if err := c.write(head); err != nil {
		return 0, err
	}
	if err := c.write(body); err != nil {
		return len(head), err
	}
	return len(head) + len(body), nil
}

// Write writes p when the browser has room for more, and nothing after Close. What is
// written while the browser is closing the connection is lost, as it is on a network: Read
// tells how it ends.
func (c *Conn) Write(p []byte) (int, error) {
	for c.isFull() {
		select {
		case <-time.After(spaceTime):
		case <-c.over:
		}
	}
	return c.TryWrite(p, nil)
}

// Unsent returns the browser's bufferedAmount, which gets smaller as the peer takes something.
// It is 0 if the browser does not tell.
func (c *Conn) Unsent() (n int) {
	try(func() { n = c.ws.Get("bufferedAmount").Int() })
	return n
}

func (c *Conn) isFull() bool { return !c.isOver() && c.Unsent() > mostBuffered }

// write decodes p and gives the browser the messages in it. The caller holds out.mu.
func (c *Conn) write(p []byte) error {
	out := &c.out
	for len(p) > 0 && out.err == nil {
		if !out.begun {
			p, out.err = c.answer(p)
			continue
		}
		n := copy(out.scratch[:], p)
		p = p[n:]
		out.dec.Feed(out.scratch[:n])
		for ev := out.dec.Next(); ev.Kind != wire.None && out.err == nil; ev = out.dec.Next() {
			out.err = c.pass(ev)
		}
	}
	return out.err
}

// answer reads the request, and answers it with what the browser has negotiated. It returns
// what follows the request.
func (c *Conn) answer(p []byte) (rest []byte, err error) {
	rest, begun, err := c.out.request.Feed(p)
	if err != nil || !begun {
		return nil, err
	}
	c.out.begun = true
	response, err := c.out.request.AppendAccept(nil, handshake.Accept{Protocol: c.text("protocol")})
	c.in.answer(response)
	return rest, err
}

// pass gives the browser a message or a close frame.
func (c *Conn) pass(ev wire.Event) (err error) {
	switch ev.Kind {
	case wire.Text:
		err = try(func() { c.ws.Call("send", string(ev.Data)) })
	case wire.Binary:
		err = try(func() {
			array := js.Global().Get("Uint8Array").New(len(ev.Data))
			js.CopyBytesToJS(array, ev.Data)
			c.ws.Call("send", array)
		})
	case wire.Close:
		if c.out.unclean {
			return net.ErrClosed
		}
		err = try(func() { c.close(ev.Code, string(ev.Data)) })
	case wire.Fail:
		c.closeAtOnce()
		if errors.Is(ev.Err, wire.ErrFrameTooBig) || errors.Is(ev.Err, wire.ErrMessageTooBig) {
			return fmt.Errorf("%w: a message is longer than %d bytes, and a browser takes messages only as a whole", ErrFailed, maxMessage)
		}
		err = fmt.Errorf("%w: %w", ErrFailed, ev.Err)
	default:
		err = fmt.Errorf("%w: a browser sends no pings and pongs for a program: %w", ErrFailed, errors.ErrUnsupported)
	}
	return err
}

// close starts the closing handshake. Scripts may only send some of the status codes
// (WHATWG WebSockets, close method); instead of the others the browser sends none.
func (c *Conn) close(code wire.StatusCode, reason string) {
	if code == wire.StatusNormalClosure || code >= 3000 && code <= 4999 {
		c.ws.Call("close", int(code), reason)
	} else {
		c.ws.Call("close")
	}
}

// noteEnd records whether the connection was closed cleanly. Otherwise an answer to the
// peer's close frame cannot be written any more.
func (o *outbox) noteEnd(clean bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.unclean = !clean
}

// end makes writing fail with err from now on.
func (o *outbox) end(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
}
