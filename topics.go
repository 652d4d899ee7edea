package airsocket

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/airsocket/airsocket/wire"
)

// topics holds the topics of a Server that have subscribers.
type topics struct {
	mu     sync.Mutex // guards the rest, and the subscriptions of the Server's sockets
	byName map[string]*topic
	spare  []*Socket // for the next list of subscribers
}

// A topic is a name under which messages are published.
type topic struct {
	name        string
	subscribers []subscriber
	failed      error // of Backplane.Subscribe
}

// A subscriber is a Socket, with the index of the topic in its list.
type subscriber struct {
	socket *Socket
	at     int32
}

// subscriptions holds what a Socket has subscribed to.
type subscriptions struct {
	topics []subscription
	index  map[*topic]int32 // of topics; nil while they are few
}

// A subscription is a topic, with the index of the Socket among its subscribers.
type subscription struct {
	topic *topic
	at    int32
}

// manyTopics is the number of subscriptions of a Socket from which on they are indexed.
const manyTopics = 16

// find returns the index of t, or -1.
func (s *subscriptions) find(t *topic) int {
	if s.index != nil {
		if i, ok := s.index[t]; ok {
			return int(i)
		}
		return -1
	}
	return slices.IndexFunc(s.topics, func(sub subscription) bool { return sub.topic == t })
}

// setIndex records that t is at i.
func (s *subscriptions) setIndex(t *topic, i int) {
	switch {
	case s.index != nil:
		s.index[t] = int32(i)
	case len(s.topics) > manyTopics:
		s.index = make(map[*topic]int32, 2*manyTopics)
		for i, sub := range s.topics {
			s.index[sub.topic] = int32(i)
		}
	}
}

// add makes s a subscriber of a topic. It reports whether the topic is new.
func (ts *topics) add(s *Socket, name string) (t *topic, isNew bool) {
	x := s.makeExtra()
	t = ts.byName[name]
	if t == nil {
		if ts.byName == nil {
			ts.byName = make(map[string]*topic)
		}
		t = &topic{name: strings.Clone(name)} // which may be a part of a long message
		ts.byName[t.name] = t
	} else if x.find(t) >= 0 {
		return t, false
	}
	t.subscribers = append(t.subscribers, subscriber{s, int32(len(x.topics))})
	x.topics = append(x.topics, subscription{t, int32(len(t.subscribers) - 1)})
	x.setIndex(t, len(x.topics)-1)
	return t, len(t.subscribers) == 1
}

// remove ends the subscription of s with index i. It reports whether the topic has no
// subscribers left.
func (ts *topics) remove(s *Socket, i int) (empty bool) {
	x := s.extra.Load()
	sub := x.topics[i]
	t := sub.topic

	// The last of each list takes the place of the one that goes.
	last := len(t.subscribers) - 1
	moved := t.subscribers[last]
	t.subscribers[sub.at] = moved
	moved.socket.extra.Load().topics[moved.at].at = sub.at
	t.subscribers[last] = subscriber{}
	t.subscribers = shrunk(t.subscribers[:last])

	end := len(x.topics) - 1
	if i != end {
		other := x.topics[end]
		x.topics[i] = other
		other.topic.subscribers[other.at].at = int32(i)
		x.setIndex(other.topic, i)
	}
	x.topics[end] = subscription{}
	x.topics = shrunk(x.topics[:end])
	delete(x.index, t)
	if end < manyTopics/2 {
		x.index = nil
	}
	if last == 0 {
		delete(ts.byName, t.name)
	}
	return last == 0
}

// minShrunk is the capacity up to which lists are not worth shrinking.
const minShrunk = 64

// shrunk returns list, in less memory if it fills only a quarter of what it has.
func shrunk[E any](list []E) []E {
	if cap(list) <= minShrunk || len(list) > cap(list)/4 {
		return list
	}
	return append(make([]E, 0, cap(list)/2), list...)
}

// subscribersOf returns the sockets that have subscribed to a topic, but for one, which
// may be nil. The caller must pass the result to giveBack.
func (ts *topics) subscribersOf(name string, except *Socket) []*Socket {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.byName[name]
	if t == nil {
		return nil
	}
	list := slices.Grow(ts.spare[:0], len(t.subscribers))
	ts.spare = nil
	for _, sub := range t.subscribers {
		if sub.socket != except {
			list = append(list, sub.socket)
		}
	}
	return list
}

// maxSpare is the length of the longest list that is kept for reuse.
const maxSpare = 1 << 16

func (ts *topics) giveBack(list []*Socket) {
	if cap(list) == 0 || cap(list) > maxSpare {
		return
	}
	clear(list)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.spare = list
}

