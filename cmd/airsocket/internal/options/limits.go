// Package options turns flags into Options.
package options

import (
	"errors"
	"math"

	"github.com/airsocket/airsocket"
)

// HighWater is the number of unsent bytes above which a socket is given nothing
// more to send.
const HighWater = 1 << 20

// SetMaxMessage derives the other limits from MaxMessage. As long as no more
// than HighWater bytes are unsent, there is room to send back any message that
// was received.
func SetMaxMessage(o *airsocket.Options) error {
	switch n := o.MaxMessage; {
	case n == 0:
		return errors.New("-max-message is 0; for no limit give a negative number")
	case n < 0 || n > math.MaxInt-HighWater:
		o.MaxBuffered = -1
	default:
		o.MaxBuffered = HighWater + n
	}
	o.MaxFrame = o.MaxMessage
	return nil
}
