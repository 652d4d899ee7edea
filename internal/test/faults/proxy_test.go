package faults

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// A direction is one of the two of a connection: 0 leads to the server, and 1 to the client.
type direction int

func (d direction) String() string { return [...]string{"up", "down"}[d] }

// A phase is a part of a round.
type phase int

const (
	opening phase = iota
	messages
	closing
	phases
)

func (p phase) String() string { return [...]string{"opening", "messages", "closing"}[p] }

// A fault is what a proxy does to a connection.
type fault int

const (
	none      fault = iota
	halfClose       // ends one direction, and lets the other go on
	reset           // resets both ends
	resetOne        // resets the end to which the direction leads, and closes the other
	closeBoth       // closes both ends
	stall           // moves nothing more in one direction
	faults
)

func (f fault) String() string {
	return [...]string{"none", "half-close", "reset", "reset of one", "close", "stall"}[f]
}

// A plan says what a proxy does.
type plan struct {
	chunk [2]int // how many bytes are written at once, in each direction; 0 means all
	delay [2]time.Duration
	fault fault
	at    phase
	dir   direction
	after int // bytes of the phase that pass before the fault
}

func (p plan) String() string {
	return fmt.Sprintf("%v after %d bytes %v in %v, chunks %v, delays %v", p.fault, p.after, p.dir, p.at, p.chunk, p.delay)
}

// draw returns a plan.
func draw(r *rand.Rand) plan {
	p := plan{fault: fault(r.IntN(int(faults))), at: phase(r.IntN(int(phases))), dir: direction(r.IntN(2))}
	for d := range p.chunk {
		p.chunk[d] = []int{0, 0, 1, 1 + r.IntN(20), 1 + r.IntN(2000)}[r.IntN(5)]
		if r.IntN(4) == 0 {
			p.delay[d] = time.Duration(r.IntN(2000)) * time.Microsecond
		}
	}
	p.after = []int{0, r.IntN(16), r.IntN(200), r.IntN(4000)}[r.IntN(4)]
	return p
}

// A proxy moves the bytes of one connection.
type proxy struct {
	plan
	ends [2]*net.TCPConn // the client's, and the server's

	mu     sync.Mutex
	now    phase
	passed [2]int        // in this phase
	fired  bool          // the fault has happened
	broke  chan struct{} // is closed then
	over   bool
	wg     sync.WaitGroup
}

func newProxy(p plan, client, server *net.TCPConn) *proxy {
	x := &proxy{plan: p, ends: [2]*net.TCPConn{client, server}, broke: make(chan struct{})}
	x.enter(opening)
	for d := range x.ends {
		x.wg.Go(func() { x.pump(direction(d)) })
	}
	return x
}

// enter begins a phase.
func (x *proxy) enter(now phase) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now, x.passed = now, [2]int{}
	x.fireIfDue()
}

// fireIfDue breaks the connection if that is due. The caller holds x.mu.
func (x *proxy) fireIfDue() {
	if x.fault == none || x.fired || x.over || x.now != x.at || x.passed[x.dir] < x.after {
		return
	}
	x.fired = true
	close(x.broke)
	to, from := x.ends[1-x.dir], x.ends[x.dir]
	switch x.fault {
	case halfClose:
		to.CloseWrite()
	case reset:
		to.SetLinger(0)
		from.SetLinger(0)
		to.Close()
		from.Close()
	case resetOne:
		to.SetLinger(0)
		to.Close()
		from.Close()
	case closeBoth:
		to.Close()
		from.Close()
	}
}

// next returns how many of n bytes may be written now in direction d, or less than 0 if
// nothing of it goes anywhere any more. They are counted before they are written, because the
// next phase may begin, or an end may close, as soon as they have arrived.
func (x *proxy) next(d direction, n int) int {
	if c := x.chunk[d]; c > 0 {
		n = min(n, c)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.fired && (x.fault != halfClose && x.fault != stall || d == x.dir):
		return -1
	case x.fault != none && !x.fired && x.now == x.at && d == x.dir:
		n = min(n, x.after-x.passed[d])
	}
	x.passed[d] += n
	return n
}

// wrote is called when what next has returned is written in direction d.
func (x *proxy) wrote(d direction) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if d == x.dir {
		x.fireIfDue()
	}
}

// pump moves the bytes in direction d until that has ended.
func (x *proxy) pump(d direction) {
	from, to := x.ends[d], x.ends[1-d]
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			k := x.next(d, len(rest))
			if k < 0 { // the end that sends is not held up, except by a stall
				if x.fault == halfClose {
					io.Copy(io.Discard, from)
				}
				return
			}
			if delay := x.delay[d]; delay > 0 && (x.chunk[d] == 0 || x.chunk[d] > 100) {
				time.Sleep(delay) // this is the fault, not a way to wait for something
			}
			if _, err := to.Write(rest[:k]); err != nil {
				io.Copy(io.Discard, from) // what comes in the other direction may still be read
				return
			}
			rest = rest[k:]
			x.wrote(d)
		}
		if err != nil {
			x.ended(to)
			return
		}
	}
}

// ended passes on the end of a direction, unless a fault has ended both in its own way.
func (x *proxy) ended(to *net.TCPConn) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.fired || x.fault == halfClose || x.fault == stall {
		to.CloseWrite()
	}
}

// letGo ends both directions, after what has been written.
func (x *proxy) letGo() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	for _, c := range x.ends {
		c.CloseWrite()
	}
}

// hangUp closes both ends.
func (x *proxy) hangUp() {
	x.mu.Lock()
	x.over = true
	x.mu.Unlock()
	for _, c := range x.ends {
		c.Close()
	}
}

// end hangs up and waits until nothing is left of x. It reports whether the fault has
// happened.
func (x *proxy) end() bool {
	x.hangUp()
	x.wg.Wait()
	return x.fired
}
