package handshake

import "github.com/airsocket/airsocket/wire"

// hybi08 is drafts 08 to 12 of draft-ietf-hybi-thewebsocketprotocol. It accepts any
// key, since the npm package ws sends one of 15 bytes in this version.
var hybi08 = &keyAccept{
	wireVersion:  wire.Hybi08,
	versionField: "8",
	origin:       [2]string{secOriginField, originField},
	validKey:     func(key string) bool { return key != "" },
}
