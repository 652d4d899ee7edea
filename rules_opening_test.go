package airsocket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// The tests in this file are for section 2.1 of WHATWG WebSockets, which refers to RFC 6455,
// section 4.1: one connection at a time is being opened to an address.

// handshakes serves handshakes on a port of loopback. Before each is answered, answer is
// called.
func handshakes(t *testing.T, answer func()) (url string) {
	return strings.Replace(wstest.ServeHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer()
		s := airsocket.NewSocket(&airsocket.Options{Parallel: true, Dispatcher: new(airsocket.Dispatcher)})
		s.Upgrade(w, r)
	})), "http", "ws", 1)
}

// openAll opens a Socket for each URL, and waits until all are open.
func openAll(t *testing.T, opts func() *airsocket.Options, urls ...string) {
	t.Helper()
	open := make(chan *airsocket.Socket, len(urls))
	for _, url := range urls {
		s := airsocket.NewSocket(opts())
		s.OnOpen(func(*airsocket.OpenEvent) { open <- s })
		s.OnError(func(e *airsocket.ErrorEvent) { t.Errorf("%s: %v", url, e.Err) })
		if err := s.Connect(url); err != nil {
			t.Fatal(err)
		}
	}
	for range urls {
		wstest.Receive(t, open).Drop(1000, "")
	}
}

// browserOptions returns a function whose Options share a Dispatcher.
func browserOptions(o *airsocket.Options) func() *airsocket.Options {
	o.Rules, o.Dispatcher = airsocket.RulesBrowser, new(airsocket.Dispatcher)
	return o.Clone
}

func TestBrowserConnections(t *testing.T) {
	const sockets = 30
	for name, opts := range map[string]func() *airsocket.Options{
		"dispatcher": browserOptions(&airsocket.Options{}),
		"parallel":   browserOptions(&airsocket.Options{Parallel: true}),
		"dial":       browserOptions(&airsocket.Options{Dial: new(net.Dialer).DialContext}),
	} {
		t.Run(name, func(t *testing.T) {
			var opening, most atomic.Int32
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				opening.Add(-1) // before the client can know
				airsocket.NewSocket(&airsocket.Options{Parallel: true, Dispatcher: new(airsocket.Dispatcher)}).Upgrade(w, r)
			}))
			srv.Config.ConnState = func(_ net.Conn, st http.ConnState) {
				if st == http.StateNew {
					n := opening.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
				}
			}
			srv.Start()
			defer srv.Close()
			url := strings.Replace(srv.URL, "http", "ws", 1)
			openAll(t, opts, slices.Repeat([]string{url}, sockets)...)
			if n := most.Load(); n != 1 {
				t.Errorf("%d connections were being opened at the same time", n)
			}
		})
	}
}

// Connections to other addresses, from other Dispatchers or with other rules do not wait.
func TestBrowserConnectionsElsewhere(t *testing.T) {
	both := func() func() {
		var b sync.WaitGroup
		b.Add(2)
		return func() { b.Done(); b.Wait() } // answers no one before there are two
	}
	t.Run("addresses", func(t *testing.T) {
		answer := both()
		openAll(t, browserOptions(&airsocket.Options{}), handshakes(t, answer), handshakes(t, answer))
	})
	t.Run("dispatchers", func(t *testing.T) {
		url := handshakes(t, both())
		openAll(t, func() *airsocket.Options { return browserOptions(&airsocket.Options{})() }, url, url)
	})
	t.Run("default rules", func(t *testing.T) {
		url := handshakes(t, both())
		openAll(t, (&airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}).Clone, url, url)
	})
	t.Run("open", func(t *testing.T) { // an open connection is in nobody's way
		url := handshakes(t, func() {})
		opts := browserOptions(&airsocket.Options{})
		first := airsocket.NewSocket(opts())
		open := make(chan struct{})
		first.OnOpen(func(*airsocket.OpenEvent) { close(open) })
		first.Connect(url)
		wstest.Receive(t, open)
		openAll(t, opts, url)
		first.Drop(1000, "")
	})
}

// A dialing records what is dialed in a bubble, and lets nothing come of it.
type dialing struct {
	t     *testing.T
	d     *airsocket.Dispatcher
	opts  *airsocket.Options
	asked []string // used only while everything else is blocked
	mu    sync.Mutex
}

func newDialing(t *testing.T) *dialing {
	g := &dialing{t: t, d: new(airsocket.Dispatcher)}
	g.opts = &airsocket.Options{Rules: airsocket.RulesBrowser, Dispatcher: g.d, Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
		g.mu.Lock()
		g.asked = append(g.asked, address)
		g.mu.Unlock()
		if strings.HasPrefix(address, "exit.") {
			runtime.Goexit()
		}
		return wstest.HangingDial(ctx, "", "")
	}}
	return g
}

