package faults

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

var (
	lasting = flag.Duration("lost", 5*time.Second, "how long TestNothingLost runs")
	conns   = flag.Int("conns", 100, "how many connections TestNothingLost has at a time")
)

// ample is how long everything may take, since the machine may be busy.
const ample = 5 * time.Minute

// A losing is a run of TestNothingLost.
type losing struct {
	t    *testing.T
	seed uint64
	over chan struct{} // is closed when no further connections begin

	mu    sync.Mutex
	hosts map[string]*losingHost // by the way

	count, refused, sent, held, whole, unclean, cut atomic.Int64
}

// A losingHost is a Server that is shut down while others take its place.
type losingHost struct {
	url  string
	srv  *airsocket.Server
	done chan error // of Serve

	mu      sync.Mutex
	ends    map[string]*end
	hooked  bool // the ends of the server count what is received
	leaving bool // it is being shut down
}

// TestNothingLost checks that every message that Send accepts before Close arrives once,
// whole and in order, or that its socket reports an unclean close. An end that has called
// Close itself, or whose Server was shut down, has no handler called for what comes after
// that; half of the ends count that with a hook. Not all need come to one that calls Drop,
// or whose own close is unclean, such as after CloseTimeout.
func TestNothingLost(t *testing.T) {
	seed, config := drawSeed(t), wstest.ServerConfig(t)
	wstest.Goroutines(16 * *conns)
	loseNothing(t, seed, time.Second, config) // what is needed once
	before := left(t)
	l := loseNothing(t, seed, *lasting, config)
	const room = 256 << 10 // for tables that have grown
	var after rest
	wstest.Eventually(t, func() bool {
		after = left(t)
		return after.withinExceptHeap(before) && after.heap <= before.heap+room
	}, func() string { return fmt.Sprintf("%v, before: %v", after, before) })
	t.Logf("%d connections, %d refused; %d messages accepted, %d waited for room; directions: %d whole, %d unclean, %d to an end that left; %v, before: %v",
		l.count.Load(), l.refused.Load(), l.sent.Load(), l.held.Load(), l.whole.Load(), l.unclean.Load(), l.cut.Load(), after, before)
	if l.whole.Load() == 0 {
		t.Error("no direction has come to its end")
	}
}

// loseNothing lets connections come and go for the given time.
func loseNothing(t *testing.T, seed uint64, lasting time.Duration, config *tls.Config) *losing {
	l := &losing{t: t, seed: seed, over: make(chan struct{}), hosts: map[string]*losingHost{}}
	for _, way := range wstest.Ways {
		l.hosts[way] = l.newHost(way, config)
	}
	time.AfterFunc(lasting, func() { close(l.over) })
	var wg sync.WaitGroup
	for i := range *conns {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(l.seed, uint64(i)))
			for n := 0; !l.isOver(); n++ {
				l.converse(fmt.Sprintf("%d-%d", i, n), r)
			}
		})
	}
	wg.Go(func() { l.restart(lasting/8, config) })
	wg.Wait()
	for _, h := range l.hosts {
		l.shutdown(h)
	}
	return l
}

// restart shuts a host down from time to time, after another has taken its place.
func (l *losing) restart(every time.Duration, config *tls.Config) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
			way := wstest.Ways[n%len(wstest.Ways)]
			l.mu.Lock()
			old := l.hosts[way]
			l.hosts[way] = l.newHost(way, config)
			l.mu.Unlock()
			l.shutdown(old)
		case <-l.over:
			return
		}
	}
}

func (l *losing) isOver() bool {
	select {
	case <-l.over:
		return true
	default:
		return l.t.Failed()
	}
}

