package connecting

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A testProxy is a proxy on loopback. It connects clients only to the servers
// in routes.
type testProxy struct {
	t      testing.TB
	l      net.Listener
	routes map[string]string // from the "host:port" that clients ask for
	wg     sync.WaitGroup

	mu    sync.Mutex
	asked []string // hosts and ports
	heads []http.Header
}

// newProxy starts a proxy that calls serve for each client. serve returns the
// connection to the server, or nil. If config is not nil, clients talk to the
// proxy over TLS.
func newProxy(t testing.TB, routes map[string]string, config *tls.Config, serve func(*testProxy, net.Conn) net.Conn) *testProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	p := &testProxy{t: t, l: l, routes: routes}
	p.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() {
				defer conn.Close()
				if server := serve(p, conn); server != nil {
					join(conn, server)
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.wg.Wait()
	})
	return p
}

// join copies data between two connections until either ends.
func join(a, b net.Conn) {
	var wg sync.WaitGroup
	carry := func(to, from net.Conn) {
		io.Copy(to, from)
		to.Close()
		from.Close()
	}
	wg.Go(func() { carry(a, b) })
	wg.Go(func() { carry(b, a) })
	wg.Wait()
}

func (p *testProxy) address() string { return p.l.Addr().String() }

// url returns an Options.Proxy for the URL of the proxy. prefix is the part of
// the URL before the host.
func (p *testProxy) url(prefix string) func(*http.Request) (*url.URL, error) {
	u, err := url.Parse(prefix + p.address())
	if err != nil {
		p.t.Fatal(err)
	}
	return http.ProxyURL(u)
}

// connect connects to the address that a client asks for. It returns nil if
// there is no route to it.
func (p *testProxy) connect(address string, h http.Header) net.Conn {
	p.mu.Lock()
	p.asked = append(p.asked, address)
	p.heads = append(p.heads, h)
	p.mu.Unlock()
	to, ok := p.routes[address]
	if !ok {
		return nil
	}
	conn, err := net.Dial("tcp", to)
	if err != nil {
		p.t.Error(err)
		return nil
	}
	return conn
}

// serveCONNECT serves CONNECT. It sends answer when it has connected to the
// server.
func serveCONNECT(answer string) func(*testProxy, net.Conn) net.Conn {
	return func(p *testProxy, conn net.Conn) net.Conn {
		br := bufio.NewReader(conn)
		r, err := http.ReadRequest(br)
		if err != nil || r.Method != http.MethodConnect || r.Host != r.RequestURI {
			io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
			return nil
		}
		if br.Buffered() > 0 {
			p.t.Errorf("%d bytes came before the answer to CONNECT", br.Buffered())
		}
		server := p.connect(r.Host, r.Header)
		if server == nil {
			io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\nX-Why: route\r\n\r\nwhat?")
			return nil
		}
		io.WriteString(conn, answer)
		return server
	}
}

const established = "HTTP/1.1 200 Connection established\r\n\r\n"

func (p *testProxy) wantAsked(t testing.TB, address string) http.Header {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asked) != 1 || p.asked[0] != address {
		t.Fatalf("the proxy was asked for %q, want %q", p.asked, address)
	}
	return p.heads[0]
}

