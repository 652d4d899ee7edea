package handshake

import "github.com/airsocket/airsocket/wire"

// hybi08 is the handshake of draft-ietf-hybi-thewebsocketprotocol-08 to -12. It
// accepts every key that is not empty, as the npm package ws sends one of 15 bytes
// in this version.
var hybi08 = &keyAccept{
	wireVersion:  wire.Hybi08,
	versionField: "8",
	origin:       [2]string{secOriginField, originField},
	validKey:     func(key string) bool { return key != "" },
}
