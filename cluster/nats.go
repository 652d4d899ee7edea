package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

var (
	// ErrDisconnected is returned by Publish while there is no connection to NATS. Only
	// subscribers in this process have got the message, and it is not sent later.
	ErrDisconnected = errors.New("cluster: there is no connection to NATS; only this process has got the message")

	// ErrQueueFull is returned by Publish if NATS does not take messages as fast as they
	// are published, and more than 8 MiB would wait. Only subscribers in this process have got the message.
	ErrQueueFull = errors.New("cluster: NATS does not take messages fast enough; only this process has got the message")
)

const (
	maxSending   = 8 << 20  // bytes that Publish has accepted and nats.go has not taken yet
	maxReceiving = 64 << 20 // bytes that have come and are not delivered yet

	// maxArriving is the number of messages that nats.go may receive before they are moved
	// to the inbox, for which a goroutine only has to be scheduled.
	maxArriving = 64 << 10
)

// NATS is an [airsocket.Backplane] on a connection to NATS, for one Server. See the package
// documentation for what it promises.
type NATS struct {
	prefix   string
	conn     *nats.Conn
	arriving chan *nats.Msg
	in       *inbox
	out      *outbox
	state    atomic.Int32
	limit    atomic.Int64 // length of the longest payload, in bytes
	unsent   atomic.Uint64
	started  atomic.Bool
	closed   chan struct{}

	mu      sync.Mutex // guards the rest
	subs    map[string]*nats.Subscription
	dropped uint64 // of subscriptions that have ended
}

// The states of a connection.
const (
	unknown int32 = iota // no handler has been called yet
	connected
	disconnected
)

var _ airsocket.Backplane = (*NATS)(nil)

// Connect connects to NATS. url is the URL of a server, or of several, separated by commas.
// Processes share their topics if they are connected to the same NATS servers, or the same
// cluster of them, with the same name. It begins the subjects, and consists of up to 256
// ASCII letters, digits, and the characters -_/:@, with dots between words.
//
// The options are those of nats.go, for example for TLS and authentication. Without
// options Connect returns an error if no server can be reached; with
// nats.RetryOnFailedConnect(true) it goes on trying. Connect sets nats.MaxReconnects(-1),
// nats.IgnoreAuthErrorAbort, and nats.PingInterval to 20 seconds, which options can
// override, and nats.NoEcho and nats.ReconnectBufSize(-1), which they cannot.
func Connect(url, name string, opts ...nats.Option) (*NATS, error) {
	return connect(url, name, maxReceiving, maxSending, opts)
}

func connect(url, name string, receiving, sending int, opts []nats.Option) (*NATS, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	n := &NATS{
		prefix:   name + ".",
		arriving: make(chan *nats.Msg, maxArriving),
		in:       newInbox(receiving),
		out:      newOutbox(sending),
		closed:   make(chan struct{}),
		subs:     make(map[string]*nats.Subscription),
	}
	all := append([]nats.Option{nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.PingInterval(20 * time.Second)}, opts...)
	conn, err := nats.Connect(url, append(all, n.observe)...)
	if err != nil {
		return nil, fmt.Errorf("cluster: connecting to NATS: %w", err)
	}
	n.conn = conn
	if conn.IsConnected() {
		n.limit.CompareAndSwap(0, conn.MaxPayload())
		n.state.CompareAndSwap(unknown, connected)
	}
	go n.send()
	return n, nil
}

// observe sets the options that Connect needs. Methods of a nats.Conn can wait for the
// network, so its state is followed by handlers, which nats.go calls in order.
func (n *NATS) observe(o *nats.Options) error {
	o.NoEcho = true
	o.ReconnectBufSize = -1 // messages would be sent late
	up := func(next nats.ConnHandler) nats.ConnHandler {
		return func(conn *nats.Conn) {
			n.limit.Store(conn.MaxPayload())
			n.state.Store(connected)
			if next != nil {
				next(conn)
			}
		}
	}
	o.ConnectedCB, o.ReconnectedCB = up(o.ConnectedCB), up(o.ReconnectedCB)
	lost, old := o.DisconnectedErrCB, o.DisconnectedCB
	o.DisconnectedErrCB = func(conn *nats.Conn, err error) {
		n.state.Store(disconnected)
		switch {
		case lost != nil:
			lost(conn, err)
		case old != nil: // nats.go calls only one
			old(conn)
		}
	}
	return nil
}

// Start implements [airsocket.Backplane]. It returns an error if it is called twice: each
// Server needs a NATS of its own.
func (n *NATS) Start(deliver func(topic string, kind wire.Kind, data []byte)) error {
	if n.started.Swap(true) {
		return errors.New("cluster: a Server has this NATS already; call Connect once for each Server")
	}
	go n.receive()
	go n.deliver(deliver)
	return nil
}

// Subscribe implements [airsocket.Backplane]. It returns ErrTopicTooLong or nil. The
// subscription stands soon after it has returned, or when there is a connection; see Flush.
func (n *NATS) Subscribe(topic string) error {
	subject, err := subjectOf(n.prefix, topic)
	if err == nil {
		n.out.change(subject, true)
	}
	return err
}

// Unsubscribe implements [airsocket.Backplane].
func (n *NATS) Unsubscribe(topic string) {
	if subject, err := subjectOf(n.prefix, topic); err == nil {
		n.out.change(subject, false)
	}
}

