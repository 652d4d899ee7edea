package cluster

import (
	"sync"

	"github.com/nats-io/nats.go"
)

// An inbox holds messages that have come and are not delivered yet. nats.go limits only
// their number, so they are moved here at once, where their length is limited too.
type inbox struct {
	ready chan struct{} // has a value when there are messages

	mu      sync.Mutex
	limit   int // of bytes
	bytes   int // of messages, and of those that are being delivered
	dropped uint64
	waiting []*nats.Msg
}

// perMessage is what a message is taken to need besides its payload and subject.
const perMessage = 128

func sizeOf(m *nats.Msg) int { return len(m.Data) + len(m.Subject) + perMessage }

func newInbox(limit int) *inbox {
	return &inbox{ready: make(chan struct{}, 1), limit: limit}
}

// add takes a message, or drops it if there are too many.
func (b *inbox) add(m *nats.Msg) {
	b.mu.Lock()
	defer b.mu.Unlock()
	size := sizeOf(m)
	if b.bytes+size > b.limit {
		b.dropped++
		return
	}
	b.bytes += size
	b.waiting = append(b.waiting, m)
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// take returns the messages that wait. It keeps list, whose messages have been delivered,
// for those to come.
func (b *inbox) take(list []*nats.Msg) []*nats.Msg {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, b.waiting = b.waiting, list[:0]
	return list
}

// delivered makes room after m has been delivered.
func (b *inbox) delivered(m *nats.Msg) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes -= sizeOf(m)
}

func (b *inbox) countDropped() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}
