package inspector_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/inspector"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// An event is what an observer gets.
type event struct {
	Event, Line, Error, Version, Subprotocol, Extensions, Direction, Type, Reason string

	Time                       float64
	Fields                     [][2]string
	Status, Bytes, Count, Code int
	Clean                      bool
}

func (e event) field(name string) string {
	for _, f := range e.Fields {
		if strings.EqualFold(f[0], name) {
			return f[1]
		}
	}
	return ""
}

// String returns the parts of an event that do not depend on time.
func (e event) String() string {
	switch e.Event {
	case "request":
		return e.Line
	case "answer":
		return fmt.Sprint("answer ", e.Status)
	case "refused":
		return "refused: " + e.Error
	case "open":
		return strings.TrimRight(fmt.Sprint("open ", e.Version, " ", e.Subprotocol, " ", e.Extensions), " ")
	case "frame":
		return fmt.Sprint(e.Direction, " ", e.Type, " ", e.Bytes)
	case "close":
		return strings.TrimRight(fmt.Sprintf("close %d %q %t %s", e.Code, e.Reason, e.Clean, e.Error), " ")
	}
	return e.Event
}

// A page is an observer that uses no library.
type page struct {
	*wstest.RawPeer
	origin string
}

// asking returns the request of an observer at url, which ends with a slash.
func asking(url string, fields ...string) string {
	host := wstest.HostOf(url)
	return wstest.RequestWith("GET /inspect/observe HTTP/1.1",
		append([]string{"Host: " + host, "Origin: " + originOf(url), "Sec-WebSocket-Protocol: airsocket-observe", cookieAt(url)}, fields...)...)
}

// cookieAt is what the page has brought to the browser.
func cookieAt(url string) string {
	if strings.HasPrefix(url, "wss:") {
		return "Cookie: __Host-airsocket-inspector=MINE"
	}
	return "Cookie: airsocket-inspector=MINE"
}

func originOf(url string) string {
	return strings.Replace(strings.TrimSuffix(url, "/"), "ws", "http", 1)
}

// observe opens an observer of the Server at url.
func observe(t testing.TB, url string, fields ...string) *page {
	t.Helper()
	p := &page{wstest.DialRaw(t, url), originOf(url)}
	p.WriteRaw([]byte(asking(url, fields...)))
	res := p.ReadResponse()
	if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Protocol") != "airsocket-observe" {
		t.Fatalf("the observer got %s, %v", res.Status, res.Header)
	}
	return p
}

// watch sends a watch and waits until it has begun.
func (p *page) watch(target string) {
	p.T.Helper()
	text, _ := json.Marshal(map[string]string{"watch": target})
	p.Send(0x81, string(text))
	if e := p.next(); e.Event != "watching" {
		p.T.Fatalf("got %v, not watching", e)
	}
}

// next returns the next event.
func (p *page) next() (e event) {
	p.T.Helper()
	first, payload, err := p.ReadFrame()
	if err != nil || first != 0x81 {
		p.T.Fatalf("got %#x %q, %v", first, payload, err)
	}
	return p.decode(payload)
}

func (p *page) decode(payload string) (e event) {
	p.T.Helper()
	if !utf8.ValidString(payload) {
		p.T.Errorf("%q is not UTF-8", payload)
	}
	decoder := json.NewDecoder(strings.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		p.T.Fatalf("%q: %v", payload, err)
	}
	return e
}

// want reads events until there are as many as lines, and returns them.
func (p *page) want(lines ...string) []event {
	p.T.Helper()
	events := make([]event, len(lines))
	last := 0.0
	for n, line := range lines {
		events[n] = p.next()
		if got := events[n].String(); got != line {
			p.T.Fatalf("got %q, want %q", got, line)
		}
		if now := events[n].Time; now < last || now > wstest.Patience.Seconds() {
			p.T.Errorf("the time of %q is %g after %g", line, now, last)
		} else {
			last = now
		}
	}
	return events
}

// wantNothing checks that the observer is shown nothing of what has happened up to now.
func (p *page) wantNothing() {
	p.T.Helper()
	p.Send(0x89, "still there?")
	p.Want(0x8a, "still there?")
}