func (l *losing) newHost(way string, config *tls.Config) *losingHost {
	h := &losingHost{ends: map[string]*end{}, done: make(chan error, 1)}
	opts := wstest.AnyOrigin()
	opts.Parallel, opts.Compression, opts.DeflateStream = true, airsocket.CompressionTakeover, true
	opts.MaxBuffered, opts.FragmentSize = 256<<10, 5000
	opts.HandshakeTimeout, opts.CloseTimeout, opts.WriteTimeout = ample, ample, ample
	if h.hooked = rand.IntN(2) == 0; h.hooked { // other code runs without hooks
		opts.Hooks = &airsocket.Hooks{Received: countReceived}
	}
	h.srv = &airsocket.Server{Options: opts}
	if way == wstest.ByTLS {
		h.srv.TLSConfig = config
	}
	h.srv.OnConnect(func(s *airsocket.Socket) {
		h.mu.Lock()
		defer h.mu.Unlock()
		e := h.ends[s.Request().Target]
		if e == nil {
			return // the client has given up before
		}
		if e.follow(s); h.leaving { // it is closed as soon as it is open
			e.leaves()
		}
	})
	listener := wstest.ListenBy(l.t, way)
	h.url = wstest.Prepare(l.t, h.srv, listener, way)
	go func() { h.done <- h.srv.Serve(listener) }()
	return h
}

// shutdown shuts h down.
func (l *losing) shutdown(h *losingHost) {
	h.mu.Lock()
	h.leaving = true
	for _, e := range h.ends {
		e.leaves()
	}
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), ample)
	defer cancel()
	if err := h.srv.Shutdown(ctx); err != nil {
		l.t.Errorf("Shutdown: %v", err)
	}
	if err := <-h.done; err != airsocket.ErrServerClosed {
		l.t.Errorf("Serve: %v", err)
	}
}

// converse has one connection.
func (l *losing) converse(name string, r *rand.Rand) {
	way := wstest.Ways[r.IntN(len(wstest.Ways))]
	l.mu.Lock()
	h := l.hosts[way]
	l.mu.Unlock()
	client, server := newEnd(l.t, "client"+name), newEnd(l.t, "server"+name)
	o := &outcome{version: wire.Hixie75 + wire.Version(r.IntN(int(wire.Hybi13))), ends: [2]*end{client, server}}
	opts := wstest.ClientOf(o.version, new(airsocket.Dispatcher))
	opts.TLS = insecure
	opts.Compression = airsocket.Compression(r.IntN(3))
	opts.DeflateStream = r.IntN(4) == 0
	opts.FragmentSize = []int{0, 0, 1, 1000}[r.IntN(4)]
	opts.MaxBuffered = 64<<10 + r.IntN(1<<20)
	opts.HandshakeTimeout, opts.CloseTimeout, opts.WriteTimeout = ample, ample, ample
	server.hooked = h.hooked
	if client.hooked = r.IntN(2) == 0; client.hooked {
		opts.Hooks = &airsocket.Hooks{Received: countReceived}
	}
	client.follow(airsocket.NewSocket(opts))
	for i, e := range o.ends {
		e.pauses = r.IntN(3) == 0
		if r.IntN(2) == 0 {
			e.inTurn = l.answer(o.ends[1-i].name, []airsocket.StatusCode{clientCode, serverCode}[i])
		}
	}
	h.mu.Lock()
	h.ends["/"+name] = server
	h.mu.Unlock()
	if err := client.s.Connect(h.url + name); err != nil {
		l.t.Error(err)
		return
	}
	select {
	case <-client.opened:
		l.count.Add(1)
		l.exchange(o, r)
	case <-client.closed:
		l.refused.Add(1)
	}
	for i, e := range o.ends {
		if e.exists() {
			select {
			case <-e.closed:
			case <-time.After(ample):
				l.t.Errorf("no close event: %v, %v", way, e)
				return
			}
			defer e.forget()
			defer l.judge(o, way, i)
		}
	}
	h.mu.Lock()
	delete(h.ends, "/"+name)
	h.mu.Unlock()
}

