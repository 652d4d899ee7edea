package cluster_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket/cluster"
	"github.com/airsocket/airsocket/cluster/internal/natsserver"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// startWith runs a NATS server with options until the end of the test.
func startWith(t *testing.T, opts *server.Options) *server.Server {
	t.Helper()
	s, err := natsserver.StartWith(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNATS(s) })
	return s
}

// TestLongerThanTheQueue checks that a message that the NATS server allows is sent also if
// it alone is longer than what may wait.
func TestLongerThanTheQueue(t *testing.T) {
	url := startWith(t, &server.Options{MaxPayload: 12 << 20}).ClientURL()
	one, two := startNode(t, url), startNode(t, url)
	b := two.join(t, "red")
	long := make([]byte, 10<<20)
	if _, err := one.Publish("red", wire.Binary, long); err != nil {
		t.Fatal(err)
	}
	b.Want(wstest.OpBinary, string(long))
}

// TestFlushEndsWithItsContext checks that Flush does not wait for a NATS server that does
// not read, and that Stats does not either.
func TestFlushEndsWithItsContext(t *testing.T) {
	d := &holdingDialer{held: make(chan struct{}, 1)}
	url := startNATS(t, 0).ClientURL()
	one := startNode(t, url, nats.SetCustomDialer(d))
	a := one.join(t, "red")
	d.hold.Lock()
	defer d.hold.Unlock()
	select { // what the handshake has left
	case <-d.held:
	default:
	}
	if _, err := one.Publish("red", wire.Text, []byte("1")); err != nil {
		t.Error(err)
	}
	a.Want(wstest.OpText, "1")
	next(t, d.held) // nats.go has its lock
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		flushed := make(chan error, 1)
		go func() { flushed <- one.plane.Flush(ctx) }()
		for range 100 { // so that Flush gets as far as it can
			runtime.Gosched()
		}
		cancel()
		if err := next(t, flushed); !errors.Is(err, context.Canceled) {
			t.Errorf("Flush has returned %v", err)
		}
	}
	for sock := range one.Sockets() {
		if err := sock.Subscribe("blue"); err != nil {
			t.Error(err)
		}
	}
	stats := make(chan cluster.Stats)
	go func() {
		for range 1000 {
			stats <- one.plane.Stats()
		}
	}()
	for range 1000 {
		next(t, stats)
	}
}

// TestRefusedAndAccepted checks that a node connects again even if NATS has refused its
// password several times meanwhile.
func TestRefusedAndAccepted(t *testing.T) {
	opts := func(port int, password string) *server.Options {
		return &server.Options{Port: port, Username: "ann", Password: password}
	}
	s := startWith(t, opts(0, "secret"))
	port := natsserver.Port(s)
	refused := make(chan error, 1000)
	n := startNode(t, s.ClientURL(), nats.UserInfo("ann", "secret"),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	a := n.join(t, "red")
	stopNATS(s)
	next(t, n.lost)
	s = startWith(t, opts(port, "other"))
	for range 2 {
		if err := next(t, refused); !errors.Is(err, nats.ErrAuthorization) {
			t.Error(err)
		}
	}
	stopNATS(s)
	s = startWith(t, opts(port, "secret"))
	next(t, n.got)
	if err := n.plane.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	other := startNode(t, s.ClientURL(), nats.UserInfo("ann", "secret"))
	other.Publish("red", wire.Text, []byte("1"))
	a.Want(wstest.OpText, "1")
}
