package main

import (
	"fmt"
	"io"
	"net"

	"github.com/airsocket/airsocket"
)

// policyConfig is what Flash clients are told: which pages may connect to which
// ports.
type policyConfig struct {
	listen  string
	domains []string // none: no page may
	ports   []string // none: those that are listened on
}

// serve has srv answer policy requests on its own listeners, and starts a
// server for them alone if that is wanted, which the caller closes. Its end
// goes to failed.
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
