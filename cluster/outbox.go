package cluster

import "sync"

// An outbox holds what is to be passed to nats.go, whose calls can wait for the network.
type outbox struct {
	ready chan struct{} // has a value when there is something to do

	mu      sync.Mutex
	limit   int // of bytes
	sending int // bytes that are being passed on
	closed  bool
	outgoing
	spare outgoing // empty
}

// An outgoing is what an outbox holds.
type outgoing struct {
	subjects map[string]bool // whether to subscribe or unsubscribe; nil without changes
	messages []message
	data     []byte // of all messages
	bytes    int
	flushes  []chan<- struct{}
}

// A message is the subject of a message, and where it ends in the data of all.
type message struct {
	subject string
	end     int
}

func newOutbox(limit int) *outbox {
	return &outbox{ready: make(chan struct{}, 1), limit: limit}
}

func (b *outbox) wake() {
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// change subscribes to a subject, or unsubscribes. Calls for a subject alternate.
func (b *outbox) change(subject string, subscribe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, undone := b.subjects[subject]; undone {
		delete(b.subjects, subject)
	} else {
		if b.subjects == nil {
			b.subjects = make(map[string]bool)
		}
		b.subjects[subject] = subscribe
	}
	b.wake()
}

// publish adds a message: a letter and data. A message that alone exceeds the limit is added
// if there is no other.
func (b *outbox) publish(subject string, letter byte, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	size := 1 + len(data) + len(subject) + perMessage
	waiting := b.bytes + b.sending
	switch {
	case b.closed:
		return ErrDisconnected
	case waiting > 0 && waiting+size > b.limit:
		return ErrQueueFull
	}
	b.bytes += size
	b.data = append(append(b.data, letter), data...)
	b.messages = append(b.messages, message{subject, len(b.data)})
	b.wake()
	return nil
}

// flush closes done when everything that the outbox holds has been passed on.
func (b *outbox) flush(done chan<- struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushes = append(b.flushes, done)
	b.wake()
}

// close makes publish fail from now on.
func (b *outbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.wake()
}

// maxSpare is the length of the longest buffer that is kept for reuse.
const maxSpare = 64 << 10

// take returns what the outbox holds. The caller must pass it to done.
func (b *outbox) take() (o outgoing, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, b.outgoing, b.spare = b.outgoing, b.spare, outgoing{}
	b.sending = o.bytes
	return o, b.closed
}

// done makes room after o has been passed on, whose memory it reuses.
func (b *outbox) done(o outgoing) {
	clear(o.messages)
	clear(o.flushes)
	spare := outgoing{flushes: o.flushes[:0]}
	if cap(o.data) <= maxSpare {
		spare.messages, spare.data = o.messages[:0], o.data[:0]
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spare, b.sending = spare, 0
}
