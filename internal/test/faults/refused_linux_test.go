package faults

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A refusal is a reason for which a connection is not opened, or only after a redirect.
type refusal struct {
	name     string
	status   int   // that the client is told; 0 if there is no answer
	is       error // what the client's error wraps, if anything
	told     error // what the error of Hooks.HandshakeFailed wraps, if anything
	times    int   // how often the server refuses, if nothing goes wrong; 0 means once
	opens    bool  // the connection is opened in the end
	occupied bool  // another one is open meanwhile
	passes   bool  // the reason, when that one has closed
	stalls   bool  // the request, or the answer, does not come
	hasty    bool  // the server has little time
	dir      direction
	without  string // a way begins with this that does not have it

	server func(*airsocket.Server)  // prepares the server
	client func(*airsocket.Options) // and the client
}

func rejects(status int, reason string) func(*airsocket.Server) {
	return func(srv *airsocket.Server) {
		srv.OnRequest(func(r *airsocket.Request) { r.Reject(status, reason) })
	}
}

// redirects redirects all requests but those for last.
func redirects(last string) func(*airsocket.Server) {
	return func(srv *airsocket.Server) {
		srv.OnRequest(func(r *airsocket.Request) {
			if r.Target == last {
				r.Accept("")
				return
			}
			r.ResponseHeader = http.Header{"Location": {"/last"}}
			r.Reject(http.StatusFound, "elsewhere")
		})
	}
}

func follows(n int) func(*airsocket.Options) {
	return func(o *airsocket.Options) { o.MaxRedirects = n }
}

var errOnPurpose = errors.New("on purpose")

var refusals = []refusal{
	{name: "nothing", opens: true, times: -1},
	{name: "OnRequest rejects", status: 403, server: rejects(403, "no")},
	{name: "OnRequest rejects later", status: 418, server: func(srv *airsocket.Server) {
		srv.OnRequest(func(r *airsocket.Request) { go r.Reject(418, "no") })
	}},
	{name: "OnRequest panics", status: 500, server: func(srv *airsocket.Server) {
		srv.Options.Recover = true
		srv.OnRequest(func(*airsocket.Request) { panic("on purpose") })
	}},
	{name: "OnConnect panics", status: 500, told: errOnPurpose, server: func(srv *airsocket.Server) {
		srv.Options.Recover = true
		srv.OnConnect(func(*airsocket.Socket) { panic(errOnPurpose) })
	}},
	{name: "nobody decides", status: 404, hasty: true, server: func(srv *airsocket.Server) {
		srv.Options.HandshakeTimeout = short
		srv.OnRequest(func(*airsocket.Request) {})
	}},
	{name: "401", status: 401, server: func(srv *airsocket.Server) {
		srv.OnRequest(func(r *airsocket.Request) {
			r.ResponseHeader = http.Header{"Www-Authenticate": {`Basic realm="x"`}}
			r.Reject(401, "who are you?")
		})
	}},
	{name: "wrong origin", status: 403, server: func(srv *airsocket.Server) { srv.Options.Origins = nil }},
	{name: "MaxConns", status: 503, occupied: true, passes: true, server: func(srv *airsocket.Server) { srv.MaxConns = 1 }},
	{name: "MaxConnsPerIP", status: 429, told: airsocket.ErrConnsPerIP, occupied: true, passes: true, server: func(srv *airsocket.Server) { srv.MaxConnsPerIP = 1 }},
	{name: "HandshakesPerIP", status: 429, told: airsocket.ErrHandshakesPerIP, occupied: true, server: func(srv *airsocket.Server) {
		srv.HandshakesPerIP, srv.HandshakeBurst = 1e-6, 1
	}},
	{name: "redirect", opens: true, server: redirects("/last"), client: follows(1)},
	{name: "redirect that is not followed", status: 302, server: redirects("/last")},
	{name: "redirect too many", status: 302, times: 3, is: airsocket.ErrRedirect, server: redirects(""), client: follows(2)},
	{name: "the request does not come", stalls: true, dir: 0, told: airsocket.ErrHandshakeTimeout, without: byHTTP, server: func(srv *airsocket.Server) {
		srv.Options.HandshakeTimeout = short
	}},
	{name: "the answer does not come", stalls: true, dir: 1, is: airsocket.ErrHandshakeTimeout, opens: true, times: -1, client: func(o *airsocket.Options) {
		o.HandshakeTimeout = short
	}},
}