// visit makes a connection as the page does whose Origin is given, and returns it.
func visit(t testing.TB, url, target, origin string, fields ...string) *wstest.RawPeer {
	t.Helper()
	p := wstest.DialRaw(t, url)
	p.WriteRaw([]byte(wstest.RequestWith("GET "+target+" HTTP/1.1", append([]string{"Host: " + wstest.HostOf(url), "Origin: " + origin, cookieAt(url)}, fields...)...)))
	return p
}

// open is visit, and waits for the answer of a server that accepts.
func open(t testing.TB, url, target, origin string, fields ...string) *wstest.RawPeer {
	t.Helper()
	p := visit(t, url, target, origin, fields...)
	if res := p.ReadResponse(); res.StatusCode != 101 {
		t.Fatalf("%s: %s", target, res.Status)
	}
	return p
}

// leave closes c.
func leave(c *wstest.RawPeer, code airsocket.StatusCode, reason string) {
	c.T.Helper()
	payload := wstest.ClosePayload(int(code), reason)
	c.Send(0x88, payload)
	c.Want(0x88, payload)
	c.FinishClose()
}

// mounted returns srv with the page at /inspect/ of its Handler.
func mounted(srv *airsocket.Server) *airsocket.Server {
	srv.Options = wstest.OwnDispatcher(srv.Options)
	mux := http.NewServeMux()
	mux.Handle("/inspect/", http.StripPrefix("/inspect", inspector.Observe(srv)))
	srv.Handler = mux
	return srv
}

// echoing returns an echo server with the page, and its URL.
func echoing(t testing.TB, opts *airsocket.Options) (*airsocket.Server, string) {
	srv := mounted(wstest.Echoing(&airsocket.Server{Options: opts}))
	return srv, wstest.Serve(t, srv)
}

// TestObserve checks what the observer of a connection gets, whatever serves it.
func TestObserve(t *testing.T) {
	deflate := &airsocket.Options{Compression: airsocket.CompressionNoTakeover, Protocols: []string{"chat"}}
	newServer := func() *airsocket.Server { return wstest.Echoing(&airsocket.Server{Options: deflate.Clone()}) }
	for name, serve := range map[string]func() string{
		"listener": func() string { return wstest.Serve(t, mounted(newServer())) },
		"TLS":      func() string { return wstest.ServeWay(t, mounted(newServer()), wstest.ByTLS) },
		"net/http": func() string {
			srv := mounted(newServer())
			t.Cleanup(func() { srv.Close() })
			mux := http.NewServeMux()
			mux.Handle("/", srv)
			mux.Handle("/inspect/", srv.Handler)
			return wstest.ServeHandler(t, mux) + "/"
		},
		"Upgrade": func() string {
			settings := mounted(newServer())
			t.Cleanup(func() { settings.Close() })
			mux := http.NewServeMux()
			mux.Handle("/", wstest.Upgrading(t, settings.Options, nil))
			mux.Handle("/inspect/", settings.Handler)
			return wstest.ServeHandler(t, mux) + "/"
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve()
			o := observe(t, url)
			o.watch("/path?query=1")
			c := open(t, url, "/path?query=1", o.origin, "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate")
			c.Send(0x81, "hello")
			c.Want(0x81, "hello")
			c.Send(0x82, "\x00\x01")
			c.Want(0x82, "\x00\x01")
			c.Send(0x89, "ping")
			c.Want(0x8a, "ping")
			leave(c, 3000, "bye")
			events := o.want("GET /path?query=1 HTTP/1.1", "answer 101",
				"open RFC 6455 chat permessage-deflate; server_no_context_takeover; client_no_context_takeover",
				"received text 5", "sent text 5", "received binary 2", "sent binary 2", "received ping 4", "sent pong 4",
				`close 3000 "bye" true`)
			request, answer := events[0], events[1]
			if got := request.field("Sec-WebSocket-Protocol"); got != "chat" || request.field("Host") != wstest.HostOf(url) {
				t.Errorf("the fields of the request are %q", request.Fields)
			}
			if answer.Line != "HTTP/1.1 101 Switching Protocols" || answer.field("Sec-WebSocket-Accept") == "" {
				t.Errorf("the answer is %q, %q", answer.Line, answer.Fields)
			}

			// The next watch shows the next connection, and how it breaks.
			o.watch("/other")
			c = open(t, url, "/other", o.origin)
			c.WriteRaw([]byte("\x81\x01a")) // without a mask
			c.WantClose(1002)
			c.Close()
			o.want("GET /other HTTP/1.1", "answer 101", "open RFC 6455",
				`close 1002 "a frame from a client is not masked" false wire: a frame from a client is not masked`)
		})
	}
}

