package faults

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
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
	rounds = flag.Int("rounds", 1000, "how many connections TestFaults breaks")
	seed   = flag.Uint64("seed", 0, "repeats a run of TestFaults, or of TestNothingLost; 0 draws one")
	single = flag.Int("round", -1, "the only round of TestFaults that runs, if it is not negative")
)

// drawSeed returns the seed of the flag, or another one.
func drawSeed(t *testing.T) uint64 {
	s := cmp.Or(*seed, rand.Uint64())
	t.Logf("-seed=%d", s)
	return s
}

// setTimes sets all times so long that those that are left at the end of a round are noticed,
// or, if hasty, those by which an end must give up so short that this happens soon.
func setTimes(opts *airsocket.Options, hasty bool) {
	const long = time.Hour
	opts.HandshakeTimeout, opts.CloseTimeout = long, long
	opts.PingInterval, opts.PongTimeout, opts.WriteTimeout, opts.IdleTimeout, opts.MessageTimeout = long, long, long, long, long
	if hasty {
		opts.HandshakeTimeout, opts.CloseTimeout = short, short
	}
}

// short is the time after which an end gives up in the rounds in which that has to happen.
const short = 200 * time.Millisecond

// A host is a Server that finds out to which round a connection belongs.
type host struct {
	url           string
	opens, closes atomic.Int64 // what the hooks tell
	mu            sync.Mutex
	ends          map[string]*end // by the path
}

func newHost(t *testing.T, way string, hasty bool) *host {
	h := &host{ends: map[string]*end{}}
	opts := wstest.AnyOrigin()
	opts.Parallel = true
	opts.Compression = airsocket.CompressionTakeover
	setTimes(opts, hasty)
	opts.Hooks = &airsocket.Hooks{
		Opened: func(*airsocket.Socket) { h.opens.Add(1) },
		Closed: func(*airsocket.Socket, *airsocket.CloseEvent) { h.closes.Add(1) },
	}
	srv := &airsocket.Server{Options: opts}
	srv.OnConnect(func(s *airsocket.Socket) {
		h.mu.Lock()
		e := h.ends[s.Request().Target]
		h.mu.Unlock()
		e.follow(s)
	})
	h.url = serve(t, srv, way)
	return h
}

// A breaking has the hosts of TestFaults, and counts.
type breaking struct {
	t     *testing.T
	seed  uint64
	hosts map[string][2]*host // by the way; the second is hasty

	mu    sync.Mutex
	fired map[string]int
	ends  []*end
}

// TestFaults checks that a connection that breaks at any moment ends with exactly one close
// event at each end, which says what has happened, and that nothing is left of it.
func TestFaults(t *testing.T) {
	b := &breaking{t: t, seed: drawSeed(t), hosts: map[string][2]*host{}, fired: map[string]int{}}
	for _, way := range ways {
		b.hosts[way] = [2]*host{newHost(t, way, false), newHost(t, way, true)}
	}
	if *single >= 0 {
		b.round(*single, true)
		return
	}
	quietly := func(n int) { b.round(n, false) }
	wstest.Goroutines(16 * parallel)
	inParallel(t, -500, 0, quietly) // what is needed once
	b.wantOnce()
	before := left(t)
	inParallel(t, 0, *rounds, quietly)
	b.wantOnce()
	var after rest
	wstest.Eventually(t, func() bool { after = left(t); return after.within(before) }, func() string {
		return fmt.Sprintf("after %d rounds: %v, before: %v", *rounds, after, before)
	})
	t.Logf("after %d rounds: %v, before: %v; faults: %v", *rounds, after, before, b.fired)
}

// parallel is how many rounds run at the same time.
const parallel = 16

