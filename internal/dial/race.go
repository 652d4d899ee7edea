//go:build !js

package dial

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"time"
)

var network = system{
	lookup: func(ctx context.Context, network, host string) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, network, host) // which a program may replace
	},
	dial: new(net.Dialer).DialContext,
}

// dialInTurn is net.Dialer.DialContext for an Attempt with a Queue.
func (a *Attempt) dialInTurn(ctx context.Context) (net.Conn, error) {
	sys := a.cfg.system
	if sys == nil {
		sys = &network
	}
	if _, err := netip.ParseAddrPort(a.to.address()); err == nil {
		if err := a.turn(ctx); err != nil {
			return nil, err
		}
		return sys.dial(ctx, "tcp", a.to.address())
	}
	addresses, err := sys.addresses(ctx, a.to)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	if err := a.turn(ctx); err != nil {
		return nil, err
	}
	r := race{sys, a.cfg.Queue}
	won := r.run(ctx, addresses)
	a.address = won.turn
	return won.conn, won.err
}

// addresses returns the IP addresses of a name, with the port.
func (sys *system) addresses(ctx context.Context, to endpoint) ([]netip.AddrPort, error) {
	ips, err := sys.lookup(ctx, "ip", to.Hostname())
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portOf(to.URL), 10, 16)
	if err != nil {
		return nil, err
	}
	list := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		list[i] = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	}
	return list, nil
}

// A race dials the addresses of a name as a net.Dialer does (RFC 8305), but waits for its turn
// at each address. A net.Dialer does not tell when an address has failed, so that others could
// have their turn.
type race struct {
	*system
	queue *Queue
}

// A dialed is the end of a race: a connection whose address is in turn, or an error.
type dialed struct {
	conn net.Conn
	turn *waiter
	err  error
}

// headStart is how long the addresses of the first family are tried without those of the
// other one, as in package net.
const headStart = 300 * time.Millisecond

// run dials addresses, which are not none, until one has answered.
func (r race) run(ctx context.Context, addresses []netip.AddrPort) dialed {
	var first, others []netip.AddrPort
	for _, address := range addresses {
		if address.Addr().Is4() == addresses[0].Addr().Is4() {
			first = append(first, address)
		} else {
			others = append(others, address)
		}
	}
	if len(others) == 0 {
		return r.try(ctx, first)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan struct{})
	second := make(chan dialed)
	go func() {
		start := time.NewTimer(headStart)
		defer start.Stop()
		select {
		case <-start.C:
		case <-failed:
		}
		d := r.try(ctx, others)
		if d.err == nil {
			cancel()
		}
		second <- d
	}()
	one := r.try(ctx, first)
	if one.err == nil {
		cancel()
	}
	close(failed)
	switch two := <-second; {
	case two.err != nil:
	case one.err != nil:
		return two
	default:
		two.conn.Close()
		r.queue.quit(two.turn)
	}
	return one
}

// try dials one address after the other. The error is that of the first one.
func (r race) try(ctx context.Context, addresses []netip.AddrPort) (d dialed) {
	for i, address := range addresses {
		conn, turn, err := r.dialOne(ctx, address.String(), len(addresses)-i)
		if err == nil {
			return dialed{conn, turn, nil}
		}
		if d.err == nil {
			d.err = err
		}
	}
	return d
}

// dialOne dials an address when it is its turn. As in package net, the time that is left is
// shared with those that come after it.
func (r race) dialOne(ctx context.Context, address string, left int) (net.Conn, *waiter, error) {
	turn, err := r.queue.enter(ctx, address)
	if err != nil {
		return nil, nil, err
	}
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, max(time.Until(end)/time.Duration(left), 2*time.Second))
		defer cancel()
	}
	conn, err := r.dial(ctx, "tcp", address)
	if err != nil {
		r.queue.quit(turn)
		return nil, nil, err
	}
	return conn, turn, nil
}