// A judged is a Server that is told by its hooks what becomes of each of its sockets.
type judged struct {
	t      *testing.T
	mu     sync.Mutex
	opened map[key]bool // false if it has closed
	failed map[key]error
	beside int // how many have opened while another one was open
}

// A key stands for a Socket, which it does not keep.
type key = weak.Pointer[airsocket.Socket]

func (j *judged) hooks() *airsocket.Hooks {
	return &airsocket.Hooks{
		Opened: func(s *airsocket.Socket) {
			k := weak.Make(s)
			j.mu.Lock()
			defer j.mu.Unlock()
			if _, again := j.opened[k]; again || j.failed[k] != nil {
				j.t.Error("a socket has opened that had opened or failed")
			}
			for _, open := range j.opened {
				j.beside += btoi(open)
			}
			j.opened[k] = true
		},
		Closed: func(s *airsocket.Socket, _ *airsocket.CloseEvent) {
			k := weak.Make(s)
			j.mu.Lock()
			defer j.mu.Unlock()
			if !j.opened[k] {
				j.t.Error("a socket has closed that was not open")
			}
			j.opened[k] = false
		},
		HandshakeFailed: func(s *airsocket.Socket, err error) {
			k := weak.Make(s)
			j.mu.Lock()
			defer j.mu.Unlock()
			if _, again := j.opened[k]; again || j.failed[k] != nil || err == nil {
				j.t.Errorf("a handshake has failed that had failed or succeeded, with %v", err)
			}
			j.failed[k] = err
		},
	}
}

// A refusing is a run of TestRefusals.
type refusing struct {
	t      *testing.T
	seed   uint64
	config *tls.Config
	counts [2]atomic.Int64 // rounds without and with a fault
}

// TestRefusals checks that a connection that is not opened, for any reason, and with any
// fault in the handshake, is reported with one error and one close event with code 1006 to
// the client, and to the server with one call of Hooks.HandshakeFailed, and that nothing is
// left of it.
func TestRefusals(t *testing.T) {
	b := &refusing{t: t, seed: drawSeed(t), config: wstest.ServerConfig(t)}
	if *single >= 0 {
		b.round(*single)
		return
	}
	n := *rounds / 2
	inParallel(t, -200, 0, b.round) // what is needed once
	before := left(t)
	inParallel(t, 0, n, b.round)
	// The Options of each round are in the heap for as long as their HandshakeTimeout, for
	// which all their sockets share a timer.
	var after rest
	wstest.Eventually(t, func() bool { after = left(t); return after.withinExceptHeap(before) }, func() string {
		return fmt.Sprintf("after %d rounds: %v, before: %v", n, after, before)
	})
	t.Logf("after %d rounds: %v, before: %v; %d without a fault, %d with one", n, after, before, b.counts[0].Load(), b.counts[1].Load())
}

// round lets one connection be refused.
func (b *refusing) round(n int) {
	r := rand.New(rand.NewPCG(b.seed, uint64(n)))
	p, way, reason := draw(r), ways[r.IntN(len(ways))], refusals[r.IntN(len(refusals))]
	if p.at = opening; r.IntN(2) == 0 {
		p.fault = none
	}
	if reason.stalls {
		if reason.without != "" && strings.HasPrefix(way, reason.without) {
			way = wstest.ByListen
		}
		p.fault, p.dir, p.after = stall, reason.dir, min(p.after, 100)
	}
	hasty := p.fault == stall || reason.hasty // somebody gives up soon, perhaps before that
	version := wire.Hixie75 + wire.Version(r.IntN(int(wire.Hybi13)))

	j := &judged{t: b.t, opened: map[key]bool{}, failed: map[key]error{}}
	opts := wstest.AnyOrigin()
	opts.Parallel, opts.Hooks = true, j.hooks()
	setTimes(opts, false)
	srv := &airsocket.Server{Options: opts}
	came := make(chan *end, 3)
	srv.OnConnect(func(s *airsocket.Socket) {
		e := newEnd(b.t, fmt.Sprintf("server%d", n))
		e.follow(s)
		came <- e
	})
	if reason.server != nil {
		reason.server(srv)
	}
	url, stop := serveUntil(b.t, srv, way, b.config)
	var occupant *end
	if reason.occupied {
		occupant = b.connect(fmt.Sprintf("occupant%d", n), url, version, nil, nil)
		wstest.Receive(b.t, occupant.opened)
		wstest.Receive(b.t, (<-came).opened)
	}

	var proxies []*proxy // one for each redirect
	client := b.connect(fmt.Sprintf("client%d", n), url, version, reason.client, func(o *airsocket.Options) {
		if reason.name == "wrong origin" {
			o.Origin = "http://evil.example"
		}
		if p.fault == stall && !reason.stalls {
			o.HandshakeTimeout, o.CloseTimeout = short, short
		}
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			x, conn, err := through(p, wstest.HostOf(url))
			if err == nil {
				proxies = append(proxies, x) // the client dials one after another
			}
			return conn, err
		}
	})
	select {
	case <-client.opened:
		client.close(clientCode)
	case <-client.closed:
	}
	wstest.Receive(b.t, client.closed)
	fired := false
	for _, x := range proxies {
		fired = x.end() || fired
	}
	if occupant != nil {
		occupant.close(clientCode)
		wstest.Receive(b.t, occupant.closed)
	}
	stop()
	if wrong := reason.judge(j, client, fired || hasty); wrong != "" {
		b.t.Errorf("-seed=%d -round=%d: %v, %s, %s; %v; fired=%v: %s\n%v\nserver: opened %v, failed %v", b.seed, n, version, way, reason.name, p, fired, wrong, client, j.opened, j.failed)
	}
	if n >= 0 {
		b.counts[btoi(fired)].Add(1)
	}
}

