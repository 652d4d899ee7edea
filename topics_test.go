package airsocket_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A topicServer is a Server whose sockets do what messages of the forms "+topic", "-topic"
// and "topic:text" say: they subscribe, unsubscribe, and publish to the others. It answers
// the first two with the names of the topics.
type topicServer struct {
	*airsocket.Server
	t       *testing.T
	url     string
	sockets chan *airsocket.Socket
	closed  chan []string // the topics of a socket in its close event
}

func newTopicServer(t *testing.T, srv *airsocket.Server) *topicServer {
	if srv.Options == nil {
		srv.Options = new(airsocket.Options)
	}
	srv.Options.Dispatcher = new(airsocket.Dispatcher)
	ts := &topicServer{srv, t, "", make(chan *airsocket.Socket, 100), make(chan []string, 100)}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			topic, text, publish := strings.Cut(e.Text(), ":")
			switch {
			case publish:
				if _, err := s.Publish(topic, wire.Text, []byte(text)); err != nil {
					t.Error(err)
				}
				return
			case topic[0] == '+':
				if err := s.Subscribe(topic[1:]); err != nil {
					t.Error(err)
				}
			case topic[0] == '-':
				s.Unsubscribe(topic[1:])
			}
			names := s.Topics()
			slices.Sort(names)
			s.Send(fmt.Sprint(names))
		})
		s.OnClose(func(*airsocket.CloseEvent) { ts.closed <- s.Topics() })
		ts.sockets <- s
	})
	ts.url = wstest.Serve(t, srv)
	return ts
}

// join connects a client that subscribes to topics.
func (ts *topicServer) join(topics ...string) (*wstest.RawPeer, *airsocket.Socket) {
	ts.t.Helper()
	p := wstest.ConnectRaw(ts.t, ts.url)
	for i, topic := range topics {
		p.Send(wstest.OpText, "+"+topic)
		sorted := slices.Sorted(slices.Values(topics[:i+1]))
		p.Want(wstest.OpText, fmt.Sprint(sorted))
	}
	return p, <-ts.sockets
}

// TestPublish checks who gets what is published.
func TestPublish(t *testing.T) {
	ts := newTopicServer(t, new(airsocket.Server))
	a, _ := ts.join("red", "blue")
	b, _ := ts.join("blue")
	c, s := ts.join()
	a.Send(wstest.OpText, "+red") // again
	a.Want(wstest.OpText, "[blue red]")
	for _, topic := range []string{"red", "blue", "green"} {
		if skipped, err := ts.Publish(topic, wire.Text, []byte("1 "+topic)); skipped != 0 || err != nil {
			t.Error(skipped, err)
		}
	}
	a.Want(wstest.OpText, "1 red")
	a.Want(wstest.OpText, "1 blue")
	b.Want(wstest.OpText, "1 blue")
	a.Send(wstest.OpText, "blue:2") // to all but itself
	b.Want(wstest.OpText, "2")
	b.Send(wstest.OpText, "blue:3")
	a.Want(wstest.OpText, "3")
	c.Send(wstest.OpText, "red:4") // no subscriber itself
	a.Want(wstest.OpText, "4")
	a.Send(wstest.OpText, "-red")
	a.Want(wstest.OpText, "[blue]")
	ts.Publish("red", wire.Text, []byte("5"))
	if s.Unsubscribe("blue") {
		t.Error("Unsubscribe has returned true for no subscriber")
	}
	if err := s.Subscribe("blue"); err != nil {
		t.Error(err)
	}
	ts.Publish("blue", wire.Binary, []byte("6"))
	for _, p := range []*wstest.RawPeer{a, b, c} {
		p.Want(wstest.OpBinary, "6")
	}
	for _, err := range []error{
		func() error { _, err := ts.Publish("red", wire.Ping, nil); return err }(),
		func() error { _, err := ts.Publish("none", wire.Text, []byte{255}); return err }(),
	} {
		if err == nil {
			t.Error("no error for a message that cannot be sent")
		}
	}
}

// TestSubscriptionsEnd checks that a socket that closes is no subscriber any more, and can
// tell in its close event where it was.
func TestSubscriptionsEnd(t *testing.T) {
	plane := new(fakePlane)
	ts := newTopicServer(t, &airsocket.Server{Backplane: plane})
	a, s := ts.join("red", "blue")
	b, _ := ts.join("blue")
	plane.want(t, "+red", "+blue")
	a.Close()
	if names := <-ts.closed; len(names) != 2 {
		t.Errorf("in the close event the topics are %v", names)
	}
	b.Send(wstest.OpText, "-none")
	b.Want(wstest.OpText, "[blue]")
	if err := s.Subscribe("red"); !errors.Is(err, airsocket.ErrClosed) {
		t.Errorf("Subscribe of a closed socket has returned %v", err)
	}
	ts.Publish("blue", wire.Text, []byte("x"))
	b.Want(wstest.OpText, "x")
	b.Close()
	<-ts.closed
	ts.Shutdown(t.Context()) // when it returns everything is given up
	plane.want(t, "-red", "-blue")
}