// inParallel does the rounds from first up to last.
func inParallel(t *testing.T, first, last int, round func(int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	next.Store(int64(first))
	for range parallel {
		wg.Go(func() {
			for n := int(next.Add(1)) - 1; n < last && !t.Failed(); n = int(next.Add(1)) - 1 {
				round(n)
			}
		})
	}
	wg.Wait()
}

// wantOnce checks that no event has come after the last one, and forgets the ends.
func (b *breaking) wantOnce() {
	for _, e := range b.ends {
		if e.exists() {
			wstest.Receive(b.t, e.closed)
		}
		e.mu.Lock()
		if len(e.closes) > 1 || len(e.errs) > 1 || e.opens > 1 {
			b.t.Errorf("%s: %d open, %d error and %d close events", e.name, e.opens, len(e.errs), len(e.closes))
		}
		e.mu.Unlock()
	}
	b.ends = nil
	for way, hosts := range b.hosts {
		for _, h := range hosts {
			h.ends = map[string]*end{} // a map that is cleared keeps its memory
			wstest.Eventually(b.t, func() bool { return h.opens.Load() == h.closes.Load() }, func() string {
				return fmt.Sprintf("%s: the hooks tell of %d that opened, and %d that closed", way, h.opens.Load(), h.closes.Load())
			})
		}
	}
}

// through returns a client's Dial to a server, with a proxy between them.
func through(p plan, server string) (*proxy, net.Conn, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	near, err := l.Accept()
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	far, err := net.Dial("tcp", server)
	if err != nil {
		client.Close()
		near.Close()
		return nil, nil, err
	}
	return newProxy(p, near.(*net.TCPConn), far.(*net.TCPConn)), client, nil
}

// round breaks a connection.
func (b *breaking) round(n int, verbose bool) {
	r := rand.New(rand.NewPCG(b.seed, uint64(n)))
	p, way := draw(r), ways[r.IntN(len(ways))]
	o := &outcome{plan: p, version: wire.Hixie75 + wire.Version(r.IntN(int(wire.Hybi13))), hasty: p.fault == stall}
	h := b.hosts[way][btoi(o.hasty)]
	o.secure = isSecure(way)
	client, server := newEnd(b.t, fmt.Sprintf("client%d", n)), newEnd(b.t, fmt.Sprintf("server%d", n))
	o.ends = [2]*end{client, server}
	path := fmt.Sprintf("/%d", n)
	h.mu.Lock()
	h.ends[path] = server
	h.mu.Unlock()
	x, conn, err := through(p, wstest.HostOf(h.url))
	if err != nil {
		b.t.Errorf("round %d: %v", n, err)
		return
	}
	opts := wstest.ClientOf(o.version, new(airsocket.Dispatcher))
	opts.Dial = wstest.DialTo(conn)
	opts.TLS = insecure
	opts.Compression = airsocket.Compression(r.IntN(3))
	opts.DeflateStream = r.IntN(4) == 0
	setTimes(opts, o.hasty)
	client.follow(airsocket.NewSocket(opts))
	if err := client.s.Connect(strings.TrimSuffix(h.url, "/") + path); err != nil {
		b.t.Fatalf("round %d: %v", n, err)
	}
	b.converse(o, x, r)
	for i, e := range o.ends {
		if i == 1 && !e.exists() {
			continue
		}
		select {
		case <-e.closed:
		case <-time.After(2 * wstest.Patience):
			b.t.Errorf("round %d: no close event", n)
		}
	}
	x.mu.Lock()
	o.passed = x.passed // only now, since what one end has sent may pass after its close event
	x.mu.Unlock()
	o.fired = x.end()
	b.judge(n, way, o, verbose)
}

// judge lets the model judge the outcome of round n.
func (b *breaking) judge(n int, way string, o *outcome, verbose bool) {
	var wrong []string
	for i, e := range o.ends {
		if !e.exists() || !e.isClosed() { // the request has not come, or only now
			continue
		}
		for _, w := range []string{o.check(i), o.lost(i)} {
			if w != "" {
				wrong = append(wrong, e.name+": "+w)
			}
		}
	}
	if wrong != nil || verbose {
		text := fmt.Sprintf("-seed=%d -round=%d: %v, %s; %v; fired=%v before=%v closers=%v drops=%v passed=%v\n%v\n%v\n%s",
			b.seed, n, o.version, way, o.plan, o.fired, o.before, o.closers, o.drops, o.passed, o.ends[0], o.ends[1], strings.Join(wrong, "\n"))
		if b.t.Log(text); wrong != nil {
			b.t.Fail()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.fired {
		b.fired[o.fault.String()]++
	}
	b.ends = append(b.ends, o.ends[0], o.ends[1])
}

// converse lets the ends open, exchange messages and close.
func (b *breaking) converse(o *outcome, x *proxy, r *rand.Rand) {
	client, server := o.ends[0], o.ends[1]
	counts := [2]int{r.IntN(4), r.IntN(4)}
	lengths := []int{0, 1, r.IntN(130), r.IntN(3000), r.IntN(100_000)}
	how := r.IntN(6)
	both := func(which func(*end) chan struct{}) bool {
		for _, e := range o.ends {
			select {
			case <-which(e):
			case <-x.broke:
				return false
			case <-client.closed:
				return false
			case <-server.closed:
				return false
			case <-time.After(2 * wstest.Patience):
				b.t.Error(e, ": nothing has happened")
				return false
			}
		}
		return true
	}
	if !both(func(e *end) chan struct{} { return e.opened }) {
		b.breaks(o, x)
		return
	}
	x.enter(messages)
	client.expect(counts[1])
	server.expect(counts[0])
	for i, e := range o.ends {
		for range counts[i] {
			if e.send(o.ends[1-i].name, lengths[r.IntN(len(lengths))], r) != nil {
				break
			}
		}
	}
	if !both(func(e *end) chan struct{} { return e.whole }) {
		b.breaks(o, x)
		return
	}
	x.enter(closing)
	select {
	case <-x.broke:
		b.breaks(o, x)
		return
	default:
	}
	switch how {
	case 0:
		o.closers = [2]bool{true, true}
		go client.close(clientCode)
		server.close(serverCode)
	case 1:
		o.drops[0] = true
		client.drop(clientCode)
	case 2:
		o.drops[1] = true
		server.drop(serverCode)
	case 3, 4:
		o.closers[0] = true
		client.close(clientCode)
	case 5:
		o.closers[1] = true
		server.close(serverCode)
	}
	b.settle(o, x)
}

// breaks is for a connection that has broken before anybody has closed it.
func (b *breaking) breaks(o *outcome, x *proxy) {
	o.before = true
	if client := o.ends[0]; o.fault == stall {
		select { // it may open although the connection is stalled
		case <-client.opened:
		case <-client.closed:
		}
		if client.s.ReadyState() == airsocket.StateOpen {
			o.closers[0] = true
			client.close(clientCode)
		}
	}
	b.settle(o, x)
}

// settle waits for the end of the connection. What a stall holds up for ever is ended when
// one of the ends has given up; a close would reset what the other one has not read.
func (b *breaking) settle(o *outcome, x *proxy) {
	client, server := o.ends[0], o.ends[1]
	select {
	case <-client.closed:
	case <-server.closed:
	case <-time.After(2 * wstest.Patience):
		b.t.Errorf("nothing has ended: %v; %v", client, server)
	}
	if o.fault == stall {
		x.letGo()
	}
	<-client.closed
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
