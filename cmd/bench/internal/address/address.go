// Package address defines how the programs write the address of a listener.
package address

import "strings"

// Split returns the network and the address, for package net, of host:port or
// unix:name. A name that begins with @ is in the abstract namespace.
func Split(addr string) (network, address string) {
	if name, ok := strings.CutPrefix(addr, "unix:"); ok {
		return "unix", name
	}
	return "tcp", addr
}
