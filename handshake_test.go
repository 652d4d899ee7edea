package airsocket_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

func TestRefusals(t *testing.T) {
	const get = "GET / HTTP/1.1"
	all := "13, 8, 7, 6"
	for _, c := range []struct {
		name    string
		request string
		status  int
		field   string // of the answer, with its value
		value   string
	}{
		{"good", wstest.RequestWith(get), 101, "Sec-Websocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"no key", wstest.RequestWith(get, "Sec-WebSocket-Key:"), 400, "", ""},
		{"short key", wstest.RequestWith(get, "Sec-WebSocket-Key: c2hvcnQ="), 400, "", ""},
		{"no Connection: Upgrade", wstest.RequestWith(get, "Connection: close"), 400, "", ""},
		{"bad subprotocols", wstest.RequestWith(get, "Sec-WebSocket-Protocol: a b"), 400, "", ""},
		{"other origin", wstest.RequestWith(get, "Origin: http://elsewhere.example"), 403, "", ""},
		{"method", wstest.RequestWith("POST / HTTP/1.1"), 405, "Allow", "GET"},
		{"no Upgrade", wstest.RequestWith(get, "Upgrade:"), 426, "Upgrade", "websocket"},
		{"version 12", wstest.RequestWith(get, "Sec-WebSocket-Version: 12"), 426, "Sec-Websocket-Version", all},
		{"a long head", wstest.RequestWith(get, "X: "+strings.Repeat("x", 20<<10)), 431, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := func(where, url string) {
				p := wstest.DialRaw(t, url)
				p.WriteRaw([]byte(c.request))
				res := p.ReadResponse()
				if res.StatusCode != c.status {
					t.Errorf("%s: status %d, want %d", where, res.StatusCode, c.status)
				}
				if got := res.Header.Get(c.field); c.field != "" && got != c.value {
					t.Errorf("%s: %s is %q, want %q", where, c.field, got, c.value)
				}
				if body, _ := io.ReadAll(res.Body); c.status != 101 && len(body) == 0 {
					t.Errorf("%s: no body", where)
				}
			}
			check("Server", wstest.ServeEcho(t, nil))
			if c.status != 431 { // net/http has limits of its own
				check("Upgrade", wstest.ServeHandler(t, wstest.Upgrading(t, nil, nil)))
			}
		})
	}
}

// TestVersionsOfAServer checks that a server that speaks only some of the versions
// names them when it refuses another.
func TestVersionsOfAServer(t *testing.T) {
	opts := &airsocket.Options{Versions: []wire.Version{wire.Hybi13, wire.Hybi08}}
	for where, url := range map[string]string{"Server": wstest.ServeEcho(t, opts), "Upgrade": wstest.ServeHandler(t, wstest.Upgrading(t, opts, nil))} {
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", "Sec-WebSocket-Version: 7")))
		res := p.ReadResponse()
		if got := res.Header.Get("Sec-WebSocket-Version"); res.StatusCode != 426 || got != "13, 8" {
			t.Errorf("%s: status %d, versions %q", where, res.StatusCode, got)
		}
	}
}

