package dial

import (
	"container/list"
	"context"
	"errors"
	"net"
	"sync"
	"syscall"

	"github.com/airsocket/airsocket/internal/bubble"
)

// A Queue lets one connection at a time be opened to an address (RFC 6455, section 4.1).
// The zero value is ready for use, by several goroutines at the same time.
type Queue struct {
	mu    sync.Mutex
	lines map[target]*list.List // of the *waiter of those that wait for their turn
}

// A target is an address, as a bubble of testing/synctest sees it: one bubble cannot wake
// the goroutines of another.
type target struct {
	bubble  uint64
	address string
}

// A waiter is in a line, or has left it because it is its turn.
type waiter struct {
	target
	turn    chan struct{} // closed when it is
	element *list.Element // nil if it was at once
}

// join takes the next place in the line for t, and does not wait.
func (q *Queue) join(t target) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := &waiter{target: t, turn: make(chan struct{})}
	if line := q.lines[t]; line != nil {
		w.element = line.PushBack(w)
		return w
	}
	if q.lines == nil {
		q.lines = make(map[target]*list.List)
	}
	q.lines[t] = list.New()
	close(w.turn)
	return w
}

// wait waits until it is the turn of w, who then calls leave. It returns the error of ctx if
// that is done before.
func (q *Queue) wait(ctx context.Context, w *waiter) error {
	select {
	case <-w.turn: // then dialing reports what ctx says
		return nil
	default:
	}
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
		q.quit(w)
		return ctx.Err()
	}
}

// enter waits until nobody else opens a connection to t.
func (q *Queue) enter(ctx context.Context, t target) error { return q.wait(ctx, q.join(t)) }

// quit removes w, who has not called wait, or whose wait has failed.
func (q *Queue) quit(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-w.turn:
		q.leaveLocked(w.target)
	default:
		q.lines[w.target].Remove(w.element)
	}
}

// leave lets the next one open its connection to t.
func (q *Queue) leave(t target) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leaveLocked(t)
}

func (q *Queue) leaveLocked(t target) {
	line := q.lines[t]
	if next := line.Front(); next != nil {
		close(line.Remove(next).(*waiter).turn)
		return
	}
	delete(q.lines, t)
}

// place returns the place of one attempt.
func (q *Queue) place() *place { return &place{queue: q, held: make(map[string]target)} }

// A place is what an attempt holds in a Queue. A net.Dialer tries the addresses of a name of
// each family in turn, and both families at the same time (RFC 8305), so there is at most one
// address for each network. Who holds one goes on without waiting for another, so that no two
// attempts wait for each other. A nil place waits for nothing.
type place struct {
	queue *Queue
	mu    sync.Mutex
	early *waiter           // has joined a line before anything was dialed; or nil
	held  map[string]target // by network, "" for a name
	over  bool              // the connection is made, open, or given up
}

// errOver is returned to a net.Dialer that has another connection already.
var errOver = errors.New("dial: another address was faster")

// dial is net.Dialer.DialContext, but waits for each address.
func (p *place) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	if p == nil || p.isTaken() {
		return d.DialContext(ctx, network, address)
	}
	d.ControlContext = func(ctx context.Context, network, address string, _ syscall.RawConn) error {
		return p.take(ctx, network, address)
	}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		p.leave("")
	} else {
		p.leave(conn.RemoteAddr().String())
	}
	return conn, err
}

// isTaken reports whether p holds a name.
func (p *place) isTaken() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held) > 0
}

// take waits until a connection to address may be opened. The address before it on the same
// network has failed.
func (p *place) take(ctx context.Context, network, address string) error {
	p.mu.Lock()
	if before, ok := p.held[network]; ok {
		delete(p.held, network)
		p.queue.leave(before)
	}
	t := target{bubble.ID(), address}
	w := p.early
	p.early = nil
	p.mu.Unlock()
	var err error
	if w != nil && w.target == t {
		err = p.queue.wait(ctx, w)
	} else {
		if w != nil {
			p.queue.quit(w)
		}
		err = p.queue.enter(ctx, t)
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		p.queue.leave(t)
		return errOver
	}
	p.held[network] = t
	return nil
}

// leave gives up all addresses but one, and lets no others be taken.
func (p *place) leave(but string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if p.early != nil {
		p.queue.quit(p.early)
		p.early = nil
	}
	for network, t := range p.held {
		if t.address != but {
			delete(p.held, network)
			p.queue.leave(t)
		}
	}
}
