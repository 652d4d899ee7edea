package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A stop is what ends the attempts of a client with Options.Reconnect.
type stop int

const (
	closeInOpen stop = iota
	closeInMessage
	closeInError
	closeInClose
	dropInClose
	preventInClose
	closeMeanwhile // from another goroutine, while an attempt begins
	dropMeanwhile
	closeInWait // before the next attempt
	serverCloses
	serverRefuses
	stops
)

func (s stop) String() string {
	return [...]string{"Close in open", "Close in message", "Close in error", "Close in close", "Drop in close", "PreventDefault",
		"Close meanwhile", "Drop meanwhile", "Close in the wait", "the server closes with 1000", "the server refuses"}[s]
}

// A returning is a client whose connections break, and which connects again.
type returning struct {
	s       *airsocket.Socket
	d       *airsocket.Dispatcher
	stop    stop
	after   int32 // attempts that may break
	dials   atomic.Int32
	stopped atomic.Bool // after Close or Drop has returned
	dropped atomic.Bool // Drop is called

	mu      sync.Mutex
	plans   *rand.Rand
	proxies []*proxy
	events  []string
	wrong   []string

	// What follows belongs to the handlers.
	opens        int
	open, failed bool // the events of this attempt
	over         bool // the last close event has come
}

// note records an event, and what is wrong with it unless right is true.
func (c *returning) note(right bool, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if c.events = append(c.events, text); !right {
		c.wrong = append(c.wrong, fmt.Sprintf("event %d: %s", len(c.events), text))
	}
}

// isLast reports whether the attempt that has begun is one that does not break by itself.
func (c *returning) isLast() bool { return c.dials.Load() > c.after }

// ends stops the attempts, if that is how it is to be done, and it is time.
func (c *returning) ends(in stop, by func(airsocket.StatusCode, string) error) {
	if c.stop != in || !c.isLast() {
		return
	}
	c.dropped.Store(in == dropMeanwhile)
	if err := by(clientCode, ""); err != nil {
		c.note(false, "%v: %v", in, err)
	}
	c.stopped.Store(true)
}

// dial is the Options.Dial of c.
func (c *returning) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	if c.stopped.Load() && ctx.Err() == nil {
		c.note(false, "an attempt after Close")
	}
	n := c.dials.Add(1)
	c.mu.Lock()
	p := draw(c.plans)
	c.mu.Unlock()
	if n > c.after {
		if p.fault = none; c.stop == closeInError {
			p.fault, p.at, p.after = reset, messages, 0
		}
		go c.ends(closeMeanwhile, c.s.Close)
		go c.ends(dropMeanwhile, c.s.Drop)
	}
	x, conn, err := through(p, addr)
	if err == nil {
		c.mu.Lock()
		c.proxies = append(c.proxies, x)
		c.mu.Unlock()
	}
	return conn, err
}

// enter begins a phase of the connection that there is.
func (c *returning) enter(now phase) {
	c.mu.Lock()
	x := c.proxies[len(c.proxies)-1]
	c.mu.Unlock()
	x.enter(now)
}

// follow sets the handlers.
func (c *returning) follow() {
	c.s.OnOpen(func(*airsocket.OpenEvent) {
		c.note(!c.open && !c.failed && !c.over && c.s.Reconnects() == c.opens, "open %d", c.s.Reconnects())
		c.open = true
		c.opens++
		c.enter(messages)
		c.s.Send("hello")
		c.ends(closeInOpen, c.s.Close)
	})
	c.s.OnMessage(func(e *airsocket.MessageEvent) {
		c.note(c.open && !c.failed && !c.over && e.Text() == "hello", "message %.10q", e.Text())
		c.enter(closing)
		c.ends(closeInMessage, c.s.Close)
		c.s.Send("close") // has the server close
	})
	c.s.OnError(func(e *airsocket.ErrorEvent) {
		c.note(!c.failed && !c.over, "error %v", e.Err)
		c.failed = true
		c.ends(closeInError, c.s.Close)
	})
	c.s.OnClose(func(e *airsocket.CloseEvent) {
		final := e.WasClean && e.Code == airsocket.StatusNormalClosure
		c.note(!c.over && (c.open || c.failed) && (e.WasClean == !c.failed || c.dropped.Load()) && !(final && e.WillReconnect),
			"close %d %v, again %v", e.Code, e.WasClean, e.WillReconnect)
		c.open, c.failed = false, false
		c.over = !e.WillReconnect
		if !e.WillReconnect || !c.isLast() {
			return
		}
		switch c.stop {
		case preventInClose:
			e.PreventDefault()
			c.stopped.Store(true)
			c.over = true
		case closeInClose, dropInClose:
			by := c.s.Close
			if c.stop == dropInClose {
				by = c.s.Drop
			}
			c.ends(c.stop, by)
			c.over = true
		case closeInWait:
			c.d.Post(func() { c.ends(closeInWait, c.s.Close) }) // after the attempt has been planned
		}
	})
}

