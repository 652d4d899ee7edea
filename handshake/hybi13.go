package handshake

import "github.com/airsocket/airsocket/wire"

// hybi13 is RFC 6455 and the drafts from 13 on.
var hybi13 = &keyAccept{
	is:      wire.Hybi13,
	called:  "13",
	origin:  [2]string{originField, secOriginField},
	goodKey: is16Bytes,
}
