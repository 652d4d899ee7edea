package browser

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"
	"syscall/js"
	"time"

	"github.com/airsocket/airsocket/wire"
)

// A Conn is a net.Conn whose peer is a WebSocket of the browser. It expects a request for
// version 13 first, and accepts it without extensions: those of the browser need none here.
type Conn struct {
	ws        js.Value
	listeners map[string]js.Func // by the type of event; released after the close event
	remote    addr
	opened    chan struct{} // closed by the open event
	over      chan struct{} // closed by the close event and by Close
	once      sync.Once     // closes over
	in        inbox
	out       outbox
}

var config = &wire.Config{Version: wire.Hybi13, Role: wire.Server, MaxFrame: maxMessage, MaxMessage: maxMessage}

// Dial opens a connection to u. When ctx is done before it is open, the error is the cause
// of ctx. Otherwise it wraps ErrFailed: browsers do not tell scripts why a connection could
// not be opened. In an environment without WebSocket it wraps errors.ErrUnsupported.
func Dial(ctx context.Context, u *url.URL, protocols []string) (*Conn, error) {
	c := &Conn{remote: addr(u.Host), opened: make(chan struct{}), over: make(chan struct{})}
	c.in.changed = make(chan struct{}, 1)
	c.out.dec.Init(config)
	c.out.request.MaxHead, c.out.request.MaxLines = -1, -1 // it is the program's own
	if err := c.construct(u.String(), protocols); err != nil {
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
func (c *Conn) construct(url string, protocols []string) (err error) {
	class := js.Global().Get("WebSocket")
	if class.Type() != js.TypeFunction {
		return fmt.Errorf("%w: there is no WebSocket in this environment: %w", ErrFailed, errors.ErrUnsupported)
	}
	list := make([]any, len(protocols))
	for i, p := range protocols {
		list[i] = p
	}
	defer thrown(&err)
	c.ws = class.New(url, list)
	c.ws.Set("binaryType", "arraybuffer")
	c.listeners = make(map[string]js.Func)
	c.listen("open", func(js.Value) { close(c.opened) })
	c.listen("message", func(e js.Value) { c.receive(e.Get("data")) })
	c.listen("error", func(js.Value) {}) // says nothing; without a listener some of Node's would end the process
	c.listen("close", c.closed)
	return nil
}

// listen has fn called for events of the given type. As JavaScript waits until fn returns,
// fn must not wait for anything.
func (c *Conn) listen(event string, fn func(e js.Value)) {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		fn(args[0])
		return nil
	})
	c.listeners[event] = f
	c.ws.Call("addEventListener", event, f)
}

// closed handles the close event, after which there are no others.
func (c *Conn) closed(e js.Value) {
	for event, f := range c.listeners {
		c.ws.Call("removeEventListener", event, f)
		f.Release()
	}
	c.out.noteEnd(e.Get("wasClean").Bool())
	c.in.closed(wire.StatusCode(e.Get("code").Int()), e.Get("reason").String())
	c.once.Do(func() { close(c.over) })
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
	c.out.end()
	c.once.Do(func() { close(c.over) })
	c.ws.Call("close") // which has no effect if it is closing already
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
func (c *Conn) Extensions() string { return c.ws.Get("extensions").String() }

// An addr is the address of a WebSocket.
type addr string

func (addr) Network() string { return "websocket" }

func (a addr) String() string { return string(a) }

// thrown is deferred around calls of JavaScript. It makes an exception *err.
func thrown(err *error) {
	switch v := recover().(type) {
	case nil:
	case js.Error:
		*err = fmt.Errorf("%w: %w", ErrFailed, v)
	default:
		panic(v)
	}
}
