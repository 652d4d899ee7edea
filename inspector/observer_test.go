package inspector_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// trusting returns an echo server whose clients are all behind a proxy that it trusts, so that
// they have the address that X-Forwarded-For says, and its URL.
func trusting(t testing.TB) (*airsocket.Server, string) {
	srv := mounted(wstest.Echoing(&airsocket.Server{
		Options:        &airsocket.Options{Origins: []string{"*"}},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}))
	return srv, wstest.Serve(t, srv)
}

// TestObserversAreOfTheOwnOrigin checks that no page of another origin can observe, whatever the
// Server accepts, and no program that says nothing of its origin.
func TestObserversAreOfTheOwnOrigin(t *testing.T) {
	for _, way := range []string{wstest.ByListen, wstest.ByTLS, "net/http"} {
		t.Run(way, func(t *testing.T) {
			srv := mounted(&airsocket.Server{Options: &airsocket.Options{Origins: []string{"*", "http://friend.example"}, Versions: wire.AllVersions()}})
			var url string
			if way == "net/http" {
				url = wstest.ServeHandler(t, srv.Handler) + "/"
			} else {
				url = wstest.ServeWay(t, srv, way)
			}
			secure := way == wstest.ByTLS
			for _, c := range []struct {
				field  string
				status int
			}{
				{"Origin: " + originOf(url), 101},
				{"Origin: http://friend.example", 403},
				{"Origin: null", 403},
				{"Origin: file://", 403},
				{"Origin: " + originOf(url) + "0", 403},
				{"Origin: http://user@" + wstest.HostOf(url) + ".example", 403},
				{"Origin: chrome-extension://" + wstest.HostOf(url), 403},
				{"Origin:", 403},
				{"Cookie:", 403},
				{"Cookie: airsocket-inspectors=MINE", 403},
				{"Sec-WebSocket-Version: 99", 426},
			} {
				p := wstest.DialRaw(t, url)
				p.WriteRaw([]byte(asking(url, c.field)))
				if got := p.ReadResponse().StatusCode; got != c.status {
					t.Errorf("%s: status %d, want %d", c.field, got, c.status)
				}
				p.Close()
			}
			if secure { // which anybody on the way can forge
				p := wstest.DialRaw(t, url)
				p.WriteRaw([]byte(asking(url, "Origin: http://"+wstest.HostOf(url))))
				if got := p.ReadResponse().StatusCode; got != 403 {
					t.Errorf("a page without TLS: status %d", got)
				}
				p = wstest.DialRaw(t, url)
				p.WriteRaw([]byte(asking(url, "Cookie: airsocket-inspector=MINE")))
				if got := p.ReadResponse().StatusCode; got != 403 {
					t.Errorf("a cookie that has come without TLS: status %d", got)
				}
			}
		})
	}
	srv := mounted(new(airsocket.Server))
	url := wstest.ServeHandler(t, srv.Handler) + "/"
	for _, other := range []string{"Sec-WebSocket-Protocol:", "Sec-WebSocket-Protocol: chat"} {
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(asking(url, other)))
		if got := p.ReadResponse().StatusCode; got != 400 {
			t.Errorf("%s: status %d", other, got)
		}
	}
}

// TestObserversSeeOnlyTheirOwn checks that an observer is shown no connection of another
// address, Origin or browser, which has another cookie, nor one to another target, nor a
// second one.
func TestObserversSeeOnlyTheirOwn(t *testing.T) {
	_, url := trusting(t)
	const me, target = "X-Forwarded-For: 192.0.2.1", "/mine?n=1"
	o := observe(t, url, me)
	for _, before := range []string{"", "/another"} {
		if before != "" {
			o.watch(before) // which the next watch replaces
		}
		o.watch(target)
		for _, c := range []struct {
			target, origin string
			fields         []string
		}{
			{target, o.origin, []string{"X-Forwarded-For: 192.0.2.2"}},
			{target, o.origin, []string{"X-Forwarded-For: 192.0.2.1, 192.0.2.2"}},
			{target, o.origin, nil}, // of the proxy itself
			{target, o.origin, []string{"X-Forwarded-For: 2001:db8::1"}},
			{target, "http://evil.example", []string{me}},
			{target, o.origin + "0", []string{me}},
			{target, "", []string{me}},
			{target, o.origin, []string{me, "Cookie: airsocket-inspector=THEIRS"}},
			{target, o.origin, []string{me, "Cookie: airsocket-inspector=mine"}},
			{target, o.origin, []string{me, "Cookie: airsocket-inspector="}},
			{target, o.origin, []string{me, "Cookie: airsocket-inspector=MINE; airsocket-inspector=THEIRS"}},
			{target, o.origin, []string{me, "Cookie: another=MINE"}},
			{target, o.origin, []string{me, "Cookie:"}},
			{"/mine", o.origin, []string{me}},
			{"/mine?n=2", o.origin, []string{me}},
			{"/another", o.origin, []string{me}},
			{"//mine?n=1", o.origin, []string{me}},
		} {
			p := open(t, url, c.target, c.origin, c.fields...)
			p.Send(0x81, "secret")
			p.Want(0x81, "secret")
			leave(p, 1000, "")
			o.wantNothing()
		}
		open(t, url, target, o.origin, "X-Forwarded-For: 203.0.113.1, 192.0.2.1", "Cookie: a=b; airsocket-inspector=MINE")
		o.want("GET /mine?n=1 HTTP/1.1", "answer 101", "open RFC 6455")
		open(t, url, target, o.origin, me)
		o.wantNothing()
	}
}

