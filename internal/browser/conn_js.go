package browser

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall/js"
	"time"

	"github.com/airsocket/airsocket/wire"
)

// A Conn is a net.Conn whose peer is a WebSocket of the browser. It expects a request for
// version 13 first, and accepts it without extensions: those of the browser need none here.
type Conn struct {
	ws        js.Value
	listeners map[string]js.Func // by the type of event
	deaf      sync.Once          // releases them
	remote    addr
	opened    chan struct{} // closed by the open event
	over      chan struct{} // closed by the close event and by Close
	once      sync.Once     // closes over
	in        inbox
	out       outbox
}

var config = &wire.Config{Version: wire.Hybi13, Role: wire.Server, MaxFrame: maxMessage, MaxMessage: maxMessage}

// Dial opens a connection to url, whose host and port is host. When ctx is done before it is
// open, the error is the cause of ctx. Otherwise it wraps ErrFailed: browsers do not tell
// scripts why a connection could not be opened. In an environment without WebSocket it wraps
// errors.ErrUnsupported.
func Dial(ctx context.Context, host, url string, protocols []string) (*Conn, error) {
	c := &Conn{remote: addr(host), opened: make(chan struct{}), over: make(chan struct{})}
	c.in.changed = make(chan struct{}, 1)
	c.out.dec.Init(config)
	c.out.request.MaxHead, c.out.request.MaxLines = -1, -1 // it is the program's own
	if err := c.construct(url, protocols); err != nil {
		c.Close()
		return nil, err
	}
	select {
	case <-c.opened:
		return c, nil
	case <-c.over:
	case <-ctx.Done():
		c.Close()
		return nil, context.Cause(ctx)
	}
	select {
	case <-c.opened: // it has been open, and Read tells how it has ended
		return c, nil
	default:
		return nil, fmt.Errorf("%w: it could not be opened, and only the browser's console may say why", ErrFailed)
	}
}

// construct creates the WebSocket.
func (c *Conn) construct(url string, protocols []string) error {
	class := js.Global().Get("WebSocket")
	if class.Type() != js.TypeFunction {
		return fmt.Errorf("%w: there is no WebSocket in this environment: %w", ErrFailed, errors.ErrUnsupported)
	}
	list := make([]any, len(protocols))
	for i, p := range protocols {
		list[i] = p
	}
	return try(func() { c.begin(class.New(url, list)) })
}

// begin has ws tell this Conn what comes.
func (c *Conn) begin(ws js.Value) {
	c.ws = ws
	ws.Set("binaryType", "arraybuffer")
	c.listeners = make(map[string]js.Func)
	c.listen("open", func(js.Value) { close(c.opened) })
	c.listen("message", func(e js.Value) { c.receive(e.Get("data")) })
	c.listen("close", c.closed)
	// An error event says nothing, but without a listener some of Node's would end the process.
	// Any function will do that stays when the others are released.
	c.ws.Call("addEventListener", "error", js.Global().Get("Boolean"))
}

// listen has fn called for events of the given type. As JavaScript waits until fn returns,
// fn must not wait for anything. An exception in it is the end of the connection.
func (c *Conn) listen(event string, fn func(e js.Value)) {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if err := try(func() { fn(args[0]) }); err != nil {
			c.in.end(err, false)
			c.out.end(err)
			c.closeAtOnce()
		}
		return nil
	})
	c.listeners[event] = f
	c.ws.Call("addEventListener", event, f)
}

// release releases the listeners. What the browser says is of no interest any more.
func (c *Conn) release() {
	c.deaf.Do(func() {
		for event, f := range c.listeners {
			try(func() { c.ws.Call("removeEventListener", event, f) })
			f.Release()
		}
	})
}

// closeAtOnce ends the connection without a status code. It has no effect if the browser is
// closing it already.
func (c *Conn) closeAtOnce() {
	try(func() { c.ws.Call("close") })
}

// closed handles the close event, after which there are no others.
func (c *Conn) closed(e js.Value) {
	defer c.once.Do(func() { close(c.over) })
	defer c.release()
	c.out.noteEnd(e.Get("wasClean").Truthy())
	c.in.closed(wire.StatusCode(e.Get("code").Int()), text(e.Get("reason")))
}

// isOver reports whether over is closed.
func (c *Conn) isOver() bool {
	select {
	case <-c.over:
		return true
	default:
		return false
	}
}

// Close ends the connection as the browser's close does, without a status code. The browser
// goes on with the closing handshake by itself.
func (c *Conn) Close() error {
	c.in.end(net.ErrClosed, true)
	c.out.end(net.ErrClosed)
	c.once.Do(func() { close(c.over) })
	c.release()
	c.closeAtOnce()
	return nil
}

// LocalAddr returns an address that says "browser", as the browser does not tell.
func (c *Conn) LocalAddr() net.Addr { return addr("browser") }

// RemoteAddr returns the host of the URL, with the port if the URL has one.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline returns os.ErrNoDeadline.
func (c *Conn) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline returns os.ErrNoDeadline.
func (c *Conn) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline returns os.ErrNoDeadline.
func (c *Conn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

// Extensions returns what the browser has negotiated, as in Sec-WebSocket-Extensions.
func (c *Conn) Extensions() string { return c.text("extensions") }

// text returns a property of the WebSocket, or "" if that is no string.
func (c *Conn) text(property string) (s string) {
	try(func() { s = text(c.ws.Get(property)) })
	return s
}

func text(v js.Value) string {
	if v.Type() != js.TypeString {
		return ""
	}
	return v.String()
}

// An addr is the address of a WebSocket.
type addr string

func (addr) Network() string { return "websocket" }

func (a addr) String() string { return string(a) }

// try calls fn, which calls JavaScript, and returns the exception that it has thrown. Package
// syscall/js catches those of functions and constructors. The getters of browsers throw none.
func try(fn func()) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		switch e := v.(type) {
		case js.Error:
			err = fmt.Errorf("%w: %w", ErrFailed, e)
			return
		case *js.ValueError: // instead of a value there is another, or none
			err = fmt.Errorf("%w: %w", ErrFailed, e)
			return
		case string:
			if strings.HasPrefix(e, "syscall/js: ") { // instead of a method there is something else
				err = fmt.Errorf("%w: %s", ErrFailed, e)
				return
			}
		}
		panic(v)
	}()
	fn()
	return nil
}