// Subscribe makes the Socket a subscriber of a topic: it is sent what is published under
// this name, by [Server.Publish] or [Socket.Publish], until Unsubscribe is called or the
// connection ends, after the close event. Names are compared as they are. Subscribing
// twice has no effect.
//
// Subscribe returns [ErrInvalidState] on a Socket that no Server has accepted, and
// [ErrClosed] if the Socket is closed. If it returns an error of Server.Backplane, the
// Socket is a subscriber, but of what is published in this process only.
func (s *Socket) Subscribe(topic string) error {
	srv := s.server
	if srv == nil {
		return noServer("Subscribe")
	}
	b, failed := srv.startBackplane()
	ts := &srv.topics
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if s.ReadyState() == StateClosed { // leave may have been called
		return ErrClosed
	}
	t, isNew := ts.add(s, topic)
	if b == nil {
		return failed
	}
	if isNew {
		t.failed = b.Subscribe(topic)
	}
	return t.failed
}

// Unsubscribe undoes Subscribe. It reports whether the Socket was a subscriber.
func (s *Socket) Unsubscribe(topic string) bool {
	srv, x := s.server, s.extra.Load()
	if srv == nil || x == nil {
		return false
	}
	ts := &srv.topics
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.byName[topic]
	if t == nil {
		return false
	}
	i := x.find(t)
	if i < 0 {
		return false
	}
	if b, _ := srv.startBackplane(); ts.remove(s, i) && b != nil {
		b.Unsubscribe(topic)
	}
	return true
}

// Topics returns the names of the topics to which the Socket has subscribed, in no
// particular order.
func (s *Socket) Topics() []string {
	srv, x := s.server, s.extra.Load()
	if srv == nil || x == nil {
		return nil
	}
	srv.topics.mu.Lock()
	defer srv.topics.mu.Unlock()
	var names []string
	for _, sub := range x.topics {
		names = append(names, sub.topic.name)
	}
	return names
}

// Publish sends a message to all other subscribers of a topic; see [Server.Publish]. It
// returns [ErrInvalidState] on a Socket that no Server has accepted. The Socket need not
// be a subscriber.
func (s *Socket) Publish(topic string, kind wire.Kind, data []byte) (skipped int, err error) {
	if s.server == nil {
		return 0, noServer("Publish")
	}
	return s.server.publish(topic, kind, data, s)
}

func noServer(call string) error {
	return &stateError{call, "no Server has accepted the socket"}
}

// Publish sends a message to all subscribers of a topic, as [Socket.Subscribe] describes
// them. The message is encoded only once, as with [Prepare], whose errors Publish returns.
// It returns how many sockets were left out because they cannot take more, of
// [ErrBufferFull] for example; see CloseSlow. What one goroutine publishes arrives at each
// subscriber in the same order.
//
// With a Backplane the message also goes to the subscribers of other Servers, which are
// not counted. If that fails, Publish returns the error, and the subscribers of this
// Server have got the message nevertheless.
func (srv *Server) Publish(topic string, kind wire.Kind, data []byte) (skipped int, err error) {
	return srv.publish(topic, kind, data, nil)
}

func (srv *Server) publish(topic string, kind wire.Kind, data []byte, except *Socket) (skipped int, err error) {
	p, err := Prepare(kind, data)
	if err != nil {
		return 0, err
	}
	b, err := srv.startBackplane()
	skipped = srv.deliver(topic, p, except)
	if b != nil {
		err = b.Publish(topic, kind, data)
	}
	return skipped, err
}

// deliver sends p to the subscribers of a topic.
func (srv *Server) deliver(topic string, p *Prepared, except *Socket) (skipped int) {
	all := srv.topics.subscribersOf(topic, except)
	defer srv.topics.giveBack(all)
	for _, s := range all {
		if srv.sendTo(s, p) {
			skipped++
		}
	}
	return skipped
}

// sendTo sends p to one of many sockets. It reports whether the socket was left out
// because it cannot take more.
func (srv *Server) sendTo(s *Socket, p *Prepared) (skipped bool) {
	err := s.SendPrepared(p)
	isFull := errors.Is(err, ErrBufferFull)
	if isFull && srv.CloseSlow {
		s.Drop(StatusPolicyViolation, "too slow")
	}
	return isFull || errors.Is(err, wire.ErrPartOrder)
}

// leave gives up everything that the Server has of s.
func (srv *Server) leave(s *Socket) {
	srv.unsubscribeAll(s)
	srv.sockets.remove(s) // last, as Shutdown waits for that
}

func (srv *Server) unsubscribeAll(s *Socket) {
	x := s.extra.Load()
	if x == nil {
		return
	}
	ts := &srv.topics
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for i := len(x.topics) - 1; i >= 0; i-- {
		name := x.topics[i].topic.name
		// Subscribe has started the Backplane.
		if b, _ := srv.startBackplane(); ts.remove(s, i) && b != nil {
			b.Unsubscribe(name)
		}
	}
	x.subscriptions = subscriptions{}
}
