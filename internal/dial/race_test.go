//go:build !js

package dial

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// An internet is a network in a bubble: names with addresses, each of which takes its time to
// answer a handshake, or to refuse.
type internet struct {
	t       *testing.T
	names   map[string][]netip.Addr
	lookup  time.Duration // how long it takes
	refuses map[string]time.Duration
	answers map[string]time.Duration // where there is neither, nothing ever comes

	mu      sync.Mutex
	opening map[string]bool // by address
	asked   []string        // addresses, in the order in which they were dialed
}

func newInternet(t *testing.T) *internet {
	return &internet{t: t, names: map[string][]netip.Addr{}, refuses: map[string]time.Duration{}, answers: map[string]time.Duration{}, opening: map[string]bool{}}
}

func (n *internet) name(name string, ips ...string) {
	for _, ip := range ips {
		a := netip.MustParseAddr(ip)
		if len(n.names)%2 == 0 {
			a = netip.AddrFrom16(a.As16()) // as some resolvers do with IPv4
		}
		n.names[name] = append(n.names[name], a)
	}
}

func (n *internet) system() *system {
	return &system{
		lookup: func(ctx context.Context, _, name string) ([]netip.Addr, error) {
			if err := pass(ctx, n.lookup); err != nil {
				return nil, err
			}
			if ips := n.names[name]; ips != nil {
				return ips, nil
			}
			return nil, &net.DNSError{Name: name, IsNotFound: true}
		},
		dial: n.dial,
	}
}

// pass waits until time has passed or ctx is done.
func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A refusal is the address that has refused.
type refusal string

func (r refusal) Error() string { return string(r) + " has refused" }

func (n *internet) dial(ctx context.Context, network, address string) (net.Conn, error) {
	address = canonical(address)
	n.mu.Lock()
	if n.opening[address] {
		n.t.Errorf("two connections are being opened to %s at the same time", address)
	}
	n.opening[address] = true
	n.asked = append(n.asked, address)
	n.mu.Unlock()
	err := error(refusal(address))
	if d, ok := n.refuses[address]; ok {
		pass(ctx, d)
	} else if d, ok = n.answers[address]; ok {
		err = pass(ctx, d)
	} else {
		<-ctx.Done()
		err = ctx.Err()
	}
	if err != nil {
		n.over(address)
		return nil, err
	}
	return &openingConn{Conn: new(net.TCPConn), over: sync.OnceFunc(func() { n.over(address) }), address: address}, nil
}

func (n *internet) over(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.opening, address)
}

// An openingConn is a connection on which the handshake is not yet complete. Nothing can be
// done with it but that.
type openingConn struct {
	net.Conn
	over    func()
	address string
}

func (c *openingConn) SetDeadline(time.Time) error { return nil }
func (c *openingConn) Write(p []byte) (int, error) { return len(p), nil }
func (c *openingConn) Close() error                { c.over(); return nil }

// attempt has an Attempt join the queue, and returns a function that connects.
func (n *internet) attempt(q *Queue, url string) (*Attempt, func(ctx context.Context) (*openingConn, error)) {
	a, err := New(Config{Queue: q, system: n.system()}, url, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	a.Join()
	return a, func(ctx context.Context) (*openingConn, error) {
		conn, err := a.Request(ctx)
		if err != nil {
			return nil, err
		}
		return conn.(*openingConn), nil
	}
}

// ended ends a handshake.
func ended(a *Attempt, conn *openingConn) {
	conn.over()
	a.Release()
}

// RFC 6455, section 4.1: two names have the same addresses of two families, in another order,
// and the first ones refuse. Each attempt goes on to the address of the other.
func TestRaceOfTwoFamiliesThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newInternet(t)
		n.name("a.example", "192.0.2.1", "2001:db8::1", "192.0.2.2")
		n.name("b.example", "2001:db8::1", "192.0.2.1")
		n.refuses["192.0.2.1:80"], n.refuses["[2001:db8::1]:80"] = time.Second, time.Second
		n.refuses["192.0.2.2:80"] = 0
		var q Queue
		var all sync.WaitGroup
		start := time.Now()
		for name, first := range map[string]refusal{"a": "192.0.2.1:80", "b": "[2001:db8::1]:80"} {
			_, connect := n.attempt(&q, "ws://"+name+".example/")
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				if _, err := connect(ctx); err != first {
					t.Errorf("%s: %v, want what %s says", name, err, first)
				}
			})
		}
		all.Wait()
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("all has failed after %v", d)
		}
		q.isEmpty(t)
	})
}

