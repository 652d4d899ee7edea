//go:build !js

package dial

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// watched is a connection that records whether it has been closed.
type watched struct {
	net.Conn
	closed bool
}

func (c *watched) Close() error {
	c.closed = true
	return c.Conn.Close()
}

// peers serves each dialed connection with the next function in answers, and records
// the connections.
type peers struct {
	t       *testing.T
	answers []func(net.Conn)
	conns   []*watched
	asked   []string
}

func (p *peers) dial(_ context.Context, network, address string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	answer := p.answers[len(p.conns)]
	p.conns = append(p.conns, &watched{Conn: ours})
	p.asked = append(p.asked, network+" "+address)
	go func() {
		defer theirs.Close()
		answer(theirs)
	}()
	return p.conns[len(p.conns)-1], nil
}

// accepting returns a function that accepts a request, with additional fields, and
// sends rest after the response.
func accepting(fields, rest string) func(net.Conn) {
	return func(conn net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n%s",
			base64.StdEncoding.EncodeToString(sum[:]), fields, rest)
		io.Copy(io.Discard, conn)
	}
}

func answering(text string) func(net.Conn) {
	return func(conn net.Conn) {
		http.ReadRequest(bufio.NewReader(conn))
		io.WriteString(conn, text)
	}
}

func silent(conn net.Conn) { io.Copy(io.Discard, conn) }

// openWith reads the responses for a.
func openWith(a *Attempt, ctx context.Context) (conn net.Conn, res *Result, err error) {
	buf := make([]byte, 4<<10)
	for again := true; again; {
		if conn, err = a.Request(ctx); err != nil {
			return nil, nil, err
		}
		for again = false; !again; {
			n, err := conn.Read(buf)
			if n > 0 {
				res, err = a.Feed(ctx, buf[:n])
			} else if err != nil {
				err = a.Unread(err)
			}
			if res != nil {
				return conn, res, nil
			}
			if err == nil {
				continue
			}
			conn.Close()
			if again, err = a.Failed(ctx, err); err != nil {
				return nil, nil, err
			}
		}
	}
	return nil, nil, err
}

// open calls check with a new Attempt, in a bubble of synctest.
func open(t *testing.T, cfg Config, url string, answers []func(net.Conn), check func(p *peers, a *Attempt, ctx context.Context, cancel context.CancelCauseFunc)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &peers{t: t, answers: answers}
		cfg.Dial = p.dial
		a, err := New(cfg, url, []string{"chat"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		check(p, a, ctx, cancel)
		for _, c := range p.conns {
			c.Conn.Close()
		}
	})
}

// Request calls Connected, and Feed returns the complete result of the handshake. Afterwards
// the context no longer has an effect.
func TestOpen(t *testing.T) {
	exts := []extensions.Extension{extensions.PermessageDeflate{}}
	answer := accepting("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n", "\x81\x02hi")
	open(t, Config{Extensions: exts}, "ws://example.com/", []func(net.Conn){answer}, func(p *peers, a *Attempt, ctx context.Context, cancel context.CancelCauseFunc) {
		var connected net.Conn
		a.Connected = func(c net.Conn) { connected = c }
		conn, res, err := openWith(a, ctx)
		if err != nil {
			t.Fatal(err)
		}
		if connected != net.Conn(p.conns[0]) || conn != connected {
			t.Errorf("Connected was called with %v, the result has %v", connected, conn)
		}
		if res.Answer.Protocol != "chat" || res.Answer.Version != wire.Hybi13 || len(res.Sessions) != 1 || string(res.Rest) != "\x81\x02hi" {
			t.Errorf("the result is %+v", res)
		}
		cancel(errors.New("too late"))
		synctest.Wait()
		if p.conns[0].closed {
			t.Error("the end of the context has closed the connection")
		}
	})
}

// Connected is called before the handshake, which may never end.
func TestConnectedComesFirst(t *testing.T) {
	open(t, Config{}, "ws://example.com/", []func(net.Conn){silent}, func(p *peers, a *Attempt, ctx context.Context, cancel context.CancelCauseFunc) {
		reason := errors.New("the reason")
		connected := 0
		a.Connected = func(net.Conn) {
			connected++
			go func() {
				synctest.Wait() // until openWith waits for the response
				cancel(reason)
			}()
		}
		if _, res, err := openWith(a, ctx); res != nil || err != reason {
			t.Errorf("%v, %v, want the cause of the end of the context", res, err)
		}
		if connected != 1 || !p.conns[0].closed {
			t.Errorf("connected %d times, closed: %v", connected, p.conns[0].closed)
		}
	})
}

