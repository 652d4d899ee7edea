package handshake

import "github.com/airsocket/airsocket/wire"

// hybi13 is the handshake of RFC 6455 and of the drafts from 13 on.
var hybi13 = &keyAccept{
	wireVersion:  wire.Hybi13,
	versionField: "13",
	origin:       [2]string{originField, secOriginField},
	validKey:     is16Bytes,
}
