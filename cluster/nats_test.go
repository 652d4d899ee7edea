package cluster_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cluster"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestPublish checks who gets what is published on one of three nodes: every subscriber
// but the publisher, once.
func TestPublish(t *testing.T) {
	url := startNATS(t, 0).ClientURL()
	one, two, three := startNode(t, url), startNode(t, url), startNode(t, url)
	a, b := one.join(t, "red", "binary"), one.join(t, "red", "blue")
	c, d := two.join(t, "red"), two.join(t, "blue", "binary")
	e := three.join(t)
	a.Send(wstest.OpText, "red:1")
	b.Want(wstest.OpText, "1")
	c.Want(wstest.OpText, "1")
	e.Send(wstest.OpText, "blue:2") // no subscriber itself
	b.Want(wstest.OpText, "2")
	d.Want(wstest.OpText, "2")
	d.Send(wstest.OpBinary, "\x00\xff")
	a.Want(wstest.OpBinary, "\x00\xff")
	if skipped, err := two.Publish("red", wire.Text, []byte("3")); skipped != 0 || err != nil {
		t.Error(skipped, err)
	}
	a.Want(wstest.OpText, "3")
	b.Want(wstest.OpText, "3")
	c.Want(wstest.OpText, "3")
	c.Send(wstest.OpText, "-red")
	c.Want(wstest.OpText, "-red")
	for _, topic := range []string{"red", "blue"} {
		one.Publish(topic, wire.Text, nil)
	}
	a.Want(wstest.OpText, "")
	b.Want(wstest.OpText, "")
	b.Want(wstest.OpText, "")
	d.Want(wstest.OpText, "")
	c.Send(wstest.OpText, "-red")
	c.Want(wstest.OpText, "-red") // nothing before it
}

// TestTopicNames checks that names are compared as they are, whatever bytes they have.
func TestTopicNames(t *testing.T) {
	url := startNATS(t, 0).ClientURL()
	one, two := startNode(t, url), startNode(t, url)
	names := []string{"a", "A", "a.b", "a.*", "a.>", "*", ">", ".", "..", "%", "%41", "a b", "\t", "\r\nPUB x 0\r\n", "ü", "u\u0308", strings.Repeat("x", cluster.MaxTopic)}
	var all []*wstest.RawPeer
	for _, name := range names {
		all = append(all, one.join(t, name))
	}
	for _, name := range append(names, "none") {
		if _, err := two.Publish(name, wire.Text, []byte(name)); err != nil {
			t.Error(err)
		}
	}
	for i, name := range names {
		all[i].Want(wstest.OpText, name)
		all[i].Send(wstest.OpText, "-none") // and nothing else
		all[i].Want(wstest.OpText, "-none")
	}

	long := strings.Repeat("x", cluster.MaxTopic+1)
	a, b := wstest.ConnectRaw(t, one.url), two.join(t, "a")
	a.Send(wstest.OpText, "+"+long)
	if _, answer, err := a.ReadFrame(); err != nil || !strings.Contains(answer, cluster.ErrTopicTooLong.Error()) {
		t.Errorf("the answer to a long name is %q %v", answer, err)
	}
	if _, err := one.Publish(long, wire.Text, []byte("local")); !errors.Is(err, cluster.ErrTopicTooLong) {
		t.Errorf("Publish has returned %v", err)
	}
	a.Want(wstest.OpText, "local")
	a.Send(wstest.OpText, "-"+long)
	a.Want(wstest.OpText, "-"+long)
	one.Publish("a", wire.Text, []byte("still connected"))
	b.Want(wstest.OpText, "still connected")
}

