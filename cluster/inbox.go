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

// sizeOf returns what m is taken to need. Its payload is a part of what has come, with the
// header.
func sizeOf(m *nats.Msg) int { return m.Size() + perMessage }

func newInbox(limit int) *inbox {
	return &inbox{ready: make(chan struct{}, 1), limit: limit}
}

// add takes a message without its header, or drops it if there are too many. A message that
// alone exceeds the limit is taken if there is no other.
func (b *inbox) add(m *nats.Msg) {
	m.Header = nil // can need many times its length
	size := sizeOf(m)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes > 0 && b.bytes+size > b.limit {
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