// TestObserversBehindProxies checks which address counts: that of the connection, unless a proxy
// that is trusted tells another. Nobody chooses an address.
func TestObserversBehindProxies(t *testing.T) {
	const mine, other = "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"
	t.Run("trusted", func(t *testing.T) {
		_, url := trusting(t)
		o := observe(t, url, "X-Forwarded-For: 192.0.2.2, 192.0.2.1") // the first is of its own making
		o.watch("/")
		open(t, url, "/", o.origin, other)
		o.wantNothing()
		open(t, url, "/", o.origin, mine)
		o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
	})
	t.Run("not trusted", func(t *testing.T) {
		_, url := echoing(t, nil)
		o := observe(t, url, mine)
		o.watch("/")
		open(t, url, "/", o.origin, other) // both have come from loopback
		o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
	})
	t.Run("PROXY header", func(t *testing.T) {
		url := wstest.Serve(t, mounted(&airsocket.Server{ProxyProtocol: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}))
		from := func(address, request string) *wstest.RawPeer {
			p := wstest.DialRaw(t, url)
			p.WriteRaw([]byte("PROXY TCP4 " + address + " 192.0.2.100 1000 80\r\n" + request))
			if got := p.ReadResponse().StatusCode; got != 101 {
				t.Fatalf("status %d", got)
			}
			return p
		}
		o := &page{from("192.0.2.1", asking(url)), originOf(url)}
		o.watch("/")
		request := wstest.RequestWith("GET / HTTP/1.1", "Host: "+wstest.HostOf(url), "Origin: "+o.origin, cookieAt(url))
		from("192.0.2.2", request)
		o.wantNothing()
		from("192.0.2.1", request)
		o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
	})
	t.Run("no address", func(t *testing.T) {
		l, err := airsocket.Listen("unix:" + filepath.Join(t.TempDir(), "socket"))
		if err != nil {
			t.Fatal(err)
		}
		srv := mounted(&airsocket.Server{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}})
		wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(l) })
		conn, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		p := wstest.NewRawPeer(t, conn, true)
		p.WriteRaw([]byte(asking("ws://localhost/", mine)))
		if got := p.ReadResponse().StatusCode; got != 403 {
			t.Errorf("status %d", got)
		}
	})
}

// TestOneObserverIsTold checks that one observer is shown a connection: of two of the same browser
// the one that has asked last, unless it has gone.
func TestOneObserverIsTold(t *testing.T) {
	_, url := echoing(t, nil)
	forgotten, latest := observe(t, url), observe(t, url)
	forgotten.watch("/")
	latest.watch("/")
	for _, o := range []*page{latest, forgotten} {
		open(t, url, "/", o.origin)
		o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
	}
	forgotten.watch("/a")
	latest.watch("/b")
	open(t, url, "/a", forgotten.origin)
	forgotten.want("GET /a HTTP/1.1", "answer 101", "open RFC 6455")
	forgotten.watch("/a")
	latest.watch("/a")
	latest.watch("/c") // which gives up the other
	open(t, url, "/a", forgotten.origin)
	forgotten.want("GET /a HTTP/1.1", "answer 101", "open RFC 6455")
	forgotten.watch("/")
	latest.watch("/")
	for range 6 { // the last that one address may have
		observe(t, url)
	}
	latest.Close()
	wstest.Eventually(t, func() bool { // there is room, so it has gone
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(asking(url)))
		return p.ReadResponse().StatusCode == 101
	}, func() string { return "an observer that has gone keeps its place" })
	open(t, url, "/", forgotten.origin)
	forgotten.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
}

