package wstest

import (
	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// EachVersion is an iterator over the versions of the protocol, oldest first.
func EachVersion(yield func(wire.Version) bool) {
	for v := wire.Hixie75; v <= wire.Hybi13 && yield(v); v++ {
	}
}

// ClientOf returns a client's options for version v, with the Origin that the hixie
// versions need.
func ClientOf(v wire.Version, d *airsocket.Dispatcher) *airsocket.Options {
	return &airsocket.Options{Version: v, Origin: "http://example.com", Dispatcher: d}
}

// AnyOrigin returns a server's options that accept pages of any origin, and any
// version.
func AnyOrigin() *airsocket.Options {
	return OwnDispatcher(&airsocket.Options{Origins: []string{"*"}, Versions: wire.AllVersions()})
}
