package handshake

import "github.com/airsocket/airsocket/wire"

// hybi06 is the handshake of draft-ietf-hybi-thewebsocketprotocol-06.
var hybi06 = &keyAccept{
	wireVersion:  wire.Hybi06,
	versionField: "6",
	origin:       [2]string{secOriginField, originField},
	validKey:     is16Bytes,
}
