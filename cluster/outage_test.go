package cluster_test

import (
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket/cluster"
	"github.com/airsocket/airsocket/cluster/internal/natsserver"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestOutage stops and starts the NATS server. Meanwhile each node goes on for itself, and
// says so; afterwards the subscriptions stand again, with those that have changed.
func TestOutage(t *testing.T) {
	s := startNATS(t, 0)
	url, port := s.ClientURL(), natsserver.Port(s)
	one, two := startNode(t, url), startNode(t, url)
	a, b, c := one.join(t, "red", "old"), one.join(t, "red"), two.join(t, "red", "old")
	for round := range 3 {
		stopNATS(s)
		next(t, one.lost)
		next(t, two.lost)
		if _, err := one.Publish("red", wire.Text, []byte("2")); !errors.Is(err, cluster.ErrDisconnected) {
			t.Errorf("Publish has returned %v", err)
		}
		if err := one.plane.Flush(t.Context()); !errors.Is(err, cluster.ErrDisconnected) {
			t.Errorf("Flush has returned %v", err)
		}
		a.Want(wstest.OpText, "2")
		b.Want(wstest.OpText, "2")
		a.Send(wstest.OpText, "red:3")
		b.Want(wstest.OpText, "3")
		if err := next(t, one.failed); !errors.Is(err, cluster.ErrDisconnected) {
			t.Errorf("Publish of a socket has returned %v", err)
		}
		for sock := range two.Sockets() { // those who come and go while NATS is away
			if err := sock.Subscribe("new"); err != nil {
				t.Error(err)
			}
			sock.Unsubscribe("old")
		}

		s = startNATS(t, port)
		next(t, one.got)
		next(t, two.got)
		for _, n := range []*node{one, two} {
			if err := n.plane.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
		for _, topic := range []string{"old", "new", "red"} {
			if _, err := one.Publish(topic, wire.Text, []byte("4 "+topic)); err != nil {
				t.Error(err)
			}
		}
		c.Want(wstest.OpText, "4 new") // and nothing from before
		c.Want(wstest.OpText, "4 red")
		a.Want(wstest.OpText, "4 old")
		a.Want(wstest.OpText, "4 red")
		b.Want(wstest.OpText, "4 red")
		if subs := clientSubscriptions(t, s); subs != 4 {
			t.Errorf("round %d: there are %d subscriptions, want red and old, red and new", round, subs)
		}
	}
	if lost := one.plane.Stats(); lost != (cluster.Stats{}) {
		t.Errorf("%+v", lost)
	}
}

// TestStartsBeforeNATS checks that a node can start without a NATS server, if nats.go is
// told so.
func TestStartsBeforeNATS(t *testing.T) {
	s := startNATS(t, 0)
	url, port := s.ClientURL(), natsserver.Port(s)
	stopNATS(s)
	one := startNode(t, url, nats.RetryOnFailedConnect(true))
	a := wstest.ConnectRaw(t, one.url)
	a.Send(wstest.OpText, "-none") // when that is answered, it is open
	a.Want(wstest.OpText, "-none "+cluster.ErrDisconnected.Error())
	sock := next(t, one.first)
	if err := sock.Subscribe("red"); err != nil {
		t.Error(err)
	}
	if _, err := one.Publish("red", wire.Text, []byte("1")); !errors.Is(err, cluster.ErrDisconnected) {
		t.Errorf("Publish has returned %v", err)
	}
	a.Want(wstest.OpText, "1")
	s = startNATS(t, port)
	next(t, one.connected)
	two := startNode(t, s.ClientURL())
	if err := one.plane.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	two.Publish("red", wire.Text, []byte("2"))
	a.Want(wstest.OpText, "2")
	one.Publish("red", wire.Text, []byte("3"))
	a.Want(wstest.OpText, "3")
}

// A holdingDialer makes connections whose writes can be held up, as by a NATS server that
// does not read.
type holdingDialer struct {
	hold sync.RWMutex
	held chan struct{} // has a value when a write has begun; may be nil
}

func (d *holdingDialer) Dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	return heldConn{conn, d}, err
}

type heldConn struct {
	net.Conn
	dialer *holdingDialer
}

func (c heldConn) Write(b []byte) (int, error) {
	select {
	case c.dialer.held <- struct{}{}:
	default:
	}
	c.dialer.hold.RLock()
	defer c.dialer.hold.RUnlock()
	return c.Conn.Write(b)
}

// TestPublishDoesNotWait checks that a NATS server that does not read holds up nobody, and
// that everything that Publish has accepted arrives later, in order.
func TestPublishDoesNotWait(t *testing.T) {
	url := startNATS(t, 0).ClientURL()
	d := new(holdingDialer)
	one, two := startNode(t, url, nats.SetCustomDialer(d)), startNode(t, url)
	a, b := one.join(t, "red"), two.join(t, "red")
	d.hold.Lock()
	accepted, msg := 0, make([]byte, 100<<10)
	for ; ; accepted++ {
		msg[0] = byte(accepted)
		if _, err := one.Publish("red", wire.Binary, msg); err != nil {
			if !errors.Is(err, cluster.ErrQueueFull) {
				t.Errorf("Publish has returned %v", err)
			}
			break
		}
		a.Want(wstest.OpBinary, string(msg))
	}
	a.Want(wstest.OpBinary, string(msg)) // also what was not accepted
	for sock := range one.Sockets() {
		sock.Unsubscribe("red")
		sock.Subscribe("blue")
	}
	d.hold.Unlock()
	for i := range accepted {
		msg[0] = byte(i)
		b.Want(wstest.OpBinary, string(msg))
	}
	if err := one.plane.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	two.Publish("blue", wire.Text, []byte("1"))
	a.Want(wstest.OpText, "1")
}
