package handshake

import "github.com/airsocket/airsocket/wire"

// hybi08 is drafts 08 to 12 of draft-ietf-hybi-thewebsocketprotocol. Any key will
// do: that of the npm package ws is 15 bytes when it speaks this version.
var hybi08 = &keyAccept{
	is:      wire.Hybi08,
	called:  "8",
	origin:  [2]string{secOriginField, originField},
	goodKey: func(key string) bool { return key != "" },
}