// TestTopicsNeedAServer checks the errors of sockets that no Server has accepted.
func TestTopicsNeedAServer(t *testing.T) {
	s := airsocket.NewSocket(nil)
	if err := s.Subscribe("x"); !errors.Is(err, airsocket.ErrInvalidState) {
		t.Error(err)
	}
	if _, err := s.Publish("x", wire.Text, nil); !errors.Is(err, airsocket.ErrInvalidState) {
		t.Error(err)
	}
	if s.Unsubscribe("x") || s.Topics() != nil {
		t.Error("a socket without a Server has topics")
	}
}

// TestSlowSubscribers checks that subscribers that cannot take more are counted, and
// closed if the Server says so.
func TestSlowSubscribers(t *testing.T) {
	for _, close := range []bool{false, true} {
		ts := newTopicServer(t, &airsocket.Server{CloseSlow: close, Options: &airsocket.Options{MaxBuffered: 1 << 20}})
		_, s := ts.join("all")
		code := make(chan airsocket.StatusCode, 1)
		airsocket.AddEventListener(s, airsocket.EventClose, func(e *airsocket.CloseEvent) { code <- e.Code })
		ready, _ := ts.join("all") // reads
		go func() {
			for {
				if _, _, err := ready.ReadFrame(); err != nil {
					return
				}
			}
		}()
		skipped := 0
		for range 100 {
			n, err := ts.Publish("all", wire.Binary, make([]byte, 256<<10))
			if err != nil {
				t.Error(err)
			}
			if skipped += n; skipped > 0 {
				break
			}
		}
		if skipped == 0 {
			t.Error("nobody was left out")
		}
		if close {
			if got := <-code; got != airsocket.StatusPolicyViolation {
				t.Errorf("closed with %d", got)
			}
		}
		ready.Close()
	}
}

// A fakePlane is a Backplane that notes what it is told, and delivers to others.
type fakePlane struct {
	mu      sync.Mutex
	told    []string
	others  []*fakePlane
	topics  map[string]bool
	deliver func(string, wire.Kind, []byte)
	err     error // of Start and Publish
	refused error // of Subscribe
}

func (p *fakePlane) Start(deliver func(string, wire.Kind, []byte)) error {
	p.deliver = deliver
	return p.err
}

func (p *fakePlane) Subscribe(topic string) error {
	p.tell("+" + topic)
	p.set(topic, true)
	return p.refused
}

func (p *fakePlane) Unsubscribe(topic string) {
	p.tell("-" + topic)
	p.set(topic, false)
}

func (p *fakePlane) tell(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, what)
}

func (p *fakePlane) set(topic string, is bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.topics == nil {
		p.topics = make(map[string]bool)
	}
	p.topics[topic] = is
}

func (p *fakePlane) has(topic string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.topics[topic]
}

