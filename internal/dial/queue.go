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
	lines map[target]*list.List // of the chan struct{} of those that wait for their turn
}

// A target is an address, as a bubble of testing/synctest sees it: one bubble cannot wake
// the goroutines of another.
type target struct {
	bubble  uint64
	address string
}

// enter waits until nobody else opens a connection to t. It returns the error of ctx if that
// is done before.
func (q *Queue) enter(ctx context.Context, t target) error {
	q.mu.Lock()
	line := q.lines[t]
	if line == nil {
		if q.lines == nil {
			q.lines = make(map[target]*list.List)
		}
		q.lines[t] = list.New()
		q.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	waiter := line.PushBack(turn)
	q.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-turn: // at the last moment
		q.leaveLocked(t)
	default:
		line.Remove(waiter)
	}
	return ctx.Err()
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
		close(line.Remove(next).(chan struct{}))
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
	p.mu.Unlock()
	t := target{bubble.ID(), address}
	if err := p.queue.enter(ctx, t); err != nil {
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
	for network, t := range p.held {
		if t.address != but {
			delete(p.held, network)
			p.queue.leave(t)
		}
	}
}
