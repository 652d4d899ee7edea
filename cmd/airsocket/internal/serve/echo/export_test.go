package echo

import "github.com/airsocket/airsocket"

// SendBack is for tests of the package from outside.
var SendBack = sendBack

// The names of subprotocols.
const (
	DumbIncrement = dumbIncrement
	LWSMirror     = lwsMirror
	Fraggle       = fraggle
)

// NewMirror returns what serves the sockets of lws-mirror-protocol in turns of disp.
func NewMirror(disp *airsocket.Dispatcher) func(*airsocket.Socket) {
	return (&mirror{disp: disp}).serve
}