// TestObserversOfARebound checks what is left to a page whose name its owner has pointed to the
// server (DNS rebinding): its own connections, and none of other pages.
func TestObserversOfARebound(t *testing.T) {
	_, url := echoing(t, nil)
	const host, origin = "Host: rebound.example", "Origin: http://rebound.example"
	o := observe(t, url, host, origin)
	o.watch("/")
	open(t, url, "/", originOf(url))
	o.wantNothing()
	open(t, url, "/", "http://rebound.example", host)
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
}

// TestObserversGetNoCredentials checks that neither what logs a user in nor what messages
// contain reaches an observer.
func TestObserversGetNoCredentials(t *testing.T) {
	const secret = "hunter2hunter2"
	srv := &airsocket.Server{Options: &airsocket.Options{Header: http.Header{
		"Set-Cookie": {"id=" + secret, "x=" + secret}, "X-New-Token": {secret}, "Authentication-Info": {secret}, "X-Plain": {"plain"},
	}}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			s.Send(e.Text())
			s.Ping([]byte(secret))
		})
	})
	url := wstest.Serve(t, mounted(srv))
	id := "Cookie: airsocket-inspector=" + secret
	o := observe(t, url, id)
	o.watch("/")
	hidden := []string{"COOKIE2", "Authorization", "Proxy-Authorization", "X-Auth-Request-Access-Token", "X-Api-Key", "X-Amzn-Oidc-Data",
		"X-Amz-Security-Token", "X-Forwarded-Access-Token", "Cf-Access-Jwt-Assertion", "X-Session-Id", "X-Client-Secret", "X-Password", "Signature", "Ocp-Apim-Subscription-Key", "X-Functions-Key", "X-Apikey", "X-OTP"}
	fields := []string{"X-Plain: plain", "Proxy-Authenticate: Basic realm=plain", id}
	for _, name := range hidden {
		fields = append(fields, name+": "+secret)
	}
	c := open(t, url, "/", o.origin, fields...)
	c.Send(0x81, secret)
	c.Want(0x81, secret)
	c.Want(0x89, secret)
	var all []string
	var events []event
	for range 6 {
		first, payload, err := o.ReadFrame()
		if err != nil || first != 0x81 || strings.Contains(payload, "hunter2") {
			t.Errorf("%#x %s, %v", first, payload, err)
		}
		all = append(all, payload)
	}
	for _, payload := range all[:2] {
		events = append(events, o.decode(payload))
	}
	if got := events[0].field("Cookie"); got != "34 characters, not shown" {
		t.Errorf("Cookie is %q", got)
	}
	for _, name := range hidden {
		if got := events[0].field(name); got != "14 characters, not shown" {
			t.Errorf("%s of the request is %q", name, got)
		}
	}
	for name, want := range map[string]string{"Set-Cookie": "17 characters, not shown", "X-New-Token": "14 characters, not shown", "X-Plain": "plain"} {
		if got := events[1].field(name); got != want {
			t.Errorf("%s of the answer is %q", name, got)
		}
	}
	if events[0].field("X-Plain") != "plain" || events[0].field("Proxy-Authenticate") != "Basic realm=plain" || len(events[0].field("Sec-WebSocket-Key")) != 24 {
		t.Errorf("the fields of the request are %q", events[0].Fields)
	}
}

// TestObserversGetValidJSON checks that what others decide on arrives as it should, in messages
// that are valid JSON and UTF-8.
func TestObserversGetValidJSON(t *testing.T) {
	srv := new(airsocket.Server)
	srv.OnRequest(func(r *airsocket.Request) {
		if r.Target == "/refused" {
			r.Reject(http.StatusBadRequest, "\x00\xff\"\n\u2028</script>")
			return
		}
		r.Accept("")
	})
	url := wstest.Serve(t, mounted(srv))
	o := observe(t, url)
	const odd = "a\tb\"c\\d</script>\u202e\u2028\xff\x80'{}&"
	valid := strings.ToValidUTF8(odd, "\ufffd\ufffd") // for two bytes in a row
	o.watch("/\"\\</script>\u202eä?{}")
	c := open(t, url, "/\"\\</script>\u202eä?{}", o.origin, "X-Odd: "+odd, "X-Empty: ")
	leave(c, 3000, "\x00\x1b[2J\u202e\"\\\n")
	events := o.want("GET /\"\\</script>\u202eä?{} HTTP/1.1", "answer 101", "open RFC 6455",
		`close 3000 "\x00\x1b[2J\u202e\"\\\n" true`)
	if got := events[0].field("X-Odd"); got != valid {
		t.Errorf("the field is %q, want %q", got, valid)
	}
	o.watch("/refused")
	c = visit(t, url, "/refused", o.origin)
	c.ReadResponse()
	c.Close()
	o.want("GET /refused HTTP/1.1", "answer 400", "refused: handshake: \x00\ufffd\"\n\u2028</script>")

	// Control characters never get so far: they make a request invalid.
	o.watch("/")
	for _, bad := range []string{"X-Odd: a\x00b", "X-Odd: a\x1bb", "X-Odd: a\x7fb", "X-O\x01dd: a"} {
		c := visit(t, url, "/", o.origin, bad)
		if got := c.ReadResponse().StatusCode; got != 400 {
			t.Errorf("%q: status %d", bad, got)
		}
	}
	o.wantNothing()
}

