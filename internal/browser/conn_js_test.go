package browser_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// Text and binary messages of all lengths of headers go both ways, and Close ends the
// connection with its code and reason.
func TestConversation(t *testing.T) {
	c := newClient(t, nil)
	f := c.start("chat", "talk")
	if got := within(c, c.asked); got != "ws://example.com:81/a?b=c chat,talk" {
		t.Errorf("the constructor is called with %s", got)
	}
	if got := f.Get("binaryType").String(); got != "arraybuffer" {
		t.Errorf("binaryType is %q", got)
	}
	f.open("talk", "permessage-deflate; client_max_window_bits=15")
	f.text("at once")
	c.want("open")
	c.want("at once")
	if c.Protocol() != "talk" || c.Extensions() != "permessage-deflate; client_max_window_bits=15" || c.RemoteAddr().String() != "example.com:81" {
		t.Errorf("the connection has %q, %q, %v", c.Protocol(), c.Extensions(), c.RemoteAddr())
	}
	for _, n := range []int{0, 1, 125, 126, 4 << 10, 4<<10 + 1, 1<<16 - 1, 1 << 16, 3 << 20} {
		f.binary(n)
		c.want(n)
		f.text(strings.Repeat("x", n))
		c.want(strings.Repeat("x", n))
		if n == 0 {
			continue
		}
		data := make([]byte, n)
		data[n-1] = 9
		c.SendBytes(data)
		c.wantCall(fmt.Sprintf("send %d bytes, the last is 9", n))
	}
	f.text("Gr\u00fc\u00dfe \u20ac \U0001f600")
	c.want("Gr\u00fc\u00dfe \u20ac \U0001f600")
	c.Send("Gr\u00fc\u00dfe \u20ac")
	c.wantCall("send Gr\u00fc\u00dfe \u20ac")
	c.SendPart(wire.Text, []byte("in "), false)
	c.SendPart(wire.Text, []byte("parts"), true)
	c.wantCall("send in parts")
	c.Close(3001, "that is all")
	c.wantCall("close 3001 that is all")
	f.end(3001, "that is all", true)
	c.wantClose(3001, "that is all", true)
}

// How the browser says that the connection has ended is what the close event says.
func TestEnds(t *testing.T) {
	for _, e := range []struct {
		code   int
		reason string
		clean  bool
		answer bool // the Socket has an error to report
	}{
		{1000, "", true, false},
		{1001, "going away", true, false},
		{1005, "", true, false},
		{4999, "Gr\u00fc\u00dfe", true, false},
		{1006, "", false, true},
		{1000, "almost", false, true},
	} {
		c, f := started(t, nil)
		f.text("last")
		f.end(e.code, e.reason, e.clean)
		c.want("last")
		if e.answer {
			if _, ok := within(c, c.events).(error); !ok {
				t.Errorf("%v: there is no error event", e)
			}
		}
		c.wantClose(airsocket.StatusCode(e.code), e.reason, e.clean)
	}
}

// Only the codes that scripts may send reach the browser.
func TestCloseCodes(t *testing.T) {
	c, f := started(t, nil)
	c.Close(0, "")
	c.wantCall("close")
	f.end(1005, "", true)
	c.wantClose(1005, "", true)

	c, _ = started(t, nil)
	c.Close(1000, "done")
	c.wantCall("close 1000 done")

	c, _ = started(t, nil)
	c.Drop(4000, "dropped")
	c.wantCall("close 4000 dropped")
	c.wantClose(4000, "dropped", false)

	c, f = started(t, &airsocket.Options{MaxMessage: 10})
	f.binary(11)
	c.want(wire.ErrMessageTooBig)
	c.wantCall("close") // 1009 may not be sent
	f.end(1005, "", true)
	c.wantClose(1009, "a message is longer than this endpoint accepts", false)
}

// A connection that is not opened is reported without a reason, and ended if it takes too
// long or is not wanted any more.
func TestNotOpened(t *testing.T) {
	c := newClient(t, nil)
	c.start().fail()
	c.want(airsocket.ErrBrowser)
	c.wantClose(1006, "", false)

	c = newClient(t, &airsocket.Options{HandshakeTimeout: 1})
	c.start()
	c.wantCall("close")
	c.want(airsocket.ErrHandshakeTimeout)
	c.wantClose(1006, "", false)

	c = newClient(t, nil)
	c.start()
	c.Close(1000, "")
	c.wantCall("close")
	c.want(airsocket.ErrAborted)
	c.wantClose(1006, "", false)

	c = newClient(t, nil)
	c.Connect("ws://forbidden/")
	if err, _ := within(c, c.events).(error); !errors.Is(err, airsocket.ErrBrowser) || !strings.Contains(err.Error(), "not from a secure page") {
		t.Errorf("the error is %v", err)
	}
	c.wantClose(1006, "", false)

	c = newClient(t, nil)
	js.Global().Set("WebSocket", js.Undefined())
	c.Connect("ws://example.com/")
	c.want(errors.ErrUnsupported)
	c.wantClose(1006, "", false)
}

