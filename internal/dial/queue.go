package dial

import (
	"container/list"
	"context"
	"net"
	"net/netip"
	"sync"

	"github.com/airsocket/airsocket/internal/bubble"
)

// A Queue lets one connection at a time be opened to an address (RFC 6455, section 4.1).
// The zero value is ready for use, by several goroutines at the same time.
//
// An attempt is in two lines: first in that for the host and port of its URL, in the order of
// Attempt.Join, and then in that for each IP address while it is dialed. Nobody waits with a
// turn that does not go on meanwhile: whoever has his turn at an address dials it, and leaves
// when that fails, and whoever has his turn at a name waits only for addresses. So no two
// attempts wait for each other.
type Queue struct {
	mu    sync.Mutex
	lines map[target]*list.List // of the *waiter of those that wait for their turn
}

// A target is a host and port, as a bubble of testing/synctest sees it: one bubble cannot wake
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

// join takes the next place in the line for address, and does not wait. Whoever has joined
// calls quit at the end, whether it has had its turn or not.
func (q *Queue) join(address string) *waiter {
	t := target{bubble.ID(), address}
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

// wait waits until it is the turn of w, or returns the error of ctx if that is done before.
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
		return ctx.Err()
	}
}

// enter waits until nobody else opens a connection to address. If there is no error, call
// quit at the end.
func (q *Queue) enter(ctx context.Context, address string) (*waiter, error) {
	w := q.join(address)
	if err := q.wait(ctx, w); err != nil {
		q.quit(w)
		return nil, err
	}
	return w, nil
}

// quit removes w from its line. If it has its turn, the next one has it then.
func (q *Queue) quit(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	line := q.lines[w.target]
	select {
	case <-w.turn:
	default:
		line.Remove(w.element)
		return
	}
	if next := line.Front(); next != nil {
		close(line.Remove(next).(*waiter).turn)
		return
	}
	delete(q.lines, w.target)
}

// A system is what an Attempt with a Queue asks for IP addresses, and for connections to them.
type system struct {
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}