// exchange sends messages in both directions, and ends the connection among them.
func (l *losing) exchange(o *outcome, r *rand.Rand) {
	var wg sync.WaitGroup
	client, server := o.ends[0], o.ends[1]
	life := drawPause(r, 5)
	for i, e := range o.ends {
		own := rand.New(rand.NewPCG(r.Uint64(), 0))
		wg.Go(func() {
			select {
			case <-e.opened:
				l.sendAll(e, o.ends[1-i].name, own)
			case <-client.closed:
			}
		})
	}
	select {
	case <-time.After(life): // how long a connection lasts is a part of what is tested
	case <-client.closed:
	}
	how := r.IntN(8)
	if !server.exists() {
		how = 0
	}
	switch how {
	case 0, 1, 2:
		client.close(clientCode)
	case 3, 4:
		server.close(serverCode)
	case 5:
		go server.close(serverCode)
		client.close(clientCode)
	case 6:
		client.drop(clientCode)
	case 7:
		server.drop(serverCode)
	}
	wg.Wait()
}

// drawPause returns a time of up to n milliseconds for each connection: the more there are,
// the less each of them sends, so that the machine can keep up. Under more load than that
// everything takes long, and the times that end connections would be what is tested.
func drawPause(r *rand.Rand, n int) time.Duration {
	return time.Duration(r.IntN(n**conns+1)) * time.Millisecond
}

// sendAll sends messages until that is not possible any more.
func (l *losing) sendAll(e *end, receiver string, r *rand.Rand) {
	for {
		length := []int{0, r.IntN(10), r.IntN(200), r.IntN(5000), r.IntN(70_000), r.IntN(200_000)}[r.IntN(6)]
		err := l.sendOne(e, receiver, length, r)
		switch {
		case err == nil:
			l.sent.Add(1)
		case errors.Is(err, airsocket.ErrBufferFull):
			l.held.Add(1)
			time.Sleep(time.Millisecond) // until there may be room again
			continue
		case errors.Is(err, airsocket.ErrClosed):
			return
		default:
			l.t.Errorf("%s: %v", e.name, err)
			return
		}
		if r.IntN(4) == 0 {
			time.Sleep(drawPause(r, 4)) // pauses are a part of what is tested
		}
	}
}

// answer returns a function that sends messages in the turn in which one has come, and may
// close in the same turn.
func (l *losing) answer(receiver string, code airsocket.StatusCode) func(*end) {
	return func(e *end) {
		if rand.IntN(10) > 0 || !e.sending.TryLock() { // others send, and may wait for room
			return
		}
		defer e.sending.Unlock()
		r := rand.New(rand.NewPCG(rand.Uint64(), 0))
		for range 1 + r.IntN(3) {
			if e.sendBy(e.s.SendMessage, receiver, r.IntN(3000), r) == nil {
				l.sent.Add(1)
			}
		}
		if r.IntN(20) == 0 {
			e.close(code)
		}
	}
}

// sendOne sends a message, perhaps in parts.
func (l *losing) sendOne(e *end, receiver string, length int, r *rand.Rand) error {
	if e.s.Version() < wire.Hybi06 || r.IntN(4) > 0 {
		return e.send(receiver, length, r)
	}
	e.sending.Lock()
	defer e.sending.Unlock()
	return e.sendBy(func(kind wire.Kind, data []byte) error {
		for {
			n := min(len(data), 1+r.IntN(20_000))
			err := e.s.SendPart(kind, data[:n], n == len(data))
			switch {
			case errors.Is(err, airsocket.ErrBufferFull):
				time.Sleep(time.Millisecond) // until there may be room again
				continue
			case err != nil:
				return err
			}
			if data = data[n:]; len(data) == 0 {
				return nil
			}
		}
	}, receiver, length, r)
}

// judge checks what has come to the end on side i.
func (l *losing) judge(o *outcome, way string, i int) {
	to, from := o.ends[i], o.ends[1-i]
	if wrong := o.lost(i); wrong != "" {
		l.t.Errorf("%v, %s: %s\n%v\n%v", o.version, way, wrong, from, to)
	}
	for _, e := range o.ends {
		e.mu.Lock()
		if e.opens > 0 && len(e.closes) != 1 || len(e.errs) > 1 {
			l.t.Errorf("%s: %d close and %d error events", e.name, len(e.closes), len(e.errs))
		}
		e.mu.Unlock()
	}
	switch text := from.String(); {
	case to.byClose || to.byDrop:
		l.cut.Add(1)
	case strings.Contains(text, "clean=true"):
		l.whole.Add(1)
	default:
		l.unclean.Add(1)
	}
}