// A Socket connects again with another WebSocket.
func TestReconnect(t *testing.T) {
	c := newClient(t, &airsocket.Options{Reconnect: &airsocket.Reconnect{Min: 1, Max: 1}})
	c.start().fail()
	c.want(airsocket.ErrBrowser)
	c.wantEndAndAgain()
	f := within(c, c.made)
	f.open("", "")
	c.want("open")
	f.fail()
	if _, ok := within(c, c.events).(error); !ok {
		t.Error("there is no error event")
	}
	c.wantEndAndAgain()
	f = within(c, c.made)
	f.open("", "")
	c.want("open")
	f.text("again")
	c.want("again")
	if n := c.Reconnects(); n != 1 {
		t.Errorf("Reconnects is %d", n)
	}
}

func (c *client) wantEndAndAgain() {
	c.t.Helper()
	if e, ok := within(c, c.events).(airsocket.CloseEvent); !ok || !e.WillReconnect {
		c.t.Fatalf("the close event is %v", e)
	}
}

// The browser is given no more while it holds more than mostBuffered.
func TestBufferedAmount(t *testing.T) {
	c, f := started(t, &airsocket.Options{MaxBuffered: 100})
	c.OnDrain(func(*airsocket.DrainEvent) { c.events <- "drain" })
	f.Set("bufferedAmount", 1<<20)
	c.Send("a")
	c.wantCall("send a")
	f.Set("bufferedAmount", 1<<20+1)
	c.Send("b")
	c.SendBytes(make([]byte, 50))
	if n := c.BufferedAmount(); n == 0 {
		t.Error("nothing is buffered")
	}
	if err := c.SendBytes(make([]byte, 50)); !errors.Is(err, airsocket.ErrBufferFull) {
		t.Errorf("Send returns %v", err)
	}
	if len(c.calls) > 0 {
		t.Errorf("the browser is asked to %q", <-c.calls)
	}
	f.Set("bufferedAmount", 0)
	c.wantCall("send b")
	c.wantCall("send 50 bytes, the last is 0")
	c.want("drain")
	if n := c.BufferedAmount(); n != 0 {
		t.Errorf("%d bytes are buffered", n)
	}
}

// WriteTimeout ends a connection on which the bufferedAmount does not change, and not one
// on which it does.
func TestWriteTimeout(t *testing.T) {
	c, f := started(t, &airsocket.Options{WriteTimeout: 100 * time.Millisecond})
	amount := 1<<20 + 100
	less := js.FuncOf(func(js.Value, []js.Value) any {
		amount--
		return amount
	})
	defer less.Release()
	property := func(is map[string]any) {
		is["configurable"] = true
		js.Global().Get("Object").Call("defineProperty", f.Value, "bufferedAmount", is)
	}
	property(map[string]any{"get": less})
	c.Send("a")
	c.wantCall("send a") // much later than WriteTimeout
	property(map[string]any{"value": 2 << 20})
	c.Send("b")
	c.want(airsocket.ErrWriteTimeout)
	c.wantClose(1006, "", false)
	c.wantCall("close")
}

// What the browser delivers to a Socket that does not read is limited.
func TestUnread(t *testing.T) {
	c, f := started(t, nil)
	c.Pause()
	const n = 1 << 20
	for range 63 {
		f.binary(n)
	}
	if len(c.calls) > 0 {
		t.Errorf("the browser is asked to %q", <-c.calls)
	}
	f.binary(n)
	c.wantCall("close")
	f.text("too late")
	f.end(1005, "", true)
	c.Resume()
	for range 63 {
		c.want(n)
	}
	c.want(airsocket.ErrBrowser)
	c.wantClose(1006, "", false)
}

// A message of any length is delivered if nothing else waits.
func TestUnreadLongMessage(t *testing.T) {
	c, f := started(t, &airsocket.Options{MaxMessage: -1, MaxFrame: -1})
	c.Pause()
	const n = 65 << 20
	f.binary(n)
	c.Resume()
	c.want(n)
}

// The messages that a Socket sends are limited, as they are given to the browser as a whole.
func TestLongestMessage(t *testing.T) {
	c, _ := started(t, &airsocket.Options{MaxBuffered: -1})
	part := make([]byte, 64<<20)
	for range 4 {
		c.SendPart(wire.Binary, part, false)
	}
	c.SendPart(wire.Binary, part[:1], true)
	c.want(airsocket.ErrBrowser)
	c.wantClose(1006, "", false)
	c.wantCall("close")
}

