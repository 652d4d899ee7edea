package serve

import (
	"fmt"
	"io"
	"net"

	"github.com/airsocket/airsocket"
)

// policyConfig says from which pages Flash clients may connect, and to which
// ports.
type policyConfig struct {
	listen  string
	domains []string // if empty, no page may connect
	ports   []string // if empty, the ports of the listeners
}

// serve makes srv answer policy requests on its own listeners. If c.listen is
// set, it also starts a server that answers only policy requests, and sends the
// error that ends this server to failed. The caller closes the returned server.
func (c *policyConfig) serve(srv *airsocket.Server, listeners []net.Listener, stdout io.Writer, failed chan<- error) (*airsocket.FlashPolicyServer, error) {
	addresses := make([]net.Addr, len(listeners))
	for i, l := range listeners {
		addresses[i] = l.Addr()
	}
	policy := airsocket.FlashPolicyFor(c.domains, addresses...)
	if len(c.ports) > 0 {
		policy.Ports = c.ports
	}
	srv.FlashPolicy = &policy
	p := &airsocket.FlashPolicyServer{Policy: policy}
	if c.listen == "" {
		return p, nil
	}
	l, err := net.Listen("tcp", c.listen)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(stdout, "socket policy on %s\n", l.Addr())
	go func() { failed <- p.Serve(l) }()
	return p, nil
}