// The connection is closed whatever the error is.
func TestOpenFails(t *testing.T) {
	proxy := http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy"})
	secureProxy := http.ProxyURL(&url.URL{Scheme: "https", Host: "proxy"})
	for _, c := range []struct {
		name   string
		cfg    Config
		url    string
		answer string
		is     func(error) bool
	}{
		{"refused", Config{}, "ws://example.com/", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", is[*handshake.Error]},
		{"not HTTP", Config{}, "ws://example.com/", "SSH-2.0\r\n", is[*handshake.Error]},
		{"cut short", Config{}, "ws://example.com/", "HTTP/1.1 101", is[*handshake.Error]},
		{"no TLS", Config{}, "wss://example.com/", "HTTP/1.1 400 No\r\n\r\n", is[*TLSError]},
		{"redirect not followed", Config{MaxRedirects: 1}, "ws://example.com/", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", func(err error) bool { return errors.Is(err, ErrRedirect) && is[*handshake.Error](err) }},
		{"proxy refuses", Config{Proxy: proxy}, "ws://example.com/", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", is[*ProxyError]},
		{"proxy without TLS", Config{Proxy: secureProxy}, "ws://example.com/", "HTTP/1.1 400 No\r\n\r\n", func(err error) bool { return is[*ProxyError](err) && is[*TLSError](errors.Unwrap(err)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := func(conn net.Conn) {
				conn.Read(make([]byte, 4<<10))
				io.WriteString(conn, c.answer)
			}
			open(t, c.cfg, c.url, []func(net.Conn){raw}, func(p *peers, a *Attempt, ctx context.Context, _ context.CancelCauseFunc) {
				if _, res, err := openWith(a, ctx); res != nil || !c.is(err) {
					t.Errorf("%v, %v", res, err)
				}
				if len(p.conns) != 1 || !p.conns[0].closed {
					t.Errorf("%d connections, the first closed: %v", len(p.conns), len(p.conns) > 0 && p.conns[0].closed)
				}
			})
		})
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// Connected is called for each connection of a redirected Attempt. All but the last
// are closed. Credentials are not sent to another host.
func TestOpenFollowsRedirects(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	header := handshake.Header{{Name: "Authorization", Value: "secret"}, {Name: "X-A", Value: "1"}}
	var second *http.Request
	answers := []func(net.Conn){
		answering("HTTP/1.1 307 Go\r\nLocation: ws://other.example:81/b\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"),
		func(conn net.Conn) {
			second, _ = http.ReadRequest(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
		},
	}
	open(t, Config{MaxRedirects: 1, Header: header, Jar: jar}, "ws://example.com/a", answers, func(p *peers, a *Attempt, ctx context.Context, _ context.CancelCauseFunc) {
		var connected []net.Conn
		a.Connected = func(c net.Conn) { connected = append(connected, c) }
		_, _, err := openWith(a, ctx)
		if e, ok := errors.AsType[*handshake.Error](err); !ok || e.Status != 503 {
			t.Errorf("%v, want the second answer", err)
		}
		if !slices.Equal(p.asked, []string{"tcp example.com:80", "tcp other.example:81"}) {
			t.Errorf("dialed %q", p.asked)
		}
		if len(connected) != 2 || connected[1] != net.Conn(p.conns[1]) || !p.conns[0].closed {
			t.Errorf("Connected was called %d times, the first connection closed: %v", len(connected), p.conns[0].closed)
		}
		if second == nil || second.Header.Get("Authorization") != "" || second.Header.Get("X-A") != "1" || second.Header.Get("Cookie") != "" {
			t.Errorf("the second request was %+v", second)
		}
	})
	if header.Get("Authorization") != "secret" || len(header) != 2 {
		t.Errorf("the program's header has become %v", header)
	}
	if got := jar.Cookies(&url.URL{Scheme: "http", Host: "example.com", Path: "/"}); len(got) != 1 {
		t.Errorf("the jar has %v", got)
	}
}

// With Conn, neither Dial nor Proxy is called.
func TestOpenUsesConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{
			Dial: func(context.Context, string, string) (net.Conn, error) {
				t.Error("dialed")
				return nil, io.EOF
			},
			Proxy: func(*http.Request) (*url.URL, error) {
				t.Error("Proxy was called")
				return nil, nil
			},
		}
		a, err := New(cfg, "ws://pipe/", nil)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := net.Pipe()
		defer ours.Close()
		go func() {
			defer theirs.Close()
			accepting("", "")(theirs)
		}()
		a.Conn = ours
		conn, res, err := openWith(a, t.Context())
		if err != nil || conn != ours || len(res.Rest) > 0 {
			t.Errorf("%+v, %v", res, err)
		}
	})
}

// A Dial that returns neither a connection nor an error is an error of the program,
// also with a proxy.
func TestOpenOfNothing(t *testing.T) {
	nothing := func(context.Context, string, string) (net.Conn, error) { return nil, nil }
	for _, proxy := range []func(*http.Request) (*url.URL, error){nil, http.ProxyURL(&url.URL{Scheme: "socks5", Host: "proxy"})} {
		a, err := New(Config{Dial: nothing, Proxy: proxy}, "ws://example.com/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := openWith(a, t.Context()); !errors.Is(err, ErrNoConn) || is[*ProxyError](err) != (proxy != nil) {
			t.Errorf("with a proxy %v: %v", proxy != nil, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		cfg       Config
		url       string
		protocols []string
		want      error
	}{
		{Config{}, "example.com", nil, ErrURL},
		{Config{}, "ws://example.com/", []string{"a", "a"}, ErrProtocol},
		{Config{}, "ws://example.com/", []string{"a b"}, ErrProtocol},
		{Config{Header: handshake.Header{{Name: "Host", Value: "other"}}}, "ws://example.com/", nil, handshake.ErrBadField},
	} {
		if a, err := New(c.cfg, c.url, c.protocols); a != nil || !errors.Is(err, c.want) {
			t.Errorf("%q %q: %v, want %v", c.url, c.protocols, err, c.want)
		}
	}
}