// TestProxyCONNECT connects to ws and wss URLs through http and https proxies.
func TestProxyCONNECT(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	forProxy := wstest.NewAuthority(t, nil)
	routes := map[string]string{
		"plain.example:80":   wstest.HostOf(wstest.ServeEcho(t, nil)),
		"plain.example:81":   wstest.HostOf(wstest.ServeEcho(t, nil)),
		"[::1]:80":           wstest.HostOf(wstest.ServeEcho(t, nil)),
		"tls.example:443":    wstest.HostOf(wstest.ServeTLS(t, root.Issue(t, wstest.ServerCertificate("tls.example")))),
		"xn--tda.example:80": wstest.HostOf(wstest.ServeEcho(t, nil)),
	}
	for _, proxy := range []struct {
		scheme string
		config *tls.Config
	}{
		{"http", nil},
		{"https", &tls.Config{Certificates: []tls.Certificate{forProxy.Issue(t, wstest.ServerCertificate())}}},
	} {
		for _, c := range []struct{ url, asked string }{
			{"ws://plain.example/", "plain.example:80"},
			{"ws://plain.example:81/", "plain.example:81"},
			{"ws://[::1]/", "[::1]:80"},
			{"wss://tls.example/", "tls.example:443"},
			{"ws://\u00fc.example/", "xn--tda.example:80"},
		} {
			t.Run(proxy.scheme+" "+c.url, func(t *testing.T) {
				p := newProxy(t, routes, proxy.config, serveCONNECT(established))
				opts := &airsocket.Options{Proxy: p.url(proxy.scheme + "://"), ProxyTLS: forProxy.ClientConfig(), TLS: root.ClientConfig()}
				wstest.Try(t, opts, c.url).WantEcho(t)
				if h := p.wantAsked(t, c.asked); h.Get("Proxy-Authorization") != "" || h.Get("Sec-WebSocket-Key") != "" {
					t.Errorf("the proxy was sent %v", h)
				}
			})
		}
	}
}

func TestProxyCertificate(t *testing.T) {
	p := newProxy(t, nil, &tls.Config{Certificates: []tls.Certificate{wstest.NewAuthority(t, nil).Issue(t, wstest.ServerCertificate())}}, serveCONNECT(established))
	a := wstest.Try(t, &airsocket.Options{Proxy: p.url("https://")}, "ws://server.example/")
	if e := wstest.Fails[*airsocket.ProxyError](t, a); !isType[*airsocket.TLSError](e) || e.Status != 0 {
		t.Errorf("error event: %v", e)
	}
}

// TestProxyCredentials checks that credentials for a proxy are sent to it, and not to the
// server.
func TestProxyCredentials(t *testing.T) {
	var head http.Header
	srv := httpEcho(t, func(w http.ResponseWriter, r *http.Request) { head = r.Header })
	defer srv.Close()
	routes := map[string]string{"server.example:80": srv.Listener.Addr().String()}
	for _, c := range []struct {
		prefix string
		header http.Header
		want   string
	}{
		{"http://user:pass%3Aword@", nil, "Basic dXNlcjpwYXNzOndvcmQ="},
		{"http://user@", nil, "Basic dXNlcjo="},
		{"http://user:password@", http.Header{"Proxy-Authorization": {"Bearer x"}}, "Bearer x"},
	} {
		p := newProxy(t, routes, nil, serveCONNECT(established))
		opts := &airsocket.Options{Proxy: p.url(c.prefix), ProxyHeader: c.header}
		wstest.Try(t, opts, "ws://server.example/").WantEcho(t)
		if got := p.wantAsked(t, "server.example:80")["Proxy-Authorization"]; len(got) != 1 || got[0] != c.want {
			t.Errorf("Proxy-Authorization is %q, want %q", got, c.want)
		}
		if head.Get("Host") != "" || len(head["Authorization"])+len(head["Proxy-Authorization"]) > 0 || head.Get("Upgrade") == "" {
			t.Errorf("the server was sent %v", head)
		}
	}
}

func TestProxyHeader(t *testing.T) {
	var head http.Header
	srv := httpEcho(t, func(w http.ResponseWriter, r *http.Request) { head = r.Header })
	defer srv.Close()
	p := newProxy(t, map[string]string{"server.example:80": srv.Listener.Addr().String()}, nil, serveCONNECT(established))
	opts := &airsocket.Options{
		Proxy:       p.url("http://"),
		ProxyHeader: http.Header{"X-For-Proxy": {"a\r\nX-Forged: 1", "b"}, "Host": {"forged"}, "Content-Length": {"5"}},
		Header:      http.Header{"X-For-Server": {"c"}},
	}
	wstest.Try(t, opts, "ws://server.example/").WantEcho(t)
	got := p.wantAsked(t, "server.example:80")
	if v := got["X-For-Proxy"]; len(v) != 2 || v[1] != "b" || len(got["X-Forged"]) > 0 || len(got["X-For-Server"]) > 0 || len(got["Content-Length"]) > 0 {
		t.Errorf("the proxy was sent %v", got)
	}
	if head.Get("X-For-Server") != "c" || head.Get("X-For-Proxy") != "" {
		t.Errorf("the server was sent %v", head)
	}
}