// TestErrorEventOfARefusedClient checks that the error event of a refused client
// has the response of the server.
func TestErrorEventOfARefusedClient(t *testing.T) {
	j := wstest.StartClient(t, nil, nil, func(p *wstest.RawPeer) {
		p.ReadRequest()
		p.WriteRaw([]byte("HTTP/1.1 401 Who Are You\r\nWWW-Authenticate: Basic\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("n", 5000)))
		p.SkipToEnd()
	})
	j.Want(wstest.Refused...)
	e := j.Err
	if e.Status != 401 || e.Header.Get("WWW-Authenticate") != "Basic" || len(e.Header.Values("X-A")) != 2 {
		t.Errorf("status %d, header %v", e.Status, e.Header)
	}
	if string(e.Body) != strings.Repeat("n", handshake.MaxErrorBody) {
		t.Errorf("body of %d bytes: %.20q", len(e.Body), e.Body)
	}
	if he, ok := errors.AsType[*handshake.Error](e.Err); !ok || he.Status != 401 || !errors.Is(e.Err, handshake.ErrStatus) {
		t.Errorf("error %v", e.Err)
	}
}

// Which origins are allowed is tested in internal/origin.
func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		origin   string
		patterns []string
		ok       bool
	}{
		{"", nil, true}, // not from a browser
		{"http://example.com", nil, true},
		{"http://example.org", nil, false},
		{"null", []string{"*"}, true},
		{"http://x.a.test", []string{"b.test", "*.a.test"}, true},
		{"http://a.test", []string{"b.test", "*.a.test"}, false},
	} {
		opts := &airsocket.Options{Origins: c.patterns}
		fields := []string{}
		if c.origin != "" {
			fields = append(fields, "Origin: "+c.origin)
		}
		for where, url := range map[string]string{"Server": wstest.ServeEcho(t, opts), "Upgrade": wstest.ServeHandler(t, wstest.Upgrading(t, opts, nil))} {
			p := wstest.DialRaw(t, url)
			p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", fields...)))
			want := http.StatusForbidden
			if c.ok {
				want = http.StatusSwitchingProtocols
			}
			if got := p.ReadResponse().StatusCode; got != want {
				t.Errorf("%s: origin %q with %q: status %d", where, c.origin, c.patterns, got)
			}
			p.Close()
		}
	}
}

// TestOriginsOverTLS checks that a server with TLS refuses pages loaded over http:
// they may have been changed on the way.
func TestOriginsOverTLS(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	for _, by := range []string{"StartServer", "Server", "Upgrade"} {
		for origin, want := range map[string]int{
			"https://example.com":            http.StatusSwitchingProtocols,
			"http://example.com":             http.StatusForbidden,
			"http://example.com:443":         http.StatusForbidden,
			"chrome-extension://example.com": http.StatusForbidden,
		} {
			conn, err := tls.Dial("tcp", wstest.ServeBy(t, by, serverTLS), clientTLS)
			if err != nil {
				t.Fatal(err)
			}
			p := wstest.NewRawPeer(t, conn, true)
			p.SetDeadline(time.Now().Add(wstest.Patience))
			p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", "Origin: "+origin)))
			if got := p.ReadResponse().StatusCode; got != want {
				t.Errorf("%s: origin %q: status %d", by, origin, got)
			}
			p.Close()
		}
	}
}

func TestSubprotocols(t *testing.T) {
	for _, c := range []struct {
		asked, spoken []string
		want          string
	}{
		{nil, []string{"a"}, ""},
		{[]string{"a"}, nil, ""},
		{[]string{"b", "a"}, []string{"a", "b"}, "b"},
		{[]string{"x", "a"}, []string{"a", "b"}, "a"},
		{[]string{"x"}, []string{"a"}, ""},
	} {
		opts := &airsocket.Options{Protocols: c.spoken}
		for where, url := range map[string]string{"Server": wstest.ServeEcho(t, opts), "Upgrade": wstest.ServeHandler(t, wstest.Upgrading(t, opts, nil))} {
			d := new(airsocket.Dispatcher)
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
			got := "?"
			s.OnOpen(func(*airsocket.OpenEvent) {
				got = s.Protocol()
				s.Close(1000, "")
			})
			s.OnError(func(e *airsocket.ErrorEvent) { t.Error(e.Err) })
			wstest.Run(t, d, func() { s.Connect(url, c.asked...) })
			if got != c.want {
				t.Errorf("%s: client asks for %q, server speaks %q: got %q, want %q", where, c.asked, c.spoken, got, c.want)
			}
		}
	}
}

func TestBadSubprotocols(t *testing.T) {
	for _, protocols := range [][]string{{""}, {"a b"}, {"a", "a"}, {"a,b"}, {"ä"}} {
		s := airsocket.NewSocket(nil)
		if err := s.Connect("ws://example.com/", protocols...); !errors.Is(err, airsocket.ErrProtocol) {
			t.Errorf("Connect with %q: %v", protocols, err)
		}
		if s.ReadyState() != airsocket.StateInit {
			t.Errorf("state %d after the error", s.ReadyState())
		}
	}
}