func (p *fakePlane) Publish(topic string, kind wire.Kind, data []byte) error {
	for _, other := range p.others {
		if other.has(topic) {
			other.deliver(topic, kind, data)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *fakePlane) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// want checks what the Backplane was told since the last call, in any order.
func (p *fakePlane) want(t *testing.T, want ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(p.told)
	slices.Sort(want)
	if !slices.Equal(p.told, want) {
		t.Errorf("the Backplane was told %v, want %v", p.told, want)
	}
	p.told = nil
}

// TestBackplane checks that what is published reaches the subscribers of another Server,
// once, and those of this one also if the Backplane fails.
func TestBackplane(t *testing.T) {
	here, there := new(fakePlane), new(fakePlane)
	here.others, there.others = []*fakePlane{there}, []*fakePlane{here}
	one, two := newTopicServer(t, &airsocket.Server{Backplane: here}), newTopicServer(t, &airsocket.Server{Backplane: there})
	a, _ := one.join("red")
	b, _ := two.join("red", "blue")
	c, _ := two.join("blue")
	if _, err := one.Publish("red", wire.Text, []byte("1")); err != nil {
		t.Error(err)
	}
	a.Want(wstest.OpText, "1")
	b.Want(wstest.OpText, "1")
	a.Send(wstest.OpText, "blue:2")
	b.Want(wstest.OpText, "2")
	c.Want(wstest.OpText, "2")
	b.Send(wstest.OpText, "red:3")
	a.Want(wstest.OpText, "3")

	b.Send(wstest.OpText, "-none") // when that is answered, Publish has returned
	b.Want(wstest.OpText, "[blue red]")
	gone := errors.New("the network is gone")
	there.fail(gone)
	if _, err := two.Publish("blue", wire.Text, []byte("4")); err != gone {
		t.Errorf("Publish has returned %v", err)
	}
	b.Want(wstest.OpText, "4")
	c.Want(wstest.OpText, "4")

	broken := &fakePlane{err: errors.New("no network")}
	three := newTopicServer(t, &airsocket.Server{Backplane: broken})
	d := wstest.ConnectRaw(t, three.url)
	s := <-three.sockets
	d.Send(wstest.OpText, "-none") // when that is answered, it is open
	d.Want(wstest.OpText, "[]")
	if err := s.Subscribe("red"); err != broken.err {
		t.Errorf("Subscribe has returned %v", err)
	}
	if _, err := three.Publish("red", wire.Text, []byte("5")); err != broken.err {
		t.Errorf("Publish has returned %v", err)
	}
	d.Want(wstest.OpText, "5")
}

// TestEachSubscriberIsTold checks that every subscriber of a topic that the Backplane
// refuses gets the error, and that the Backplane is asked only for the first.
func TestEachSubscriberIsTold(t *testing.T) {
	plane := &fakePlane{refused: errors.New("too long")}
	ts := newTopicServer(t, &airsocket.Server{Backplane: plane})
	for range 2 {
		p, s := ts.join()
		p.Send(wstest.OpText, "-none") // when that is answered, it is open
		p.Want(wstest.OpText, "[]")
		for range 2 {
			if err := s.Subscribe("red"); err != plane.refused {
				t.Errorf("Subscribe has returned %v", err)
			}
		}
		ts.Publish("red", wire.Text, []byte("x"))
		p.Want(wstest.OpText, "x")
	}
	plane.want(t, "+red")
}

// TestPublishersKeepTheirOrder checks that what one goroutine publishes arrives in order
// while others publish too.
func TestPublishersKeepTheirOrder(t *testing.T) {
	const publishers, messages = 4, 500
	ts := newTopicServer(t, new(airsocket.Server))
	p, _ := ts.join("all")
	for n := range publishers {
		go func() {
			for i := range messages {
				if skipped, err := ts.Publish("all", wire.Text, fmt.Appendf(nil, "%d %d", n, i)); skipped != 0 || err != nil {
					t.Error(skipped, err)
				}
			}
		}()
	}
	next := make([]int, publishers)
	for range publishers * messages {
		_, payload, err := p.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		var n, i int
		fmt.Sscan(string(payload), &n, &i)
		if i != next[n] {
			t.Fatalf("message %d of publisher %d has come, want %d", i, n, next[n])
		}
		next[n]++
	}
}

// TestBackplaneIsToldInTurn checks that, whatever many goroutines and the ends of sockets do
// at the same time, the Backplane is told in turn that a topic has subscribers and that it
// has none, and at last that it has none.
func TestBackplaneIsToldInTurn(t *testing.T) {
	const sockets, topics, rounds = 8, 5, 300
	plane := new(fakePlane)
	ts := newTopicServer(t, &airsocket.Server{Backplane: plane})
	var open []*airsocket.Socket
	for range sockets {
		_, s := ts.join("0")
		open = append(open, s)
	}
	var all sync.WaitGroup
	for _, s := range open {
		all.Go(func() {
			for i := range rounds {
				topic := fmt.Sprint(i * i % topics)
				if err := s.Subscribe(topic); err != nil {
					t.Error(err)
				}
				ts.Publish(topic, wire.Text, []byte("x"))
				s.Unsubscribe(topic)
				s.Subscribe("last")
			}
			s.Drop(airsocket.StatusGoingAway, "")
			for s.Subscribe("late") == nil {
				s.Unsubscribe("late")
			}
		})
	}
	all.Wait()
	ts.Shutdown(t.Context())
	plane.mu.Lock()
	defer plane.mu.Unlock()
	has := make(map[string]bool)
	for i, what := range plane.told {
		topic, is := what[1:], what[0] == '+'
		if has[topic] == is {
			t.Fatalf("call %d of %d is %s, again", i, len(plane.told), what)
		}
		has[topic] = is
	}
	for topic, is := range has {
		if is {
			t.Errorf("the Backplane was not told that %q has no subscribers", topic)
		}
	}
}