// TestSubscribedOnlyWhileNeeded checks that a node subscribes to a subject with its first
// subscriber, and unsubscribes with the last.
func TestSubscribedOnlyWhileNeeded(t *testing.T) {
	s := startNATS(t, 0)
	n := startNode(t, s.ClientURL())
	want := func(count uint32) {
		t.Helper()
		if got := clientSubscriptions(t, s); got != count {
			t.Errorf("there are %d subscriptions, want %d", got, count)
		}
	}
	want(0)
	a, b := n.join(t, "red", "blue"), n.join(t, "red")
	want(2)
	a.Send(wstest.OpText, "-red")
	a.Want(wstest.OpText, "-red")
	want(2)
	b.Send(wstest.OpText, "-red")
	b.Want(wstest.OpText, "-red")
	want(1)
	b.Send(wstest.OpText, "+red")
	b.Want(wstest.OpText, "+red")
	want(2)
}

// TestSubscriptionsOfManyGoroutines checks that a node has the subscriptions that it needs
// after sockets have come, gone and changed their topics at the same time.
func TestSubscriptionsOfManyGoroutines(t *testing.T) {
	const sockets, topics, rounds = 4, 20, 500
	s := startNATS(t, 0)
	n := startNode(t, s.ClientURL())
	for range sockets {
		n.join(t, "0") // and open
	}
	change := func(finally func(*airsocket.Socket)) {
		var all sync.WaitGroup
		seed := uint64(0)
		for sock := range n.Sockets() {
			seed++
			rnd := rand.New(rand.NewPCG(seed, 1))
			all.Go(func() {
				for range rounds {
					if topic := fmt.Sprint(rnd.IntN(topics)); rnd.IntN(4) == 0 {
						sock.Subscribe(topic)
					} else {
						sock.Unsubscribe(topic)
					}
				}
				finally(sock)
			})
		}
		all.Wait()
	}
	want := func(count int) {
		t.Helper()
		if err := n.plane.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		if got := clientSubscriptions(t, s); int(got) != count {
			t.Errorf("there are %d subscriptions, want %d", got, count)
		}
	}

	change(func(*airsocket.Socket) {})
	used := make(map[string]bool)
	for sock := range n.Sockets() {
		for _, topic := range sock.Topics() {
			used[topic] = true
		}
	}
	want(len(used))

	change(func(s *airsocket.Socket) {
		s.Drop(airsocket.StatusGoingAway, "")
		s.Subscribe("last") // which may come too late
	})
	n.Shutdown(t.Context())
	want(0)
}

