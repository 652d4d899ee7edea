package handshake

import "github.com/airsocket/airsocket/wire"

// hybi06 is draft-ietf-hybi-thewebsocketprotocol-06.
var hybi06 = &keyAccept{
	is:      wire.Hybi06,
	called:  "6",
	origin:  [2]string{secOriginField, originField},
	goodKey: is16Bytes,
}