// TestObserveRefused checks that an observer is shown why a connection was refused.
func TestObserveRefused(t *testing.T) {
	srv := &airsocket.Server{Options: &airsocket.Options{HandshakeTimeout: time.Hour}}
	srv.OnRequest(func(r *airsocket.Request) {
		r.ResponseHeader = http.Header{"Set-Cookie": {"id=12345"}, "X-Reason": {"why"}}
		r.Reject(http.StatusForbidden, "not you")
	})
	url := wstest.Serve(t, mounted(srv))
	o := observe(t, url)
	o.watch("/")
	c := visit(t, url, "/", o.origin)
	c.ReadResponse()
	c.Close()
	events := o.want("GET / HTTP/1.1", "answer 403", "refused: handshake: not you")
	if got := events[1]; got.field("X-Reason") != "why" || got.field("Set-Cookie") != "8 characters, not shown" || got.Line != "HTTP/1.1 403 Forbidden" {
		t.Errorf("the answer is %q, %q", got.Line, got.Fields)
	}
}

// TestObserveUndecided checks that the request is shown before anything is decided on it.
func TestObserveUndecided(t *testing.T) {
	requests := make(chan *airsocket.Request, 1)
	srv := new(airsocket.Server)
	srv.OnRequest(func(r *airsocket.Request) { requests <- r })
	url := wstest.Serve(t, mounted(srv))
	o := observe(t, url)
	o.watch("/")
	visit(t, url, "/", o.origin)
	o.want("GET / HTTP/1.1")
	r := wstest.Receive(t, requests)
	o.wantNothing()
	r.Accept("")
	o.want("answer 101", "open RFC 6455")
}

// TestObserveKeepsHooks checks that the hooks of the program are called as before.
func TestObserveKeepsHooks(t *testing.T) {
	events := make(chan string, 20)
	hooks := &airsocket.Hooks{
		Requested:       func(*airsocket.Socket) { events <- "requested" },
		Answered:        func(_ *airsocket.Socket, status int, _ handshake.Header) { events <- fmt.Sprint("answered ", status) },
		Opened:          func(*airsocket.Socket) { events <- "opened" },
		HandshakeFailed: func(*airsocket.Socket, error) { events <- "failed" },
		Received:        func(_ *airsocket.Socket, _ wire.Kind, n int) { events <- fmt.Sprint("received ", n) },
		Sent:            func(_ *airsocket.Socket, _ wire.Kind, n int) { events <- fmt.Sprint("sent ", n) },
		Closed:          func(_ *airsocket.Socket, e *airsocket.CloseEvent) { events <- fmt.Sprint("closed ", e.Code) },
	}
	opts := &airsocket.Options{Hooks: hooks}
	srv, url := echoing(t, opts)
	if opts.Hooks != hooks || opts == srv.Options {
		t.Error("Observe has changed the Options of the program")
	}
	o := observe(t, url)
	o.watch("/")
	c := open(t, url, "/", o.origin)
	c.Send(0x81, "hello")
	c.Want(0x81, "hello")
	leave(c, 1000, "")
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455", "received text 5", "sent text 5", `close 1000 "" true`)
	c = visit(t, url, "/", "http://elsewhere")
	c.ReadResponse()
	c.Close()
	for _, want := range []string{"requested", "answered 101", "opened", "received 5", "sent 5", "closed 1000", "requested", "answered 403", "failed"} {
		if got := wstest.Receive(t, events); got != want {
			t.Errorf("the hook is told %q, want %q", got, want)
		}
	}
	if len(events) > 0 {
		t.Errorf("the observer itself is reported: %s", <-events)
	}
}

