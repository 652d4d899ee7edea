package connecting

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A stall is a place where an attempt to connect can hang.
type stall struct {
	name  string
	url   string
	proxy string
	dial  func(context.Context, string, string) (net.Conn, error) // if nil, a pipe to peer
	peer  func(net.Conn)                                          // returns when its connection ends
}

func deaf(net.Conn)      {}
func dumb(conn net.Conn) { io.Copy(io.Discard, conn) }
func says(s string) func(net.Conn) {
	return func(conn net.Conn) {
		go io.WriteString(conn, s)
		io.Copy(io.Discard, conn)
	}
}

var stalls = []stall{
	{name: "dial", url: "ws://example.com/", dial: wstest.HangingDial},
	{name: "dial of a proxy", url: "ws://example.com/", proxy: "http://proxy/", dial: wstest.HangingDial},
	{name: "CONNECT cannot be sent", url: "ws://example.com/", proxy: "http://proxy/", peer: deaf},
	{name: "CONNECT is not answered", url: "ws://example.com/", proxy: "http://proxy/", peer: dumb},
	{name: "CONNECT is half answered", url: "ws://example.com/", proxy: "http://proxy/", peer: says("HTTP/1.1 200 ")},
	{name: "SOCKS cannot be sent", url: "ws://example.com/", proxy: "socks5://proxy/", peer: deaf},
	{name: "SOCKS is not answered", url: "ws://example.com/", proxy: "socks5://proxy/", peer: dumb},
	{name: "SOCKS does not connect to the server", url: "ws://example.com/", proxy: "socks5://proxy/", peer: says("\x05\x00")},
	{name: "TLS of a proxy", url: "ws://example.com/", proxy: "https://proxy/", peer: dumb},
	{name: "TLS", url: "wss://example.com/", peer: dumb},
	{name: "TLS through a proxy", url: "wss://example.com/", proxy: "http://proxy/", peer: says("HTTP/1.1 200 OK\r\n\r\n")},
	{name: "the request cannot be sent", url: "ws://example.com/", peer: deaf},
	{name: "the answer", url: "ws://example.com/", peer: dumb},
	{name: "half of the answer", url: "ws://example.com/", peer: says("HTTP/1.1 101 ")},
}

func (st stall) options(d *airsocket.Dispatcher) *airsocket.Options {
	opts := &airsocket.Options{Dispatcher: d, HandshakeTimeout: 5 * time.Second, Dial: st.dial}
	if st.proxy != "" {
		u, err := url.Parse(st.proxy)
		if err != nil {
			panic(err)
		}
		opts.Proxy = http.ProxyURL(u)
	}
	if opts.Dial == nil {
		opts.Dial = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go st.peer(theirs)
			return ours, nil
		}
	}
	return opts
}

// TestConnectEnds ends an attempt at each place where it can hang.
func TestConnectEnds(t *testing.T) {
	reason := errors.New("the reason")
	ways := []struct {
		name  string
		end   func(d *airsocket.Dispatcher, s *airsocket.Socket, cancel context.CancelCauseFunc)
		after time.Duration
		want  error
	}{
		{"Close", func(d *airsocket.Dispatcher, s *airsocket.Socket, _ context.CancelCauseFunc) {
			d.SetTimeout(func() { s.Close(0, "") }, time.Second)
		}, time.Second, airsocket.ErrAborted},
		{"context", func(d *airsocket.Dispatcher, _ *airsocket.Socket, cancel context.CancelCauseFunc) {
			d.SetTimeout(func() { cancel(reason) }, 2*time.Second)
		}, 2 * time.Second, reason},
		{"timeout", nil, 5 * time.Second, os.ErrDeadlineExceeded},
	}
	for _, st := range stalls {
		for _, way := range ways {
			t.Run(st.name+"/"+way.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					d := new(airsocket.Dispatcher)
					var j *wstest.Journal
					d.Run(func() {
						s := airsocket.NewSocket(st.options(d))
						j = wstest.Follow(t, s)
						if err := s.ConnectContext(ctx, st.url); err != nil {
							t.Fatal(err)
						}
						if way.end != nil {
							way.end(d, s, cancel)
						}
					})
					if took := time.Since(start); took != way.after {
						t.Errorf("it took %v, want %v", took, way.after)
					}
					if j.Err == nil || !errors.Is(j.Err.Err, way.want) {
						t.Errorf("error event: %+v, want %v", j.Err, way.want)
					}
					if n := len(j.Lines); n == 0 || j.Lines[n-1] != `close 1006 "" unclean` {
						t.Errorf("events: %q", j.Lines)
					}
				})
			})
		}
	}
}

