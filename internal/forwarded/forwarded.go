// Package forwarded finds out which client a request is from that has come through proxies.
package forwarded

import (
	"net/netip"
	"slices"
	"strings"
)

// Client returns the address of the client of a request that has come from addr with these
// values of X-Forwarded-For: addr or, if that is a trusted proxy, the last one that is not.
// addr is not IPv4 in IPv6, and neither is the result.
func Client(addr netip.Addr, values []string, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(values, ","), ",")
	for _, text := range slices.Backward(hops) {
		if !Among(trusted, addr) {
			break
		}
		hop, ok := parseHop(strings.TrimSpace(text))
		if !ok {
			break
		}
		addr = hop
	}
	return addr
}

// parseHop parses an address in X-Forwarded-For. Some proxies add the port, and with it
// brackets for IPv6, or brackets alone. A zone, which may be any text and means something
// only to the proxy itself, is left out.
func parseHop(text string) (netip.Addr, bool) {
	addr, ok := parseAddr(text)
	return addr.Unmap().WithZone(""), ok
}

func parseAddr(text string) (netip.Addr, bool) {
	if inside, ok := strings.CutPrefix(text, "["); ok {
		if inside, ok = strings.CutSuffix(inside, "]"); ok {
			addr, err := netip.ParseAddr(inside)
			return addr, err == nil && addr.Is6()
		}
	}
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr(), true
	}
	addr, err := netip.ParseAddr(text)
	return addr, err == nil
}

// Among reports whether one of the prefixes contains addr, which is not IPv4 in IPv6. The
// zone does not matter, and a prefix may be written for IPv4 in IPv6.
func Among(all []netip.Prefix, addr netip.Addr) bool {
	addr = addr.WithZone("")
	return slices.ContainsFunc(all, func(p netip.Prefix) bool {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return p.Contains(addr)
	})
}