// A returns is a run of TestReconnectUnderFaults.
type returns struct {
	t        *testing.T
	seed     uint64
	hosts    map[string]string // the URLs, by the way
	attempts atomic.Int64
}

// TestReconnectUnderFaults checks that a client that connects again, whatever happens to its
// connections, has one open event at most for each attempt, then one error event at most, and
// one close event, which says whether another attempt follows; that none begins after Close
// or Drop, after PreventDefault, after a close with 1000 and after a refusal; and that
// nothing is left of it.
func TestReconnectUnderFaults(t *testing.T) {
	b := &returns{t: t, seed: drawSeed(t), hosts: map[string]string{}}
	for _, way := range ways {
		opts := wstest.AnyOrigin()
		opts.Parallel = true
		setTimes(opts, false)
		srv := &airsocket.Server{Options: opts}
		srv.OnRequest(func(r *airsocket.Request) {
			if strings.HasSuffix(r.Target, "last") {
				r.Reject(403, "no")
				return
			}
			r.Accept("")
		})
		srv.OnConnect(func(s *airsocket.Socket) {
			codes := []airsocket.StatusCode{1001, 1011, 4001}
			if strings.HasSuffix(s.Request().Target, "1000") {
				codes = []airsocket.StatusCode{1000}
			}
			s.OnMessage(func(e *airsocket.MessageEvent) {
				if e.Text() == "close" {
					s.Close(codes[rand.IntN(len(codes))], "")
					return
				}
				s.Send(e.Text())
			})
			count(s)
		})
		b.hosts[way] = serve(t, srv, way)
	}
	if *single >= 0 {
		b.round(*single)
		return
	}
	n := *rounds / 4
	wstest.Goroutines(16 * parallel)
	inParallel(t, -200, 0, b.round) // what is needed once
	before := left(t)
	b.attempts.Store(0)
	inParallel(t, 0, n, b.round)
	var after rest
	wstest.Eventually(t, func() bool { after = left(t); return after.within(before) }, func() string {
		return fmt.Sprintf("after %d rounds: %v, before: %v", n, after, before)
	})
	t.Logf("after %d rounds with %d attempts: %v, before: %v", n, b.attempts.Load(), after, before)
}

// round is one client.
func (b *returns) round(n int) {
	r := rand.New(rand.NewPCG(b.seed, uint64(n)))
	way, version := ways[r.IntN(len(ways))], wire.Hixie75+wire.Version(r.IntN(int(wire.Hybi13)))
	c := &returning{d: new(airsocket.Dispatcher), plans: r, stop: stop(r.IntN(int(stops))), after: int32(r.IntN(5))}
	if c.stop == serverCloses && version < wire.Hybi06 {
		c.stop = closeInMessage // there are no codes
	}
	opts := wstest.ClientOf(version, c.d)
	opts.TLS, opts.Dial = insecure, c.dial
	setTimes(opts, true)
	opts.HandshakeTimeout, opts.IdleTimeout = time.Second, time.Second // for stalls
	opts.Reconnect = &airsocket.Reconnect{Min: time.Millisecond, Max: 3 * time.Millisecond, Renew: func(_ context.Context, s *airsocket.Socket) (string, http.Header, error) {
		url := b.hosts[way] + fmt.Sprint(n)
		switch {
		case c.dials.Load() < c.after:
		case c.stop == serverCloses:
			url += "-1000"
		case c.stop == serverRefuses:
			url += "-last"
		}
		return url, nil, nil
	}}
	c.s = airsocket.NewSocket(opts)
	count(c.s)
	c.follow()
	if c.after == 0 && (c.stop == serverCloses || c.stop == serverRefuses) {
		c.after = 1 // Renew is not called for the first attempt
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.d.Run(func() {
			if err := c.s.Connect(b.hosts[way] + fmt.Sprint(n)); err != nil {
				b.t.Error(err)
			}
		})
	}()
	select {
	case <-done: // nothing follows any more
	case <-time.After(3 * wstest.Patience):
		c.note(false, "no end")
	}
	c.mu.Lock()
	proxies := c.proxies
	c.mu.Unlock()
	for _, x := range proxies {
		x.end()
	}
	b.attempts.Add(int64(c.dials.Load()))
	c.mu.Lock()
	defer c.mu.Unlock()
	if st := c.s.ReadyState(); st != airsocket.StateClosed || len(c.wrong) == 0 && (c.open || c.failed || !c.over) {
		c.wrong = append(c.wrong, fmt.Sprintf("the end: state %d", st))
	}
	if c.wrong != nil {
		b.t.Errorf("-seed=%d -round=%d: %v, %s, %v after %d: %s\n%s", b.seed, n, version, way, c.stop, c.after, strings.Join(c.wrong, "; "), strings.Join(c.events, "\n"))
	}
}