// TestObserversThatDoNotRead checks that a page that does not read is sent what there is room
// for, and is told how much it has missed; nobody waits for it, and no memory fills.
func TestObserversThatDoNotRead(t *testing.T) {
	const rounds, pings = 200, 250 // of which each is received and answered
	_, url := echoing(t, nil)
	o := observe(t, url)
	o.TCP().SetReadBuffer(64 << 10)
	o.watch("/")
	c := open(t, url, "/", o.origin)
	for range rounds {
		c.WriteRaw(bytes.Repeat(c.Frame(0x89, ""), pings))
		if _, err := c.Reader.Discard(2 * pings); err != nil {
			t.Fatal(err)
		}
	}
	leave(c, 1000, "")
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
	told, skipped := 0, 0
	for {
		e := o.next()
		switch e.String() {
		case "received ping 0", "sent pong 0":
			told++
			continue
		case "skipped":
			skipped += e.Count
			continue
		case `close 1000 "" true`:
		default:
			t.Errorf("got %v", e)
		}
		break
	}
	if told+skipped != 2*rounds*pings || skipped == 0 {
		t.Errorf("told of %d, skipped %d, of %d", told, skipped, 2*rounds*pings)
	}
}

// TestObserversOfLongHeads checks that a request is skipped that is longer than all that may
// wait for an observer.
func TestObserversOfLongHeads(t *testing.T) {
	srv := mounted(wstest.Echoing(new(airsocket.Server)))
	t.Cleanup(func() { srv.Close() })
	mux := http.NewServeMux()
	mux.Handle("/", srv)
	mux.Handle("/inspect/", srv.Handler)
	url := wstest.ServeHandler(t, mux) + "/" // where a head may have 1 MiB
	o := observe(t, url)
	for _, c := range []struct {
		field string
		want  string
	}{
		{strings.Repeat("x", 200<<10), "GET / HTTP/1.1"},
		{strings.Repeat("x", 300<<10), "skipped"},
		{strings.Repeat("<", 100<<10), "skipped"}, // which is longer as JSON
	} {
		o.watch("/")
		open(t, url, "/", o.origin, "X-Long: "+c.field)
		o.want(c.want, "answer 101", "open RFC 6455")
	}
}

// TestObserversAreFew checks that one address has a few observers, that all together are
// bounded, and that those that have gone make room.
func TestObserversAreFew(t *testing.T) {
	srv, url := trusting(t)
	admitted := map[int]int{}
	var first []*wstest.RawPeer
	attempt := func(address string) (status int) {
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(asking(url, "X-Forwarded-For: "+address)))
		status = p.ReadResponse().StatusCode
		admitted[status]++
		if status == 101 {
			first = append(first, p)
		} else {
			p.Close()
		}
		return status
	}
	for range 100 {
		attempt("192.0.2.1")
	}
	if admitted[101] != 8 || admitted[429] != 92 {
		t.Errorf("of one address: %v", admitted)
	}
	for n := range 100 {
		attempt(fmt.Sprintf("192.0.2.%d", n+2))
	}
	if admitted[101] != 32 || admitted[503] != 76 {
		t.Errorf("of many addresses: %v", admitted)
	}
	if n := srv.Stats().Open + srv.Stats().Connecting; n > 0 {
		t.Errorf("%d of them are sockets of the Server", n)
	}
	for _, p := range first {
		p.Close()
	}
	wstest.Eventually(t, func() bool { return attempt("192.0.2.1") == 101 }, func() string { return "none is admitted any more" })
}