// TestHandlerOfAServer checks that requests that do not ask for a WebSocket go to
// the Handler, even before an opening handshake on the same connection.
func TestHandlerOfAServer(t *testing.T) {
	srv := &airsocket.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, body)
	})}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	})
	p := wstest.DialRaw(t, wstest.Serve(t, srv))
	for range 2 {
		p.WriteRaw([]byte("POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"))
		res := p.ReadResponse()
		if body, _ := io.ReadAll(res.Body); string(body) != "POST /x?y body" {
			t.Fatalf("status %d, body %q", res.StatusCode, body)
		}
	}
	p.WriteRaw(append([]byte(wstest.UpgradeRequest), p.Frame(wstest.OpText, "early")...))
	if got := p.ReadResponse().StatusCode; got != 101 {
		t.Fatalf("status %d", got)
	}
	p.Want(wstest.OpText, "early")
	p.Send(wstest.OpText, "late")
	p.Want(wstest.OpText, "late")
	p.Send(wstest.OpClose, "")
	p.Want(wstest.OpClose, "")
	p.WantEOF()
}

func TestServerWithoutHandler(t *testing.T) {
	p := wstest.DialRaw(t, wstest.Serve(t, &airsocket.Server{}))
	p.WriteRaw([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	if res := p.ReadResponse(); res.StatusCode != 426 || res.Header.Get("Upgrade") != "websocket" {
		t.Errorf("status %d, header %v", res.StatusCode, res.Header)
	}
	p.WantEOF()
}

// wrapped is a ResponseWriter that wraps another, as middleware does.
type wrapped struct{ w http.ResponseWriter }

func (w wrapped) Header() http.Header         { return w.w.Header() }
func (w wrapped) Write(p []byte) (int, error) { return w.w.Write(p) }
func (w wrapped) WriteHeader(status int)      { w.w.WriteHeader(status) }

type unwrapping struct{ wrapped }

func (w unwrapping) Unwrap() http.ResponseWriter { return w.w }

func TestUpgradeThroughMiddleware(t *testing.T) {
	url := wstest.ServeHandler(t, wstest.Upgrading(t, nil, func(w http.ResponseWriter) http.ResponseWriter { return unwrapping{wrapped{w}} }))
	p := wstest.ConnectRaw(t, url)
	p.Send(wstest.OpText, "x")
	p.Want(wstest.OpText, "x")

	url = wstest.ServeHandler(t, wstest.Upgrading(t, nil, func(w http.ResponseWriter) http.ResponseWriter { return wrapped{w} }))
	p = wstest.DialRaw(t, url)
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	res := p.ReadResponse()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusInternalServerError || strings.Contains(string(body), "wrapped") {
		t.Errorf("a ResponseWriter that cannot be unwrapped: status %d, %q", res.StatusCode, body)
	}
}

// TestUpgradeNamesWhatCannotBeUnwrapped checks that the error of Upgrade names the
// type of the ResponseWriter that lacks an Unwrap method.
func TestUpgradeNamesWhatCannotBeUnwrapped(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	for w, want := range map[http.ResponseWriter]string{
		wrapped{httptest.NewRecorder()}:             "airsocket_test.wrapped ",
		unwrapping{wrapped{httptest.NewRecorder()}}: "*httptest.ResponseRecorder ",
	} {
		err := airsocket.NewSocket(nil).Upgrade(w, r)
		he, ok := errors.AsType[*handshake.Error](err)
		if !ok || he.Status != 500 || !errors.Is(err, http.ErrNotSupported) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Unwrap") {
			t.Errorf("%v, want one that names %s", err, want)
		}
	}
}

// TestUpgradeWithFramesAlreadyRead checks that frames that came with the request,
// and are in a buffer of net/http, are delivered.
func TestUpgradeWithFramesAlreadyRead(t *testing.T) {
	p := wstest.DialRaw(t, wstest.ServeHandler(t, wstest.Upgrading(t, nil, nil)))
	all := []byte(wstest.UpgradeRequest)
	for _, text := range []string{"one", "two", strings.Repeat("three", 2000)} {
		all = append(all, p.Frame(wstest.OpText, text)...)
	}
	p.WriteRaw(append(all, p.Frame(wstest.OpClose, "")[:3]...))
	p.ReadResponse()
	p.Want(wstest.OpText, "one")
	p.Want(wstest.OpText, "two")
	p.Want(wstest.OpText, strings.Repeat("three", 2000))
	p.WriteRaw(p.Frame(wstest.OpClose, "")[3:])
	p.Want(wstest.OpClose, "")
	p.WantEOF()
}

// TestHeaderThatCannotBeSent checks the response when a field of Options.Header
// cannot be sent.
func TestHeaderThatCannotBeSent(t *testing.T) {
	p := wstest.DialRaw(t, wstest.ServeEcho(t, &airsocket.Options{Header: http.Header{"Sec-Websocket-Accept": {"x"}}}))
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	if got := p.ReadResponse().StatusCode; got != http.StatusInternalServerError {
		t.Errorf("status %d", got)
	}
}

func TestHeaderOfTheAnswer(t *testing.T) {
	p := wstest.DialRaw(t, wstest.ServeEcho(t, &airsocket.Options{Header: http.Header{"Set-Cookie": {"a=1", "b=2"}}}))
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	if got := p.ReadResponse().Header.Values("Set-Cookie"); len(got) != 2 {
		t.Errorf("Set-Cookie: %q", got)
	}
}

// TestVersions checks every version with our client and each way to serve, over TCP and
// over TLS.
func TestVersions(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	for v := range wstest.EachVersion {
		for _, secure := range []bool{false, true} {
			for _, by := range append([]string{"StartServer", "Upgrade"}, wstest.Ways...) {
				t.Run(fmt.Sprintf("%v/%s/tls=%v", v, by, secure), func(t *testing.T) {
					var config *tls.Config
					tail := "://"
					if secure {
						config, tail = serverTLS, "s://"
					}
					addr := wstest.ServeBy(t, by, config)
					echo(t, v, &airsocket.Options{Version: v, TLS: clientTLS, Origin: "http" + tail + addr}, "ws"+tail+addr+"/path?query")
				})
			}
		}
	}
}

// echo exchanges messages with the server at url in version v.
func echo(t *testing.T, v wire.Version, opts *airsocket.Options, url string) {
	d := new(airsocket.Dispatcher)
	opts.Dispatcher = d
	s := airsocket.NewSocket(opts)
	j := wstest.Follow(t, s)
	binary := v.Can(wire.Binary)
	airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
		if s.Version() != v {
			t.Errorf("version %v", s.Version())
		}
		s.Send("héllo")
		s.Send("")
		if err := s.SendBytes([]byte{0, 0xff}); binary && err != nil || !binary && !errors.Is(err, wire.ErrUnsupported) {
			t.Errorf("SendBytes: %v", err)
		}
		s.Send("end")
	})
	airsocket.AddEventListener(s, airsocket.EventMessage, func(e *airsocket.MessageEvent) {
		if e.Text() == "end" {
			s.Close(1000, "bye")
		}
	})
	wstest.Run(t, d, func() {
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
	})
	want := []string{"open", "text héllo", "text ", "text end", `close 1005 "" clean`}
	if binary {
		want = []string{"open", "text héllo", "text ", "binary 00ff", "text end", `close 1000 "bye" clean`}
	}
	j.Want(want...)
}

// certificate returns configurations with the certificate of httptest for
// 127.0.0.1.
func certificate(t *testing.T) (server, client *tls.Config) {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	return &tls.Config{Certificates: srv.TLS.Certificates}, &tls.Config{RootCAs: roots}
}

// TestUpgradeHixie76InTwoPieces sends the eight bytes that follow a request of
// hixie-76 in a packet of their own.
func TestUpgradeHixie76InTwoPieces(t *testing.T) {
	p := wstest.DialRaw(t, wstest.ServeHandler(t, wstest.Upgrading(t, airsocket.FayeOptions(), nil)))
	p.WriteRaw([]byte("GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://example.com\r\n" +
		"Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n"))
	p.WriteRaw([]byte("^n:ds[4U\x00hi\xff"))
	head := wstest.ReadHead(t, p.Reader)
	if !strings.HasPrefix(head, "HTTP/1.1 101 WebSocket Protocol Handshake\r\n") {
		t.Errorf("answer %q", head)
	}
	var rest [20]byte
	if _, err := io.ReadFull(p.Reader, rest[:]); err != nil || string(rest[:]) != "8jKS'y:G*Co,Wxa-\x00hi\xff" {
		t.Errorf("%q, %v", rest, err)
	}
}