// TestProxyAnswers checks other forms of a successful answer.
func TestProxyAnswers(t *testing.T) {
	routes := map[string]string{"server.example:80": wstest.HostOf(wstest.ServeEcho(t, nil))}
	for _, answer := range []string{
		"HTTP/1.0 200 OK\r\n\r\n",
		"HTTP/1.1 204\r\n\r\n",
		"HTTP/1.1 200 \n\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
	} {
		p := newProxy(t, routes, nil, serveCONNECT(answer))
		if wstest.Try(t, &airsocket.Options{Proxy: p.url("http://")}, "ws://server.example/").WantEcho(t); t.Failed() {
			t.Fatalf("%q", answer)
		}
	}
}

// TestProxyAnswerInPieces checks an answer that comes byte by byte.
func TestProxyAnswerInPieces(t *testing.T) {
	ours, theirs := net.Pipe()
	asked := make(chan *http.Request, 1)
	go func() {
		defer theirs.Close()
		p := wstest.NewRawPeer(t, theirs, false)
		p.ReadRequest()
		for _, b := range []byte("HTTP/1.1 100 Continue\r\n\r\n" + established) {
			p.WriteRaw([]byte{b})
		}
		asked <- p.ReadRequest()
	}()
	proxy := http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy"})
	wstest.Try(t, &airsocket.Options{Proxy: proxy, Dial: wstest.DialTo(ours)}, "ws://server.example/")
	if r := <-asked; r.Method != http.MethodGet || r.Host != "server.example" {
		t.Errorf("through the tunnel came %s for %s", r.Method, r.Host)
	}
}

// TestProxyKeepsWhatFollows checks that a server may send data as soon as the
// tunnel is there.
func TestProxyKeepsWhatFollows(t *testing.T) {
	head := "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
	p := newProxy(t, nil, nil, func(p *testProxy, conn net.Conn) net.Conn {
		br := bufio.NewReader(conn)
		http.ReadRequest(br)
		io.WriteString(conn, established+head)
		http.ReadRequest(br)
		return nil
	})
	a := wstest.Try(t, &airsocket.Options{Proxy: p.url("http://")}, "ws://server.example/")
	if h := wstest.Fails[*handshake.Error](t, a); h.Status != 503 || string(h.Body) != "busy" {
		t.Errorf("error event: %v with %q", h, h.Body)
	}
}

func TestProxyRefuses(t *testing.T) {
	p := newProxy(t, nil, nil, serveCONNECT(established))
	a := wstest.Try(t, &airsocket.Options{Proxy: p.url("http://user:secret@")}, "ws://server.example/")
	e := wstest.Fails[*airsocket.ProxyError](t, a)
	if e.Status != 502 || e.Header.Get("X-Why") != "route" || string(e.Body) != "what?" || e.Err != nil {
		t.Errorf("error event: %+v", e)
	}
	if a.Err.Status != 0 {
		t.Errorf("the server's status is %d, but there was none", a.Err.Status)
	}
	if text := e.Error(); !strings.Contains(text, "502") || !strings.Contains(text, p.address()) || strings.Contains(text, "secret") {
		t.Errorf("the error says %q", text)
	}
}

// TestProxyRefusesInTheEnd checks a refusal after an informational response.
func TestProxyRefusesInTheEnd(t *testing.T) {
	p := newProxy(t, nil, nil, func(p *testProxy, conn net.Conn) net.Conn {
		http.ReadRequest(bufio.NewReader(conn))
		io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
		return nil
	})
	e := wstest.Fails[*airsocket.ProxyError](t, wstest.Try(t, &airsocket.Options{Proxy: p.url("http://")}, "ws://server.example/"))
	if e.Status != 403 || string(e.Body) != "no" {
		t.Errorf("error event: %v with %q", e, e.Body)
	}
}