// TestObserveReusedSocket checks that nothing is left of an observer at a Socket that a program
// uses again.
func TestObserveReusedSocket(t *testing.T) {
	settings := mounted(new(airsocket.Server))
	t.Cleanup(func() { settings.Close() })
	closed := make(chan bool, 2)
	s := airsocket.NewSocket(settings.Options)
	s.OnClose(func(*airsocket.CloseEvent) { closed <- s.HasEventListener("error") })
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Upgrade(w, r); err != nil {
			t.Error(err)
		}
	})
	mux.Handle("/inspect/", settings.Handler)
	url := wstest.ServeHandler(t, mux) + "/"
	o := observe(t, url)
	o.watch("/")
	for range 2 {
		leave(open(t, url, "/", o.origin), 1000, "")
		if wstest.Receive(t, closed) {
			t.Error("a listener is left")
		}
	}
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455", `close 1000 "" true`)
	o.watch("/")
	leave(open(t, url, "/", o.origin), 1000, "")
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455", `close 1000 "" true`)
}

// TestObserveKeepsPassOn checks that requests go on to where the program has them passed, and
// that no others are passed on but those of observers.
func TestObserveKeepsPassOn(t *testing.T) {
	inner := wstest.Echoing(&airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{Protocols: []string{"inner"}})})
	t.Cleanup(func() { inner.Close() })
	srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Protocols: []string{"outer", "airsocket-observe"}}})
	srv.PassOn = func(r *handshake.Request) bool { return r.Target == "/inner" }
	srv = mounted(srv)
	srv.Handler.(*http.ServeMux).Handle("/inner", inner)
	url := wstest.Serve(t, srv)
	for _, c := range []struct{ target, asks, want string }{
		{"/inner", "inner", "inner"},
		{"/", "outer", "outer"},
		{"/observe", "outer", "outer"},
		{"/observer", "airsocket-observe", "airsocket-observe"},
		{"/?/observe", "airsocket-observe", "airsocket-observe"},
	} {
		p := visit(t, url, c.target, originOf(url), "Sec-WebSocket-Protocol: "+c.asks)
		if res := p.ReadResponse(); res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Protocol") != c.want {
			t.Errorf("%s: %s, %v", c.target, res.Status, res.Header)
		}
	}
}

// TestObserveMountedTwice checks that two pages of one Server are independent of each other.
func TestObserveMountedTwice(t *testing.T) {
	srv := wstest.Echoing(new(airsocket.Server))
	mux := http.NewServeMux()
	mux.Handle("/a/", http.StripPrefix("/a", inspector.Observe(srv)))
	mux.Handle("/inspect/", http.StripPrefix("/inspect", inspector.Observe(srv)))
	srv.Handler = mux
	url := wstest.Serve(t, srv)
	one, two := observe(t, url), &page{wstest.DialRaw(t, url), originOf(url)}
	two.WriteRaw([]byte(strings.Replace(asking(url), "/inspect/", "/a/", 1)))
	two.ReadResponse()
	one.watch("/")
	two.watch("/")
	open(t, url, "/", one.origin)
	for _, o := range []*page{one, two} {
		o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
	}
}

// TestHandlerAloneHasNoObservers checks that nothing is observed unless a program asks for it.
func TestHandlerAloneHasNoObservers(t *testing.T) {
	url := wstest.ServeHandler(t, inspector.Handler())
	for _, path := range []string{"/observe", "/observe/"} {
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(strings.Replace(asking(url+"/"), "/inspect/observe", path, 1)))
		if got := p.ReadResponse().StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: status %d", path, got)
		}
	}
}

// TestObserveServesThePage checks that the page is there too, and that its path for observers
// is no page.
func TestObserveServesThePage(t *testing.T) {
	_, url := echoing(t, nil)
	for path, want := range map[string]int{"/inspect/": 200, "/inspect/page.css": 200, "/inspect/nothing": 404, "/inspect/observe": 426, "/": 404} {
		res, err := http.Get(strings.TrimSuffix(originOf(url), "/") + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, res.Status, want)
		}
	}
}