// TestConnectEndsTheLookup ends an attempt whose name server does not answer.
// The resolver cannot be part of a synctest bubble.
func TestConnectEndsTheLookup(t *testing.T) {
	asked := make(chan struct{}, 8)
	dialer := net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		asked <- struct{}{}
		return wstest.HangingDial(ctx, network, address)
	}}}
	a := wstest.Try(t, &airsocket.Options{Dial: dialer.DialContext}, "ws://server.example/", func(s *airsocket.Socket) {
		go func() {
			<-asked
			s.Close(0, "")
		}()
	})
	if !errors.Is(a.Err.Err, airsocket.ErrAborted) {
		t.Errorf("error event: %v", a.Err.Err)
	}
}

// TestConnectRefusalWithoutItsBody checks that a refusal is reported even if
// the rest of its body does not come in time.
func TestConnectRefusalWithoutItsBody(t *testing.T) {
	for _, st := range []stall{
		{name: "server", url: "ws://example.com/", peer: says("HTTP/1.1 403 No\r\nX-Why: because\r\nContent-Length: 20\r\n\r\npart of it")},
		{name: "proxy", url: "ws://example.com/", proxy: "http://proxy/", peer: says("HTTP/1.1 403 No\r\nX-Why: because\r\nContent-Length: 20\r\n\r\npart of it")},
	} {
		t.Run(st.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := new(airsocket.Dispatcher)
				var event *airsocket.ErrorEvent
				d.Run(func() {
					s := airsocket.NewSocket(st.options(d))
					s.OnError(func(e *airsocket.ErrorEvent) { event = e })
					s.Connect(st.url)
				})
				status, header, body := event.Status, event.Header, event.Body
				if p, ok := errors.AsType[*airsocket.ProxyError](event.Err); ok {
					status, header, body = p.Status, p.Header, p.Body
				}
				if status != 403 || header.Get("X-Why") != "because" || string(body) != "part of it" {
					t.Errorf("error event: %v with %d %v %q", event.Err, status, header, body)
				}
			})
		})
	}
}

// TestConnectErrorsDiffer checks that a program can tell why there is no
// connection.
func TestConnectErrorsDiffer(t *testing.T) {
	const closed = "127.0.0.1:1"
	plain := wstest.ServeEcho(t, nil)

	if op := wstest.Fails[*net.OpError](t, wstest.Try(t, &airsocket.Options{}, "ws://"+closed+"/")); op.Op != "dial" {
		t.Errorf("the operation is %q", op.Op)
	}
	tlsError := wstest.Fails[*airsocket.TLSError](t, wstest.Try(t, &airsocket.Options{}, "wss://"+wstest.HostOf(plain)+"/"))
	if _, ok := errors.AsType[tls.RecordHeaderError](tlsError); !ok {
		t.Errorf("TLS with a server that has none: %v", tlsError)
	}
	opts := &airsocket.Options{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: closed})}
	through := wstest.Try(t, opts, plain)
	if proxy := wstest.Fails[*airsocket.ProxyError](t, through); proxy.Status != 0 {
		t.Errorf("status %d of a proxy that is not there", proxy.Status)
	}
	if op := wstest.Fails[*net.OpError](t, through); op.Op != "dial" {
		t.Errorf("the operation is %q", op.Op)
	}
	refused := wstest.Try(t, &airsocket.Options{Origin: "https://other.example"}, plain)
	if h := wstest.Fails[*handshake.Error](t, refused); h.Status != 403 || refused.Err.Status != 403 {
		t.Errorf("status %d and %d", h.Status, refused.Err.Status)
	}
}