// TestProxyAnswersThatAreBad checks bad answers, and the limits of an answer.
func TestProxyAnswersThatAreBad(t *testing.T) {
	const field = "X: 67890123456\r\n" // 16 bytes
	for _, c := range []struct {
		answer string
		limits headLimits
		want   error
	}{
		{"SSH-2.0-OpenSSH_9.2\r\n", headLimits{}, handshake.ErrNotHTTP},
		{"HTTP/2.0 200 OK\r\n\r\n", headLimits{}, handshake.ErrNotHTTP},
		{"HTTP/1.1 2000 OK\r\n\r\n", headLimits{}, handshake.ErrNotHTTP},
		{"HTTP/1.1 099 OK\r\n\r\n", headLimits{}, handshake.ErrNotHTTP},
		{"HTTP/1.1 +20 OK\r\n\r\n", headLimits{}, handshake.ErrNotHTTP},
		{"\r\n\r\n", headLimits{}, handshake.ErrNotHTTP},
		{"", headLimits{}, handshake.ErrUnexpected},
		{"HTTP/1.1 200 OK\r\nX: y", headLimits{}, handshake.ErrUnexpected},
		{"HTTP/1.1 404 No\r\nno field\r\n\r\n", headLimits{}, handshake.ErrFieldSyntax},
		{"HTTP/1.1 200 OK\r\n" + strings.Repeat(field, 2) + "\r\n", headLimits{head: 50}, handshake.ErrHeadTooLarge},
		{"HTTP/1.1 200 OK\r\n" + strings.Repeat(field, 2) + "\r\n", headLimits{head: 51}, nil},
		{"HTTP/1.1 200 OK\r\n" + strings.Repeat(field, 2) + "\r\n", headLimits{lines: 3}, handshake.ErrTooManyLines},
		{"HTTP/1.1 200 OK\r\n" + strings.Repeat(field, 2) + "\r\n", headLimits{lines: 4}, nil},
		{"HTTP/1.1 200 OK\r\n" + strings.Repeat(field, 2000) + "\r\n", headLimits{}, handshake.ErrTooManyLines},
		{"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 17<<10) + "\r\n\r\n", headLimits{}, handshake.ErrHeadTooLarge},
		{"HTTP/1.1 200 OK\r\n" + strings.Repeat(field, 2000) + "\r\n", headLimits{-1, -1}, nil},
		{strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 60), headLimits{}, handshake.ErrTooManyLines},
	} {
		p := newProxy(t, nil, nil, func(p *testProxy, conn net.Conn) net.Conn {
			br := bufio.NewReader(conn)
			http.ReadRequest(br)
			io.WriteString(conn, c.answer)
			if c.want == nil {
				http.ReadRequest(br) // for the tunnel
			}
			return nil
		})
		a := wstest.Try(t, &airsocket.Options{Proxy: p.url("http://"), MaxHead: c.limits.head, MaxHeadLines: c.limits.lines}, "ws://server.example/")
		proxyError := isType[*airsocket.ProxyError](a.Err.Err)
		if c.want == nil && proxyError || c.want != nil && (!proxyError || !errors.Is(a.Err.Err, c.want)) {
			t.Errorf("%.40q: error event: %v, want %v", c.answer, a.Err.Err, c.want)
		}
	}
}

type headLimits struct{ head, lines int }

func TestProxyBodyIsBounded(t *testing.T) {
	p := newProxy(t, nil, nil, func(p *testProxy, conn net.Conn) net.Conn {
		br := bufio.NewReader(conn)
		http.ReadRequest(br)
		io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\n\r\n")
		for {
			if _, err := conn.Write(make([]byte, 4<<10)); err != nil {
				return nil
			}
		}
	})
	e := wstest.Fails[*airsocket.ProxyError](t, wstest.Try(t, &airsocket.Options{Proxy: p.url("http://")}, "ws://server.example/"))
	if len(e.Body) != handshake.MaxErrorBody {
		t.Errorf("the body has %d bytes", len(e.Body))
	}
}