// As with a net.Dialer, an address that does not answer holds up the other family for a
// moment, and the first connection is the one.
func TestRaceOfTwoFamilies(t *testing.T) {
	for _, c := range []struct {
		v6, v4 time.Duration // 0 if nothing ever comes
		want   string
		after  time.Duration
	}{
		{time.Second / 10, time.Second / 10, "[2001:db8::1]:80", time.Second / 10},
		{0, time.Second / 10, "192.0.2.1:80", headStart + time.Second/10},
		{time.Second, time.Second / 10, "192.0.2.1:80", headStart + time.Second/10},
		{headStart + time.Second/2, time.Second, "[2001:db8::1]:80", headStart + time.Second/2},
		{time.Second, time.Second - headStart, "", time.Second}, // at the same time
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newInternet(t)
			n.name("a.example", "2001:db8::1", "192.0.2.1")
			for address, d := range map[string]time.Duration{"[2001:db8::1]:80": c.v6, "192.0.2.1:80": c.v4} {
				if d > 0 {
					n.answers[address] = d
				}
			}
			var q Queue
			a, connect := n.attempt(&q, "ws://a.example/")
			start := time.Now()
			conn, err := connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start); d != c.after || c.want != "" && conn.address != c.want {
				t.Errorf("%v: after %v there is a connection to %s", c, d, conn.address)
			}
			ended(a, conn)
			a.unwatch()
			if len(n.opening) > 0 {
				t.Errorf("%v is not closed", n.opening)
			}
			q.isEmpty(t)
		})
	}
}

// A name whose addresses do not answer holds up nobody else, and each of its addresses has a
// share of the time.
func TestRaceOfSlowAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newInternet(t)
		n.name("slow.example", "192.0.2.1", "192.0.2.2", "192.0.2.3")
		n.name("fast.example", "192.0.2.4")
		n.answers["192.0.2.3:80"], n.answers["192.0.2.4:80"] = 0, 0
		var q Queue
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		slow, connect := n.attempt(&q, "ws://slow.example/")
		done := make(chan *openingConn)
		go func() {
			conn, err := connect(ctx)
			if err != nil {
				t.Error(err)
			}
			done <- conn
		}()
		synctest.Wait()
		start := time.Now()
		a, connectFast := n.attempt(&q, "ws://fast.example/")
		conn, err := connectFast(ctx)
		if err != nil || time.Since(start) > 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ended(a, conn)
		if conn := <-done; conn.address != "192.0.2.3:80" {
			t.Errorf("the connection is to %s", conn.address)
		} else {
			ended(slow, conn)
		}
		if d := time.Since(start); d != 20*time.Second {
			t.Errorf("two addresses took %v", d)
		}
		a.unwatch()
		slow.unwatch()
		q.isEmpty(t)
	})
}

// RFC 6455, section 4.1: attempts to a name get there in the order of Join, whatever the order
// of their goroutines is, and wait for those that have another name for the address, or have
// it in the URL.
func TestRaceInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newInternet(t)
		n.lookup = time.Second
		n.name("a.example", "192.0.2.1")
		n.name("alias.example", "192.0.2.1")
		n.answers["192.0.2.1:80"] = time.Second
		var q Queue
		type begun struct {
			i       int
			connect func(context.Context) (*openingConn, error)
			*Attempt
		}
		var attempts []begun
		urls := []string{"ws://a.example/", "ws://alias.example/", "ws://[::ffff:192.0.2.1]/", "ws://192.0.2.1:80/"}
		for i := range 40 {
			a, connect := n.attempt(&q, urls[i%4])
			attempts = append(attempts, begun{i, connect, a})
		}
		slices.Reverse(attempts) // the goroutines come in another order
		got := map[int][]int{}
		var all sync.WaitGroup
		for _, b := range attempts {
			all.Go(func() {
				conn, err := b.connect(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Second) // of the bubble
				got[min(b.i%4, 2)] = append(got[min(b.i%4, 2)], b.i)
				b.unwatch()
				ended(b.Attempt, conn)
			})
			synctest.Wait()
		}
		all.Wait()
		for _, list := range got {
			if !slices.IsSorted(list) {
				t.Errorf("opened in the order %v", list)
			}
		}
		if len(n.asked) != len(attempts) {
			t.Errorf("%d addresses were dialed", len(n.asked))
		}
		q.isEmpty(t)
	})
}

