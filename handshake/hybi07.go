package handshake

import "github.com/airsocket/airsocket/wire"

// hybi07 is the handshake of draft-ietf-hybi-thewebsocketprotocol-07.
var hybi07 = &keyAccept{
	wireVersion:  wire.Hybi07,
	versionField: "7",
	origin:       [2]string{secOriginField, originField},
	validKey:     is16Bytes,
}