func TestProxyChoice(t *testing.T) {
	reason := errors.New("the reason")
	for _, c := range []struct {
		choose func(*http.Request) (*url.URL, error)
		want   error
	}{
		{func(*http.Request) (*url.URL, error) { return nil, reason }, reason},
		{func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "gopher", Host: "p"}, nil }, nil},
		{func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "http"}, nil }, nil},
	} {
		e := wstest.Fails[*airsocket.ProxyError](t, wstest.Try(t, &airsocket.Options{Proxy: c.choose}, "ws://server.example/"))
		if e.Status != 0 || e.Err == nil || isType[*net.OpError](e) || c.want != nil && !errors.Is(e, c.want) {
			t.Errorf("error event: %+v", e)
		}
	}
}

// TestProxyIsAsked checks that Options.Proxy is called with an http or https
// URL and with the fields of the request.
func TestProxyIsAsked(t *testing.T) {
	for url, want := range map[string]string{
		"ws://u:p@server.example/a?b": "http://server.example/a?b",
		"wss://server.example:8443/":  "https://server.example:8443/",
	} {
		var got *http.Request
		stop := errors.New("stop")
		wstest.Try(t, &airsocket.Options{Header: http.Header{"X-A": {"1"}}, Proxy: proxyFunc(func(r *http.Request) error {
			got = r
			return stop
		})}, url)
		if got.URL.String() != want || got.Method != "GET" || got.Header.Get("X-A") != "1" || got.Context() == nil {
			t.Errorf("the request is %s %v %v", got.Method, got.URL, got.Header)
		}
	}
}

func proxyFunc(f func(*http.Request) error) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) { return nil, f(r) }
}

// TestProxyNone checks that a nil URL means no proxy, and that unix sockets use
// none.
func TestProxyNone(t *testing.T) {
	none := func(*http.Request) (*url.URL, error) { return nil, nil }
	wstest.Try(t, &airsocket.Options{Proxy: none}, wstest.ServeEcho(t, nil)).WantEcho(t)

	asked := func(*http.Request) (*url.URL, error) {
		t.Error("a proxy was asked for")
		return nil, nil
	}
	a := wstest.Try(t, &airsocket.Options{Proxy: asked}, "ws+unix://"+t.TempDir()+"/socket")
	if op := wstest.Fails[*net.OpError](t, a); op.Net != "unix" {
		t.Errorf("the network is %s", op.Net)
	}
}

// TestProxyFromEnvironment connects in processes of their own, because the
// environment is read only once.
func TestProxyFromEnvironment(t *testing.T) {
	const child = "AIRSOCKET_TEST_URL"
	if url := os.Getenv(child); url != "" {
		dialed := ""
		wstest.Try(t, &airsocket.Options{Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialed = address
			return nil, errors.New("stop")
		}}, url)
		if !strings.HasPrefix(dialed, "server.example:") {
			t.Errorf("with a Dial of its own, %s is dialled", dialed)
		}
		wstest.Try(t, &airsocket.Options{TLS: &tls.Config{InsecureSkipVerify: true}}, url).WantEcho(t)
		return
	}
	plain := newProxy(t, map[string]string{"server.example:80": wstest.HostOf(wstest.ServeEcho(t, nil))}, nil, serveCONNECT(established))
	cert := wstest.NewAuthority(t, nil).Issue(t, wstest.ServerCertificate())
	secure := newProxy(t, map[string]string{"server.example:443": wstest.HostOf(wstest.ServeTLS(t, cert))}, nil, serveCONNECT(established))
	for _, url := range []string{"ws://server.example/", "wss://server.example/"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProxyFromEnvironment$")
		cmd.Env = append(os.Environ(), child+"="+url, "HTTP_PROXY=http://"+plain.address(), "HTTPS_PROXY=http://"+secure.address(), "NO_PROXY=", "no_proxy=", "http_proxy=", "https_proxy=", "REQUEST_METHOD=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", url, err, out)
		}
	}
	plain.wantAsked(t, "server.example:80")
	secure.wantAsked(t, "server.example:443")
}