func clientSubscriptions(t *testing.T, s *server.Server) (count uint32) {
	t.Helper()
	z, err := s.Connz(&server.ConnzOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range z.Conns {
		count += c.NumSubs
	}
	return count
}

// TestPayloadOnNATS checks that a message crosses NATS as it was published.
func TestPayloadOnNATS(t *testing.T) {
	url := startNATS(t, 0).ClientURL()
	n := startNode(t, url)
	a := n.join(t, "in 1")
	other, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	sub, err := other.SubscribeSync("test.>")
	if err == nil {
		err = other.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	n.Publish("out", wire.Text, []byte("ü"))
	n.Publish("out", wire.Binary, []byte{0})
	for _, want := range []string{"Tü", "B\x00"} {
		if m, err := sub.NextMsg(wstest.Patience); err != nil || m.Subject != "test.out" || string(m.Data) != want {
			t.Errorf("%v %v, want %q", m, err, want)
		}
	}
	for _, payload := range []string{"", "X", "Xx", "T\xff", "Tgood", "B\xff"} { // some are no messages
		other.Publish("test.in%201", []byte(payload))
	}
	a.Want(wstest.OpText, "good")
	a.Want(wstest.OpBinary, "\xff")
}

// TestHostileMessages checks that headers, malformed or not, and reply subjects do no harm.
func TestHostileMessages(t *testing.T) {
	s := startNATS(t, 0)
	n := startNode(t, s.ClientURL(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	a := n.join(t, "red")
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, `CONNECT {"verbose":false,"headers":true}`+"\r\n")
	send := func(header, payload string) {
		fmt.Fprintf(conn, "HPUB test.red reply %d %d\r\n%s%s\r\n", len(header), len(header)+len(payload), header, payload)
	}
	for i, header := range []string{
		"x", "\r\n", "NATS/1.0", "NATS/1.0\r\n\r\n", "NATS/1.0 503\r\n\r\n", "NATS/1.0\r\nA: b\r\n\r\n",
		"NATS/1.0\r\n" + strings.Repeat("A:\r\n", 100_000) + "\r\n", "NATS/1.0 100 Idle\r\nNats-Consumer-Stalled: x\r\n\r\n",
	} {
		send(header, "")
		send(header, fmt.Sprint("T", i))
		a.Want(wstest.OpText, fmt.Sprint(i))
	}
}

// TestNamesKeepApart checks that clusters with other names do not share topics.
func TestNamesKeepApart(t *testing.T) {
	url := startNATS(t, 0).ClientURL()
	n := startNode(t, url)
	a := n.join(t, "red")
	for _, name := range []string{"tes", "test2", "test.red"} {
		plane, err := cluster.Connect(url, name)
		if err != nil {
			t.Fatal(err)
		}
		defer plane.Close()
		for _, topic := range []string{"red", "t.red", ""} {
			if err := plane.Publish(topic, wire.Text, []byte("x")); err != nil {
				t.Error(err)
			}
		}
		if err := plane.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	a.Send(wstest.OpText, "-none")
	a.Want(wstest.OpText, "-none")
}

// TestLongMessages checks what is longer than the NATS server allows.
func TestLongMessages(t *testing.T) {
	url := startNATS(t, 0).ClientURL()
	one, two := startNode(t, url), startNode(t, url)
	a, b := one.join(t, "red"), two.join(t, "red")
	most := strings.Repeat("x", 1<<20-1) // with the letter for its kind it is 1 MiB
	if _, err := one.Publish("red", wire.Text, []byte(most+"x")); !errors.Is(err, nats.ErrMaxPayload) {
		t.Errorf("Publish has returned %v", err)
	}
	if _, err := one.Publish("red", wire.Text, []byte(most)); err != nil {
		t.Error(err)
	}
	a.Want(wstest.OpText, most+"x")
	a.Want(wstest.OpText, most)
	b.Want(wstest.OpText, most)
}

// TestConnectFails checks the errors of Connect and Start.
func TestConnectFails(t *testing.T) {
	s := startNATS(t, 0)
	if _, err := cluster.Connect(s.ClientURL(), "a b"); err == nil {
		t.Error("no error for a name with a space")
	}
	plane, err := cluster.Connect(s.ClientURL(), "test")
	if err != nil {
		t.Fatal(err)
	}
	deliver := func(string, wire.Kind, []byte) {}
	if err := plane.Start(deliver); err != nil {
		t.Error(err)
	}
	if err := plane.Start(deliver); err == nil {
		t.Error("Start can be called twice")
	}
	plane.Close()
	plane.Close() // again
	if err := plane.Publish("red", wire.Text, nil); !errors.Is(err, cluster.ErrDisconnected) {
		t.Errorf("after Close, Publish returns %v", err)
	}
	if err := plane.Flush(t.Context()); !errors.Is(err, cluster.ErrDisconnected) {
		t.Errorf("after Close, Flush returns %v", err)
	}
	stopNATS(s)
	if _, err := cluster.Connect(s.ClientURL(), "test"); !errors.Is(err, nats.ErrNoServers) {
		t.Errorf("without a server, Connect returns %v", err)
	}
}

// TestCloseSendsEverything checks that Close loses nothing that was published before.
func TestCloseSendsEverything(t *testing.T) {
	url := startNATS(t, 0).ClientURL()
	n := startNode(t, url)
	a := n.join(t, "red")
	plane, err := cluster.Connect(url, "test")
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := plane.Publish("red", wire.Text, []byte("x")); err != nil {
			t.Error(err)
		}
	}
	plane.Close()
	for range 100 {
		a.Want(wstest.OpText, "x")
	}
}
