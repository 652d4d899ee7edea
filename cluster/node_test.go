package cluster_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cluster"
	"github.com/airsocket/airsocket/cluster/internal/natsserver"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// startNATS runs a NATS server until the end of the test.
func startNATS(t testing.TB, port int) *server.Server {
	t.Helper()
	s, err := natsserver.Start(port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNATS(s) })
	return s
}

func stopNATS(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// A node is a Server of a cluster. Its sockets do what messages of the forms "+topic",
// "-topic" and "topic:text" say: they subscribe, unsubscribe, and publish to the others.
// It answers the first two when NATS knows. It publishes binary messages under the topic
// "binary".
type node struct {
	*airsocket.Server
	plane  *cluster.NATS
	url    string
	failed chan error // of Publish
	first  chan *airsocket.Socket

	connected chan struct{} // to NATS, for the first time
	lost, got chan struct{} // that connection, later
}

// startNode runs a node until the end of the test.
func startNode(t testing.TB, natsURL string, opts ...nats.Option) *node {
	t.Helper()
	n, err := newNode(natsURL, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.plane.Close) // after the Server has been shut down
	n.url = wstest.Serve(t, n.Server)
	return n
}

func newNode(natsURL string, opts ...nats.Option) (*node, error) {
	n := &node{
		failed:    make(chan error, 100),
		first:     make(chan *airsocket.Socket, 1),
		connected: make(chan struct{}, 1),
		lost:      make(chan struct{}, 100),
		got:       make(chan struct{}, 100),
	}
	all := append([]nats.Option{
		nats.ReconnectWait(10 * time.Millisecond), nats.ReconnectJitter(0, 0),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { n.lost <- struct{}{} }),
		nats.ReconnectHandler(func(*nats.Conn) { n.got <- struct{}{} }),
		nats.ConnectHandler(func(*nats.Conn) { n.connected <- struct{}{} }),
	}, opts...)
	plane, err := cluster.Connect(natsURL, "test", all...)
	if err != nil {
		return nil, err
	}
	n.plane = plane
	n.Server = &airsocket.Server{Backplane: plane, Options: &airsocket.Options{Parallel: true}}
	n.OnConnect(n.connect)
	return n, nil
}

func (n *node) connect(s *airsocket.Socket) {
	select {
	case n.first <- s:
	default:
	}
	s.OnMessage(func(e *airsocket.MessageEvent) {
		if e.Binary() {
			s.Publish("binary", wire.Binary, e.Bytes())
			return
		}
		topic, text, publish := strings.Cut(e.Text(), ":")
		if publish {
			if _, err := s.Publish(topic, wire.Text, []byte(text)); err != nil {
				n.failed <- err
			}
			return
		}
		answer := topic
		if topic[0] == '+' {
			if err := s.Subscribe(topic[1:]); err != nil {
				answer = err.Error()
			}
		} else {
			s.Unsubscribe(topic[1:])
		}
		// The handlers of other sockets run meanwhile.
		if err := n.plane.Flush(s.Context()); err != nil {
			answer += " " + err.Error()
		}
		s.Send(answer)
	})
}

// join connects a client that subscribes to topics.
func (n *node) join(t testing.TB, topics ...string) *wstest.RawPeer {
	t.Helper()
	p := wstest.ConnectRaw(t, n.url)
	for _, topic := range topics {
		p.Send(wstest.OpText, "+"+topic)
		p.Want(wstest.OpText, "+"+topic)
	}
	return p
}

// next returns the next value of a channel.
func next[T any](t testing.TB, c <-chan T) (v T) {
	t.Helper()
	select {
	case v, ok := <-c:
		if !ok {
			t.Fatal("the process has ended")
		}
		return v
	case <-time.After(wstest.Patience):
		t.Fatal("nothing has come")
	}
	return v
}