// serveSOCKS serves SOCKS5 (RFC 1928), with a user name and password if they
// are not empty (RFC 1929).
func serveSOCKS(user, password string) func(*testProxy, net.Conn) net.Conn {
	return func(p *testProxy, conn net.Conn) net.Conn {
		var head [2]byte
		io.ReadFull(conn, head[:])
		methods := make([]byte, head[1])
		io.ReadFull(conn, methods)
		method := byte(0)
		if user != "" {
			method = 2
		}
		if head[0] != 5 || !bytes.Contains(methods, []byte{method}) {
			conn.Write([]byte{5, 0xff})
			return nil
		}
		conn.Write([]byte{5, method})
		if method == 2 {
			var version [1]byte
			io.ReadFull(conn, version[:])
			if u, pw := readShort(conn), readShort(conn); u != user || pw != password {
				conn.Write([]byte{1, 1})
				return nil
			}
			conn.Write([]byte{1, 0})
		}
		server := p.connect(readSOCKSAddress(conn), nil)
		reply := []byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 80}
		if server == nil {
			reply[1] = 4 // host unreachable
		}
		conn.Write(reply)
		return server
	}
}

func readShort(r io.Reader) string {
	var n [1]byte
	io.ReadFull(r, n[:])
	b := make([]byte, n[0])
	io.ReadFull(r, b)
	return string(b)
}

func readSOCKSAddress(r io.Reader) string {
	var head [4]byte
	io.ReadFull(r, head[:])
	var host string
	switch head[3] {
	case 1, 4:
		ip := make(net.IP, map[byte]int{1: 4, 4: 16}[head[3]])
		io.ReadFull(r, ip)
		host = ip.String()
	case 3:
		host = readShort(r)
	}
	var port [2]byte
	io.ReadFull(r, port[:])
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(port[:]))))
}

func TestProxySOCKS(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	routes := map[string]string{
		"server.example:80": wstest.HostOf(wstest.ServeEcho(t, nil)),
		"127.9.9.9:81":      wstest.HostOf(wstest.ServeEcho(t, nil)),
		"[::9]:80":          wstest.HostOf(wstest.ServeEcho(t, nil)),
		"tls.example:443":   wstest.HostOf(wstest.ServeTLS(t, root.Issue(t, wstest.ServerCertificate("tls.example")))),
	}
	for _, scheme := range []string{"socks5", "socks5h"} {
		for _, c := range []struct{ prefix, url, asked, user, password string }{
			{"://", "ws://server.example/", "server.example:80", "", ""},
			{"://", "ws://127.9.9.9:81/", "127.9.9.9:81", "", ""},
			{"://", "ws://[::9]/", "[::9]:80", "", ""},
			{"://", "wss://tls.example/", "tls.example:443", "", ""},
			{"://user:password@", "ws://server.example/", "server.example:80", "", ""},
			{"://user:pass%3Aword@", "ws://server.example/", "server.example:80", "user", "pass:word"},
		} {
			p := newProxy(t, routes, nil, serveSOCKS(c.user, c.password))
			wstest.Try(t, &airsocket.Options{Proxy: p.url(scheme + c.prefix), TLS: root.ClientConfig()}, c.url).WantEcho(t)
			p.wantAsked(t, c.asked)
		}
	}
}

func TestProxySOCKSRefuses(t *testing.T) {
	for _, c := range []struct{ prefix, user, says string }{
		{"socks5://", "", "host unreachable"},
		{"socks5://", "user", "no acceptable authentication methods"},
		{"socks5://user:wrong@", "user", "authentication failed"},
		{"socks5://" + strings.Repeat("u", 256) + ":p@", "user", "invalid username/password"},
	} {
		p := newProxy(t, nil, nil, serveSOCKS(c.user, "password"))
		e := wstest.Fails[*airsocket.ProxyError](t, wstest.Try(t, &airsocket.Options{Proxy: p.url(c.prefix)}, "ws://server.example/"))
		if e.Status != 0 || !strings.Contains(e.Error(), c.says) {
			t.Errorf("error event: %v, want one that says %q", e, c.says)
		}
	}
}
