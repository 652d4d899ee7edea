package handshake

import "github.com/airsocket/airsocket/wire"

// hybi07 is draft-ietf-hybi-thewebsocketprotocol-07.
var hybi07 = &keyAccept{
	is:      wire.Hybi07,
	called:  "7",
	origin:  [2]string{secOriginField, originField},
	goodKey: is16Bytes,
}