// connect returns a client that connects with the options that both functions set.
func (b *refusing) connect(name, url string, version wire.Version, sets ...func(*airsocket.Options)) *end {
	opts := wstest.ClientOf(version, new(airsocket.Dispatcher))
	opts.TLS = insecure
	setTimes(opts, false)
	for _, set := range sets {
		if set != nil {
			set(opts)
		}
	}
	e := newEnd(b.t, name)
	e.follow(airsocket.NewSocket(opts))
	if err := e.s.Connect(url); err != nil {
		b.t.Errorf("%s: %v", name, err)
	}
	return e
}

// judge returns what is wrong with the events of a client and of its server, or "".
func (want *refusal) judge(j *judged, client *end, fired bool) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	client.mu.Lock()
	defer client.mu.Unlock()
	open := client.opens == 1
	times := max(want.times, 0)
	if want.times == 0 {
		times = 1
	}
	opened := len(j.opened) - btoi(want.occupied)
	// A client that has given up does not wait until the server reads its request. When it
	// does, the other connection may have closed.
	late := want.passes && fired && j.beside == 0
	for _, still := range j.opened {
		if still {
			return "the server does not know that a socket has closed"
		}
	}
	switch {
	case len(client.closes) != 1 || client.opens > 1 || len(client.errs) > 1:
		return "the client has not had one close event"
	case !open && (len(client.errs) != 1 || client.closes[0].Code != airsocket.StatusAbnormalClosure || client.closes[0].WasClean):
		return "the client has not had one error, and a close event with 1006"
	case open && !want.opens:
		return "the client was accepted"
	case open && !fired && (!client.closes[0].WasClean || len(client.errs) != 0):
		return "an open connection was not closed cleanly"
	case opened > btoi(want.opens)+btoi(late):
		return "the server has accepted"
	case fired && len(j.failed) > times+1:
		return "too many handshakes have failed"
	}
	if !fired {
		if open != want.opens || opened != btoi(want.opens) || len(j.failed) != times {
			return fmt.Sprintf("want %d refusals, and open=%v", times, want.opens)
		}
		if !open && !hasStatus(client.errs[0], want.status) {
			return fmt.Sprintf("want status %d", want.status)
		}
		for _, err := range j.failed {
			if want.status != 0 && want.told != errOnPurpose && !hasStatus(err, want.status) {
				return fmt.Sprintf("the hook was not told of status %d", want.status)
			}
		}
	}
	if !fired || want.stalls {
		if want.is != nil && !open && !errors.Is(client.errs[0], want.is) {
			return fmt.Sprintf("the error is not %v", want.is)
		}
		for _, err := range j.failed {
			if want.told != nil && !errors.Is(err, want.told) {
				return fmt.Sprintf("the hook was not told of %v", want.told)
			}
		}
	}
	return ""
}

func hasStatus(err error, status int) bool {
	he, ok := errors.AsType[*handshake.Error](err)
	return ok && he.Status == status
}