// What a browser cannot do is refused with errors.ErrUnsupported.
func TestUnsupported(t *testing.T) {
	jar, _ := cookiejar.New(nil)
	for name, o := range map[string]*airsocket.Options{
		"Version":      {Version: wire.Hybi08},
		"Header":       {Header: http.Header{"A": {"b"}}},
		"Origin":       {Origin: "http://example.com"},
		"TLS":          {TLS: new(tls.Config)},
		"Dial":         {Dial: new(net.Dialer).DialContext},
		"Proxy":        {Proxy: http.ProxyFromEnvironment},
		"ProxyHeader":  {ProxyHeader: http.Header{"A": {"b"}}},
		"ProxyTLS":     {ProxyTLS: new(tls.Config)},
		"Jar":          {Jar: jar},
		"MaxRedirects": {MaxRedirects: 1},
		"PingInterval": {PingInterval: time.Second},
		"Extensions":   {Extensions: []extensions.Extension{extensions.PermessageDeflate{}}},
	} {
		c := newClient(t, o)
		if err := c.Connect("ws://example.com/"); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "Options."+name+":") {
			t.Errorf("with %s Connect returns %v", name, err)
		}
		if c.ReadyState() != airsocket.StateInit {
			t.Errorf("with %s the socket is started", name)
		}
	}
	c := newClient(t, &airsocket.Options{QueueBeforeOpen: true, Compression: airsocket.CompressionTakeover})
	if err := c.Connect("ws+unix:///a:/"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("for a unix socket Connect returns %v", err)
	}
	check := func(when string) {
		t.Helper()
		for _, err := range []error{c.Ping(nil), c.Pong(nil), c.PingFunc(nil, func() {})} {
			if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, wire.ErrUnsupported) {
				t.Errorf("while the socket is %s a ping returns %v", when, err)
			}
		}
	}
	f := c.start()
	check("connecting")
	f.open("", "permessage-deflate")
	c.want("open")
	check("open")
	if err := c.SendUncompressed(wire.Text, []byte("secret"), true); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("SendUncompressed returns %v", err)
	}
	c.Send("still open")
	c.wantCall("send still open")

	c, _ = started(t, nil)
	c.SendUncompressed(wire.Text, []byte("as it is"), true)
	c.wantCall("send as it is")

	srv := &airsocket.Server{Addr: "127.0.0.1:0"}
	_, err := airsocket.Listen("127.0.0.1:0")
	for _, err := range []error{err, srv.ListenAndServe(), new(airsocket.FlashPolicyServer).ListenAndServe("")} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("listening returns %v", err)
		}
	}
}

// Reconnect.Renew cannot return a header.
func TestRenewHeader(t *testing.T) {
	renew := func(context.Context, *airsocket.Socket) (string, http.Header, error) {
		return "", http.Header{"A": {"b"}}, nil
	}
	c := newClient(t, &airsocket.Options{Reconnect: &airsocket.Reconnect{Min: 1, Max: 1, MaxAttempts: 1, Renew: renew}})
	c.start().fail()
	c.want(airsocket.ErrBrowser)
	c.wantEndAndAgain()
	c.want(errors.ErrUnsupported)
}

// Sockets on both ends of a Pipe speak the protocol themselves.
func TestPipe(t *testing.T) {
	c := newClient(t, &airsocket.Options{Header: http.Header{"A": {"b"}}})
	server := airsocket.NewSocket(wstest.OwnDispatcher(nil))
	server.OnMessage(func(e *airsocket.MessageEvent) { server.Send("echo " + e.Text()) })
	if err := airsocket.Pipe(c.Socket, server); err != nil {
		t.Fatal(err)
	}
	c.want("open")
	c.Send("hello")
	c.want("echo hello")
	if err := c.Ping(nil); err != nil {
		t.Error(err)
	}
}

// Calls that wait can be used in goroutines.
func TestBlocking(t *testing.T) {
	c := newClient(t, nil) // for the class WebSocket
	ctx, cancel := context.WithTimeout(t.Context(), wstest.Patience)
	defer cancel()
	go func() {
		f := <-c.made
		f.open("", "")
		f.text("question")
	}()
	b, err := blocking.Dial(ctx, "ws://example.com/", wstest.OwnDispatcher(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, data, err := b.Read(ctx); string(data) != "question" || err != nil {
		t.Fatalf("Read returns %q, %v", data, err)
	}
	if err := b.Write(ctx, wire.Text, []byte("answer")); err != nil {
		t.Fatal(err)
	}
	c.wantCall("send answer")
}