// Whoever gives up in line is gone at once, wherever it waits.
func TestRaceGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newInternet(t)
		n.name("a.example", "192.0.2.1")
		n.name("alias.example", "192.0.2.1")
		n.answers["192.0.2.1:80"] = 0
		var q Queue
		first, connect := n.attempt(&q, "ws://a.example/")
		conn, err := connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, url := range []string{"ws://a.example/", "ws://alias.example/", "ws://192.0.2.1/", "ws://unknown.example/"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("given up")
			_, connect := n.attempt(&q, url)
			done := make(chan error)
			go func() { _, err := connect(ctx); done <- err }()
			synctest.Wait()
			cancel(cause)
			start := time.Now()
			if err := <-done; err != cause && url != "ws://unknown.example/" || time.Since(start) > 0 {
				t.Errorf("%s: %v after %v", url, err, time.Since(start))
			}
			q.mu.Lock()
			for at, line := range q.lines {
				if line.Len() > 0 || at.address != "192.0.2.1:80" && at.address != "a.example:80" {
					t.Errorf("%s: %v still has %d in line", url, at, line.Len())
				}
			}
			q.mu.Unlock()
		}
		first.unwatch()
		ended(first, conn)
		q.isEmpty(t)
	})
}

// Ten thousand attempts to names that share addresses, many of which fail or give up: no
// address has two at the same time, all come to an end, and nothing is left of them.
func TestRacesAtRandom(t *testing.T) {
	const attempts = 10_000
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		n := newInternet(t)
		n.lookup = time.Millisecond
		var ips, urls []string
		for i := range 6 {
			ips = append(ips, fmt.Sprintf("192.0.2.%d", i), fmt.Sprintf("2001:db8::%d", i))
		}
		for _, ip := range ips {
			address := net.JoinHostPort(ip, "80")
			switch random.IntN(3) {
			case 0:
				n.refuses[address] = time.Duration(random.IntN(5)) * time.Millisecond
			case 1:
				n.answers[address] = time.Duration(random.IntN(5)) * time.Millisecond
			}
			urls = append(urls, "ws://"+address+"/")
		}
		for i := range 20 {
			name := fmt.Sprintf("n%d.example", i)
			random.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
			n.name(name, ips[:1+random.IntN(4)]...)
			urls = append(urls, "ws://"+name+"/", "ws://"+name+"/") // names more often
		}
		urls = append(urls, "ws://unknown.example/")
		var q Queue
		var all sync.WaitGroup
		opened := 0
		for range attempts {
			a, connect := n.attempt(&q, urls[random.IntN(len(urls))])
			within := time.Duration(random.IntN(10_000)) * time.Millisecond
			takes := time.Duration(random.IntN(3)) * time.Millisecond
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), within)
				defer cancel()
				start := time.Now()
				conn, err := connect(ctx)
				if late := time.Since(start) - within; late > 0 {
					t.Errorf("an attempt has ended %v too late", late)
				}
				if err != nil {
					return
				}
				time.Sleep(takes) // the handshake, which still has its turn
				a.unwatch()
				ended(a, conn)
				n.mu.Lock()
				opened++
				n.mu.Unlock()
			})
			time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond) // so that attempts overlap in many ways
		}
		all.Wait()
		synctest.Wait()
		if opened < attempts/10 || opened > attempts*9/10 {
			t.Errorf("%d of %d attempts have succeeded, which tests little", opened, attempts)
		}
		if len(n.opening) > 0 {
			t.Errorf("%v are still being opened", n.opening)
		}
		q.isEmpty(t)
	})
}