// TestThePageBringsACookie checks that the page has a cookie that nobody can guess, which stays,
// that over TLS nobody else can set it, and that the page alone has none.
func TestThePageBringsACookie(t *testing.T) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	t.Cleanup(client.CloseIdleConnections)
	get := func(url string, cookies ...*http.Cookie) []*http.Cookie {
		req, _ := http.NewRequest(http.MethodGet, url, nil)
		for _, c := range cookies {
			req.AddCookie(c)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.Cookies()
	}
	for way, name := range map[string]string{wstest.ByListen: "airsocket-inspector", wstest.ByTLS: "__Host-airsocket-inspector"} {
		base := originOf(wstest.ServeWay(t, mounted(new(airsocket.Server)), way)) + "/inspect/"
		first, second := get(base), get(base)
		if len(first) != 1 || len(second) != 1 || first[0].Value == second[0].Value || len(first[0].Value) != 26 {
			t.Fatalf("%v, %v", first, second)
		}
		if c := first[0]; c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Name != name || c.Secure != (way == wstest.ByTLS) {
			t.Errorf("the cookie is %v", c)
		}
		if got := get(base, first...); len(got) > 0 {
			t.Errorf("it is replaced by %v", got)
		}
		if got := get(base + "page.css"); len(got) > 0 {
			t.Errorf("a file of the page has %v", got)
		}
	}
	alone := wstest.ServeHandler(t, inspector.Handler())
	if got := get(originOf(alone + "/")); len(got) > 0 {
		t.Errorf("the page alone has %v", got)
	}
}

// TestShutdownEndsObservers checks that Shutdown waits for no observer, and that each is told
// how its connection ends before its own does.
func TestShutdownEndsObservers(t *testing.T) {
	for name, end := range map[string]func(*airsocket.Server) error{
		"Shutdown": func(srv *airsocket.Server) error { return srv.Shutdown(context.Background()) },
		"Close":    (*airsocket.Server).Close,
	} {
		t.Run(name, func(t *testing.T) {
			srv := mounted(wstest.Echoing(new(airsocket.Server)))
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go srv.Serve(l)
			url := "ws://" + l.Addr().String() + "/"
			idle, waits, shows := observe(t, url), observe(t, url), observe(t, url)
			waits.watch("/never")
			shows.watch("/")
			c := open(t, url, "/", shows.origin)
			shows.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
			ended := make(chan error, 1)
			go func() { ended <- end(srv) }()
			idle.WantClose(1001)
			waits.WantClose(1001)
			if name == "Shutdown" {
				c.Want(0x88, wstest.ClosePayload(1001, ""))
				c.Send(0x88, wstest.ClosePayload(1001, ""))
				c.FinishClose()
				shows.want(`close 1001 "" true`)
			} else {
				shows.want(`close 1006 "" false http: Server closed`)
			}
			shows.WantClose(1001)
			if err := wstest.Receive(t, ended); err != nil { // although no observer has answered
				t.Error(err)
			}
		})
	}
}

// TestShutdownEndsObserversOfTheStuck checks that an observer ends, after some seconds, although
// the connection that it is shown does not.
func TestShutdownEndsObserversOfTheStuck(t *testing.T) {
	t.Parallel()
	goOn := make(chan bool)
	stuck := make(chan bool, 1)
	srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(*airsocket.MessageEvent) {
			stuck <- true
			<-goOn
		})
	})
	url := wstest.Serve(t, mounted(srv))
	t.Cleanup(func() { close(goOn) })
	o := observe(t, url)
	o.watch("/")
	c := open(t, url, "/", o.origin)
	c.Send(0x81, "")
	wstest.Receive(t, stuck)
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455", "received text 0")
	srv.Close()
	o.WantEnd()
}

// TestNoObserversAfterTheEnd checks that a page in net/http admits no observers when its Server
// has ended, although nobody has observed anything before.
func TestNoObserversAfterTheEnd(t *testing.T) {
	for _, before := range []bool{false, true} {
		srv := mounted(new(airsocket.Server))
		url := wstest.ServeHandler(t, srv.Handler) + "/"
		if before {
			o := observe(t, url)
			srv.Close()
			o.WantClose(1001)
		}
		srv.Close()
		wstest.Eventually(t, func() bool {
			p := wstest.DialRaw(t, url)
			p.WriteRaw([]byte(asking(url)))
			return p.ReadResponse().StatusCode == http.StatusServiceUnavailable
		}, func() string { return "observers are still admitted" })
	}
}
