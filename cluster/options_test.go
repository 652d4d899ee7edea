package cluster_test

import (
	"crypto/tls"
	"errors"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket/cluster"
	"github.com/airsocket/airsocket/cluster/internal/natsserver"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestAuthentication checks that a NATS server that wants a password and TLS gets them from
// the options of nats.go.
func TestAuthentication(t *testing.T) {
	s, err := natsserver.StartWith(&server.Options{
		Username: "ann", Password: "secret", TLS: true, TLSConfig: wstest.ServerConfig(t), TLSTimeout: wstest.Patience.Seconds(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNATS(s) })
	trust := nats.Secure(&tls.Config{InsecureSkipVerify: true})
	if _, err := cluster.Connect(s.ClientURL(), "test", trust, nats.UserInfo("ann", "wrong")); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("with a wrong password, Connect returns %v", err)
	}
	one := startNode(t, s.ClientURL(), trust, nats.UserInfo("ann", "secret"))
	two := startNode(t, s.ClientURL(), trust, nats.UserInfo("ann", "secret"))
	a := one.join(t, "red")
	two.Publish("red", wire.Text, []byte("1"))
	a.Want(wstest.OpText, "1")
}

// TestSeveralServers checks that a node goes on at the second server when the first is
// gone.
func TestSeveralServers(t *testing.T) {
	first, second := startNATS(t, 0), startNATS(t, 0)
	one := startNode(t, first.ClientURL()+","+second.ClientURL(), nats.DontRandomize())
	two := startNode(t, second.ClientURL())
	a, b := one.join(t, "red"), two.join(t, "red")
	one.Publish("red", wire.Text, []byte("1")) // the servers are not connected
	a.Want(wstest.OpText, "1")
	stopNATS(first)
	next(t, one.lost)
	next(t, one.got)
	if err := one.plane.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	one.Publish("red", wire.Text, []byte("2"))
	a.Want(wstest.OpText, "2")
	b.Want(wstest.OpText, "2")
	two.Publish("red", wire.Text, []byte("3"))
	a.Want(wstest.OpText, "3")
	b.Want(wstest.OpText, "3")
}