// TestObserversThatFlood checks that a page that sends watch after watch is held up, and holds up
// nobody else.
func TestObserversThatFlood(t *testing.T) {
	_, url := echoing(t, nil)
	flooding, calm := observe(t, url), observe(t, url)
	start := time.Now()
	go flooding.Write(bytes.Repeat(flooding.Frame(0x81, `{"watch":"/"}`), 100_000))
	for range 54 {
		if e := flooding.next(); e.Event != "watching" {
			t.Fatalf("got %v", e)
		}
	}
	if took := time.Since(start); took < 250*time.Millisecond { // 50 at once, and 10 a second
		t.Errorf("54 watches have begun in %v", took)
	}
	calm.watch("/calm")
	open(t, url, "/calm", calm.origin)
	calm.want("GET /calm HTTP/1.1", "answer 101", "open RFC 6455")
	flooding.Close()
}

// TestObserversSayWhatTheyWatch checks that what is no watch ends the observer's connection.
func TestObserversSayWhatTheyWatch(t *testing.T) {
	_, url := echoing(t, nil)
	for _, c := range []struct {
		first   byte
		payload string
		code    airsocket.StatusCode
	}{
		{0x82, `{"watch":"/"}`, 1008},
		{0x81, ``, 1008},
		{0x81, `{`, 1008},
		{0x81, `null`, 1008},
		{0x81, `[]`, 1008},
		{0x81, `{}`, 1008},
		{0x81, `{"watch":5}`, 1008},
		{0x81, `{"watch":""}`, 1008},
		{0x81, `{"watch":"*"}`, 1008},
		{0x81, `{"watch":"http://elsewhere/"}`, 1008},
		{0x81, `{"watch":"/"}{"watch":"/"}`, 1008},
		{0x81, `{"watch":"/` + strings.Repeat("a", 64<<10) + `"}`, 1009},
		{0x81, "\xff", 1007},
	} {
		o := observe(t, url)
		go o.Write(o.Frame(c.first, c.payload)) // which may not be read as a whole
		o.WantClose(c.code)
		o.Close()
	}
	o := observe(t, url)
	half := strings.Repeat("a", 40<<10)
	go o.Write(append(o.Frame(0x01, `{"watch":"/`+half), o.Frame(0x80, half+`"}`)...))
	o.WantClose(1009) // although no frame is too long
}

// TestObserversAreNotSockets checks that what a program sends to all sockets of its Server does
// not reach observers, and that they take no place among its sockets.
func TestObserversAreNotSockets(t *testing.T) {
	srv := &airsocket.Server{MaxConns: 1}
	opened := make(chan bool, 1)
	srv.OnConnect(func(s *airsocket.Socket) { s.OnOpen(func(*airsocket.OpenEvent) { opened <- true }) })
	url := wstest.Serve(t, mounted(srv))
	o := observe(t, url)
	o.watch("/")
	c := open(t, url, "/", o.origin)
	wstest.Receive(t, opened)
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
	late := observe(t, url) // although there are MaxConns sockets
	if _, err := srv.Broadcast(wire.Text, []byte("to all"), nil); err != nil {
		t.Fatal(err)
	}
	c.Want(0x81, "to all")
	o.want("sent text 6")
	late.wantNothing()
	for s := range srv.Sockets() {
		if s.Protocol() != "" {
			t.Errorf("%s is among the sockets", s.Protocol())
		}
	}
}

// TestANewWatchEndsTheLast checks that an observer gets nothing more of a connection that it was
// shown once it watches for another.
func TestANewWatchEndsTheLast(t *testing.T) {
	_, url := echoing(t, nil)
	o := observe(t, url)
	o.watch("/")
	first := open(t, url, "/", o.origin)
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
	o.watch("/")
	first.Send(0x81, "unseen")
	first.Want(0x81, "unseen")
	second := open(t, url, "/", o.origin)
	leave(first, 1000, "")
	second.Send(0x81, "seen")
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455", "received text 4", "sent text 4")

	requests := make(chan *airsocket.Request, 1)
	srv := new(airsocket.Server)
	srv.OnRequest(func(r *airsocket.Request) {
		if r.Target == "/slow" {
			requests <- r
			return
		}
		r.Accept("")
	})
	url = wstest.Serve(t, mounted(srv))
	o = observe(t, url)
	o.watch("/slow")
	slow := visit(t, url, "/slow", o.origin)
	o.want("GET /slow HTTP/1.1")
	o.watch("/")
	wstest.Receive(t, requests).Accept("")
	slow.ReadResponse()
	open(t, url, "/", o.origin)
	o.want("GET / HTTP/1.1", "answer 101", "open RFC 6455")
}