// Publish implements [airsocket.Backplane]. The errors, of which each means that the message
// does not go out, are ErrDisconnected, also after Close, ErrQueueFull, ErrTopicTooLong, and
// nats.ErrMaxPayload if the message is longer than the NATS server allows.
func (n *NATS) Publish(topic string, kind wire.Kind, data []byte) error {
	subject, err := subjectOf(n.prefix, topic)
	if err != nil {
		return err
	}
	if n.state.Load() != connected {
		return ErrDisconnected
	}
	if most := n.limit.Load(); int64(len(data)) >= most {
		return fmt.Errorf("cluster: a message of %d bytes is too long for the NATS server, whose max_payload is %d: %w", len(data), most, nats.ErrMaxPayload)
	}
	letter := byte('T')
	if kind == wire.Binary {
		letter = 'B'
	}
	return n.out.publish(subject, letter, data)
}

// send passes on what is in the outbox, until Close is called.
func (n *NATS) send() {
	defer close(n.closed)
	defer n.conn.Close()
	for range n.out.ready {
		o, closed := n.out.take()
		for subject, subscribe := range o.subjects {
			n.change(subject, subscribe)
		}
		start := 0
		for _, m := range o.messages {
			if n.conn.Publish(m.subject, o.data[start:m.end]) != nil {
				n.unsent.Add(1)
			}
			start = m.end
		}
		for _, flushed := range o.flushes {
			close(flushed)
		}
		if closed {
			return
		}
		n.out.done(o)
	}
}

// change subscribes to a subject, or unsubscribes. It does not hold the lock while nats.go
// may wait for the network.
func (n *NATS) change(subject string, subscribe bool) {
	if sub := n.forget(subject); sub != nil {
		sub.Unsubscribe()
	}
	if !subscribe {
		return
	}
	if sub, err := n.conn.ChanSubscribe(subject, n.arriving); err == nil { // else it is closed
		n.mu.Lock()
		defer n.mu.Unlock()
		n.subs[subject] = sub
	}
}

// forget removes the subscription to a subject from those that Stats asks, and returns it,
// or nil if there is none.
func (n *NATS) forget(subject string) *nats.Subscription {
	n.mu.Lock()
	defer n.mu.Unlock()
	sub := n.subs[subject]
	if sub != nil {
		n.dropped += droppedBy(sub)
		delete(n.subs, subject)
	}
	return sub
}

// droppedBy returns how many messages of a subscription did not fit into the channel.
func droppedBy(sub *nats.Subscription) uint64 {
	count, err := sub.Dropped()
	if err != nil {
		return 0
	}
	return uint64(count)
}

// receive moves what arrives to the inbox.
func (n *NATS) receive() {
	for {
		select {
		case m := <-n.arriving:
			n.in.add(m)
		case <-n.closed:
			return
		}
	}
}

// deliver delivers what is in the inbox.
func (n *NATS) deliver(deliver func(topic string, kind wire.Kind, data []byte)) {
	var list []*nats.Msg
	for {
		select {
		case <-n.in.ready:
		case <-n.closed:
			return
		}
		list = n.in.take(list)
		for _, m := range list {
			if topic, ok := topicOf(n.prefix, m.Subject); ok && len(m.Data) > 0 {
				switch m.Data[0] {
				case 'T':
					deliver(topic, wire.Text, m.Data[1:])
				case 'B':
					deliver(topic, wire.Binary, m.Data[1:])
				}
			}
			n.in.delivered(m)
		}
		clear(list)
	}
}

// Flush returns when the NATS server has processed everything that was subscribed to and
// published before the call. From then on what is published elsewhere arrives here, if all
// are connected to the same server. Flush returns ErrDisconnected if there is no connection,
// or it ends meanwhile, and ctx.Err() if ctx ends or a minute has passed.
func (n *NATS) Flush(ctx context.Context) error {
	if n.state.Load() != connected {
		return ErrDisconnected
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	done := make(chan struct{})
	n.out.flush(done)
	select {
	case <-done:
	case <-n.closed:
		return ErrDisconnected
	case <-ctx.Done():
		return ctx.Err()
	}
	flushed := make(chan error, 1)
	go func() { flushed <- n.conn.FlushWithContext(ctx) }() // waits for a write, whatever ctx says
	select {
	case err := <-flushed:
		if errors.Is(err, nats.ErrConnectionClosed) { // or broken
			return ErrDisconnected
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close sends what has been published and closes the connection. Call it after
// Server.Shutdown. If NATS takes nothing, it waits as long as nats.FlusherTimeout says.
func (n *NATS) Close() {
	n.out.close()
	<-n.closed
}

// Stats says how many messages have been lost.
type Stats struct {
	// Dropped counts the messages that have come, and were dropped because more than
	// 64 MiB would have waited to be delivered to the sockets, or 65,536 messages came at
	// once.
	Dropped uint64

	// Unsent counts the messages that did not go out though Publish has returned nil,
	// because the connection broke just then.
	Unsent uint64
}

// Stats returns how many messages have been lost, as far as this process knows. It takes
// time in proportion to the number of topics.
func (n *NATS) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := Stats{Dropped: n.dropped + n.in.countDropped(), Unsent: n.unsent.Load()}
	for _, sub := range n.subs {
		s.Dropped += droppedBy(sub)
	}
	return s
}
