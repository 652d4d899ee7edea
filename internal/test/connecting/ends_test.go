package connecting

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A link is a way in which a client gets its connection.
type link struct {
	name string
	url  string
	tls  *tls.Config
	// over returns what Options.Dial returns; nil means the connection itself.
	over func(net.Conn) net.Conn
}

var links = []link{
	{name: "TCP", url: "ws://example.com/"},
	{name: "TLS", url: "wss://example.com/", tls: &tls.Config{InsecureSkipVerify: true}},
	{name: "TLS with renegotiation", url: "wss://example.com/", tls: &tls.Config{InsecureSkipVerify: true, Renegotiation: tls.RenegotiateOnceAsClient}},
	{name: "TLS of somebody else", url: "ws://example.com/", over: func(conn net.Conn) net.Conn {
		return tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}},
	{name: "wrapped", url: "ws://example.com/", over: func(conn net.Conn) net.Conn { return struct{ net.Conn }{conn} }},
}

// A serverEnd is the other end of a link.
type serverEnd struct {
	tcp *net.TCPConn
	net.Conn
}

// reads reads up to the given end. It reports whether that has come.
func (e serverEnd) reads(end string) bool {
	var got []byte
	for b := make([]byte, 1); !strings.HasSuffix(string(got), end); got = append(got, b[0]) {
		if _, err := io.ReadFull(e, b); err != nil {
			return false
		}
	}
	return true
}

// dial returns an Options.Dial of l, and where the other ends come out.
func (l link) dial(t *testing.T) (func(context.Context, string, string) (net.Conn, error), <-chan serverEnd) {
	config := wstest.ServerConfig(t)
	ends := make(chan serverEnd, 10)
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := wstest.TCPPair(t)
		theirs.SetDeadline(time.Now().Add(wstest.Patience))
		end := serverEnd{tcp: theirs, Conn: theirs}
		conn := net.Conn(ours)
		if l.over != nil {
			conn = l.over(ours)
		}
		if _, secure := conn.(*tls.Conn); secure || l.tls != nil {
			end.Conn = tls.Server(theirs, config)
		}
		ends <- end
		return conn, nil
	}, ends
}

// descriptors returns the number of open files, or 0 if the system does not tell.
func descriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// TestConnectEndsOnTheSystem is like TestConnectEnds, but with connections of the system,
// for whose responses no goroutine waits. Nothing is left of them.
func TestConnectEndsOnTheSystem(t *testing.T) {
	reason := errors.New("the reason")
	answers := map[string]string{
		"no response":            "",
		"half of a response":     "HTTP/1.1 101 ",
		"half of a refusal":      "HTTP/1.1 400 Bad Request\r\nContent-Length: 10\r\n\r\nhalf",
		"half of a second one":   "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
		"nothing after an early": "HTTP/1.1 103 Early Hints\r\n\r\n",
	}
	type attempt struct {
		s      *airsocket.Socket
		cancel context.CancelCauseFunc
		at     serverEnd
	}
	ends := []struct {
		name string
		end  func(a attempt)
		want error // that is reported unless the server has refused
	}{
		{"Close", func(a attempt) { a.s.Close(0, "") }, airsocket.ErrAborted},
		{"Drop", func(a attempt) { a.s.Drop(1000, "") }, airsocket.ErrAborted},
		{"context", func(a attempt) { a.cancel(reason) }, reason},
		{"timeout", func(attempt) {}, airsocket.ErrHandshakeTimeout},
		{"FIN", func(a attempt) { a.at.Close() }, nil},
		{"RST", func(a attempt) { a.at.tcp.SetLinger(0); a.at.tcp.Close() }, nil},
		{"Close of the connection", func(a attempt) { a.s.Conn().Close(); a.at.Read(make([]byte, 1)); a.at.Close() }, nil},
	}
	if a := wstest.Try(t, &airsocket.Options{}, wstest.ServeEcho(t, wstest.OwnDispatcher(&airsocket.Options{}))); !a.Opened { // the process has its own files now
		t.Fatal(a.Err)
	}
	for _, l := range links {
		for stage, answer := range answers {
			for _, way := range ends {
				t.Run(fmt.Sprintf("%s/%s/%s", l.name, stage, way.name), func(t *testing.T) {
					files := descriptors()
					t.Cleanup(func() { // after those of dial
						wantSoon(t, func() bool { return descriptors() <= files }, func() string {
							return fmt.Sprintf("%d files are open, and were %d", descriptors(), files)
						})
					})
					dial, peers := l.dial(t)
					opts := &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Dial: dial, TLS: l.tls, MaxRedirects: 1}
					if way.name == "timeout" {
						opts.HandshakeTimeout = 100 * time.Millisecond
					}
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					failed, closed := make(chan error, 1), make(chan bool, 1)
					s := airsocket.NewSocket(opts)
					s.OnError(func(e *airsocket.ErrorEvent) { failed <- e.Err })
					s.OnClose(func(*airsocket.CloseEvent) { closed <- true })
					if err := s.ConnectContext(ctx, l.url); err != nil {
						t.Fatal(err)
					}
					at := wstest.Receive(t, peers)
					defer func() { at.tcp.Close() }()
					asked := at.reads("\r\n\r\n")
					at.Write([]byte(answer))
					if stage == "half of a second one" && asked {
						at.Close()
						select {
						case at = <-peers:
							asked = at.reads("\r\n\r\n")
							at.Write([]byte("HTTP/1.1 101"))
						case <-closed:
							closed <- true
							asked = false
						}
					}
					if !asked && way.name != "timeout" { // which may come early
						t.Fatal("the request has not come")
					}
					way.end(attempt{s, cancel, at})
					err := wstest.Receive(t, failed)
					if way.want != nil && stage != "half of a refusal" && !errors.Is(err, way.want) {
						t.Errorf("the error is %v, want %v", err, way.want)
					}
					wstest.Receive(t, closed)
				})
			}
		}
	}
}

func wantSoon(t *testing.T, is func() bool, say func() string) {
	t.Helper()
	for end := time.Now().Add(wstest.Patience); !is(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Error(say())
			return
		}
	}
}