// connect starts a Socket, and returns it with its journal.
func (g *dialing) connect(url string) *wstest.Journal {
	s := airsocket.NewSocket(g.opts)
	j := wstest.Follow(g.t, s)
	j.ErrorState = airsocket.StateClosed
	if err := s.Connect(url); err != nil {
		g.t.Fatal(err)
	}
	synctest.Wait()
	return j
}

// want checks what was dialed so far.
func (g *dialing) want(addresses ...string) {
	g.t.Helper()
	synctest.Wait()
	if !slices.Equal(g.asked, addresses) {
		g.t.Errorf("%q were dialed, want %q", g.asked, addresses)
	}
}

// With Options.Dial the address is not known, so each host and port is another one.
func TestBrowserConnectionsByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newDialing(t)
		first := g.connect("ws://a.example/1")
		second := g.connect("ws://A.example:80/2")
		third := g.connect("wss://b.example/")
		g.want("a.example:80", "b.example:443")
		other := g.connect("ws://a.example:81/")
		g.want("a.example:80", "b.example:443", "a.example:81")
		first.Socket.Close(1000, "")
		g.want("a.example:80", "b.example:443", "a.example:81", "a.example:80")
		for _, j := range []*wstest.Journal{second, third, other} {
			j.Socket.Close(1000, "")
			synctest.Wait()
			j.Want(wstest.Refused...)
		}
		g.d.Run(func() {}) // nothing is left
	})
}

// While it waits a Socket can be closed, and its time runs out.
func TestBrowserConnectionsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newDialing(t)
		first := g.connect("ws://a.example/")
		closed := g.connect("ws://a.example/")
		if err := closed.Socket.Close(3000, ""); err != nil || closed.Socket.ReadyState() != airsocket.StateClosing {
			t.Errorf("%v, state %d", err, closed.Socket.ReadyState())
		}
		synctest.Wait()
		closed.Want(wstest.Refused...)
		closed.WantError(airsocket.ErrAborted)

		hurried := g.opts.Clone()
		hurried.HandshakeTimeout = time.Second
		g.opts = hurried
		late := g.connect("ws://a.example/")
		time.Sleep(time.Second) // of the bubble
		synctest.Wait()
		late.Want(wstest.Refused...)
		late.WantError(airsocket.ErrHandshakeTimeout)
		g.want("a.example:80")

		last := g.connect("ws://a.example/")
		first.Socket.Drop(1000, "")
		g.want("a.example:80", "a.example:80") // the others are no longer in the queue
		last.Socket.Drop(1000, "")
		g.d.Run(func() {})
	})
}

// A Dial that ends its goroutine holds nobody up.
func TestBrowserConnectionsGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newDialing(t)
		for range 3 {
			g.connect("ws://exit.example/").Want(`close 1006 "" unclean`)
		}
		g.want("exit.example:80", "exit.example:80", "exit.example:80")
		g.d.Run(func() {})
	})
}

// Proxies resolve names themselves, so the name counts, and not the address of the proxy.
func TestBrowserConnectionsThroughProxies(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	type asked struct {
		host string
		net.Conn
	}
	requests := make(chan asked, 3)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					requests <- asked{r.Host, conn}
				}
			}()
		}
	}()
	opts := browserOptions(&airsocket.Options{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("http://" + l.Addr().String()) }})
	over := make(chan error, 3)
	for _, url := range []string{"ws://a.example/", "ws://a.example/", "ws://b.example/"} {
		s := airsocket.NewSocket(opts())
		s.OnError(func(e *airsocket.ErrorEvent) { over <- e.Err })
		if err := s.Connect(url); err != nil {
			t.Fatal(err)
		}
	}
	first, second := wstest.Receive(t, requests), wstest.Receive(t, requests)
	if first.host == second.host {
		t.Errorf("%s was asked for twice", first.host)
	}
	for _, r := range []asked{first, second} {
		r.Close()
	}
	third := wstest.Receive(t, requests)
	if third.host != "a.example:80" {
		t.Errorf("at last %s is asked for", third.host)
	}
	third.Close()
	for range 3 {
		var refused *airsocket.ProxyError
		if err := wstest.Receive(t, over); !errors.As(err, &refused) {
			t.Error(err)
		}
	}
}

// A bubble and the rest of the process share no queue, since they cannot wake each other.
func TestBrowserConnectionsInBubbles(t *testing.T) {
	d := new(airsocket.Dispatcher)
	for i := range 3 {
		synctest.Test(t, func(t *testing.T) {
			g := newDialing(t)
			g.opts.Dispatcher = d
			j := g.connect(fmt.Sprintf("ws://a.example/%d", i))
			g.want("a.example:80")
			j.Socket.Close(1000, "")
			synctest.Wait()
		})
	}
}
